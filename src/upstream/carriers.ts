import type { Clock } from '#base/clock.ts';
import { logError } from '#base/log.ts';
import type { Log } from '#base/log.ts';
import type { MailAccount, Store } from '#store/types.ts';
import { recordBinding } from '#vault/associated.ts';
import type { Keeper, MailAccountId } from '#vault/keeper.ts';
import { sealWithKey } from '#vault/seal-record.ts';
import { longestTicket } from '#vault/ticket-time.ts';
import { afterTry } from './outbox-step.ts';
import type { SendOutcome } from './outbox-step.ts';
import { handIn } from './smtp-send.ts';
import { encodeSubmission } from './submission.ts';
import type { Carrier, Letter } from './ticket.ts';

/** The password lives this long beyond the time of its letter. */
const graceMs = 10 * 60_000;
/** What waits in memory at most, of all letters together. */
const mostBytes = 64 * 1024 * 1024;
/** Whoever comes back waits this long at most for a letter that is on its way; then it is as one found in `sending`. */
const patienceMs = 20_000;

/** Makes the password of one letter: for submission alone, and good until `expires`. */
export interface LetterPasswords {
  /** Null: none can be made for this account. */
  make(account: MailAccount, expires: number): Promise<{ id: string; password: Buffer } | null>;
  revoke(account: MailAccount, ids: readonly string[]): Promise<void>;
  /** Revokes those that are not among `used`: nobody holds them any more. */
  sweep(account: MailAccount, used: () => ReadonlySet<string>): Promise<void>;
}

interface Job extends Letter {
  account: MailAccount;
  /** Of the password, for revoking it. */
  id: string;
  /** Of the keeper's hold on it. */
  handle: string;
  cancel: () => void;
  /** Its time has come. */
  running: boolean;
}

export interface CarriersParts {
  store: Store;
  keeper: Keeper;
  passwords: LetterPasswords;
  clock: Clock;
  log: Log;
  random?: () => number;
}

/**
 * Letters on their way while nobody of their user is here (docs/spec/vault.md, V116 and V117): in the memory of this
 * process alone, each with a password that the keeper holds for one sign-in. They belong to no open account.
 */
export class Carriers implements AsyncDisposable {
  readonly #parts: CarriersParts;
  readonly #jobs = new Map<string, Job>();
  /** Which carrier of an account is the last; an earlier one takes no more. */
  readonly #current = new Map<MailAccountId, Carrier>();
  readonly #turns = new Map<MailAccountId, Promise<void>>();
  #bytes = 0;
  #closed = false;

  constructor(parts: CarriersParts) {
    this.#parts = parts;
  }

