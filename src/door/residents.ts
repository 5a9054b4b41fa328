import { logError } from '#base/log.ts';
import type { MailAccountId, UserId } from '#vault/keeper.ts';
import { RoomError } from '#mailroom/errors.ts';
import type { DoorParts } from './parts.ts';

/** What stays open is looked at anew this often: a mailroom may have ended, an operator may have locked the user out. */
const lookEvery = 60_000;

const nobody = (user: UserId) => ({ user, readOnly: true, proven: false, sessionState: '' });

/**
 * What happens when nobody of a user is here any more: jobs that have tickets are handed over, accounts that are resident
 * stay open until their hour or the end of this process, all else is closed and its keys are forgotten (docs/spec/vault.md,
 * V110 to V115).
 */
export class Residents {
  readonly #parts: Pick<DoorParts, 'store' | 'keeper' | 'mailrooms' | 'clock' | 'log'>;
  readonly #isHere: (user: UserId) => boolean;
  readonly #timers = new Map<UserId, () => void>();
  #closed = false;

  constructor(
    parts: Pick<DoorParts, 'store' | 'keeper' | 'mailrooms' | 'clock' | 'log'>,
    isHere: (user: UserId) => boolean,
  ) {
    this.#parts = parts;
    this.#isHere = isHere;
  }

  /** Users who are away and of whom something stays open. */
  get users(): number {
    return this.#timers.size;
  }

  /** The last of a user has left. */
  leave(user: UserId): void {
    this.#leave(user).catch((error: unknown) => {
      if (this.#closed) return;
      logError(this.#parts.log, 'user not let go', error);
      this.#again(user, lookEvery);
    });
  }

  /** Whoever is here again decides anew. */
  arrive(user: UserId): void {
    this.#timers.get(user)?.();
    this.#timers.delete(user);
  }

  async #leave(user: UserId): Promise<void> {
    const { keeper, mailrooms, clock } = this.#parts;
    if (this.#closed || this.#isHere(user)) return;
    const { only, until } = await this.#staying(user);
    if (await keeper.isOpen(user)) await this.#rest(user, only);
    else only.length = 0;
    if (this.#isHere(user)) {
      await mailrooms.ask('open', nobody(user), {});
      return;
    }
    if (only.length > 0) {
      await keeper.narrow(user, only);
      this.#again(user, Math.min(lookEvery, Math.max(0, until - clock.now())));
      return;
    }
    this.arrive(user);
    await mailrooms.ask('close', nobody(user), {});
    if (!this.#isHere(user)) await keeper.forget(user);
  }

  async #rest(user: UserId, only: MailAccountId[]): Promise<void> {
    try {
      await this.#parts.mailrooms.ask('rest', nobody(user), { only });
    } catch (error) {
      if (!(error instanceof RoomError) || error.code !== 'room/locked') throw error;
      only.length = 0;
    }
  }

  /** The accounts that are resident now, and the first hour at which one of them no longer is. */
  async #staying(user: UserId): Promise<{ only: MailAccountId[]; until: number }> {
    const { store, clock } = this.#parts;
    const row = await store.user(user);
    const accounts = row === null || row.lockedAt !== null ? [] : await store.accounts(user);
    const resident = accounts.filter(
      ({ away, awayUntil }) => away === 'resident' && (awayUntil === null || awayUntil > clock.now()),
    );
    return {
      only: resident.map(({ id }) => id),
      until: Math.min(...resident.map(({ awayUntil }) => awayUntil ?? Infinity)),
    };
  }

  #again(user: UserId, ms: number): void {
    this.arrive(user);
    if (!this.#closed)
      this.#timers.set(
        user,
        this.#parts.clock.after(ms, () => this.leave(user)),
      );
  }

  close(): void {
    this.#closed = true;
    for (const user of this.#timers.keys()) this.arrive(user);
  }
}
