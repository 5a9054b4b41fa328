import { applyEmailPatch, emailNumberOf, mailboxesIn, movesTo, releaseEmailPatch } from './email-patch.ts';
import { isBack } from './outbox-step.ts';
import type { OutboxParts } from './outbox.ts';
import type { OutboxRows } from './outbox-rows.ts';
import { inThese, mayCome } from './places.ts';
import type { SubmissionRecord } from './submission.ts';
import type { Submission } from '#store/types.ts';

type Parts = Pick<OutboxParts, 'account' | 'index' | 'store' | 'clock' | 'sent' | 'nudge'>;

/** What a submission does to Emails: its own, and those it answers or forwards (O6, O6a, O32, O33). */
export class Effects {
  readonly #parts: Parts;
  readonly #rows: OutboxRows;

  constructor(parts: Parts, rows: OutboxRows) {
    this.#parts = parts;
    this.#rows = rows;
  }

  /**
   * The message went: what that does to Emails is wished, once in each index (O38). Answers the record with the ids of this
   * index, and what is left to do for a copy in Sent; null: the Email may still come, ask again.
   */
  async apply(row: Submission, kept: SubmissionRecord): Promise<SubmissionRecord | null> {
    const { index, clock, sent } = this.#parts;
    const effects = inThese(index, kept);
    if (kept.wished?.epoch === index.epoch) return effects;
    const { onSuccessUpdateEmail: patch, onSuccessMark: marks } = effects;
    const number = emailNumberOf(effects.emailId);
    if (number === null && patch !== null && mayCome(index, kept)) return null;
    const numbers = [number, ...marks.map(({ emailId }) => emailNumberOf(emailId))].filter((one) => one !== null);
    const found = index.read((reader) => reader.emails(numbers));
    const isThere = found.some((email) => email.number === number);
    index.write((t) => {
      const box = t.mailboxes().find(({ role }) => role === 'sent');
      // The provider's own copy will appear in Sent: ours would be a second one.
      if (number !== null && patch !== null && movesTo(patch, box?.id) && sent.filesItself)
        t.destroy(number, clock.now());
      else if (number !== null) releaseEmailPatch(t, number, effects, clock.now());
      if (number !== null && effects.onSuccessDestroyEmail) t.destroy(number, clock.now());
      for (const mark of marks) {
        const answered = emailNumberOf(mark.emailId);
        if (answered !== null) t.setKeywords(answered, [mark.keyword], [], clock.now());
      }
    });
    // What was to become the copy in Sent is not there: its index was made anew, or somebody destroyed it. Or Sent is not.
    const isLost =
      patch !== null &&
      !effects.onSuccessDestroyEmail &&
      (!isThere || (kept !== effects && mailboxesIn(patch, true).length === 0));
    const copy = isLost && !kept.wantsSentCopy ? ({ wantsSentCopy: true, sentCopy: 'pending' } as const) : {};
    const done = { wished: { epoch: index.epoch, emails: found.map((email) => email.row) }, ...copy };
    await this.#rows.amend(row.id, (record) => ({ ...record, ...done }));
    this.#parts.nudge();
    return { ...effects, ...done };
  }

  /** The mail server has not done yet what is wished. */
  isPending({ wished }: SubmissionRecord): boolean {
    return this.#parts.index.read((reader) => wished?.emails.some((email) => reader.isWished(email)) ?? false);
  }

  /** The Email is a draft again, until the message is known to have gone; once, since it is the user's from then on. */
  async putBack(row: Submission): Promise<void> {
    const kept = await this.#rows.record(row);
    const { index, clock, nudge } = this.#parts;
    const { emailId, onCancelUpdateEmail: patch } = inThese(index, kept);
    if (patch === null) return;
    const number = emailNumberOf(emailId);
    if (number !== null && !(await this.#sentAnew(kept)))
      index.write((t) => applyEmailPatch(t, number, patch, clock.now()));
    nudge();
    await this.#rows.amend(row.id, (record) => ({ ...record, onCancelUpdateEmail: null }));
  }

  /** The Email lies where a later submission has put it. */
  async #sentAnew({ emailId, createdAt }: SubmissionRecord): Promise<boolean> {
    const { store, account } = this.#parts;
    for (const row of await store.submissions(account.id, { updatedSince: createdAt + 1 })) {
      if (isBack(row.state)) continue;
      const other = await this.#rows.record(row);
      if (other.emailId === emailId && other.createdAt > createdAt) return true;
    }
    return false;
  }
}
