import { randomUUID } from 'node:crypto';
import type { Clock } from '#base/clock.ts';
import { logError } from '#base/log.ts';
import type { Log } from '#base/log.ts';
import type { CertificateChange, MailAccount, SeenCertificate, Store } from '#store/types.ts';
import type { Authenticated, MailProtocol } from '#vault/keeper.ts';
import { longestHold } from './future-release.ts';

/** A sign-in is noted at most this often while nothing else has changed, milliseconds. */
const noteEvery = 60_000;

type Met = Pick<Authenticated, 'certificate' | 'privateAddress' | 'capabilities'>;

/** Who refused the password, and what it said. */
export interface Refused {
  protocol: MailProtocol;
  words: string | null;
}

/**
 * What seldom changes and did (rule V107). A new certificate of the same authority with the same key is no news; nor is
 * a pinned one, which the user has compared.
 */
const changeOf = (before: SeenCertificate | null, now: SeenCertificate, pinned: boolean): CertificateChange | null => {
  if (before === null || pinned) return null;
  const what: CertificateChange['what'] = [
    ...(before.issuer === now.issuer ? [] : (['issuer'] as const)),
    ...(before.key === now.key ? [] : (['key'] as const)),
    ...(before.privateAddress || !now.privateAddress ? [] : (['private-address'] as const)),
  ];
  const { issuer, fingerprint } = before;
  return what.length === 0 ? null : { at: now.seenAt, what, before: { issuer, fingerprint } };
};

/** What an account's row learns from its servers: who let us in and when, who refused, what was shown. */
export class AccountBook {
  readonly #account: MailAccount;
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #log: Log;
  /** The servers that refused the password; they are not asked again until the user acts (rule V106). */
  readonly #refused = new Set<MailProtocol>();
  /** What the row says; the words are known until the engine ends. */
  #marked: Refused | null = null;
  #notedAt = 0;
  /** One after another: each reads the row before it writes. */
  #last: Promise<void> = Promise.resolve();

  constructor({ account, store, clock, log }: { account: MailAccount; store: Store; clock: Clock; log: Log }) {
    this.#account = account;
    this.#store = store;
    this.#clock = clock;
    this.#log = log;
    if (account.state !== 'refused') return;
    this.#marked = { protocol: account.refused ?? 'imap', words: null };
    this.#refused.add(this.#marked.protocol);
  }

  /** When the account was refused before it was opened; null: nobody did. */
  get refusedSince(): number | null {
    return this.#refused.has('imap') ? this.#account.stateAt : null;
  }

  /** Whether this server may be given the password: one that refused it, or its twin with the same one, may not. */
  mayTry(protocol: MailProtocol): boolean {
    return !this.#refused.has(protocol) && (this.#account.ownSmtp || !this.#refused.has('imap'));
  }

  /** The user acted: all may be tried again. */
  forgive(): void {
    this.#refused.clear();
  }

  get refusal(): Refused | null {
    return this.#marked;
  }

  refused(protocol: MailProtocol, words: string | null): void {
    if (this.#refused.has(protocol)) return;
    this.#refused.add(protocol);
    this.#marked = { protocol, words };
    this.#write(async () => {
      await this.#store.changeAccount(this.#account.id, {
        state: 'refused',
        stateAt: this.#clock.now(),
        refused: protocol,
      });
    });
  }

  /** The password is good again. */
  cured(protocol: MailProtocol): void {
    this.#refused.delete(protocol);
    if (this.#marked?.protocol !== protocol) return;
    this.#marked = null;
    this.#write(async () => {
      await this.#store.changeAccount(this.#account.id, { state: 'ok', stateAt: this.#clock.now(), refused: null });
    });
  }

  /** A server let us in. */
  met(protocol: MailProtocol, { certificate, privateAddress, capabilities }: Met): void {
    this.cured(protocol);
    this.#write(async () => {
      const now = this.#clock.now();
      const row = await this.#store.account(this.#account.id);
      if (row === null) return;
      const before = row.certificates[protocol];
      const seen: SeenCertificate | null = certificate && {
        ...certificate,
        privateAddress,
        seenAt: now,
        change: before?.change ?? null,
      };
      const change = seen && changeOf(before, seen, row[protocol].pin !== null);
      if (seen && change) seen.change = change;
      const smtpHold = protocol === 'smtp' ? longestHold(capabilities, now) : row.smtpHold;
      const same =
        before?.fingerprint === seen?.fingerprint &&
        before?.privateAddress === seen?.privateAddress &&
        smtpHold === row.smtpHold;
      if (same && now - this.#notedAt < noteEvery) return;
      this.#notedAt = now;
      await this.#store.changeAccount(row.id, {
        checkedAt: now,
        smtpHold,
        certificates: { ...row.certificates, [protocol]: seen },
      });
      if (change) await this.#report(protocol, row, change);
    });
  }

  /** The server takes so many connections; null: as many as we ever make. */
  connections(most: number | null): void {
    this.#write(async () => {
      await this.#store.changeAccount(this.#account.id, { connections: most });
    });
  }

  /** Resolves when all is written. */
  async settled(): Promise<void> {
    await this.#last;
  }

  async #report(protocol: MailProtocol, row: MailAccount, { what, before }: CertificateChange): Promise<void> {
    const { host, port } = row[protocol];
    await this.#store.audit({
      id: randomUUID(),
      user: row.user,
      at: this.#clock.now(),
      kind: 'certificate-changed',
      address: '',
      userAgent: '',
      facts: { account: row.id, server: `${host}:${port}`, what: what.join(','), before: before.issuer },
    });
  }

  #write(work: () => Promise<void>): void {
    this.#last = this.#last.then(work).catch((error: unknown) => logError(this.#log, 'upstream.account', error));
  }
}
