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
}

type MailboxSet = SetArguments<Partial<Mailbox>, MailboxId> & { onDestroyRemoveEmails?: boolean };

const lost = 'The server cannot be reached. Nothing was changed.';
/** Names tried in Trash when others of the name lie there. */
const namesake = 20;

const refusalWords = ({ type, description }: SetError, name: string): string => {
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

  /** Rejects as the connection does. */
  const set = async (args: Omit<MailboxSet, 'accountId'>): Promise<SetResponse<Mailbox, MailboxId>> => {
    const answer = await connection.call('Mailbox/set', { accountId, ...args }).answer;
    mailboxes.reset((await connection.call('Mailbox/get', { accountId, ids: null }).answer).list);
    return answer;
  };

  const guarded = async <T>(work: () => Promise<T>, failed: (words: string) => T): Promise<T> => {
    try {
      return await work();
    } catch (error) {
      const { code } = modelError(error);
      return failed(code === 'auth/signed-out' ? '' : lost);
    }
  };

  const fail = (words: string): void => {
    if (words !== '') toasts.show(words, { tone: 'failed' });
  };

  const create = (wish: FolderWish): Promise<Wished> =>
    guarded<Wished>(
      async () => {
        const { created, notCreated } = await set({ create: { made: { ...wish, isSubscribed: true } } });
        const id = created?.['made']?.id;
        const no = notCreated?.['made'] ?? { type: 'serverFail' };
        return id === undefined ? { at: 'refused', words: refusalWords(no, wish.name) } : { at: 'done', id };
      },
      (words) => ({ at: 'refused', words }),
    );

  const update = (id: MailboxId, wish: FolderWish): Promise<{ at: 'done'; id: MailboxId } | { no: SetError | null }> =>
    guarded<{ at: 'done'; id: MailboxId } | { no: SetError | null }>(
      async () => {
        const no = (await set({ update: { [id]: { ...wish } } })).notUpdated?.[id];
        return no ? { no } : { at: 'done', id };
      },
      () => ({ no: null }),
    );

  const destroy = (folders: readonly { id: MailboxId }[], withEmails: boolean): Promise<string | null> =>
    guarded<string | null>(
      async () => {
        const { notDestroyed } = await set({ destroy: folders.map(({ id }) => id), onDestroyRemoveEmails: withEmails });
        const no = Object.values(notDestroyed ?? {}).find(({ type }) => type !== 'notFound');
        if (!no) return null;
        return no.type === 'mailboxHasEmail' ? 'There is mail in it by now.' : refusalWords(no, '');
      },
      (words) => words,
    );

  /** `back` takes it back, and answers why it could not, or null. */
  const told = (label: string, icon: string, back: () => Promise<string | null>): void =>
    tellUndoable(
      { undo, toasts },
      { label, undo: () => void back().then((words) => words !== null && fail(words)) },
      icon,
    );

  const placeBack = async (id: MailboxId, was: FolderWish): Promise<string | null> => {
    const answer = await update(id, was);
    if ('at' in answer) return null;
    return answer.no ? refusalWords(answer.no, was.name) : lost;
  };

  /** Null: Trash takes no folder. */
  const intoTrash = async (folder: Mailbox): Promise<boolean | null> => {
    const trash =
      mailboxes.byRole('trash') ??
      (await guarded(
        () => mailboxes.need('trash'),
        () => null,
      ));
    if (!trash?.myRights.mayCreateChild) return null;
    const was: FolderWish = { name: folder.name, parentId: folder.parentId };
    for (let n = 1; n <= namesake; n += 1) {
      const name = n === 1 ? folder.name : `${folder.name} ${n}`;
      const answer = await update(folder.id, { name, parentId: trash.id });
      if ('at' in answer) {
        told(`Moved the folder “${folder.name}” to ${mailboxName(trash)}`, 'trash', () => placeBack(folder.id, was));
        return true;
      }
      if (answer.no === null) {
        fail(lost);
        return false;
      }
      if (answer.no.type !== 'alreadyExists') return null;
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
    const words = await destroy(all, true);
    if (words === null) toasts.show(`Deleted the folder “${folder.name}” for ever`, { icon: 'trash' });
    else fail(words && `“${folder.name}” is still there. ${words}`);
    return words === null;
  };

  return {
    subtree,
    destroy: (folders) => destroy(folders, true),
    make: async (wish) => {
      const made = await create(wish);
      if (made.at === 'done')
        told(`Made the folder “${wish.name}”`, 'folder', async () => {
          const words = await destroy([made], false);
          return words && `“${wish.name}” stays. ${words}`;
        });
      return made;
    },
    change: async (folder, wish) => {
      const was: FolderWish = { name: folder.name, parentId: folder.parentId };
      const answer = await update(folder.id, wish);
      if (!('at' in answer)) return { at: 'refused', words: answer.no ? refusalWords(answer.no, wish.name) : lost };
      const label =
        wish.parentId === was.parentId ? `Renamed “${was.name}” to “${wish.name}”` : `Moved the folder “${wish.name}”`;
      told(label, 'folder', () => placeBack(folder.id, was));
      return answer;
    },
    remove: async (folder) => {
      if (folder.totalEmails === 0 && folder.myRights.mayReadItems && subtree(folder).length === 1) {
        const words = await destroy([folder], false);
        if (words === null) {
          const { name, parentId } = folder;
          told(`Deleted the folder “${name}”`, 'trash', async () => {
            const again = await create({ name, parentId });
            return again.at === 'done' ? null : again.words;
          });
          return true;
        }
        if (words === lost) {
          fail(words);
          return false;
        }
        // It is not as empty as it looked.
      }
      const moved = mailboxes.within(folder.id, 'trash') ? null : await intoTrash(folder);
      return moved ?? forEver(folder);
    },
  };
};