  /**
   * The account is opened: its letters are the outbox's again, and passwords that were left over are revoked. Resolves when
   * none of its letters is on its way.
   */
  async arrive(account: MailAccount): Promise<Carrier> {
    const carrier: Carrier = {
      longest: async () => {
        const row = await this.#parts.store.account(account.id);
        return row && row.away === 'ticket' && row.auth === 'minted' && !row.ownSmtp ? longestTicket : 0;
      },
      carry: (letter) => this.#carry(letter, account.id, () => this.#current.get(account.id) === carrier),
    };
    this.#current.set(account.id, carrier);
    const jobs = [...this.#jobs.values()].filter((job) => job.account.id === account.id);
    const turn = this.#turns.get(account.id);
    for (const job of jobs) if (!job.running) await this.#recall(job);
    // Sweeping cuts connections as well: it comes before the outbox sends anything.
    const sweeps = account.away === 'ticket';
    if (turn || sweeps) {
      const quiet = (turn ?? Promise.resolve()).then(() => (sweeps ? this.#sweep(account) : undefined));
      let enough = (): void => undefined;
      const patience = new Promise<void>((resolve) => {
        enough = this.#parts.clock.after(patienceMs, resolve);
      });
      await Promise.race([quiet, patience]);
      enough();
    }
    return carrier;
  }

  #sweep(account: MailAccount): Promise<void> {
    const used = (): ReadonlySet<string> => new Set([...this.#jobs.values()].map(({ id }) => id));
    return this.#quietly(() => this.#parts.passwords.sweep(account, used));
  }

  async #carry(letter: Letter, accountId: MailAccountId, isCurrent: () => boolean): Promise<boolean> {
    const { store, keeper, passwords, clock } = this.#parts;
    const { row, message } = letter;
    if (this.#jobs.has(row.id)) return !this.#forget(letter);
    const account = await store.account(accountId);
    if (!account || this.#bytes + message.length > mostBytes) return this.#forget(letter);
    this.#bytes += message.length;
    const until = row.sendAt + graceMs;
    const made = await passwords.make(account, until).catch((error: unknown) => this.#failed(error));
    if (!made) return this.#release(letter);
    const { id } = made;
    try {
      const handle = await keeper.holdTicket(account.smtp, { kind: 'bytes', bytes: made.password }, until);
      const job: Job = { ...letter, account, id, handle, cancel: () => undefined, running: false };
      this.#jobs.set(row.id, job);
      // Who came back meanwhile has the letter in the outbox again.
      if (this.#closed || !isCurrent()) {
        await this.#end(job);
        return false;
      }
      job.cancel = clock.after(Math.max(0, row.sendAt - clock.now()), () => {
        job.running = true;
        this.#inTurn(account.id, () => this.#go(job).finally(() => this.#end(job)));
      });
      return true;
    } catch (error) {
      this.#failed(error);
      this.#release(letter);
      await this.#quietly(() => passwords.revoke(account, [id]));
      return false;
    }
  }

  /** Revoking cuts every connection of the login: one letter of an account after another. */
  #inTurn(account: MailAccountId, work: () => Promise<void>): void {
    const turn = (this.#turns.get(account) ?? Promise.resolve()).then(work).finally(() => {
      if (this.#turns.get(account) === turn) this.#turns.delete(account);
    });
    this.#turns.set(account, turn);
  }

  #failed(error: unknown): null {
    logError(this.#parts.log, 'ticket', error);
    return null;
  }

  /** Its room is free for others. */
  #release(letter: Letter): false {
    this.#bytes -= letter.message.length;
    return this.#forget(letter);
  }

  #forget({ recordKey, message }: Letter): false {
    recordKey.fill(0);
    message.fill(0);
    return false;
  }

  /** At its time. Nobody sends it who does not win the move to `sending` (O4). */
  async #go(job: Job): Promise<void> {
    const { store, keeper, clock, log } = this.#parts;
    try {
      const { id, user } = job.row;
      if ((await store.user(user))?.lockedAt !== null) return;
      await store.moveSubmission(id, 'held', 'due');
      if (!(await store.moveSubmission(id, 'due', 'sending'))) return;
      const send = handIn(() => keeper.connectByTicket(job.handle), clock);
      const outcome = await send(job.record.envelope, job.message);
      log('info', 'ticket.used', { outcome: outcome.at });
      await this.#settle(job, outcome);
    } catch (error) {
      // A row that stays in `sending` is looked for in Sent at the next visit (O8), and never sent by itself.
      logError(log, 'ticket', error);
    }
  }

  /** What the server took is `sent`, with its words. What it did not take is the next visit's to try, and to tell. */
  async #settle(job: Job, outcome: SendOutcome): Promise<void> {
    const { store, clock, random = Math.random } = this.#parts;
    const { id } = job.row;
    if (outcome.at === 'unknown') return;
    if (outcome.at !== 'accepted') {
      await this.#surely(async () => void (await store.moveSubmission(id, 'sending', 'due')));
      return;
    }
    const { tries, record } = afterTry({ tries: job.row.tries, record: job.record }, outcome, clock.now(), random());
    await this.#surely(async () => {
      const row = await store.submission(id);
      const same =
        row?.record.generation === job.row.record.generation && row.record.wrapped.equals(job.row.record.wrapped);
      const sealed = sealWithKey(job.recordKey, recordBinding(job.row.record), encodeSubmission(record));
      const patch = { tries, ...(same ? { record: { ...job.row.record, sealed, updatedAt: clock.now() } } : {}) };
      // Who came back and lost patience took it for left over.
      if (!(await store.moveSubmission(id, 'sending', 'sent', patch)))
        await store.moveSubmission(id, 'unknown', 'sent', { tries });
    });
  }

  /** What happened must be written, however long the store needs. */
  async #surely(write: () => Promise<void>): Promise<void> {
    for (let wait = 100; ; wait = Math.min(wait * 2, 30_000)) {
      try {
        await write();
        return;
      } catch (error) {
        if (this.#closed) throw error;
        this.#failed(error);
        await new Promise<void>((resolve) => this.#parts.clock.after(wait, resolve));
      }
    }
  }

  /** Whatever became of it: nothing of the letter stays, and its password is revoked. */
  async #end(job: Job): Promise<void> {
    await this.#recall(job);
    await this.#quietly(() => this.#parts.passwords.revoke(job.account, [job.id]));
  }

  /** Nothing of it can be sent any more; its password is still to be revoked. */
  async #recall(job: Job): Promise<void> {
    job.cancel();
    if (this.#jobs.get(job.row.id) === job) {
      this.#jobs.delete(job.row.id);
      this.#release(job);
    }
    await this.#quietly(() => this.#parts.keeper.dropTicket(job.handle));
  }

  async #quietly(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      this.#failed(error);
    }
  }

  /** The process ends in order: what waits goes back to the outbox, and no password stays. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    const jobs = [...this.#jobs.values()];
    const waiting = jobs.filter((job) => !job.running);
    for (const job of waiting) await this.#recall(job);
    await Promise.all(this.#turns.values());
    for (const [, [first, ...more]] of Map.groupBy(waiting, ({ account: { id } }) => id)) {
      if (!first) continue;
      const ids = [first, ...more].map(({ id }) => id);
      await this.#quietly(() => this.#parts.passwords.revoke(first.account, ids));
    }
  }
}
