import { logError } from '#base/log.ts';
import { Problem } from '#base/problem.ts';
import type { OwnAnswer } from '#mailroom/own-passwords.ts';
import type { MailAccount } from '#store/types.ts';
import { credentialBinding, sameTarget } from '#vault/associated.ts';
import { VaultError } from '#vault/errors.ts';
import type { AccountServers, SealedInstead, Target, UserId } from '#vault/keeper.ts';
import type { DoorParts } from './parts.ts';
import { DoorError } from './problems.ts';

/** What is kept of an account after its password was proven. */
export interface Kept {
  /** For the keeper. */
  seal: { instead?: SealedInstead };
  auth: Pick<MailAccount, 'auth' | 'authId' | 'authSince'>;
  /** An account that was there before is kept in another way than it was: whoever has it open reads it again. */
  differs: boolean;
  /** It is stored: the one from before is revoked. */
  stored(): Promise<void>;
  /** It came to nothing: what was made is revoked. */
  undone(): Promise<void>;
}

interface Proven {
  user: UserId;
  servers: AccountServers;
  /** As stored; null: it is new. */
  account: MailAccount | null;
  /** What is kept when nothing is swapped. */
  plain: Pick<MailAccount, 'auth' | 'authId'>;
  /** SMTP has a password of its own. */
  ownSmtp: boolean;
  /** Something else was proven than what is kept, on purpose. */
  renews?: boolean;
}

/** What the provider of an account calls its password. */
export const plainAuth = (known: { auth: string } | null | undefined): Proven['plain'] => ({
  auth: known?.auth === 'app-password' ? 'app-password' : 'password',
  authId: null,
});

const authOf = ({ auth, authId, authSince }: MailAccount): Kept['auth'] => ({ auth, authId, authSince });
const nothing = async (): Promise<void> => undefined;

/** A refusal at the submission server tells that it does not ask this Dovecot; that it is away tells nothing. */
const refuses = (error: unknown): boolean => error instanceof VaultError && /^(auth|proto)\//.test(error.code);

const notPossible = (cause: unknown): DoorError =>
  new DoorError(
    'store-unavailable',
    'Postern may not keep your password here, and cannot make one of its own now.',
    'Your password was right, and is not kept. Your mail is safe on its server. Try again in a few minutes, or tell whoever runs this Postern.',
    {},
    { cause },
  );

/**
 * Sign in, swap, forget (A80 to A88): where this Postern manages the Dovecot it makes an app password for itself, has the keeper seal
 * that, and the one that was typed is overwritten. The bytes of the made one go from the mailroom to the keeper and nowhere else.
 */
export class OwnPasswords {
  readonly #parts: DoorParts;

  constructor(parts: DoorParts) {
    this.#parts = parts;
  }

