import { randomUUID } from 'node:crypto';
import type { Clock } from '#base/clock.ts';
import type { Arena, Place } from './arena.ts';
import { sameTarget } from './associated.ts';
import { random, wipe } from './bytes.ts';
import { canonical } from './canonical.ts';
import type { SignedIn } from './connect.ts';
import { open, seal } from './envelope.ts';
import { VaultError } from './errors.ts';
import type { MailAccountId, Target, UserId } from './keeper.ts';

/** How long an admitted password and its connection are held. */
const admissionMs = 60_000;

const farewellMs = 5000;

interface Held {
  target: Target;
  /** Sealed under a key of this process: the plain bytes exist only while they are used. */
  password: Buffer;
  cancel: () => void;
}

interface Parked {
  target: Target;
  /** Null until the sign-in is finished: nobody can take it before. */
  owner: { user: UserId; account: MailAccountId } | null;
  signedIn: SignedIn;
  cancel: () => void;
}

/** Passwords that a server has just accepted, and the connections on which it did. */
export class Admissions {
  readonly #arena: Arena;
  readonly #clock: Clock;
  readonly #key: Place;
  readonly #held = new Map<string, Held>();
  readonly #parked = new Map<string, Parked>();

  constructor(arena: Arena, clock: Clock) {
    this.#arena = arena;
    this.#clock = clock;
    this.#key = arena.put((key) => key.set(random(32)));
  }

  /** Holds the password under a new handle, and parks the connection when it is of IMAP. */
  hold(target: Target, password: Uint8Array, signedIn: SignedIn): string {
    const handle = randomUUID();
    const sealed = this.#arena.use(this.#key, (key) => seal(key, canonical('admission', [handle]), password));
    const cancel = this.#clock.after(admissionMs, () => this.#held.delete(handle));
    this.#held.set(handle, { target, password: sealed, cancel });
    if (target.protocol === 'imap') this.#park(handle, target, signedIn);
    else this.#leave(signedIn, 'QUIT\r\n');
    return handle;
  }

  #park(handle: string, target: Target, signedIn: SignedIn): void {
    const cancel = this.#clock.after(admissionMs, () => {
      this.#parked.delete(handle);
      this.#leave(signedIn, 'k0 LOGOUT\r\n');
    });
    this.#parked.set(handle, { target, owner: null, signedIn, cancel });
    signedIn.socket.once('close', () => {
      cancel();
      this.#parked.delete(handle);
    });
  }

  /** Takes leave, and hangs up on a server that does not. */
  #leave({ socket }: SignedIn, farewell: string): void {
    socket.end(farewell);
    socket.resume();
    const cancel = this.#clock.after(farewellMs, () => socket.destroy());
    socket.once('close', cancel);
  }

  /** Lends an admitted password. @throws VaultError `admission/gone` */
  async use<T>(handle: string, work: (target: Target, password: Uint8Array) => Promise<T>): Promise<T> {
    const held = this.#held.get(handle);
    const password =
      held && this.#arena.use(this.#key, (key) => open(key, canonical('admission', [handle]), held.password));
    if (!held || !password) throw new VaultError('admission/gone', 'the admission has expired');
    try {
      return await work(held.target, password);
    } finally {
      wipe(password);
    }
  }

  /** The sign-in is finished: the password is forgotten, the parked connection waits for its account. */
  finish(handle: string, owner: { user: UserId; account: MailAccountId }): void {
    this.#held.get(handle)?.cancel();
    this.#held.delete(handle);
    const parked = this.#parked.get(handle);
    if (parked) parked.owner = owner;
  }

  /** The password is forgotten, and its connection ended. */
  drop(handle: string): void {
    this.#held.get(handle)?.cancel();
    this.#held.delete(handle);
    const parked = this.#parked.get(handle);
    this.#parked.delete(handle);
    parked?.cancel();
    if (parked) this.#leave(parked.signedIn, 'k0 LOGOUT\r\n');
  }

  /** The parked connection of this account at this target, once. */
  take(owner: { user: UserId; account: MailAccountId | null }, target: Target): SignedIn | null {
    for (const [handle, parked] of this.#parked) {
      const fits = parked.owner?.user === owner.user && parked.owner.account === owner.account;
      if (!fits || !sameTarget(parked.target, target)) continue;
      this.#parked.delete(handle);
      parked.cancel();
      const { socket } = parked.signedIn;
      if (!socket.destroyed && !socket.readableEnded) return parked.signedIn;
    }
    return null;
  }

  /** Closes what is parked for a user who is locked. */
  forget(user: UserId): void {
    for (const parked of this.#parked.values()) if (parked.owner?.user === user) parked.signedIn.socket.destroy();
  }

  close(): void {
    for (const held of this.#held.values()) held.cancel();
    for (const parked of this.#parked.values()) parked.signedIn.socket.destroy();
    this.#held.clear();
    this.#arena.drop(this.#key);
  }
}
