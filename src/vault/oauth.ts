import { randomUUID } from 'node:crypto';
import sodium from 'sodium-native';
import type { Clock } from '#base/clock.ts';
import type { Arena, Place } from './arena.ts';
import { credentialBinding } from './associated.ts';
import { copyOf, fresh, random, wipe } from './bytes.ts';
import { canonical } from './canonical.ts';
import { openCredential, sealCredential } from './credential.ts';
import { open, seal } from './envelope.ts';
import { VaultError } from './errors.ts';
import type { MailAccountId, Opened, SealedCredential, UserId } from './keeper.ts';
import { derive } from './keys.ts';
import { type Granted, type Issuers, newVerifier } from './oauth-issuers.ts';
import { AccessToken, packRefresh, type Proof, readRefresh, type Refresh } from './oauth-secret.ts';
import type { OAuthAnswer, OAuthStart, OAuthWish } from './oauth-wish.ts';

/** How long somebody may take at the issuer. */
const beginMs = 10 * 60_000;
const mostBegun = 10_000;
/** A token of which less is left is renewed. */
const marginMs = 5 * 60_000;
/** How long an access token waits for somebody to keep its refresh token. */
const unclaimedMs = 60_000;

interface Begun {
  issuer: string;
  redirectUri: string;
  /** Sealed under a key of this process, as all that is held here. */
  verifier: Buffer;
  cancel: () => void;
}

/** The access token of a refresh token. */
interface Live {
  user: UserId | null;
  access: Buffer;
  until: number;
  /** The refresh token that took the place of this one. */
  next: Buffer | null;
  cancel: () => void;
}

/**
 * Tokens instead of passwords. An access token exists here and nowhere else, for as long as it is good; what is stored is
 * the refresh token, sealed where a password would be (`oauth-secret.ts`).
 */
export class OAuth {
  readonly #issuers: Issuers;
  readonly #arena: Arena;
  readonly #clock: Clock;
  readonly #key: Place;
  readonly #begun = new Map<string, Begun>();
  readonly #live = new Map<string, Live>();
  /** One refresh at a time for each refresh token. */
  readonly #running = new Map<string, Promise<void>>();

  constructor(issuers: Issuers, arena: Arena, clock: Clock) {
    this.#issuers = issuers;
    this.#arena = arena;
    this.#clock = clock;
    this.#key = arena.put((key) => key.set(random(32)));
  }

