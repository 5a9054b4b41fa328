import type { PatchObject } from '#jmap/core.ts';
import type { EmailId } from '#jmap/ids.ts';
import type { Mailbox } from '#jmap/mail.ts';
import { destroyIn } from '../destroy.ts';
import { modelError } from '../errors.ts';
import { counted } from '../format.ts';
import type { Mail } from '../mail.ts';
import { mailboxName } from '../mailboxes.ts';
import { allIds, pageOfAll } from '../targets.ts';
import { tellUndoable } from '../tell-undoable.ts';
import { openFolders, type FolderParts } from './folders.ts';

/** What is done with all letters of a folder, however many: nothing of them is fetched but their ids. */

export const openLetters = (parts: FolderParts, mail: Mail) => {
  const { connection, toasts, ask } = parts;
  const accountId = mail.id;

  const guarded = async (work: () => Promise<void>): Promise<void> => {
    try {
      await work();
    } catch (error) {
      if (modelError(error).code !== 'auth/signed-out')
        toasts.show('The server could not do all of that. What it did not do is as it was.', { tone: 'failed' });
    }
  };

  /** What is known shows at once; the rest is changed without being known. Words of the server about the first it refused. */
  const marked = async (ids: readonly EmailId[], patch: PatchObject): Promise<string | null> => {
    const known = new Set<string>(mail.emails.held(ids));
    const shown = mail.emails.change(Object.fromEntries([...known].map((id) => [id, patch])));
    const rest = ids.filter((id) => !known.has(id));
    for (let from = 0; from < rest.length; from += pageOfAll) {
      const update = Object.fromEntries(rest.slice(from, from + pageOfAll).map((id) => [id, patch]));
      const { notUpdated } = await connection.call('Email/set', { accountId, update }).answer;
      const no = Object.values(notUpdated ?? {}).find(({ type }) => type !== 'notFound');
      if (no) return no.description ?? no.type;
    }
    const { refused, error } = await shown;
    if (error) throw error;
    const no = refused[0]?.error;
    return no ? (no.description ?? no.type) : null;
  };

  /**
   * Page by page, each letter once: one that the server keeps may come back under another id, and is not asked for again.
   * What was taken elsewhere meanwhile stays. Words of the server about the first it refused.
   */
  const destroyLetters = async (folder: Mailbox, ids: readonly EmailId[]): Promise<string | null> => {
    for (let from = 0; from < ids.length; from += pageOfAll) {
      const some = ids.slice(from, from + pageOfAll);
      const { list } = await connection.call('Email/get', { accountId, ids: some, properties: ['id', 'mailboxIds'] })
        .answer;
      const here = list.filter(({ mailboxIds }) => Object.hasOwn(mailboxIds, folder.id));
      if (here.length === 0) continue;
      const no = await destroyIn(connection, mail, folder.id, here);
      mail.tell({ created: [], updated: [], destroyed: here.map(({ id }) => id), everything: false });
      if (no !== null) return no;
    }
    return null;
  };

  const tellRefused = (words: string | null): void => {
    if (words !== null)
      toasts.show(`Not all of it was changed. The server did not allow it: ${words}`, { tone: 'failed' });
  };

  return {
    /** Can be undone. Never rejects. */
    readAll: (folder: Mailbox): Promise<void> =>
      guarded(async () => {
        const ids = await allIds(connection, { accountId, filter: { inMailbox: folder.id, notKeyword: '$seen' } });
        if (ids.length === 0) return;
        const label = `Marked ${counted(ids.length, 'letter')} in ${mailboxName(folder)} read`;
        const back = (): void => void guarded(async () => tellRefused(await marked(ids, { 'keywords/$seen': null })));
        tellUndoable(parts, { label, undo: back }, 'mail-open', 'They are unread again');
        tellRefused(await marked(ids, { 'keywords/$seen': true }));
      }),

    /** For ever, after a question; with the folders inside. Never rejects. */
    empty: (folder: Mailbox): Promise<void> =>
      guarded(async () => {
        const folders = openFolders(parts, mail);
        const inside = folders.subtree(folder).slice(1);
        const letters = [folder, ...inside].reduce((sum, { totalEmails }) => sum + totalEmails, 0);
        const name = mailboxName(folder);
        // Those that lie there when it is asked, and none that arrives while the question stands.
        const ids = allIds(connection, { accountId, filter: { inMailbox: folder.id } });
        ids.catch(() => undefined);
        const what = [counted(letters, 'letter'), ...(inside.length > 0 ? [counted(inside.length, 'folder')] : [])];
        const sure = await ask({
          title: `Empty ${name}?`,
          text: `${what.join(' and ')} will be removed from the server at once and cannot be brought back.`,
          yes: `Empty ${name}`,
          no: 'Keep',
        });
        if (!sure) return;
        const going = toasts.show(`Emptying ${name}`, { icon: 'trash', life: null });
        try {
          const no = await destroyLetters(folder, await ids);
          const refused = no === null ? null : `The server did not allow it: ${no}`;
          const words = refused ?? (inside.length > 0 ? await folders.destroy(inside) : null);
          if (words === null) toasts.show(`Emptied ${name}`, { icon: 'trash' });
          else if (words !== '') toasts.show(`Not all of ${name} is gone. ${words}`, { tone: 'failed' });
        } finally {
          toasts.dismiss(going);
        }
      }),
  };
};
