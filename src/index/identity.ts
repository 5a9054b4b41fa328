import type { Core } from './core.ts';
import type { Ready } from './ready.ts';
import { receivedAtOf, secondOf } from './rows.ts';
import type { EmailRow, MailboxId, ThreadNumber } from './types.ts';

/** So long after a message went, a copy elsewhere is the same Email (ms). */
const moveTime = 10 * 60 * 1000;

/** What tells one message from another without an id of the server's. Size is not in it: some servers estimate it. */
export interface Print {
  messageId: string | null;
  sentAt: number | null;
  from: string | null;
  to: string | null;
  subject: string;
}

const printOf = ({ messageId, sentAt, from, to, subject }: Ready): Print => ({ messageId, sentAt, from, to, subject });

const storedPrint = (core: Core, row: EmailRow): Print | undefined =>
  core.db.get<Print>(
    `SELECT v.message_id AS messageId, e.sent AS sentAt, v.from_ AS "from", v.to_ AS "to", v.subject
      FROM email e CROSS JOIN envelope v ON v.email = e.id WHERE e.id = ?`,
    row,
  );

const samePrint = (a: Print, b: Print): boolean =>
  a.messageId === b.messageId && a.sentAt === b.sentAt && a.from === b.from && a.to === b.to && a.subject === b.subject;

/** Emails that could be the same message: of its conversation, and of the second it was received in. */
const relatives = (core: Core, thread: ThreadNumber | undefined, row: EmailRow): EmailRow[] => {
  const [first, last] = secondOf(row);
  const near = core.db.values<EmailRow>('SELECT id FROM email WHERE id BETWEEN ? AND ? ORDER BY id', first, last);
  if (thread === undefined) return near;
  const family = core.db.values<EmailRow>('SELECT id FROM email WHERE thread = ? ORDER BY id', thread);
  return [...new Set([...near, ...family])];
};

/** Finds the Email that a message without a strong id already is: one that is expected in this mailbox, or went elsewhere. */
export class Twins {
  readonly #core: Core;
  readonly #mailbox: MailboxId;
  /** Whether any can be. */
  readonly possible: boolean;

  constructor(core: Core, mailbox: MailboxId) {
    this.#core = core;
    this.#mailbox = mailbox;
    const { db } = core;
    this.possible =
      db.value('SELECT 1 FROM placement WHERE mailbox = ? AND uid < 0 LIMIT 1', mailbox) !== undefined ||
      db.value('SELECT 1 FROM gone LIMIT 1') !== undefined ||
      db.value('SELECT 1 FROM intent LIMIT 1') !== undefined;
  }

  find(message: Ready, thread: ThreadNumber | undefined, row: EmailRow): EmailRow | undefined {
    if (!this.possible) return undefined;
    const print = printOf(message);
    const matches = relatives(this.#core, thread, row).filter((candidate) => this.#isSame(candidate, print));
    return matches.find((match) => receivedAtOf(match) === receivedAtOf(row)) ?? matches[0];
  }

  #isSame(row: EmailRow, print: Print): boolean {
    const { db } = this.#core;
    const mailbox = this.#mailbox;
    if (db.value('SELECT 1 FROM placement WHERE email = ? AND mailbox = ? AND uid > 0', row, mailbox)) return false;
    const stored = storedPrint(this.#core, row);
    if (!stored) return false;
    const expected =
      db.value('SELECT 1 FROM placement WHERE email = ? AND mailbox = ? AND uid < 0', row, mailbox) !== undefined ||
      db.value(
        `SELECT 1 FROM intent WHERE email = ? AND started = 1 AND (want ->> '$.to' = ? OR (kind = 'append' AND want ->> '$.mailbox' = ?))`,
        row,
        mailbox,
        mailbox,
      ) !== undefined;
    if (expected) return print.messageId === null ? samePrint(stored, print) : stored.messageId === print.messageId;
    const since = this.#core.now() - moveTime;
    if (db.value('SELECT 1 FROM gone WHERE email = ? AND at >= ?', row, since) === undefined) return false;
    return samePrint(stored, print);
  }
}

/** Where the copy of a moved message lies: in one mailbox, or anywhere but in one. */
export type Lies = { in: MailboxId } | { outside: MailboxId };

/** The Email made lately from a copy of this one, and after it: a move whose target was seen first. */
export const lateTwin = (core: Core, row: EmailRow, thread: ThreadNumber, lies: Lies): EmailRow | undefined => {
  if (core.lastAdded < core.now() - moveTime) return undefined;
  const print = storedPrint(core, row);
  if (!print) return undefined;
  const since = Math.floor((core.now() - moveTime) / 1000);
  const isLater = `SELECT 1 FROM email e CROSS JOIN email this ON this.id = ?
    WHERE e.id = ? AND e.added >= ? AND e.added >= this.added AND e.hidden = 0`;
  return relatives(core, thread, row).find((other) => {
    if (other === row || core.db.value(isLater, row, other, since) === undefined) return false;
    const boxes = core.db.values<MailboxId>('SELECT mailbox FROM placement WHERE email = ? AND uid > 0', other);
    const isThere = 'in' in lies ? boxes.includes(lies.in) : boxes.length > 0 && !boxes.includes(lies.outside);
    if (!isThere) return false;
    const stored = storedPrint(core, other);
    return stored !== undefined && samePrint(stored, print);
  });
};
