import type { AccountFacts, AwayChoice, SeenCertificate as SeenFacts } from '#jmap/auth/accounts.ts';
import { jmapAccountId } from '#mailroom/account-id.ts';
import type { MailAccount } from '#store/types.ts';
import type { MailProtocol } from '#vault/keeper.ts';
import { longestTicket } from '#vault/ticket-time.ts';
import { serverFacts } from './accounts.ts';

const iso = (ms: number): string => new Date(ms).toISOString();
const isoOrNull = (ms: number | null): string | null => (ms === null ? null : iso(ms));

/** Which levels an account can have while its user is away, and why not (rule V115). */
export const awayChoices = ({
  smtpHold,
  auth,
  ownSmtp,
}: Pick<MailAccount, 'smtpHold' | 'auth' | 'ownSmtp'>): AwayChoice[] => {
  const free = { by: null, longest: null, why: null, possible: true };
  const ticket: Omit<AwayChoice, 'away'> =
    smtpHold !== null && smtpHold > 0
      ? { possible: true, by: 'server-hold', longest: smtpHold, why: null }
      : auth === 'minted' && !ownSmtp
        ? { possible: true, by: 'app-password', longest: longestTicket, why: null }
        : { possible: false, by: null, longest: null, why: smtpHold === null ? 'unknown' : 'not-offered' };
  return [
    { away: 'sealed', ...free },
    { away: 'ticket', ...ticket },
    { away: 'resident', ...free },
  ];
};

const seenFacts = (account: MailAccount, protocol: MailProtocol): SeenFacts | null => {
  const seen = account.certificates[protocol];
  if (!seen) return null;
  const { subject, issuer, fingerprint, validTo, altNames, seenAt, change } = seen;
  return {
    subject,
    issuer,
    fingerprint,
    validTo: iso(validTo * 1_000),
    altNames,
    pinned: account[protocol].pin !== null,
    seenAt: iso(seenAt),
    changed: change && { ...change, at: iso(change.at) },
  };
};

/** What besides its row is known of an account. */
export interface Besides {
  /** Its password is how the user signs in. */
  direct: boolean;
  /** What the server said that refused. */
  words: string | null;
}

export const accountFacts = (account: MailAccount, { direct, words }: Besides): AccountFacts => ({
  id: jmapAccountId(account),
  address: account.address,
  name: account.name,
  colour: account.colour,
  position: account.position,
  imap: serverFacts(account.imap),
  smtp: serverFacts(account.smtp),
  ownSmtpPassword: account.ownSmtp,
  direct,
  state: account.state,
  stateAt: iso(account.stateAt),
  refused: account.state === 'refused' ? (account.refused ?? 'imap') : null,
  words,
  auth: account.auth,
  authSince: iso(account.authSince),
  checkedAt: isoOrNull(account.checkedAt),
  away: account.away,
  awayUntil: isoOrNull(account.awayUntil),
  awayChoices: awayChoices(account),
  identity: account.identity,
  inAllInboxes: account.inAllInboxes,
  certificates: { imap: seenFacts(account, 'imap'), smtp: seenFacts(account, 'smtp') },
});
