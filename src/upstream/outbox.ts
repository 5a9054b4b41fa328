import type { Clock } from '#base/clock.ts';
import { logError } from '#base/log.ts';
import type { Log } from '#base/log.ts';
import { Problem } from '#base/problem.ts';
import type { Index } from '#index/types.ts';
import { ImapError } from '#imap/errors.ts';
import type { MailAccount, Store, Submission } from '#store/types.ts';
import { recordBinding } from '#vault/associated.ts';
import type { Keeper } from '#vault/keeper.ts';
import { openRecord } from '#vault/seal-record.ts';
import { applyEmailPatch, emailNumberOf, movesTo, releaseEmailPatch } from './email-patch.ts';
import { UpstreamError } from './errors.ts';
import { afterTry } from './outbox-step.ts';
import type { SendOutcome } from './outbox-step.ts';
import { resealed } from './records.ts';
import type { SentFolder } from './sent-folder.ts';
import { decodeSubmission, encodeSubmission } from './submission.ts';
import type { SubmissionEnvelope, SubmissionRecord } from './submission.ts';
import type { Carrier, Ticket } from './ticket.ts';

/** An unknown row is looked for this often and this long, milliseconds. */
const lookEvery = 60_000;
const lookFor = 10 * 60_000;
/** A copy that could not be filed is tried again after this long. */
const fileAgain = 5 * 60_000;

/** Closing waits this long at most. */
const closeWithin = 20_000;

export interface OutboxParts {
  account: MailAccount;
  index: Index;
  store: Store;
  keeper: Keeper;
  clock: Clock;
  log: Log;
  random: () => number;
  /** `holdFor`: the server is to hold it for so many seconds. */
  send: (envelope: SubmissionEnvelope, message: Buffer, holdFor?: number) => Promise<SendOutcome>;
  sent: SentFolder;
  /** Whether the submission server may be asked: not while it refuses the password. */
  mayTry: () => boolean;
  /** Intents were written. */
  nudge: () => void;
}

/** Carries submissions through their states; docs/spec/outbox.md has the rules. */
export class Outbox {
  readonly #parts: OutboxParts;
  /** Rows this process is sending: not left over by an earlier one. */
  readonly #sending = new Set<string>();
  /** Rows to look at besides those that are due, and when (Unix ms). */
  readonly #later = new Map<string, number>();
  readonly #unknownSince = new Map<string, number>();
  #found = false;
  #running: Promise<void> | null = null;
  #again = false;
  #cancel: (() => void) | null = null;
  #closed = false;

  constructor(parts: OutboxParts) {
    this.#parts = parts;
  }

  /** Looks for what is due now. Resolves when all that can be done was done. */
  nudge(): Promise<void> {
    if (this.#closed) return Promise.resolve();
    this.#again = true;
    this.#running ??= this.#run().finally(() => {
      this.#running = null;
      // What came after the last round was looked at nowhere.
      if (this.#again) void this.nudge();
    });
    return this.#running;
  }

