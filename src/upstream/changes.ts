import { logError } from '#base/log.ts';
import type { MailboxId } from '#index/types.ts';
import type { ImapSession } from '#imap/session.ts';
import type { Change, FlagRow } from '#imap/types.ts';
import { differs } from './folders.ts';
import type { Mirror } from './mirror.ts';

/** What a change makes necessary besides what was written at once. */
export interface Reactions {
  /** Messages came into the selected mailbox. */
  arrived(mailbox: MailboxId): void;
  /** Something went, and only its place in the sequence is known. */
  compare(mailbox: MailboxId): void;
  /** Flags of messages of which only the sequence numbers are known. */
  flagsAt(mailbox: MailboxId, sequence: [number, number]): void;
  /** Another mailbox is not as we know it. */
  visit(mailbox: MailboxId): void;
  /** Mailboxes came, went or changed their names. */
  list(): void;
}

/** Writes what the server says of its own accord into the index (rules S11, S13). */
export const follow = (session: ImapSession, mirror: Mirror, react: Reactions): (() => void) => {
  let rows: { mailbox: MailboxId; row: FlagRow }[] = [];

  const byPath = (pathRaw: string): MailboxId | null =>
    mirror.index.read((reader) => reader.mailboxes()).find((box) => box.pathRaw === pathRaw)?.id ?? null;
  const selected = (): MailboxId | null => (session.selected === null ? null : byPath(session.selected.pathRaw));

  const flush = (): void => {
    const taken = rows;
    rows = [];
    for (const mailbox of new Set(taken.map((one) => one.mailbox))) {
      const known = taken.filter((one) => one.mailbox === mailbox).map((one) => one.row);
      mirror.flags(mailbox, known).catch((error: unknown) => logError(mirror.log, 'upstream.flags', error));
    }
  };

  const onFlags = (mailbox: MailboxId, row: FlagRow): void => {
    if (row.uid === 0) return react.flagsAt(mailbox, [row.seq, row.seq]);
    if (rows.length === 0) setImmediate(flush);
    rows.push({ mailbox, row });
  };

  const onChange = (change: Change): void => {
    if (change.kind === 'mailboxes') return react.list();
    if (change.kind === 'alert') return mirror.log('info', 'upstream.alert');
    if (change.kind === 'status') {
      const id = byPath(change.pathRaw);
      // What could not be opened and has a STATUS can be opened now.
      if (id === null || mirror.mailbox(id).noselect) return react.list();
      const { messages, unseen, uidnext, uidvalidity, highestModseq } = change.status;
      if (differs(mirror.mailbox(id), { messages, unseen, uidnext, uidvalidity, modseq: highestModseq }))
        react.visit(id);
      return;
    }
    const mailbox = selected();
    if (mailbox === null) return;
    if (change.kind === 'flags') return onFlags(mailbox, change.row);
    if (change.kind === 'expunged') return react.compare(mailbox);
    if (change.kind === 'exists') return react.arrived(mailbox);
    mirror.vanished(mailbox, change.uids);
    const exists = session.selected?.exists;
    if (exists !== undefined) mirror.index.write((t) => t.patchMailbox(mailbox, { exists }));
  };

  return session.onChange((change) => {
    try {
      onChange(change);
    } catch (error) {
      logError(mirror.log, 'upstream.change', error, { kind: change.kind });
    }
  });
};
