import { randomUUID } from 'node:crypto';
import type { Clock } from '#base/clock.ts';
import type { Arena, Place } from './arena.ts';
import { random, wipe } from './bytes.ts';
import { canonical } from './canonical.ts';
import { open, seal } from './envelope.ts';
import { VaultError } from './errors.ts';
import type { Target } from './keeper.ts';

/** How many are held at once, of all users together. */
const most = 4096;
/** What a timer can wait. */
const longestMs = 2 ** 31 - 1;

interface Held {
  target: Target;
  /** Sealed under a key of this process: the plain bytes exist only while they are used. */
  password: Buffer;
  cancel: () => void;
}

/** Passwords that were made for one letter each: good for one sign-in at one server, without the key of any user. */
export class Tickets {
  readonly #arena: Arena;
  readonly #clock: Clock;
  readonly #key: Place;
  readonly #held = new Map<string, Held>();

  constructor(arena: Arena, clock: Clock) {
    this.#arena = arena;
    this.#clock = clock;
    this.#key = arena.put((key) => key.set(random(32)));
  }

  /** Holds a password until it is used, dropped, or its time is over. @throws VaultError `keeper/full`, `record/refused` */
  hold(target: Target, password: Uint8Array, until: number): string {
    if (target.protocol !== 'smtp') throw new VaultError('record/refused', 'a ticket is for submission alone');
    if (this.#held.size >= most) throw new VaultError('keeper/full', 'no room for another ticket');
    const handle = randomUUID();
    const sealed = this.#arena.use(this.#key, (key) => seal(key, canonical('ticket', [handle]), password));
    const left = Math.min(longestMs, Math.max(0, until - this.#clock.now()));
    const cancel = this.#clock.after(left, () => this.#held.delete(handle));
    this.#held.set(handle, { target, password: sealed, cancel });
    return handle;
  }

  /** Lends the password, for the only time. @throws VaultError `ticket/gone` */
  async use<T>(handle: string, work: (target: Target, password: Uint8Array) => Promise<T>): Promise<T> {
    const held = this.#held.get(handle);
    this.drop(handle);
    const password =
      held && this.#arena.use(this.#key, (key) => open(key, canonical('ticket', [handle]), held.password));
    if (!held || !password) throw new VaultError('ticket/gone', 'the ticket has been used or has ended');
    try {
      return await work(held.target, password);
    } finally {
      wipe(password);
    }
  }

  drop(handle: string): void {
    this.#held.get(handle)?.cancel();
    this.#held.delete(handle);
  }

  close(): void {
    for (const held of this.#held.values()) held.cancel();
    this.#held.clear();
    this.#arena.drop(this.#key);
  }
}
