import type { Mailbox, MailboxId } from '#index/types.ts';

/** What LIST-STATUS said of one mailbox. Numbers are null where the server did not say. */
export interface Listed {
  pathRaw: string;
  path: string;
  name: string;
  delimiter: string | null;
  attributes: readonly string[];
  noselect: boolean;
  subscribed: boolean;
  status: ListedStatus | null;
}

export interface ListedStatus {
  messages: number | null;
  unseen: number | null;
  uidnext: number | null;
  uidvalidity: number | null;
  /** Decimal digits. */
  modseq: string | null;
}

/** How the list of the server differs from the mailboxes we hold. */
export interface FolderPlan {
  added: Listed[];
  renamed: { id: MailboxId; to: Listed }[];
  kept: { id: MailboxId; listed: Listed }[];
  missing: MailboxId[];
}

const looksLike = (box: Mailbox, listed: Listed): boolean => {
  const status = listed.status;
  if (status === null || box.noselect || listed.noselect || box.uidvalidity === 0 || box.state === 'new') return false;
  return status.uidvalidity === box.uidvalidity && status.uidnext === box.uidnext && status.messages === box.exists;
};

/**
 * Compares the list with what is known. A name that is new and has UIDVALIDITY, UIDNEXT and count of exactly one mailbox
 * whose name went away is that mailbox under its new name.
 */
export const planFolders = (known: readonly Mailbox[], listed: readonly Listed[]): FolderPlan => {
  const byPath = new Map(listed.map((one) => [one.pathRaw, one]));
  const knownPaths = new Set(known.map((box) => box.pathRaw));
  const added = listed.filter((one) => !knownPaths.has(one.pathRaw));
  const missing = known.filter((box) => !byPath.has(box.pathRaw));
  const renamed: FolderPlan['renamed'] = [];
  for (const box of missing) {
    const matches = added.filter((one) => looksLike(box, one));
    const rivals = missing.filter((other) => matches.some((one) => looksLike(other, one)));
    const [match] = matches;
    if (match !== undefined && matches.length === 1 && rivals.length === 1) renamed.push({ id: box.id, to: match });
  }
  const taken = new Set(renamed.map((one) => one.to.pathRaw));
  const found = new Set(renamed.map((one) => one.id));
  return {
    added: added.filter((one) => !taken.has(one.pathRaw)),
    renamed,
    kept: known.flatMap((box) => {
      const one = byPath.get(box.pathRaw);
      return one === undefined ? [] : [{ id: box.id, listed: one }];
    }),
    missing: missing.filter((box) => !found.has(box.id)).map((box) => box.id),
  };
};

/** Last segment of a path. */
export const lastName = (path: string, delimiter: string | null): string =>
  (delimiter ? path.split(delimiter).at(-1) : path) ?? path;

/** Path of the mailbox above, null at the top. */
export const parentPath = (path: string, delimiter: string | null): string | null => {
  if (delimiter === null || delimiter === '') return null;
  const at = path.lastIndexOf(delimiter);
  return at <= 0 ? null : path.slice(0, at);
};

/** Whether STATUS says that the mailbox is not as we last saw it, so that it has to be visited. */
export const differs = (box: Mailbox, status: ListedStatus): boolean => {
  if (status.uidvalidity !== null && status.uidvalidity !== box.uidvalidity) return true;
  if (status.messages !== null && status.messages !== box.exists) return true;
  if (status.uidnext !== null && status.uidnext !== box.uidnext) return true;
  if (status.modseq !== null && status.modseq !== '0' && box.modseq !== '0') return status.modseq !== box.modseq;
  return status.unseen !== null && box.state === 'live' && status.unseen !== box.unreadEmails;
};
