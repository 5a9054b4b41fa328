import { createHash } from 'node:crypto';
import { logError } from '#base/log.ts';
import type { Tide } from '#base/tide.ts';
import { invariant } from '#base/must.ts';
import { RoomError } from '#mailroom/errors.ts';
import type { Answer, Ask, Op, Who } from '#mailroom/protocol.ts';
import type { ApiToken, Session, Store } from '#store/types.ts';
import { VaultError } from '#vault/errors.ts';
import type { SessionId, SessionSecrets, UserId } from '#vault/keeper.ts';
import { hashToken } from '#vault/keys.ts';
import type { Audit } from './audit.ts';
import { bearerOf } from './bearer.ts';
import { readToken } from './cookies.ts';
import { Lately } from './lately.ts';
import type { DoorParts } from './parts.ts';
import type { Head, Peer } from './peer.ts';
import { Presence } from './presence.ts';
import { Recall } from './recall.ts';
import { Recent } from './recent.ts';
import { Residents } from './residents.ts';
import { locked, lockedByOperator, unauthenticated } from './problems.ts';

/** Somebody who has shown a session cookie or an API token. */
export type Visitor =
  | { kind: 'session'; user: UserId; session: Session }
  | { kind: 'token'; user: UserId; token: ApiToken; secret: Buffer };

/** What a rotated session was before: tabs rotate side by side, and an answer may be lost on its way. */
interface Former {
  session: Session;
  /** When it was rotated, Unix ms. */
  at: number;
  /** Hash of the token that came after. */
  successor: string;
  /** The browser has shown the token that came after. */
  arrived: boolean;
}

const touchMs = 60_000;
const formerMs = 60_000;
const siblingMs = 10_000;

const keyOf = (hash: Buffer): string => hash.toString('base64url');

/** Sessions and tokens: who is asking, are their keys here, and what happens when a key turns. */
export class Sessions {
  readonly presence: Presence;
  readonly recall: Recall;
  /** An unlocker was shown for them: what needs one may be done. */
  readonly proven: Lately;
  /** Opened by a sign-in that showed an unlocker. */
  readonly signedIn: Lately;
  readonly #parts: DoorParts;
  readonly #store: Store;
  readonly #audit: Audit;
  readonly #sessions: Recent<Session | null>;
  readonly #tokens: Recent<ApiToken | null>;
  readonly #names: Recent<string>;
  readonly #former = new Map<string, Former>();
  readonly #alone = new Map<UserId, Promise<void>>();
  readonly #states = new WeakMap<Session | ApiToken, string>();
  readonly #residents: Residents;
  readonly #stops: (() => void)[];
  /** How often somebody brought a user's key. */
  readonly #entries = new Map<UserId, number>();
  readonly #ended = new Set<(id: string) => void>();

