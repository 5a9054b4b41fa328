import type { Core } from './core.ts';
import { keywordsOf } from './keywords.ts';
import { firstDerivedNumber, numberOfRow, receivedAtOf } from './rows.ts';
import type { Address, Email, EmailJson, EmailNumber, EmailRow, Envelope, MailboxId, ThreadNumber } from './types.ts';

type Row = [
  id: EmailRow,
  number: EmailNumber | null,
  thread: ThreadNumber,
  flags: number,
  labels: string | null,
  boxes: string,
  size: number,
  sent: number | null,
  attachment: number,
  bulk: number,
  subject: string,
  from: string | null,
  sender: string | null,
  replyTo: string | null,
  to: string | null,
  cc: string | null,
  bcc: string | null,
  messageId: string | null,
  inReplyTo: string | null,
  references: string | null,
  listId: string | null,
  structure: string | null,
  preview: string | null,
];

const columns = `e.id, e.number, e.thread, e.flags, e.labels, e.boxes, e.size, e.sent, e.attachment, e.bulk,
  v.subject, v.from_, v.sender, v.reply_to, v.to_, v.cc, v.bcc, v.message_id, v.in_reply_to, v.refs, v.list_id,
  v.structure, v.preview`;
const joins = 'CROSS JOIN envelope v ON v.email = e.id';

export const emailsSql = `SELECT ${columns} FROM json_each(?) j CROSS JOIN email e ON e.id = j.value ${joins} WHERE e.hidden = 0`;
export const emailSql = `SELECT ${columns} FROM email e ${joins} WHERE e.id = ? AND e.hidden = 0`;

export const bulks = ['none', 'list', 'auto', 'newsletter'] as const satisfies Envelope['bulk'][];

const addresses = (json: string | null): Address[] => (json === null ? [] : (JSON.parse(json) as Address[]));
const texts = (json: string | null): string[] => (json === null ? [] : (JSON.parse(json) as string[]));

/** One Email as stored; lists are parsed when somebody looks at them. */
class StoredEmail implements Email {
  readonly row: EmailRow;
  readonly number: EmailNumber;
  readonly thread: ThreadNumber;
  readonly size: number;
  readonly preview: string;
  readonly hasAttachment: boolean;
  readonly structure: string | null;
  readonly json: EmailJson;
  readonly #stored: Row;

  constructor(stored: Row) {
    this.#stored = stored;
    [this.row, , this.thread] = stored;
    this.number = stored[1] ?? numberOfRow(this.row);
    this.size = stored[6];
    this.hasAttachment = stored[8] === 1;
    this.structure = stored[21];
    this.preview = stored[22] ?? '';
    this.json = {
      mailboxes: stored[5],
      from: stored[11],
      sender: stored[12],
      replyTo: stored[13],
      to: stored[14],
      cc: stored[15],
      bcc: stored[16],
      inReplyTo: stored[18],
      references: stored[19],
    };
  }

  get receivedAt(): number {
    return receivedAtOf(this.row);
  }

  get mailboxes(): MailboxId[] {
    return JSON.parse(this.json.mailboxes) as MailboxId[];
  }

  get keywords(): string[] {
    return keywordsOf({ flags: this.#stored[3], labels: this.#stored[4] });
  }

  get subject(): string {
    return this.#stored[10];
  }

  get sentAt(): number | null {
    return this.#stored[7];
  }

  get messageId(): string | null {
    return this.#stored[17];
  }

  get envelope(): Envelope {
    const { json } = this;
    return {
      subject: this.subject,
      from: addresses(json.from),
      sender: addresses(json.sender),
      replyTo: addresses(json.replyTo),
      to: addresses(json.to),
      cc: addresses(json.cc),
      bcc: addresses(json.bcc),
      messageId: this.messageId,
      inReplyTo: texts(json.inReplyTo),
      references: texts(json.references),
      sentAt: this.sentAt,
      listId: this.#stored[20],
      bulk: bulks[this.#stored[9]] ?? 'none',
    };
  }
}

export const emailByRow = (core: Core, row: EmailRow): Email | undefined => {
  const stored = core.db.row<Row>(emailSql, row);
  return stored && new StoredEmail(stored);
};

export const emailByNumber = (core: Core, number: EmailNumber): Email | undefined => {
  const row = core.numbers.rowOf(number);
  const email = row === undefined ? undefined : emailByRow(core, row);
  return email?.number === number ? email : undefined;
};

/** In the order asked; missing ones and repetitions left out. */
export const emailsByNumber = (core: Core, numbers: readonly EmailNumber[]): Email[] => {
  const asked = new Map<EmailRow, EmailNumber>();
  for (const number of numbers) {
    const row = core.numbers.rowOf(number);
    if (row === undefined || (asked.has(row) && number >= firstDerivedNumber)) continue;
    // A row asked for by an old number and by its own stands where its own does.
    asked.delete(row);
    asked.set(row, number);
  }
  const emails = core.db
    .rows<Row>(emailsSql, JSON.stringify([...asked.keys()]))
    .map((stored) => new StoredEmail(stored));
  return core.numbers.hasOwn ? emails.filter(({ row, number }) => asked.get(row) === number) : emails;
};