  get #config(): DoorParts['config']['appPasswords'] {
    return this.#parts.config.appPasswords;
  }

  /** What to keep of what was just proven. @throws DoorError where the operator wants a swap and there can be none */
  async keep(proven: Proven): Promise<Kept> {
    const { user, servers, account, plain, ownSmtp, renews = false } = proven;
    const { clock, log } = this.#parts;
    const had = account?.auth === 'minted' ? account.authId : null;
    const same = account !== null && sameTarget(account.imap, servers.imap) && sameTarget(account.smtp, servers.smtp);
    const isGood = same && account.state === 'ok';
    const forgetFormer = async (): Promise<void> => (account && had !== null ? this.end(account) : undefined);
    const since = account && account.auth === plain.auth && !renews ? account.authSince : clock.now();
    const asProven: Kept = {
      seal: {},
      auth: { ...plain, authSince: since },
      differs: account !== null && account.auth !== plain.auth,
      stored: forgetFormer,
      undone: nothing,
    };
    const asBefore = (): Kept | null =>
      account && isGood
        ? { seal: { instead: 'kept' }, auth: authOf(account), differs: false, stored: nothing, undone: nothing }
        : null;
    if (plain.auth === 'oauth') return asProven;
    // A token of the provider is better kept than the password.
    if (account?.auth === 'oauth' && !renews) return asBefore() ?? asProven;
    if (this.#config.swap === 'off') return asProven;
    try {
      const made = await this.#make(user, servers, isGood ? had : null, ownSmtp);
      if (made.at === 'unmanaged') return asProven;
      if (made.at === 'kept') return asBefore() ?? asProven;
      return {
        seal: { instead: { admission: made.admission } },
        auth: { auth: 'minted', authId: made.id, authSince: clock.now() },
        differs: account !== null,
        stored: forgetFormer,
        undone: () => this.revoke(user, servers.imap, made.id),
      };
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      const before = had === null ? null : asBefore();
      if (before) return before;
      if (this.#config.swap === 'required') throw notPossible(error);
      logError(log, 'no app password for Postern itself', error);
      return asProven;
    }
  }

  /**
   * After a user was unlocked by something else than the mail password: each account whose own app password is gone, or was never
   * made, gets one. What cannot be done now is done the next time.
   */
  async mend(user: UserId): Promise<void> {
    if (this.#config.swap === 'off') return;
    const { store, log } = this.#parts;
    for (const account of await store.accounts(user)) {
      if (account.auth !== 'minted' && account.auth !== 'password') continue;
      try {
        await this.#mendOne(account);
      } catch (error) {
        if (!(error instanceof Problem)) throw error;
        logError(log, 'no app password for Postern itself', error);
      }
    }
  }

  async #mendOne(account: MailAccount): Promise<void> {
    const { keeper, store } = this.#parts;
    const { user, imap, smtp, ownSmtp } = account;
    const kept = await this.keep({ user, servers: { imap, smtp }, account, plain: plainAuth(account), ownSmtp });
    const { instead } = kept.seal;
    if (!instead || instead === 'kept') return;
    try {
      const before = await Promise.all([store.credential(account.id, 'imap'), store.credential(account.id, 'smtp')]);
      const { credentials } = await keeper.keepPasswords({
        user,
        account: account.id,
        imap: { admission: instead.admission, target: imap },
        smtp: ownSmtp ? null : { admission: null, target: smtp },
        credentialGeneration: Math.max(0, ...before.map((one) => one?.binding.generation ?? 0)),
        servers: { imap, smtp },
        slot: null,
      });
      await store.saveCredentials(
        credentials.map(({ protocol, generation, sealed }) => ({
          account: account.id,
          protocol,
          binding: credentialBinding(user, account.id, protocol, generation),
          sealed,
        })),
      );
      await store.changeAccount(account.id, { ...kept.auth, state: 'ok', refused: null });
    } catch (error) {
      await kept.undone();
      throw error;
    }
    await kept.stored();
    await this.tell(account);
  }

  /** An account is kept in another way. @throws RoomError */
  async tell({ user, id }: Pick<MailAccount, 'user' | 'id'>): Promise<void> {
    await this.#parts.mailrooms.ask('accounts', this.#who(user), { renew: id, erase: null });
  }

  /** The account goes, or the last session of its user did: what Postern made for itself is revoked. */
  async end(account: MailAccount): Promise<void> {
    if (account.auth === 'minted' && account.authId !== null)
      await this.revoke(account.user, account.imap, account.authId);
  }

  /** The last session has ended, and nothing else needs the passwords. */
  async rest(user: UserId): Promise<void> {
    const { store } = this.#parts;
    if (!this.#config.swapEnds || (await store.tokens(user)).length > 0) return;
    for (const account of await store.accounts(user)) if (account.away === 'sealed') await this.end(account);
  }

  /** The main password of an account was found changed: the operator's policy about app passwords takes its course. */
  async mainChanged(user: UserId, imap: Target): Promise<void> {
    await this.#quietly(() => this.#parts.mailrooms.ask('mainChanged', this.#who(user), { login: loginOf(imap) }));
  }

  /** Revokes one of Postern's own; what cannot be told now stays in the list of the user's, for him to revoke. */
  async revoke(user: UserId, imap: Target, id: string): Promise<void> {
    await this.#quietly(() => this.#parts.mailrooms.ask('disown', this.#who(user), { login: loginOf(imap), id }));
  }

  async #quietly(work: () => Promise<unknown>): Promise<void> {
    try {
      await work();
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      logError(this.#parts.log, 'app passwords', error);
    }
  }

  #who(user: UserId): Parameters<DoorParts['mailrooms']['ask']>[1] {
    return { user, readOnly: true, proven: false, sessionState: '' };
  }

  /** A new one, proven at both servers, and the keeper's hold on it. @throws RoomError, VaultError */
  async #make(
    user: UserId,
    { imap, smtp }: AccountServers,
    has: string | null,
    ownSmtp: boolean,
  ): Promise<Exclude<OwnAnswer, { at: 'made' }> | { at: 'made'; id: string; admission: string }> {
    const { keeper, mailrooms, config } = this.#parts;
    const { host } = new URL(config.publicUrl ?? 'http://localhost');
    const answer = await mailrooms.ask('own', this.#who(user), {
      login: loginOf(imap),
      has,
      anew: has === null,
      label: config.publicUrl === null ? 'Postern' : `Postern, ${host}`.slice(0, 100),
      protocols: ['imap', 'submission', 'sieve'],
      networks: this.#config.swapNetworks.map(({ address, prefix }) => `${address}/${prefix}`),
      expires: null,
    });
    if (answer.at !== 'made') return answer;
    const { id, password } = answer;
    try {
      // The keeper's client wipes what it has sent.
      const { handle } = await keeper.admit(imap, { kind: 'bytes', bytes: Buffer.from(password) });
      if (!ownSmtp)
        await keeper.admit(smtp, { kind: 'bytes', bytes: Buffer.from(password) }).catch((error: unknown) => {
          if (refuses(error)) throw error;
        });
      return { at: 'made', id, admission: handle };
    } catch (error) {
      await this.revoke(user, imap, id);
      throw error;
    } finally {
      password.fill(0);
    }
  }
}

const loginOf = ({ host, port, username }: Target): { host: string; port: number; username: string } => ({
  host,
  port,
  username,
});
