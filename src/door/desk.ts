import type { SessionId, UserId } from '#vault/keeper.ts';
import { signedIn } from './accounts.ts';
import type { Audit } from './audit.ts';
import { json } from './body.ts';
import { readKnown, setKnown, setSession } from './cookies.ts';
import type { Entered } from './entrance.ts';
import { type SignInLimits, spelled, WorkLimit } from './limits.ts';
import type { Metrics } from './metrics.ts';
import type { DoorParts } from './parts.ts';
import type { Peer } from './peer.ts';
import { type DoorError, unauthenticated } from './problems.ts';
import type { Secrets } from './secret-form.ts';
import type { Sessions } from './sessions.ts';
import { asDoorError } from './words.ts';

/** Somebody shows a secret. */
export interface Attempt {
  request: Request;
  peer: Peer;
  /** Whose count a failure goes on: a login or a name in any spelling, or what stands for it. */
  account: string;
  secrets: Pick<Secrets, 'wipe'>;
  by: 'mail-password' | 'site-password' | 'passkey' | 'recovery' | 'oauth';
  /** A one-time code came with it. */
  code: boolean;
  /** The user, where they are known before; asked only when the attempt fails. */
  user?: () => Promise<UserId | null>;
}

const guesses: ReadonlySet<DoorError['code']> = new Set([
  'door/wrong-password',
  'door/wrong-passkey',
  'door/wrong-code',
]);

const written: ReadonlySet<string> = new Set([...guesses, 'door/user-locked']);

/** Secrets are tried within limits, and whoever gets in gets cookies. */
export class Desk {
  readonly #parts: DoorParts;
  readonly #sessions: Sessions;
  readonly #metrics: Metrics;
  readonly #audit: Audit;
  readonly #guesses: SignInLimits;
  /** Whatever the outcome, each attempt makes us work or connect somewhere. */
  readonly #work: WorkLimit;

  constructor(parts: DoorParts, sessions: Sessions, guesses: SignInLimits, metrics: Metrics, audit: Audit) {
    this.#parts = parts;
    this.#sessions = sessions;
    this.#metrics = metrics;
    this.#audit = audit;
    this.#guesses = guesses;
    this.#work = new WorkLimit(parts.clock, 60, 2_000);
  }

  /** Tries a secret; a right one is not counted, and the secrets are wiped. @throws DoorError */
  async try<T>(attempt: Attempt, work: () => Promise<T>): Promise<T> {
    const { request, peer, code, secrets, by } = attempt;
    const account = spelled(attempt.account);
    try {
      this.#work.spend(peer.address);
      const known = readKnown(request, peer, this.#parts.links, account);
      const forgive = this.#guesses.attempt(peer.address, [account], known);
      const forgiveCode = code ? this.#guesses.attemptCode(peer.address, account, known) : () => undefined;
      try {
        const done = await work();
        forgive();
        forgiveCode();
        this.#metrics.signIn('ok');
        return done;
      } catch (error) {
        // Only a wrong secret is a guess; a server that is away is nobody's fault.
        const refused = asDoorError(error).code;
        if (!guesses.has(refused)) forgive();
        if (refused !== 'door/wrong-code') forgiveCode();
        throw error;
      }
    } catch (error) {
      const refused = asDoorError(error).code.slice('door/'.length);
      this.#metrics.signIn(refused);
      // What was not even tried, and what was nobody's fault, fills no log.
      if (written.has(`door/${refused}`))
        this.#audit('sign-in-refused', await this.#userOf(attempt), peer, { by, why: refused });
      throw error;
    } finally {
      secrets.wipe();
    }
  }

  /** Whoever failed, for the audit log; not knowing is no failure of its own. */
  async #userOf({ user }: Attempt): Promise<UserId | null> {
    return user ? user().catch(() => null) : null;
  }

  async welcome(
    { user, session, secrets, maxAge, recovery }: Entered,
    peer: Peer,
    by: Attempt['by'],
  ): Promise<Response> {
    const headers = new Headers();
    this.#sessions.enter({ kind: 'session', user, session });
    setSession(headers, peer, secrets, maxAge);
    this.#audit('sign-in', user, peer, { by, remember: session.remember });
    const facts = await this.#facts(user, headers, peer);
    // An issuer's word is no unlocker.
    if (by !== 'oauth') this.#sessions.signedIn.add(session.id);
    // The code is gone: nothing else may be at hand to make another with.
    if (recovery) this.#sessions.proven.add(session.id);
    return json({ ...facts, ...(recovery ? { recovery: 'used' } : {}) }, { headers });
  }

  async #facts(user: UserId, headers: Headers, peer: Peer) {
    const accounts = await this.#parts.store.accounts(user);
    const siteName = (await this.#parts.store.user(user))?.siteName ?? null;
    const [first] = accounts;
    const names = [first?.address, first?.imap.username, siteName].flatMap((name) => (name ? spelled(name) : []));
    setKnown(headers, peer, this.#parts.links, [...new Set(names)]);
    return signedIn(user, accounts);
  }

  /** A session opened again by an unlocker goes on, with new keys. */
  async reopen(id: SessionId, peer: Peer, by: Attempt['by'], recovery: boolean): Promise<Response> {
    const headers = new Headers();
    const session = await this.#parts.store.session(id);
    if (!session) throw unauthenticated();
    this.#sessions.enter({ kind: 'session', user: session.user, session });
    const secrets = await this.#sessions.turn(id);
    const left = Math.floor((session.expiresAt - this.#parts.clock.now()) / 1_000);
    setSession(headers, peer, secrets, session.remember ? Math.max(1, left) : null);
    this.#audit('unlocked', session.user, peer, { by });
    if (recovery) this.#sessions.proven.add(id);
    const facts = await this.#facts(session.user, headers, peer);
    return json({ ...facts, ...(recovery ? { recovery: 'used' } : {}) }, { headers });
  }
}
