import { BulkInsert } from './bulk-insert.ts';
import type { Database } from './database.ts';
import type { Marks } from './keywords.ts';
import type { Ready, ReadyMessage } from './ready.ts';
import { whole } from './whole.ts';
import type { EmailRow, MailboxId, ThreadNumber } from './types.ts';

/** What an Email is at its beginning. */
export interface NewEmail {
  row: EmailRow;
  thread: ThreadNumber;
  marks: Marks;
  boxes: readonly MailboxId[];
  hidden: boolean;
  /** The server does not have it. */
  local: boolean;
  message: ReadyMessage;
  strongId: string | null;
  /** Unix milliseconds. */
  now: number;
}

/** The rows of new Emails in the tables that hold one for each; not in them before {@link flush}. */
export class NewRows {
  readonly #email: BulkInsert;
  readonly #envelope: BulkInsert;
  readonly #member: BulkInsert;
  readonly #placement: BulkInsert;
  readonly #withoutBody: BulkInsert;
  readonly #withoutPreview: BulkInsert;

  constructor(db: Database) {
    this.#email = new BulkInsert(
      db,
      'INSERT INTO email(id, thread, flags, labels, boxes, hidden, size, sent, attachment, bulk, added, strong)',
      12,
    );
    this.#envelope = new BulkInsert(
      db,
      'INSERT INTO envelope(email, subject, from_, sender, reply_to, to_, cc, bcc, message_id, in_reply_to, refs, list_id, structure, preview)',
      14,
    );
    this.#member = new BulkInsert(db, 'INSERT INTO member(mailbox, email, thread, flags)', 4);
    this.#placement = new BulkInsert(db, 'INSERT INTO placement(mailbox, uid, email, flags, labels, modseq)', 6);
    this.#withoutBody = new BulkInsert(db, 'INSERT INTO todo_body(email)', 1);
    this.#withoutPreview = new BulkInsert(db, 'INSERT INTO todo_preview(email)', 1);
  }

  email({ row, thread, marks, boxes, hidden, local, message, strongId, now }: NewEmail): void {
    this.#email.add(
      row,
      thread,
      marks.flags,
      marks.labels,
      JSON.stringify(boxes),
      Number(hidden),
      whole(message.size),
      message.sentAt === null ? null : whole(message.sentAt),
      Number(message.hasAttachment),
      message.bulk,
      Math.floor(now / 1000),
      strongId,
    );
    if (message.preview === null && !local) this.#withoutPreview.add(row);
    this.#withoutBody.add(row);
    this.#headers(row, message);
    for (const box of boxes) this.#member.add(box, row, thread, marks.flags);
  }

  placement(mailbox: MailboxId, row: EmailRow, { uid, modseq }: Ready, marks: Marks): void {
    this.#placement.add(mailbox, uid, row, marks.flags, marks.labels, whole(Number(modseq)));
  }

  flush(): void {
    this.#email.flush();
    this.#envelope.flush();
    this.#member.flush();
    this.#placement.flush();
    this.#withoutBody.flush();
    this.#withoutPreview.flush();
  }

  /** After a rollback. */
  forget(): void {
    this.#email.forget();
    this.#envelope.forget();
    this.#member.forget();
    this.#placement.forget();
    this.#withoutBody.forget();
    this.#withoutPreview.forget();
  }

  #headers(row: EmailRow, message: ReadyMessage): void {
    this.#envelope.add(
      row,
      message.subject,
      message.from,
      message.sender,
      message.replyTo,
      message.to,
      message.cc,
      message.bcc,
      message.messageId,
      message.inReplyTo,
      message.references,
      message.listId,
      message.structure,
      message.preview,
    );
  }
}