  #seal(what: string, bytes: Uint8Array): Buffer {
    return this.#arena.use(this.#key, (key) => seal(key, canonical('oauth', [what]), bytes));
  }

  #open(what: string, sealed: Buffer): Buffer {
    const bytes = this.#arena.use(this.#key, (key) => open(key, canonical('oauth', [what]), sealed));
    if (!bytes) throw new VaultError('keeper/defect', 'a token does not open');
    return bytes;
  }

  /** Names a refresh token without giving it away. */
  #nameOf({ issuer, token }: Refresh): string {
    const name = fresh(32);
    const key = this.#arena.use(this.#key, (own) => derive(own, 'postern/1/oauth-name', [issuer]));
    // Not as a part of what is derived: that would be copied.
    sodium.crypto_generichash(name, token, key);
    wipe(key);
    return name.toString('hex');
  }

  async begin({ issuer, redirectUri, state, address }: OAuthWish): Promise<OAuthStart> {
    const verifier = newVerifier();
    try {
      const url = await this.#issuers.urlFor(issuer, { redirectUri, state, address, verifier });
      const handle = randomUUID();
      const [oldest] = this.#begun.keys();
      if (this.#begun.size >= mostBegun && oldest !== undefined) this.#dropBegun(oldest);
      const cancel = this.#clock.after(beginMs, () => this.#begun.delete(handle));
      this.#begun.set(handle, { issuer, redirectUri, verifier: this.#seal(handle, verifier), cancel });
      return { url, handle };
    } finally {
      wipe(verifier);
    }
  }

  #dropBegun(handle: string): void {
    this.#begun.get(handle)?.cancel();
    this.#begun.delete(handle);
  }

  /**
   * Turns the code of the issuer's answer into tokens, and lends what is to be kept, and the access token, to `work`.
   * A code serves once.
   * @throws VaultError `admission/gone`, `auth/refused`, `server/unavailable`, the `net` and `tls` codes
   */
  async exchange<T>(
    { handle, code, iss }: OAuthAnswer,
    work: (secret: Buffer, access: AccessToken) => Promise<T>,
  ): Promise<T> {
    const begun = this.#begun.get(handle);
    if (!begun) throw new VaultError('admission/gone', 'nobody is waited for at the issuer');
    this.#dropBegun(handle);
    const { issuer, redirectUri } = begun;
    const verifier = this.#open(handle, begun.verifier);
    let granted: Granted | null = null;
    let secret: Buffer | null = null;
    try {
      await this.#issuers.checkIssuer(issuer, iss);
      granted = await this.#issuers.exchange(issuer, { code, verifier, redirectUri });
      if (!granted.refresh) throw new VaultError('auth/no-mechanism', 'the issuer gave no lasting token');
      const refresh: Refresh = { issuer, token: granted.refresh };
      secret = packRefresh(refresh);
      const done = await work(secret, new AccessToken(granted.access));
      this.#keep(refresh, granted, null);
      return done;
    } finally {
      wipe(verifier, code, granted?.access, granted?.refresh, secret);
    }
  }

  /** Remembers the access token of a refresh token, until it is over or nobody claims it. */
  #keep(refresh: Refresh, { access, lifeMs }: Granted, user: UserId | null): string {
    const name = this.#nameOf(refresh);
    this.#drop(name);
    const life = user === null ? Math.min(unclaimedMs, lifeMs) : lifeMs;
    this.#live.set(name, {
      user,
      access: this.#seal(name, access),
      until: this.#clock.now() + lifeMs,
      next: null,
      cancel: this.#clock.after(life, () => this.#drop(name)),
    });
    return name;
  }

  #drop(name: string): void {
    this.#live.get(name)?.cancel();
    this.#live.delete(name);
  }

  #claim(name: string, user: UserId): Live | null {
    const live = this.#live.get(name);
    if (!live) return null;
    if (live.user === null) {
      live.user = user;
      live.cancel();
      live.cancel = this.#clock.after(Math.max(0, live.until - this.#clock.now()), () => this.#drop(name));
    }
    return live;
  }

  #isGood(name: string): boolean {
    const live = this.#live.get(name);
    return live !== undefined && live.until - this.#clock.now() > marginMs;
  }

  /** The refresh token that stands at the end of those that took each other's place. For the caller to wipe. */
  #newest(refresh: Refresh): Refresh {
    let current: Refresh = { issuer: refresh.issuer, token: copyOf(refresh.token) };
    for (;;) {
      const name = this.#nameOf(current);
      const next = this.#live.get(name)?.next;
      if (!next) return current;
      wipe(current.token);
      current = { issuer: refresh.issuer, token: this.#open(name, next) };
    }
  }

  /** One refresh at a time: whoever comes meanwhile waits for it. */
  async #renew(refresh: Refresh, user: UserId): Promise<void> {
    const name = this.#nameOf(refresh);
    const running = this.#running.get(name);
    if (running) return running;
    const renewing = this.#refresh(refresh, name, user).finally(() => this.#running.delete(name));
    this.#running.set(name, renewing);
    return renewing;
  }

  async #refresh(refresh: Refresh, name: string, user: UserId): Promise<void> {
    const mine: Refresh = { issuer: refresh.issuer, token: copyOf(refresh.token) };
    let granted: Granted | null = null;
    try {
      granted = await this.#issuers.refresh(mine.issuer, mine.token);
      this.#keep(mine, granted, user);
      if (!granted.refresh || granted.refresh.equals(mine.token)) return;
      // Whoever still has the former one is led to the new one.
      const live = this.#live.get(name);
      if (live) live.next = this.#seal(name, granted.refresh);
      this.#keep({ issuer: mine.issuer, token: granted.refresh }, granted, user);
    } finally {
      wipe(mine.token, granted?.access, granted?.refresh);
    }
  }

  /**
   * Sees to it that an access token is at hand for these credentials of an account. What has to be stored since the
   * issuer turned the refresh token; null: nothing. With `anew` the token at hand is not good enough.
   * @throws VaultError `record/does-not-open`, and as {@link OAuth.exchange}
   */
  async freshen(
    wrapKeyOf: (user: UserId) => Buffer,
    credentials: readonly SealedCredential[],
    anew: boolean,
  ): Promise<Opened['credentials'] | null> {
    const [one] = credentials;
    if (!one) return null;
    // A copy: a user who is locked meanwhile does not lose the token that the issuer has just turned.
    const key = wrapKeyOf(one.binding.user);
    const opened: { credential: SealedCredential; secret: Buffer }[] = [];
    try {
      for (const credential of credentials) opened.push({ credential, secret: openCredential(key, credential) });
      const kept = opened.flatMap(({ credential, secret }) => {
        const refresh = readRefresh(secret);
        return refresh ? [{ credential, refresh }] : [];
      });
      const [first] = kept;
      if (!first) return null;
      const { user } = first.credential.binding;
      const before = this.#newest(first.refresh);
      try {
        const name = this.#nameOf(before);
        this.#claim(name, user);
        if (anew || !this.#isGood(name)) await this.#renew(before, user);
      } finally {
        wipe(before.token);
      }
      return this.#resealed(key, kept);
    } finally {
      wipe(key, ...opened.map(({ secret }) => secret));
    }
  }

  /** The credentials with the newest refresh token, if that is another. */
  #resealed(
    wrapKey: Uint8Array,
    kept: readonly { credential: SealedCredential; refresh: Refresh }[],
  ): Opened['credentials'] | null {
    const [first] = kept;
    if (!first) return null;
    const newest = this.#newest(first.refresh);
    const secret = packRefresh(newest);
    try {
      if (kept.every(({ refresh }) => refresh.token.equals(newest.token))) return null;
      const generation = 1 + Math.max(...kept.map(({ credential }) => credential.binding.generation));
      return kept.map(({ credential: { binding, target } }) => {
        const account = binding.account as MailAccountId;
        const { protocol } = target;
        const bound = credentialBinding(binding.user, account, protocol, generation);
        return { account, protocol, generation, sealed: sealCredential(wrapKey, bound, target, secret) };
      });
    } finally {
      wipe(newest.token, secret);
    }
  }

  /** Lends what proves the user: the password itself, or the access token of a refresh token. */
  async use<T>(secret: Buffer, user: UserId, work: (proof: Proof) => Promise<T>): Promise<T> {
    const kept = readRefresh(secret);
    if (!kept) return work(secret);
    const refresh = this.#newest(kept);
    const name = this.#nameOf(refresh);
    wipe(refresh.token);
    const live = this.#claim(name, user);
    if (!live) throw new VaultError('server/unavailable', 'no access token is at hand');
    const access = this.#open(name, live.access);
    try {
      return await work(new AccessToken(access));
    } finally {
      wipe(access);
    }
  }

  /** Access tokens of a user who is locked are dropped. */
  forget(user: UserId): void {
    for (const [name, live] of this.#live) if (live.user === user) this.#drop(name);
  }

  close(): void {
    for (const name of this.#live.keys()) this.#drop(name);
    for (const handle of this.#begun.keys()) this.#dropBegun(handle);
    this.#arena.drop(this.#key);
  }
}
