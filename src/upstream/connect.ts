import type { Clock } from '#base/clock.ts';
import type { Log } from '#base/log.ts';
import { openImap } from '#imap/session.ts';
import type { ImapSession } from '#imap/session.ts';
import type { MailAccount, Store } from '#store/types.ts';
import { VaultError } from '#vault/errors.ts';
import type { Authenticated, Keeper, MailProtocol } from '#vault/keeper.ts';
import type { AccountBook } from './account-book.ts';
import { UpstreamError } from './errors.ts';
import { freshen } from './tokens.ts';

export interface ConnectParts {
  account: MailAccount;
  store: Store;
  keeper: Keeper;
  clock: Clock;
  log: Log;
  book: AccountBook;
  /** Network address of the visitor for whom this is done; null: nobody is here. */
  visitor?: () => string | null;
}

const farewellMs = 5_000;

type Parts = Pick<ConnectParts, 'account' | 'store' | 'keeper' | 'book' | 'visitor'>;

const connect = async ({ account, store, keeper, visitor }: Parts, protocol: MailProtocol): Promise<Authenticated> => {
  const credential = await store.credential(account.id, protocol);
  if (credential === null) throw new UpstreamError('auth/refused', 'no password is kept for this account');
  const { binding, sealed } = credential;
  const target = protocol === 'imap' ? account.imap : account.smtp;
  return keeper.connect({ binding, target, sealed, from: visitor?.() ?? null });
};

/** By OAuth2: a token that is refused before its time is renewed once (rule V147). */
const connectByToken = async (parts: Parts, protocol: MailProtocol): Promise<Authenticated> => {
  await freshen(parts);
  try {
    return await connect(parts, protocol);
  } catch (error) {
    if (!(error instanceof VaultError) || error.code !== 'auth/refused') throw error;
    await freshen(parts, true);
    return connect(parts, protocol);
  }
};

/**
 * One authenticated stream: one LOGIN. A server that refused the password is not asked again before the user acts.
 * @throws VaultError, StoreError, UpstreamError `auth/refused`
 */
export const authenticated = async (parts: Parts, protocol: MailProtocol): Promise<Authenticated> => {
  const { account, book } = parts;
  if (!book.mayTry(protocol)) throw new UpstreamError('auth/refused', 'the server has refused this password');
  try {
    const stream = await (account.auth === 'oauth' ? connectByToken : connect)(parts, protocol);
    book.met(protocol, stream);
    return stream;
  } catch (error) {
    if (error instanceof VaultError && error.code === 'auth/refused') book.refused(protocol, error.words);
    throw error;
  }
};

/** Signs in at the submission server and takes leave. @throws as {@link authenticated} */
export const checkSending = async (parts: ConnectParts): Promise<void> => {
  const { stream } = await authenticated(parts, 'smtp');
  stream.on('error', () => undefined);
  stream.once(
    'close',
    parts.clock.after(farewellMs, () => stream.destroy()),
  );
  stream.resume();
  stream.end('QUIT\r\n');
};

/** Makes IMAP sessions of this account. */
export const imapConnector =
  (parts: ConnectParts): (() => Promise<ImapSession>) =>
  async () => {
    const stream = await authenticated(parts, 'imap');
    return openImap(stream, { host: parts.account.imap.host, clock: parts.clock, log: parts.log });
  };
