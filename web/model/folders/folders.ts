import type { SetArguments, SetResponse } from '#jmap/core.ts';
import type { SetError } from '#jmap/errors.ts';
import type { MailboxId } from '#jmap/ids.ts';
import type { Mailbox } from '#jmap/mail.ts';
import type { Question } from '../actions.ts';
import type { Connection } from '../connection.ts';
import { modelError } from '../errors.ts';
import { counted } from '../format.ts';
import type { Mail } from '../mail.ts';
import { mailboxName } from '../mailboxes.ts';
import { tellUndoable } from '../tell-undoable.ts';
import type { Toasts } from '../toasts.ts';
import type { UndoStack } from '../undo.ts';

/** Folders made, named, moved and deleted, as the user asks for it. */

export interface FolderParts {
  connection: Connection;
  toasts: Toasts;
  undo: UndoStack;
  /** Asks before what cannot be undone. */
  ask(question: Question): Promise<boolean>;
}

/** Name and place of a folder; `parentId` null at the top. */
export interface FolderWish {
  name: string;
  parentId: MailboxId | null;
}

/** What became of a wish: the folder, or why not, in words for the form. */
export type Wished = { at: 'done'; id: MailboxId } | { at: 'refused'; words: string };

export interface Folders {
  /** Never rejects, as all of these. */
  make(wish: FolderWish): Promise<Wished>;
  /** Another name, another place, or both. */
  change(folder: Mailbox, wish: FolderWish): Promise<Wished>;
  /**
   * Into Trash, with what is below it; for ever, after a question, from there and where Trash takes no folders. One that is
   * empty just goes. Whether it is gone from its place.
   */
  remove(folder: Mailbox): Promise<boolean>;
  /** For ever, with their mail and without a question. Why not, in words; null when they are gone. */
  destroy(folders: readonly Mailbox[]): Promise<string | null>;
  /** The folder itself and all below it. */
  subtree(folder: Mailbox): readonly Mailbox[];
  /** Whether the folder may be deleted: not when one below it has a role, as Sent, which would go with it unseen. */
  mayRemove(folder: Mailbox): boolean;
}

type MailboxSet = SetArguments<Partial<Mailbox>, MailboxId> & { onDestroyRemoveEmails?: boolean };

/** What became of a change; `words` are empty when the session is over. */
type Fate = { at: 'done' } | { at: 'refused'; no: SetError } | { at: 'failed'; words: string };

const unanswered =
  'It is not known whether it was done: the server did not answer. The folders are as the server has them once it answers.';
const unchanged = 'The server could not do that. Nothing was changed.';
/** Names tried in Trash when others of the name lie there. */
const namesake = 20;

const refusalWords = ({ type, description }: SetError, name: string): string => {
  if (type === 'mailboxHasEmail') return 'There is mail in it by now.';
  if (type === 'alreadyExists') return `There is a folder “${name}” already.`;
  if (type === 'invalidProperties' && description !== undefined) return description;
  return `The server did not allow it: ${description ?? type}`;
};

