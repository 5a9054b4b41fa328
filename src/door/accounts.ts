import type { ServerFacts } from '#jmap/auth/servers.ts';
import type { SignedIn } from '#jmap/auth/sign-in.ts';
import { jmapAccountId } from '#mailroom/account-id.ts';
import type { MailAccount } from '#store/types.ts';
import type { Target, UserId } from '#vault/keeper.ts';

export const serverFacts = ({ host, port, security, username }: Target): ServerFacts => ({
  host,
  port,
  security,
  username,
});

/** What the app is told of somebody who has signed in. */
export const signedIn = (user: UserId, accounts: readonly MailAccount[]): SignedIn => ({
  user: { id: user, address: accounts[0]?.address ?? '' },
  accounts: accounts
    .toSorted((a, b) => a.position - b.position)
    .map((account) => ({
      id: jmapAccountId(account),
      address: account.address,
      name: account.name,
      imap: serverFacts(account.imap),
      smtp: serverFacts(account.smtp),
    })),
});
