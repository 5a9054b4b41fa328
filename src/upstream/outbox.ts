import type { Clock } from '#base/clock.ts';
import { logError } from '#base/log.ts';
import type { Log } from '#base/log.ts';
import { Problem } from '#base/problem.ts';
import type { Index } from '#index/types.ts';
import { ImapError } from '#imap/errors.ts';
import type { MailAccount, Store, Submission } from '#store/types.ts';
import { recordBinding } from '#vault/associated.ts';
import type { Keeper } from '#vault/keeper.ts';
import { Effects } from './effects.ts';
import { emailNumberOf } from './email-patch.ts';
import { isClosed, UpstreamError } from './errors.ts';
import { afterTry, isBack } from './outbox-step.ts';
import type { SendOutcome } from './outbox-step.ts';
import { type InHand, inHandHere } from './in-hand.ts';
import { OutboxRows } from './outbox-rows.ts';
import { inThese } from './places.ts';
import type { SentFolder } from './sent-folder.ts';
import type { SubmissionEnvelope, SubmissionRecord } from './submission.ts';
import type { Carrier, Ticket } from './ticket.ts';

/** An unknown row is looked for this often and this long, milliseconds. */
const lookEvery = 60_000;
const lookFor = 10 * 60_000;
/** An Email that the index does not have yet, and what the mail server has yet to do, are looked for this often. */
const comeEvery = 10_000;
/** A copy that could not be filed is tried again after this long. */
const fileAgain = 5 * 60_000;

/** What was filed or taken back so long ago is forgotten, looked for once a day; so many in one transaction. */
const forgetAfter = 90 * 86_400_000;
const forgetEvery = 86_400_000;
const forgetAtOnce = 500;

/** Closing lets a submission go on for so long; then its line is cut, and closing waits for what comes of that. */
const cutAfter = 7_000;
const closeWithin = 9_000;

export interface OutboxParts {
  account: MailAccount;
  index: Index;
  store: Store;
  keeper: Keeper;
  clock: Clock;
  log: Log;
  random: () => number;
  /** `holdFor`: the server is to hold it for so many seconds. `cut` ends it, unless the server has all of the message. */
  send: (envelope: SubmissionEnvelope, message: Buffer, holdFor?: number, cut?: AbortSignal) => Promise<SendOutcome>;
  sent: SentFolder;
  /** Whether the submission server may be asked: not while it refuses the password. */
  mayTry: () => boolean;
  /** Intents were written; when they were tried, {@link Outbox.live} is to be called. */
  nudge: () => void;
  /** What this process is sending; tests that play another process bring their own. */
  inHand?: InHand;
}

/** Carries submissions through their states; docs/spec/outbox.md has the rules. */
export class Outbox {
  readonly #parts: OutboxParts;
  readonly #inHand: InHand;
  readonly #cut = new AbortController();
  readonly #rows: OutboxRows;
  readonly #effects: Effects;
  /** Rows to look at besides those that are due, and when (Unix ms). */
  readonly #later = new Map<string, number>();
  readonly #unknownSince = new Map<string, number>();
  #forgetAt = 0;
  /** What was there before has been looked at. */
  #found = false;
  #running: Promise<void> | null = null;
  #again = false;
  #cancel: (() => void) | null = null;
  readonly #left = Promise.withResolvers<void>();
  #closed = false;

  constructor(parts: OutboxParts) {
    this.#parts = parts;
    this.#inHand = parts.inHand ?? inHandHere;
    this.#rows = new OutboxRows(parts);
    this.#effects = new Effects(parts, this.#rows);
  }