  /** The connection is back: whatever waits for it is tried now. */
  live(): Promise<void> {
    for (const id of this.#later.keys()) this.#later.set(id, 0);
    return this.nudge();
  }

  /** The user leaves: what a ticket takes is handed over now (O17), else to the carrier (O18); the rest waits. */
  async handOver(ticket: Ticket, carrier?: Carrier): Promise<void> {
    await this.#eachAhead(await ticket.longest(), (row) => this.#send(row, ticket));
    if (carrier) await this.#eachAhead(await carrier.longest(), (row) => this.#carry(row, carrier));
  }

  /** Letters that are held for at most so many seconds more. */
  async #eachAhead(longest: number, work: (row: Submission) => Promise<void>): Promise<void> {
    if (longest <= 0 || this.#closed || !this.#parts.mayTry()) return;
    await this.#running;
    const { store, account } = this.#parts;
    for (const row of await store.dueSubmissions(account.id, this.#now() + longest * 1000)) {
      if (this.#closed || row.state !== 'held' || row.sendAt <= this.#now()) continue;
      await this.#try(row, () => work(row));
    }
    await this.nudge();
  }

  async #carry(row: Submission, carrier: Carrier): Promise<void> {
    const { keeper } = this.#parts;
    const record = await this.#record(row);
    const message = await openRecord(keeper, recordBinding(row.message), row.message);
    const recordKey = await keeper.openKey(recordBinding(row.record), row.record.wrapped);
    const carried = await carrier.carry({ row, record, recordKey, message });
    this.#parts.log('info', 'outbox.carried', { carried });
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#cancel?.();
    // A submission under way gets its time; one that hangs is found in `sending` at the next start.
    const patience = new Promise<void>((resolve) => this.#parts.clock.after(closeWithin, resolve));
    await Promise.race([this.#running, patience]);
  }

  async #run(): Promise<void> {
    try {
      while (this.#again && !this.#closed) {
        this.#again = false;
        if (!this.#found) await this.#takeOver();
        await this.#round();
      }
      await this.#sleep();
    } catch (error) {
      logError(this.#parts.log, 'outbox.paused', error);
      this.#wakeAt(this.#now() + lookEvery);
    }
  }

  #now(): number {
    return this.#parts.clock.now();
  }

  /** At start: what an earlier process left behind (O8). */
  async #takeOver(): Promise<void> {
    const { store, account } = this.#parts;
    for (const row of await store.submissions(account.id)) {
      if (row.state === 'sending' && !this.#sending.has(row.id)) {
        if (await store.moveSubmission(row.id, 'sending', 'unknown')) {
          const failure = { code: 'send/unknown', words: null, at: this.#now() };
          const record = await this.#amend(row.id, (before) => ({ ...before, failure }));
          if (record !== null) this.#putBack(record);
          this.#note(row.id);
        }
      }
      if (row.state === 'sent' || row.state === 'sending' || row.state === 'unknown') this.#later.set(row.id, 0);
    }
    this.#found = true;
  }

  async #round(): Promise<void> {
    const { store, account } = this.#parts;
    for (const row of await store.dueSubmissions(account.id, this.#now())) {
      if (!this.#closed && this.#parts.mayTry()) await this.#try(row, () => this.#send(row));
    }
    for (const [id, at] of this.#later) {
      if (at > this.#now() || this.#closed) continue;
      const row = await store.submission(id);
      this.#later.delete(id);
      if (row?.state === 'sent') await this.#try(row, () => this.#file(row));
      if (row?.state === 'unknown') await this.#try(row, () => this.#lookInSent(row));
    }
  }

  /** One row's trouble is not another's. */
  async #try(row: Submission, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      logError(this.#parts.log, 'outbox.row-waits', error, { state: row.state });
      if (row.state === 'sent' || row.state === 'unknown') this.#later.set(row.id, this.#now() + fileAgain);
      else this.#later.delete(row.id);
    }
  }

  async #sleep(): Promise<void> {
    const waiting = await this.#parts.store.dueSubmissions(this.#parts.account.id, Number.MAX_SAFE_INTEGER);
    const times = [...waiting.map((row) => Math.max(row.sendAt, this.#now() + 1_000)), ...this.#later.values()];
    // What is due and still here could not be opened: the next visit unlocks it.
    const next = Math.min(...times);
    if (Number.isFinite(next))
      this.#wakeAt(waiting.some((row) => row.sendAt <= this.#now()) ? Math.max(next, this.#now() + lookEvery) : next);
  }

  #wakeAt(time: number): void {
    this.#cancel?.();
    if (!this.#closed)
      this.#cancel = this.#parts.clock.after(
        Math.min(2 ** 31 - 1, Math.max(10, time - this.#now())),
        () => void this.nudge(),
      );
  }

  #note(id: string): void {
    this.#parts.index.write((t) => t.note('EmailSubmission', id, 'updated'));
  }

  async #record(row: Submission): Promise<SubmissionRecord> {
    return decodeSubmission(await openRecord(this.#parts.keeper, recordBinding(row.record), row.record));
  }

  /** Changes the sealed record of a row whatever its state; answers the new one. */
  async #amend(id: string, change: (record: SubmissionRecord) => SubmissionRecord): Promise<SubmissionRecord | null> {
    const { store, keeper } = this.#parts;
    const row = await store.submission(id);
    if (row === null) return null;
    const record = change(await this.#record(row));
    await store.saveRecord(await resealed(keeper, row.record, encodeSubmission(record), this.#now()));
    return record;
  }

  /** O3 to O5, O7, O9 to O12; with a ticket O17. */
  async #send(row: Submission, ticket?: Ticket): Promise<void> {
    const { store, keeper, random } = this.#parts;
    const record = await this.#record(row);
    const message = await openRecord(keeper, recordBinding(row.message), row.message);
    if (row.state === 'held' && !(await store.moveSubmission(row.id, 'held', 'due'))) return;
    if (this.#closed || !(await store.moveSubmission(row.id, 'due', 'sending'))) return;
    this.#sending.add(row.id);
    try {
      this.#note(row.id);
      const hand = ticket && this.#handing(ticket, row);
      const outcome = await this.#outcome(hand ?? this.#parts.send, record.envelope, message);
      if (hand && outcome.at !== 'accepted' && outcome.at !== 'unknown') {
        // What is not taken now goes the usual way.
        await store.moveSubmission(row.id, 'sending', 'held');
        return;
      }
      const step = afterTry({ tries: row.tries, record }, outcome, this.#now(), random());
      const patch = { tries: step.tries, ...(step.retryAt === null ? {} : { sendAt: step.retryAt }) };
      await this.#settle(row.id, step.to, patch);
      await this.#amendQuietly(row.id, step.record);
      this.#note(row.id);
      if (step.to === 'sent' || step.to === 'unknown') this.#later.set(row.id, 0);
      if (step.to === 'failed' || step.to === 'unknown') this.#putBack(record);
      this.#parts.log('info', 'outbox.tried', { outcome: outcome.at, state: step.to, tries: step.tries });
    } finally {
      this.#sending.delete(row.id);
    }
  }

  /** The Email is a draft again, until the message is known to have gone. */
  #putBack({ emailId, onCancelUpdateEmail }: SubmissionRecord): void {
    const number = emailNumberOf(emailId);
    if (number === null || onCancelUpdateEmail === null) return;
    this.#parts.index.write((t) => applyEmailPatch(t, number, onCancelUpdateEmail, this.#now()));
    this.#parts.nudge();
  }

  #handing(ticket: Ticket, { sendAt }: Submission): OutboxParts['send'] {
    return (envelope, message) => ticket.take(envelope, message, Math.max(1, Math.ceil((sendAt - this.#now()) / 1000)));
  }

  async #outcome(send: OutboxParts['send'], envelope: SubmissionEnvelope, message: Buffer): Promise<SendOutcome> {
    try {
      return await send(envelope, message);
    } catch (error) {
      // Our own defect in the middle of it: nobody can say whether the message left.
      logError(this.#parts.log, 'outbox.send', error);
      return { at: 'unknown', code: error instanceof Problem ? error.code : 'send/unknown' };
    }
  }

  /** What happened must be written, however long the store needs: until then the row is nobody else's. */
  async #settle(id: string, to: Submission['state'], patch: { tries: number; sendAt?: number }): Promise<void> {
    for (let wait = 100; ; wait = Math.min(wait * 2, 30_000)) {
      try {
        if (await this.#parts.store.moveSubmission(id, 'sending', to, patch)) return;
        // Another process took our row for left over while we were sending.
        if (to === 'sent') await this.#parts.store.moveSubmission(id, 'unknown', 'sent', patch);
        return;
      } catch (error) {
        if (this.#closed) throw error;
        logError(this.#parts.log, 'outbox.not-recorded', error);
        await new Promise<void>((resolve) => this.#parts.clock.after(wait, resolve));
      }
    }
  }

  /** The state is what counts; the words beside it may be missing when the user has gone meanwhile. */
  async #amendQuietly(id: string, record: SubmissionRecord): Promise<void> {
    try {
      await this.#amend(id, () => record);
    } catch (error) {
      logError(this.#parts.log, 'outbox.record', error);
    }
  }

  /** O6, O13, O14. */
  async #file(row: Submission): Promise<void> {
    const { store, keeper, index, clock, sent } = this.#parts;
    const effects = await this.#record(row);
    index.write((t) => {
      const number = emailNumberOf(effects.emailId);
      const toSent =
        effects.onSuccessUpdateEmail !== null &&
        movesTo(effects.onSuccessUpdateEmail, t.mailboxes().find((box) => box.role === 'sent')?.id);
      // The provider's own copy will appear in Sent: ours would be a second one.
      if (number !== null && toSent && sent.filesItself) t.destroy(number, clock.now());
      else if (number !== null) releaseEmailPatch(t, number, effects, clock.now());
      if (number !== null && effects.onSuccessDestroyEmail) t.destroy(number, clock.now());
      for (const mark of effects.onSuccessMark) {
        const answered = emailNumberOf(mark.emailId);
        if (answered !== null) t.setKeywords(answered, [mark.keyword], [], clock.now());
      }
    });
    this.#parts.nudge();
    await this.#amend(row.id, (record) => ({
      ...record,
      onSuccessUpdateEmail: null,
      onSuccessDestroyEmail: false,
      onCancelUpdateEmail: null,
      onSuccessMark: [],
    }));
    if (effects.wantsSentCopy && effects.sentCopy === 'pending') {
      const sentCopy = await this.#copy(row, effects);
      if (sentCopy === null) return;
      await this.#amend(row.id, (record) => ({ ...record, sentCopy, failure: null }));
    }
    if (!(await store.moveSubmission(row.id, 'sent', 'filed'))) return;
    // The message lies in Sent now; a history of sent mail is no second mailbox.
    await store.saveRecord(await resealed(keeper, row.message, Buffer.alloc(0), clock.now()));
    this.#note(row.id);
  }

  /** null: not now. */
  async #copy(row: Submission, record: SubmissionRecord): Promise<SubmissionRecord['sentCopy'] | null> {
    const { sent, keeper } = this.#parts;
    if (sent.filesItself) return 'provider';
    try {
      if (await sent.has(record.messageId, emailNumberOf(record.emailId))) return 'found';
      await sent.append(await openRecord(keeper, recordBinding(row.message), row.message), record.sendAt);
      return 'appended';
    } catch (error) {
      const words = error instanceof ImapError || error instanceof UpstreamError ? error.words : null;
      const code = error instanceof Problem ? error.code : 'net/away';
      await this.#amend(row.id, (now) => ({ ...now, failure: { code, words, at: this.#now() } }));
      this.#later.set(row.id, this.#now() + fileAgain);
      this.#note(row.id);
      return null;
    }
  }

  /** O8, O11. */
  async #lookInSent(row: Submission): Promise<void> {
    const { store, sent } = this.#parts;
    const record = await this.#record(row);
    const since = this.#unknownSince.get(row.id) ?? this.#now();
    this.#unknownSince.set(row.id, since);
    if (!(await sent.has(record.messageId, emailNumberOf(record.emailId)))) {
      if (this.#now() - since < lookFor) this.#later.set(row.id, this.#now() + lookEvery);
      return;
    }
    this.#unknownSince.delete(row.id);
    await this.#amend(row.id, (now) => ({
      ...now,
      failure: null,
      sentCopy: now.wantsSentCopy ? 'found' : now.sentCopy,
    }));
    if (!(await store.moveSubmission(row.id, 'unknown', 'sent'))) return;
    this.#note(row.id);
    this.#later.set(row.id, 0);
    this.#again = true;
  }
}
