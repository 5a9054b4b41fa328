import type { IndexReader, Mailbox as Row, MailboxId as RowId } from '#index/types.ts';
import type { Mailbox, MailboxRights, Role } from '#jmap/mail.ts';
import { mailboxId } from '../ids.ts';

/** Properties of a Mailbox – RFC 8621 §2 */
export const mailboxProperties: readonly (keyof Mailbox)[] = [
  'id',
  'name',
  'parentId',
  'role',
  'sortOrder',
  'totalEmails',
  'unreadEmails',
  'totalThreads',
  'unreadThreads',
  'myRights',
  'isSubscribed',
];

/** Mailboxes without a role come between the archive and junk. */
const orderOf: Record<Role | 'none', number> = {
  inbox: 10,
  flagged: 20,
  important: 30,
  drafts: 40,
  sent: 50,
  archive: 60,
  all: 70,
  none: 80,
  junk: 90,
  trash: 100,
};

const rightsOf = (row: Row, readOnly: boolean): MailboxRights => {
  const holds = !row.noselect;
  const writes = holds && !row.readOnly && !readOnly;
  const isOurs = row.role === null && !readOnly;
  return {
    mayReadItems: holds,
    mayAddItems: writes,
    mayRemoveItems: writes,
    maySetSeen: writes,
    maySetKeywords: writes,
    mayCreateChild: !readOnly && row.delimiter !== null,
    mayRename: isOurs,
    mayDelete: isOurs,
    maySubmit: writes,
  };
};

const mailboxView = (row: Row, parent: RowId | null, readOnly: boolean): Mailbox => ({
  id: mailboxId(row.id),
  name: row.name,
  parentId: parent === null ? null : mailboxId(parent),
  role: row.role,
  sortOrder: orderOf[row.role ?? 'none'],
  totalEmails: row.totalEmails,
  unreadEmails: row.unreadEmails,
  totalThreads: row.totalThreads,
  unreadThreads: row.unreadThreads,
  myRights: rightsOf(row, readOnly),
  isSubscribed: row.subscribed,
});

/** Every mailbox the server still lists; a parent that is not listed is none. */
export const listedMailboxes = (reader: IndexReader, readOnly: boolean): Mailbox[] => {
  const rows = reader.mailboxes().filter((row) => row.state !== 'gone');
  const ids = new Set(rows.map((row) => row.id));
  return rows.map((row) => mailboxView(row, row.parent !== null && ids.has(row.parent) ? row.parent : null, readOnly));
};