  /** Looks for what is due now. Resolves when all that can be done was done, or the outbox is closed. */
  nudge(): Promise<void> {
    if (this.#closed) return Promise.resolve();
    this.#again = true;
    this.#running ??= this.#run().finally(() => {
      this.#running = null;
      // What came after the last round was looked at nowhere.
      if (this.#again) void this.nudge();
    });
    return Promise.race([this.#running, this.#left.promise]);
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
    const record = await this.#rows.record(row);
    const message = await this.#rows.message(row);
    const recordKey = await keeper.openKey(recordBinding(row.record), row.record.wrapped);
    const carried = await carrier.carry({ row, record, recordKey, message });
    this.#parts.log('info', 'outbox.carried', { carried });
  }

  /** Whose message the server has in full is settled when it answers, though the outbox is closed by then (O31). */
  async close(): Promise<void> {
    this.#closed = true;
    this.#cancel?.();
    await this.#runningFor(cutAfter);
    this.#cut.abort();
    await this.#runningFor(closeWithin - cutAfter);
    this.#rows.leaveIndex();
    this.#left.resolve();
  }

  async #runningFor(ms: number): Promise<void> {
    let enough = (): void => undefined;
    const patience = new Promise<void>((resolve) => (enough = this.#parts.clock.after(ms, resolve)));
    await Promise.race([this.#running, patience]);
    enough();
  }

  async #run(): Promise<void> {
    try {
      while (this.#again && !this.#closed) {
        this.#again = false;
        if (!this.#found) await this.#takeOver();
        await this.#round();
      }
      if (this.#now() >= this.#forgetAt) await this.#forget();
      await this.#sleep();
    } catch (error) {
      logError(this.#parts.log, 'outbox.paused', error);
      this.#wakeAt(this.#now() + lookEvery);
    }
  }

  #now(): number {
    return this.#parts.clock.now();
  }

  /** At start: what an earlier process left behind (O8), and what this one still has in hand (O31). */
  async #takeOver(): Promise<void> {
    const { store, account } = this.#parts;
    for (const row of await store.submissions(account.id)) {
      const over = this.#inHand.over(row.id);
      if (over) {
        void over.then(() => this.#try(row, () => this.#settled(row.id)));
        continue;
      }
      if (row.state === 'sending' && (await store.moveSubmission(row.id, 'sending', 'unknown'))) {
        const failure = { code: 'send/unknown', words: null, at: this.#now() };
        await this.#rows.amend(row.id, (before) => ({ ...before, failure }));
        this.#rows.note(row.id);
      }
      if (['sending', 'sent', 'unknown', 'failed', 'canceled'].includes(row.state)) this.#later.set(row.id, 0);
    }
    this.#found = true;
  }

  /** A submission that a closed outbox of this account had in hand has come to its end. */
  async #settled(id: string): Promise<void> {
    if (this.#closed) return;
    this.#found = false;
    this.#rows.note(id);
    await this.nudge();
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
      if (row && isBack(row.state)) await this.#try(row, () => this.#effects.putBack(row));
      if (row?.state === 'unknown') await this.#try(row, () => this.#lookInSent(row));
    }
  }

  /** O37, after what was found at start had its turn. */
  async #forget(): Promise<void> {
    const { store, account } = this.#parts;
    const before = this.#now() - forgetAfter;
    this.#forgetAt = this.#now() + forgetEvery;
    for (let more = true; more && !this.#closed;) {
      const ids = await store.forgetSubmissions(account.id, before, forgetAtOnce);
      this.#rows.noteForgotten(ids);
      more = ids.length === forgetAtOnce;
    }
  }

  /** One row's trouble is not another's. */
  async #try(row: Submission, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      if (!isClosed(error)) logError(this.#parts.log, 'outbox.row-waits', error, { state: row.state });
      if (row.state === 'sent' || isBack(row.state)) this.#later.set(row.id, this.#now() + fileAgain);
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

  /** O3 to O5, O7, O9 to O12; with a ticket O17. */
  async #send(row: Submission, ticket?: Ticket): Promise<void> {
    const { store } = this.#parts;
    const record = await this.#rows.record(row);
    const message = await this.#rows.message(row);
    // Who else moved it may have been closed since: `due` is anybody's, and only the move out of it decides (O4).
    if (row.state === 'held') await store.moveSubmission(row.id, 'held', 'due');
    const elsewhere = this.#inHand.over(row.id);
    if (elsewhere) {
      void elsewhere.then(() => this.nudge());
      return;
    }
    await this.#inHand.hold(row.id, async () => {
      if (this.#closed || !(await store.moveSubmission(row.id, 'due', 'sending'))) return;
      this.#rows.note(row.id);
      const hand = ticket && this.#handing(ticket, row);
      const outcome = await this.#outcome(hand ?? this.#parts.send, record.envelope, message);
      // What is not taken now goes the usual way.
      if (hand && outcome.at !== 'accepted' && outcome.at !== 'unknown') {
        await this.#settle(row.id, 'held', { tries: row.tries });
        this.#rows.note(row.id);
      } else await this.#answered(row, record, outcome);
    });
  }

  async #answered(row: Submission, record: SubmissionRecord, outcome: SendOutcome): Promise<void> {
    const step = afterTry({ tries: row.tries, record }, outcome, this.#now(), this.#parts.random());
    const patch = { tries: step.tries, ...(step.retryAt === null ? {} : { sendAt: step.retryAt }) };
    await this.#settle(row.id, step.to, patch);
    await this.#amendQuietly(row.id, step.record);
    this.#rows.note(row.id);
    if (step.to === 'sent' || isBack(step.to)) this.#later.set(row.id, 0);
    this.#parts.log('info', 'outbox.tried', { outcome: outcome.at, state: step.to, tries: step.tries });
  }

  #handing(ticket: Ticket, { sendAt }: Submission): OutboxParts['send'] {
    return (envelope, message) => ticket.take(envelope, message, Math.max(1, Math.ceil((sendAt - this.#now()) / 1000)));
  }

  async #outcome(send: OutboxParts['send'], envelope: SubmissionEnvelope, message: Buffer): Promise<SendOutcome> {
    try {
      return await send(envelope, message, undefined, this.#cut.signal);
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
        const { store } = this.#parts;
        if (await store.moveSubmission(id, 'sending', to, patch)) return;
        // Another process took our row for left over while we were sending.
        if (to === 'unknown' || (await store.moveSubmission(id, 'unknown', to, patch))) return;
        // The user had it sent again meanwhile: what went does not go a second time (O7).
        if (to === 'sent') await store.moveSubmission(id, 'due', to, patch);
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
      await this.#rows.amend(id, () => record);
    } catch (error) {
      logError(this.#parts.log, 'outbox.record', error);
    }
  }

  /** O6, O13, O14, O38. */
  async #file(row: Submission): Promise<void> {
    const record = await this.#effects.apply(row, await this.#rows.record(row));
    if (record === null) {
      this.#later.set(row.id, this.#now() + comeEvery);
      return;
    }
    if (record.wantsSentCopy && record.sentCopy === 'pending') {
      const sentCopy = await this.#copy(row, record);
      if (sentCopy === null) return;
      await this.#rows.amend(row.id, (now) => ({ ...now, sentCopy, failure: null }));
    }
    if (this.#effects.isPending(record)) {
      this.#later.set(row.id, this.#now() + comeEvery);
      return;
    }
    if (!(await this.#parts.store.moveSubmission(row.id, 'sent', 'filed'))) return;
    await this.#rows.forgetMessage(row);
    this.#rows.note(row.id);
  }

  /** null: not now. */
  async #copy(row: Submission, record: SubmissionRecord): Promise<SubmissionRecord['sentCopy'] | null> {
    const { sent } = this.#parts;
    if (sent.filesItself) return 'provider';
    try {
      if (await sent.has(record.messageId, emailNumberOf(record.emailId))) return 'found';
      await sent.append(await this.#rows.message(row), record.sendAt);
      return 'appended';
    } catch (error) {
      const words = error instanceof ImapError || error instanceof UpstreamError ? error.words : null;
      const code = error instanceof Problem ? error.code : 'net/away';
      await this.#rows.amend(row.id, (now) => ({ ...now, failure: { code, words, at: this.#now() } }));
      this.#later.set(row.id, this.#now() + fileAgain);
      this.#rows.note(row.id);
      return null;
    }
  }

  /** O8, O11. */
  async #lookInSent(row: Submission): Promise<void> {
    const { store, sent, index } = this.#parts;
    const record = inThese(index, await this.#rows.record(row));
    const since = this.#unknownSince.get(row.id) ?? this.#now();
    this.#unknownSince.set(row.id, since);
    if (!(await sent.has(record.messageId, emailNumberOf(record.emailId)))) {
      if (this.#now() - since < lookFor) this.#later.set(row.id, this.#now() + lookEvery);
      return;
    }
    this.#unknownSince.delete(row.id);
    await this.#rows.amend(row.id, (now) => ({
      ...now,
      failure: null,
      sentCopy: now.wantsSentCopy ? 'found' : now.sentCopy,
    }));
    if (!(await store.moveSubmission(row.id, 'unknown', 'sent'))) return;
    this.#rows.note(row.id);
    this.#later.set(row.id, 0);
    this.#again = true;
  }
}
