import type { MailboxId, MailAccountId } from '#jmap/ids.ts';
import type { GivenRole } from '#jmap/keep.ts';
import type { Mailbox } from '#jmap/mail.ts';
import type { Connection } from '../connection.ts';
import { modelError } from '../errors.ts';
import type { Mail } from '../mail.ts';
import { tellUndoable } from '../tell-undoable.ts';
import type { Toasts } from '../toasts.ts';
import type { Undoable, UndoStack } from '../undo.ts';

/** Which folder of an account is used for what: as the mail server says, or as the user chose. */

export const folderRoles: ReadonlyMap<GivenRole, string> = new Map([
  ['sent', 'Sent'],
  ['drafts', 'Drafts'],
  ['archive', 'Archive'],
  ['junk', 'Junk'],
  ['trash', 'Trash'],
]);

const givable = ({ role, myRights }: Mailbox): boolean =>
  myRights.mayAddItems && (role === null || folderRoles.has(role as GivenRole));

export interface FolderChoice {
  id: MailboxId;
  /** As the server names it, with those above it. */
  name: string;
}

/** Folders that can be chosen for a role: all but the one that has it from the server. */
export const folderChoices = (
  all: ReadonlyMap<MailboxId, Mailbox>,
  role: GivenRole,
  chosen: MailboxId | null,
): FolderChoice[] => {
  const nameOf = ({ name, parentId }: Mailbox): string => {
    const parent = parentId === null ? undefined : all.get(parentId);
    return parent && parent.role !== 'inbox' ? `${nameOf(parent)} / ${name}` : name;
  };
  return [...all.values()]
    .filter((box) => givable(box) && (box.role !== role || box.id === chosen))
    .map((box) => ({ id: box.id, name: nameOf(box) }))
    .toSorted((a, b) => a.name.localeCompare(b.name));
};

/** What the choice that is none says. */
export const foundWords = (all: ReadonlyMap<MailboxId, Mailbox>, role: GivenRole, chosen: MailboxId | null): string => {
  if (chosen !== null) return 'Found by the server';
  const found = [...all.values()].find((box) => box.role === role);
  return found ? `Found by the server: ${found.name}` : 'Made when it is first needed';
};

export interface FolderParts {
  connection: Connection;
  toasts: Toasts;
  undo: UndoStack;
}

/** Shown at once, undoable, taken back when the server refuses. */
export const openFolders = ({ connection, toasts, undo }: FolderParts, mail: Mail) => {
  const chosen = (role: GivenRole): MailboxId | null => mail.status.value?.chosenRoles[role] ?? null;

  /** Whether the server took it. */
  const send = async (role: GivenRole, id: MailboxId | null): Promise<boolean> => {
    const before = mail.status.peek();
    const was = before?.chosenRoles[role];
    const target = id ?? was;
    if (!before || target === undefined) return false;
    const { [role]: _, ...others } = before.chosenRoles;
    mail.setStatus({ ...before, chosenRoles: id === null ? others : { ...others, [role]: id } });
    try {
      const accountId = mail.id;
      const update = { [target]: { role: id === null ? null : role } };
      const set = connection.call('Mailbox/set', { accountId, update });
      const boxes = connection.call('Mailbox/get', { accountId, ids: null });
      const keep = connection.call('MailAccount/get', { accountId, ids: ['singleton' as MailAccountId] });
      const [answer, all, kept] = await Promise.all([set.answer, boxes.answer, keep.answer]);
      mail.mailboxes.put(all.list);
      mail.states.MailAccount = kept.state;
      const [status] = kept.list;
      if (status) mail.setStatus(status);
      const refused = answer.notUpdated?.[target];
      if (!refused) return true;
      toasts.show(`It is as it was. The server did not allow it: ${refused.description ?? refused.type}`, {
        tone: 'failed',
      });
    } catch (error) {
      const now = mail.status.peek();
      if (now) mail.setStatus({ ...now, chosenRoles: before.chosenRoles });
      if (modelError(error).code !== 'auth/signed-out')
        toasts.show('The change could not be made. It is as it was.', { tone: 'failed' });
    }
    return false;
  };

  return {
    chosen,
    /** Null: what the mail server says counts. Never rejects. */
    choose: async (role: GivenRole, id: MailboxId | null): Promise<void> => {
      const was = chosen(role);
      if (was === id) return;
      const label = `Changed the folder for ${folderRoles.get(role) ?? role}`;
      const item: Undoable = { label, undo: () => void send(role, was) };
      if (await send(role, id)) tellUndoable({ undo, toasts }, item, 'check');
    },
  };
};