  constructor(parts: DoorParts, audit: Audit) {
    this.#parts = parts;
    this.#audit = audit;
    this.#store = parts.store;
    this.#sessions = new Recent(parts.clock);
    this.#tokens = new Recent(parts.clock);
    this.#names = new Recent(parts.clock);
    this.proven = new Lately(parts.clock);
    this.signedIn = new Lately(parts.clock);
    this.#residents = new Residents(parts, (user) => this.presence.has(user));
    this.recall = new Recall(parts.clock);
    this.presence = new Presence(
      parts.clock,
      parts.config.sessionIdleMs,
      (user) => this.#residents.leave(user),
      (id) => this.recall.forget(id),
    );
    this.#stops = [
      parts.mailrooms.onLocked((user) => void this.#mayLose(user)),
      parts.mailrooms.onEnded((_user, session) => this.#end(session)),
    ];
  }

  /** A mailroom found no key: it may have come back, or turned, since. */
  async #mayLose(user: UserId): Promise<void> {
    const before = this.#entries.get(user);
    const isOpen = await this.#parts.keeper.isOpen(user).catch(() => false);
    // Who has come since has brought the key.
    if (!isOpen && this.#entries.get(user) === before) this.#lose(user);
  }

  /** The keeper has lost the user's key: whoever is here has to bring theirs again, and their streams end. */
  #lose(user: UserId): void {
    // While keys turn the keeper refuses everybody; who goes on afterwards is known then.
    if (this.#alone.has(user)) return;
    this.#entries.delete(user);
    for (const id of this.presence.lose(user)) for (const listener of this.#ended) listener(id);
  }

  /** Told when a session or token ended or was locked, so that its event streams end too. */
  onEnd(listener: (id: string) => void): () => void {
    this.#ended.add(listener);
    return () => this.#ended.delete(listener);
  }

  #end(id: string): void {
    this.presence.leave(id);
    this.proven.delete(id as SessionId);
    this.signedIn.delete(id as SessionId);
    this.#sessions.forget((session) => session?.id === id);
    this.#tokens.forget((token) => token?.id === id);
    for (const [key, former] of this.#former) if (former.session.id === id) this.#former.delete(key);
    for (const listener of this.#ended) listener(id);
  }

  /**
   * Who is asking, whether or not their keys are here.
   * @throws DoorError `unauthenticated`
   */
  async identify(request: Head, peer: Peer): Promise<Visitor> {
    const secret = bearerOf(request);
    if (secret) return this.#byToken(secret);
    const token = readToken(request, peer);
    const session = token && (await this.#byCookie(hashToken(token), peer));
    if (!session || session.expiresAt <= this.#parts.clock.now()) throw unauthenticated();
    await this.#alone.get(session.user);
    this.#touchSession(session);
    return { kind: 'session', user: session.user, session };
  }

  /**
   * Who is asking, with their keys in memory: at once when nothing has to be waited for.
   * @throws DoorError `unauthenticated`, `locked`
   */
  visitor(request: Head, peer: Peer): Visitor | Promise<Visitor> {
    return this.#atHand(request, peer) ?? this.#sought(request, peer);
  }

  /** The visitor of a session whose row is in memory and whose key is here. Whoever else it is, {@link #sought} says. */
  #atHand(request: Head, peer: Peer): Visitor | null {
    const token = request.headers.has('authorization') ? null : readToken(request, peer);
    if (!token) return null;
    const key = keyOf(hashToken(token));
    const session = this.#sessions.peek(key);
    if (!session || session.expiresAt <= this.#parts.clock.now() || this.#alone.has(session.user)) return null;
    if (!this.presence.isHere(session.id)) return null;
    this.#arrived(key);
    this.#touchSession(session);
    return { kind: 'session', user: session.user, session };
  }

  async #sought(request: Head, peer: Peer): Promise<Visitor> {
    const visitor = await this.identify(request, peer);
    if (visitor.kind === 'token') {
      if (await this.#openToken(visitor)) this.enter(visitor);
    } else if (!this.presence.isHere(visitor.session.id)) throw locked(false);
    return visitor;
  }

  async #byToken(secret: Buffer): Promise<Visitor> {
    const hash = secret.length === 32 ? hashToken(secret) : null;
    const token = hash && (await this.#tokens.get(keyOf(hash), () => this.#store.tokenByHash(hash)));
    const now = this.#parts.clock.now();
    if (!token || (token.expiresAt !== null && token.expiresAt <= now)) throw unauthenticated();
    if (now - (token.lastUsedAt ?? 0) > touchMs) {
      token.lastUsedAt = now;
      this.#quietly(this.#store.touchToken(token.id, now));
    }
    return { kind: 'token', user: token.user, token, secret };
  }

  /** Whether its key had to be brought. */
  async #openToken({ token, secret, user }: Extract<Visitor, { kind: 'token' }>): Promise<boolean> {
    if (this.presence.isHere(token.id)) return false;
    const row = await this.#store.user(user);
    if (!row || row.lockedAt !== null) throw unauthenticated();
    await this.presence.coming(user, async () => {
      await this.#parts.keeper.unlockByToken(token.slot, row.keys, secret);
      this.presence.enter(token.id, user);
    });
    return true;
  }

  async #byCookie(hash: Buffer, peer: Peer): Promise<Session | null> {
    const key = keyOf(hash);
    const session = await this.#sessions.get(key, () => this.#store.sessionByTokenHash(hash));
    if (!session) return this.#retired(hash, peer);
    this.#arrived(key);
    return session;
  }

  /** The browser has shown the token with this hash. */
  #arrived(key: string): void {
    for (const former of this.#former.values()) if (former.successor === key) former.arrived = true;
  }

  /**
   * A token that was rotated away. Right after, other tabs still use it, and so does a browser that never got the answer
   * with the new one. Otherwise two hold a copy of it: the session ends for both.
   */
  async #retired(hash: Buffer, peer: Peer): Promise<Session | null> {
    const found = await this.#store.sessionByRetiredToken(hash);
    if (!found) return null;
    const former = this.#former.get(keyOf(hash));
    const fresh = this.#parts.clock.now() - found.retiredAt < formerMs;
    if (fresh || former?.arrived === false) return { ...found.session, tokenHash: hash };
    this.#parts.log('warn', 'session ended: a former token was used', { session: found.session.id });
    this.#audit('key-theft', found.session.user, peer, { session: found.session.createdAt });
    await this.remove(found.session.id);
    return null;
  }

  #touchSession(session: Session): void {
    const now = this.#parts.clock.now();
    if (now - session.lastSeenAt < touchMs) return;
    session.lastSeenAt = now;
    this.#quietly(this.#store.touchSession(session.id, now));
  }

  #quietly(work: Promise<unknown>): void {
    work.catch((error: unknown) => logError(this.#parts.log, 'store', error));
  }

  /** The user's key has come: accounts open and lines that are down are tried while the answer travels. */
  enter(visitor: Visitor): void {
    this.presence.enter(this.idOf(visitor), visitor.user);
    this.#entries.set(visitor.user, (this.#entries.get(visitor.user) ?? 0) + 1);
    this.#residents.arrive(visitor.user);
    this.ask(visitor, 'open', {}).catch((error: unknown) => {
      const gone = error instanceof RoomError && error.code === 'room/gone';
      if (!gone) logError(this.#parts.log, 'accounts not opened', error);
    });
  }

  /**
   * Opens a session with the unlock key of its cookie and turns both keys. null: another tab has just turned them.
   * @throws DoorError, VaultError `session/does-not-open`
   */
  async unlock(visitor: Extract<Visitor, { kind: 'session' }>, unlockKey: Buffer): Promise<SessionSecrets | null> {
    const { session, user } = visitor;
    const row = await this.#store.user(user);
    if (!row) throw unauthenticated();
    if (row.lockedAt !== null) throw lockedByOperator();
    const former = this.#former.get(keyOf(session.tokenHash));
    return this.presence.coming(user, async () => {
      await this.#parts.keeper.unlock(former?.session ?? session, row.keys, unlockKey);
      unlockKey.fill(0);
      const isSibling = former !== undefined && this.#parts.clock.now() - former.at < siblingMs;
      const turned = isSibling ? null : await this.turn(session.id);
      this.enter(visitor);
      return turned;
    });
  }

  /** A new token and unlock key for a session of a user who is open. */
  async turn(id: SessionId): Promise<SessionSecrets> {
    const session = await this.#store.session(id);
    if (!session) throw unauthenticated();
    const now = this.#parts.clock.now();
    const { session: row, secrets } = await this.#parts.keeper.rotate(session);
    await this.#store.saveSession({ ...session, ...row, lastSeenAt: now });
    this.#sessions.forget((known) => known?.id === id);
    for (const [key, { session: old, arrived }] of this.#former) if (old.id === id && arrived) this.#former.delete(key);
    const successor = keyOf(row.tokenHash);
    this.#former.set(keyOf(session.tokenHash), { session, at: now, successor, arrived: false });
    return secrets;
  }

  /** Locks a session: its keys are turned and the unlock key is thrown away, so that only an unlocker opens it again. */
  async lock(session: Session): Promise<SessionSecrets> {
    const secrets = await this.turn(session.id);
    this.#end(session.id);
    return secrets;
  }

  async remove(id: SessionId): Promise<void> {
    await this.#store.deleteSession(id);
    this.#end(id);
  }

  /** Whoever is here is looked up again: somebody outside may have ended sessions, locked the user or deleted them. */
  async recheck(user: UserId): Promise<void> {
    this.#sessions.forget((session) => session?.user === user);
    this.#tokens.forget((token) => token?.user === user);
    const row = await this.#store.user(user);
    const isOut = !row || row.lockedAt !== null;
    const rows = isOut ? [] : [...(await this.#store.sessions(user)), ...(await this.#store.tokens(user))];
    const left = new Set<string>(rows.map(({ id }) => id));
    for (const id of this.presence.of(user)) if (!left.has(id)) this.#end(id);
    if (!this.presence.has(user)) this.#residents.leave(user);
  }

  async removeToken(user: UserId, id: string): Promise<void> {
    await this.#store.deleteToken(user, id);
    this.#end(id);
  }

  /** Keeps all others of this user waiting while `work` runs. */
  async alone<T>(user: UserId, work: () => Promise<T>): Promise<T> {
    const before = this.#alone.get(user);
    const done = (before ?? Promise.resolve()).then(work, work);
    const quiet = done.then(
      () => undefined,
      () => undefined,
    );
    this.#alone.set(user, quiet);
    try {
      return await done;
    } finally {
      if (this.#alone.get(user) === quiet) this.#alone.delete(user);
    }
  }

  /** The user's key has turned: only this session goes on. */
  turned(user: UserId, kept: SessionId): void {
    this.#sessions.forget((session) => session?.user === user);
    this.#tokens.forget((token) => token?.user === user);
    for (const id of this.presence.of(user)) if (id !== kept) this.#end(id);
    this.presence.enter(kept, user);
    this.#entries.set(user, (this.#entries.get(user) ?? 0) + 1);
  }

  /** The address the user is called by. */
  async username(user: UserId): Promise<string> {
    return this.#names.get(user, async () => (await this.#store.accounts(user))[0]?.address ?? '');
  }

  /** What a mailroom is told of the visitor. */
  who(visitor: Visitor): Who {
    return {
      user: visitor.user,
      readOnly: visitor.kind === 'token' && visitor.token.readOnly,
      proven: visitor.kind === 'session' && this.proven.has(visitor.session.id),
      ...(visitor.kind === 'session' ? { session: visitor.session.id, from: visitor.session.address } : {}),
      sessionState: this.#stateOf(visitor),
    };
  }

  /** Part of JMAP's sessionState: a hash of the session's id, made once for each row in memory. */
  #stateOf(visitor: Visitor): string {
    const row = visitor.kind === 'session' ? visitor.session : visitor.token;
    const known = this.#states.get(row);
    if (known !== undefined) return known;
    const state = createHash('sha256').update(row.id).digest('base64url').slice(0, 12);
    this.#states.set(row, state);
    return state;
  }

  idOf(visitor: Visitor): string {
    return visitor.kind === 'session' ? visitor.session.id : visitor.token.id;
  }

  /** Stands while nothing changes that an answer to the visitor could show; null: nobody knows. */
  tide(visitor: Visitor): Tide | null {
    return this.#parts.mailrooms.tide(visitor.user);
  }

  /**
   * Asks the visitor's mailroom. Keys that went missing (the keeper was started again) are brought anew by a token; a
   * session is locked and its browser brings them.
   * @throws DoorError `locked`, RoomError
   */
  async ask<O extends Op>(visitor: Visitor, op: O, ask: Ask<O>): Promise<Answer<O>> {
    const { mailrooms } = this.#parts;
    // What is moved to the mailroom is empty here afterwards; a second try needs a copy.
    const again = visitor.kind === 'token' ? structuredClone(ask) : null;
    try {
      return await mailrooms.ask(op, this.who(visitor), ask);
    } catch (error) {
      if (!(error instanceof RoomError) || error.code !== 'room/locked') throw error;
      await this.#mayLose(visitor.user);
      if (visitor.kind === 'session') throw locked(false);
      invariant(again, 'a token keeps what it asked');
      await this.#openToken(visitor);
      return mailrooms.ask(op, this.who(visitor), again);
    }
  }

  close(): void {
    for (const stop of this.#stops) stop();
    this.presence.close();
    this.recall.close();
    this.#residents.close();
  }
}

/** Whether the vault said that a key does not open what it should. */
export const doesNotOpen = (error: unknown): boolean =>
  error instanceof VaultError && (error.code === 'session/does-not-open' || error.code === 'slot/does-not-open');