export const openFolders = ({ connection, toasts, undo, ask }: FolderParts, mail: Mail): Folders => {
  const accountId = mail.id;
  const { mailboxes } = mail;

  const subtree = (folder: Mailbox): Mailbox[] => [
    folder,
    ...[...(mailboxes.all.peek()?.values() ?? [])]
      .filter(({ parentId }) => parentId === folder.id)
      .flatMap((child) => subtree(child)),
  ];

  const fetchAll = async (): Promise<void> => {
    try {
      mailboxes.reset((await connection.call('Mailbox/get', { accountId, ids: null }).answer).list);
    } catch (error) {
      // What was done stands without it, and push tells of the folders too.
      modelError(error);
    }
  };

  /** Never rejects. */
  const set = async (
    args: Omit<MailboxSet, 'accountId'>,
  ): Promise<{ at: 'answered'; answer: SetResponse<Mailbox, MailboxId> } | { at: 'failed'; words: string }> => {
    try {
      const answer = await connection.call('Mailbox/set', { accountId, ...args }).answer;
      await fetchAll();
      return { at: 'answered', answer };
    } catch (error) {
      const { code } = modelError(error);
      if (code === 'auth/signed-out') return { at: 'failed', words: '' };
      if (code !== 'net/offline' && code !== 'net/server') return { at: 'failed', words: unchanged };
      void fetchAll();
      return { at: 'failed', words: unanswered };
    }
  };

  const fail = (words: string): void => {
    if (words !== '') toasts.show(words, { tone: 'failed' });
  };

  const create = async (wish: FolderWish): Promise<Wished> => {
    const was = await set({ create: { made: { ...wish, isSubscribed: true } } });
    if (was.at === 'failed') return { at: 'refused', words: was.words };
    const { created, notCreated } = was.answer;
    const id = created?.['made']?.id;
    const no = notCreated?.['made'] ?? { type: 'serverFail' };
    return id === undefined ? { at: 'refused', words: refusalWords(no, wish.name) } : { at: 'done', id };
  };

  const update = async (id: MailboxId, wish: FolderWish): Promise<Fate> => {
    const was = await set({ update: { [id]: { ...wish } } });
    if (was.at === 'failed') return was;
    const no = was.answer.notUpdated?.[id];
    return no ? { at: 'refused', no } : { at: 'done' };
  };

  const destroy = async (folders: readonly { id: MailboxId }[], withEmails: boolean): Promise<Fate> => {
    const was = await set({ destroy: folders.map(({ id }) => id), onDestroyRemoveEmails: withEmails });
    if (was.at === 'failed') return was;
    const no = Object.values(was.answer.notDestroyed ?? {}).find(({ type }) => type !== 'notFound');
    return no ? { at: 'refused', no } : { at: 'done' };
  };

  /** Why it was not done, or null; `name` is what it was to be called, `stays` what is so when the server refused. */
  const wordsOf = (fate: Fate, name: string, stays = ''): string | null => {
    if (fate.at === 'done') return null;
    return fate.at === 'failed' ? fate.words : `${stays}${refusalWords(fate.no, name)}`;
  };

  /** `back` takes it back, and answers why it could not, or null. */
  const told = (label: string, icon: string, back: () => Promise<string | null>): void =>
    tellUndoable(
      { undo, toasts },
      { label, undo: () => void back().then((words) => words !== null && fail(words)) },
      icon,
    );

  const placeBack = async (id: MailboxId, was: FolderWish): Promise<string | null> =>
    wordsOf(await update(id, was), was.name);

  /** Null: Trash takes no folder. */
  const intoTrash = async (folder: Mailbox): Promise<boolean | null> => {
    const trash =
      mailboxes.byRole('trash') ??
      (await mailboxes.need('trash').catch((error: unknown) => {
        // Without one it can go for ever only, which is asked.
        modelError(error);
        return null;
      }));
    if (!trash?.myRights.mayCreateChild) return null;
    const was: FolderWish = { name: folder.name, parentId: folder.parentId };
    for (let n = 1; n <= namesake; n += 1) {
      const name = n === 1 ? folder.name : `${folder.name} ${n}`;
      const fate = await update(folder.id, { name, parentId: trash.id });
      if (fate.at === 'done') {
        told(`Moved the folder “${folder.name}” to ${mailboxName(trash)}`, 'trash', () => placeBack(folder.id, was));
        return true;
      }
      if (fate.at === 'failed') {
        fail(fate.words);
        return false;
      }
      if (fate.no.type !== 'alreadyExists') return null;
    }
    return null;
  };

  const forEver = async (folder: Mailbox): Promise<boolean> => {
    const all = subtree(folder);
    const letters = all.reduce((sum, { totalEmails }) => sum + totalEmails, 0);
    const what = [
      letters > 0 ? counted(letters, 'letter') : '',
      all.length > 1 ? `${counted(all.length - 1, 'folder')} inside` : '',
    ].filter(Boolean);
    const sure = await ask({
      title: `Delete the folder “${folder.name}” for ever?`,
      text: `${what.length > 0 ? `With it go ${what.join(' and ')}. ` : ''}It is removed from the server at once and cannot be brought back.`,
      yes: 'Delete for ever',
      no: 'Keep',
    });
    if (!sure) return false;
    const words = wordsOf(await destroy(all, true), folder.name, `“${folder.name}” is still there. `);
    if (words === null) toasts.show(`Deleted the folder “${folder.name}” for ever`, { icon: 'trash' });
    else fail(words);
    return words === null;
  };

  return {
    subtree,
    mayRemove: (folder) =>
      folder.myRights.mayDelete &&
      subtree(folder)
        .slice(1)
        .every(({ role }) => role === null),
    destroy: async (folders) => wordsOf(await destroy(folders, true), ''),
    make: async (wish) => {
      const made = await create(wish);
      if (made.at === 'done')
        told(`Made the folder “${wish.name}”`, 'folder', async () =>
          wordsOf(await destroy([made], false), wish.name, `“${wish.name}” stays. `),
        );
      return made;
    },
    change: async (folder, wish) => {
      const was: FolderWish = { name: folder.name, parentId: folder.parentId };
      const words = wordsOf(await update(folder.id, wish), wish.name);
      if (words !== null) return { at: 'refused', words };
      const label =
        wish.parentId === was.parentId ? `Renamed “${was.name}” to “${wish.name}”` : `Moved the folder “${wish.name}”`;
      told(label, 'folder', () => placeBack(folder.id, was));
      return { at: 'done', id: folder.id };
    },
    remove: async (folder) => {
      if (folder.totalEmails === 0 && folder.myRights.mayReadItems && subtree(folder).length === 1) {
        const fate = await destroy([folder], false);
        if (fate.at === 'done') {
          const { name, parentId } = folder;
          told(`Deleted the folder “${name}”`, 'trash', async () => {
            const again = await create({ name, parentId });
            return again.at === 'done' ? null : again.words;
          });
          return true;
        }
        if (fate.at === 'failed') {
          fail(fate.words);
          return false;
        }
        // It is not as empty as it looked.
      }
      const moved = mailboxes.within(folder.id, 'trash') ? null : await intoTrash(folder);
      return moved ?? forEver(folder);
    },
  };
};
