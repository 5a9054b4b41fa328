import { logError } from '#base/log.ts';
import type { Submission } from '#store/types.ts';
import { recordBinding } from '#vault/associated.ts';
import { openRecord } from '#vault/seal-record.ts';
import type { OutboxParts } from './outbox.ts';
import { resealed } from './records.ts';
import { decodeSubmission, encodeSubmission } from './submission.ts';
import type { SubmissionRecord } from './submission.ts';

type Parts = Pick<OutboxParts, 'index' | 'store' | 'keeper' | 'clock' | 'log'>;

/** Reads and changes what is sealed in the rows of an outbox. @throws VaultError, StoreError */
export class OutboxRows {
  readonly #parts: Parts;
  #gone = false;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** The index is its caller's again: rows may still change, and are noted by who opens it next. */
  leaveIndex(): void {
    this.#gone = true;
  }

  /** O15. An index that cannot be written keeps no letter from going its way. */
  note(id: string): void {
    this.#note([id], 'updated');
  }

  /** The rows are no more. */
  noteForgotten(ids: readonly string[]): void {
    if (ids.length > 0) this.#note(ids, 'destroyed');
  }

  #note(ids: readonly string[], what: 'updated' | 'destroyed'): void {
    if (this.#gone) return;
    try {
      this.#parts.index.write((t) => {
        for (const id of ids) t.note('EmailSubmission', id, what);
      });
    } catch (error) {
      logError(this.#parts.log, 'outbox.not-noted', error);
    }
  }

  async record({ record }: Submission): Promise<SubmissionRecord> {
    return decodeSubmission(await openRecord(this.#parts.keeper, recordBinding(record), record));
  }

  /** As it goes out. */
  message({ message }: Submission): Promise<Buffer> {
    return openRecord(this.#parts.keeper, recordBinding(message), message);
  }

  /** Changes the sealed record of a row whatever its state. */
  async amend(id: string, change: (record: SubmissionRecord) => SubmissionRecord): Promise<void> {
    const { store, keeper, clock } = this.#parts;
    const row = await store.submission(id);
    if (row === null) return;
    const record = change(await this.record(row));
    await store.saveRecord(await resealed(keeper, row.record, encodeSubmission(record), clock.now()));
  }

  /** The message lies in Sent; a history of sent mail is no second mailbox. */
  async forgetMessage({ message }: Submission): Promise<void> {
    const { store, keeper, clock } = this.#parts;
    await store.saveRecord(await resealed(keeper, message, Buffer.alloc(0), clock.now()));
  }
}
