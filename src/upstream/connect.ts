import type { Clock } from '#base/clock.ts';
import type { Log } from '#base/log.ts';
import { openImap } from '#imap/session.ts';
import type { ImapSession } from '#imap/session.ts';
import type { MailAccount, Store } from '#store/types.ts';
import type { Authenticated, Keeper, MailProtocol } from '#vault/keeper.ts';
import { UpstreamError } from './errors.ts';

export interface ConnectParts {
  account: MailAccount;
  store: Store;
  keeper: Keeper;
  clock: Clock;
  log: Log;
}

/** One authenticated stream: one LOGIN. @throws VaultError, StoreError */
export const authenticated = async (
  { account, store, keeper }: Pick<ConnectParts, 'account' | 'store' | 'keeper'>,
  protocol: MailProtocol,
): Promise<Authenticated> => {
  const credential = await store.credential(account.id, protocol);
  if (credential === null) throw new UpstreamError('auth/refused', 'no password is kept for this account');
  const { binding, sealed } = credential;
  return keeper.connect({ binding, target: protocol === 'imap' ? account.imap : account.smtp, sealed });
};

/** Makes IMAP sessions of this account. */
export const imapConnector =
  (parts: ConnectParts): (() => Promise<ImapSession>) =>
  async () => {
    const stream = await authenticated(parts, 'imap');
    return openImap(stream, { host: parts.account.imap.host, clock: parts.clock, log: parts.log });
  };
