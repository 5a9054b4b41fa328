import { BulkInsert } from './bulk-insert.ts';
import type { Database } from './database.ts';
import { bulks } from './emails.ts';
import type { Marks } from './keywords.ts';
import { listJson } from './list-json.ts';
import { whole } from './whole.ts';
import type { EmailRow, Envelope, Found, LocalMessage, MailboxId, ThreadNumber } from './types.ts';

/** What an Email is at its beginning. */
export interface NewEmail {
  row: EmailRow;
  thread: ThreadNumber;
  marks: Marks;
  boxes: readonly MailboxId[];
  hidden: boolean;
  message: LocalMessage;
  strongId: string | null;
  /** Unix milliseconds. */
  now: number;
}

/** The rows of new Emails in the tables that hold one for each; not in them before {@link flush}. */
export class NewRows {
  readonly #email: BulkInsert;
  readonly #envelope: BulkInsert;
  readonly #preview: BulkInsert;
  readonly #member: BulkInsert;
  readonly #placement: BulkInsert;

  constructor(db: Database) {
    this.#email = new BulkInsert(
      db,
      'INSERT INTO email(id, number, thread, flags, labels, boxes, hidden, size, sent, attachment, bulk, added, strong)',
      13,
    );
    this.#envelope = new BulkInsert(
      db,
      'INSERT INTO envelope(email, subject, from_, sender, reply_to, to_, cc, bcc, message_id, in_reply_to, refs, list_id, structure)',
      13,
    );
    this.#preview = new BulkInsert(db, 'INSERT INTO preview(email, text)', 2);
    this.#member = new BulkInsert(db, 'INSERT INTO member(mailbox, email, thread, flags)', 4);
    this.#placement = new BulkInsert(db, 'INSERT INTO placement(mailbox, uid, email, flags, labels, modseq, since)', 7);
  }

  email({ row, thread, marks, boxes, hidden, message, strongId, now }: NewEmail): void {
    const { envelope } = message;
    this.#email.add(
      row,
      null,
      thread,
      marks.flags,
      marks.labels,
      JSON.stringify(boxes),
      Number(hidden),
      whole(message.size),
      envelope.sentAt === null ? null : whole(envelope.sentAt),
      Number(message.hasAttachment),
      bulks.indexOf(envelope.bulk),
      Math.floor(now / 1000),
      strongId,
    );
    if (message.preview != null) this.#preview.add(row, message.preview);
    this.#headers(row, envelope, message.structure);
    for (const box of boxes) this.#member.add(box, row, thread, marks.flags);
  }

  placement(mailbox: MailboxId, row: EmailRow, { uid, modseq }: Found, marks: Marks): void {
    this.#placement.add(mailbox, uid, row, marks.flags, marks.labels, whole(Number(modseq)), null);
  }

  flush(): void {
    this.#email.flush();
    this.#envelope.flush();
    this.#preview.flush();
    this.#member.flush();
    this.#placement.flush();
  }

  /** After a rollback. */
  forget(): void {
    this.#email.forget();
    this.#envelope.forget();
    this.#preview.forget();
    this.#member.forget();
    this.#placement.forget();
  }

  #headers(row: EmailRow, envelope: Envelope, structure: string | null): void {
    this.#envelope.add(
      row,
      envelope.subject,
      listJson(envelope.from),
      listJson(envelope.sender),
      listJson(envelope.replyTo),
      listJson(envelope.to),
      listJson(envelope.cc),
      listJson(envelope.bcc),
      envelope.messageId,
      listJson(envelope.inReplyTo),
      listJson(envelope.references),
      envelope.listId,
      structure,
    );
  }
}
