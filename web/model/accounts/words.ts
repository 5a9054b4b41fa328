import type { AccountFacts, AwayChoice, CertificateChange } from '#jmap/auth/accounts.ts';
import type { MailAccount } from '#jmap/keep.ts';
import type { Quota } from '#jmap/quota.ts';
import { atTime, clockTime, foldTime } from '../format.ts';
import { isFull } from './quota.ts';
import { unproven } from './unproven.ts';
import { ago } from '../settings/words.ts';

/** How the settings of accounts say things. */

export interface StandingWords {
  tone: 'ok' | 'wait' | 'bad';
  title: string;
  detail: string | null;
  /** The password has to be entered. */
  password: boolean;
}

/** How an account stands: what is kept of it, and what its connection says, when that is known. */
export const standingWords = (
  facts: Pick<AccountFacts, 'state' | 'stateAt' | 'words' | 'checkedAt' | 'auth'>,
  now: MailAccount | null,
  today: Date,
): StandingWords => {
  const status = now?.status;
  if (facts.state === 'refused' || status?.at === 'refused') {
    const since = status?.at === 'refused' ? status.since : facts.stateAt;
    const said = (status?.at === 'refused' ? status.words : null) ?? facts.words;
    return {
      tone: 'bad',
      title: facts.auth === 'oauth' ? 'Needs to be connected again.' : 'Needs its password again.',
      detail: `${facts.auth === 'oauth' ? 'The sign-in at the provider was refused' : 'The server refused the saved one'} ${atTime(since, today)}. Mail already here stays readable.${said ? ` The server said: ${said}` : ''}`,
      password: true,
    };
  }
  const doubt = unproven(now);
  if (doubt !== null)
    return {
      tone: 'bad',
      title: doubt,
      detail:
        'It shows a certificate that Postern does not trust. Your password was not sent. Ask the owner; a new certificate is looked at and trusted under Change servers.',
      password: false,
    };
  if (status?.at === 'away')
    return {
      tone: 'wait',
      title: `${now?.imap.host} does not answer, next try ${clockTime(Date.parse(status.retryAt))}`,
      detail: `You can read, write and sort; Postern sends your changes then.${status.words ? ` The server said: ${status.words}` : ''}`,
      password: false,
    };
  if (status?.at === 'connecting') return { tone: 'wait', title: 'Connecting', detail: null, password: false };
  return {
    tone: 'ok',
    title: 'Works',
    detail: facts.checkedAt === null ? null : `Checked ${ago(facts.checkedAt, today)}`,
    password: false,
  };
};

/** The same when the mailbox is full: what it says of itself otherwise comes first. */
export const withRoom = (words: StandingWords, quotas: readonly Quota[]): StandingWords =>
  words.tone === 'ok' && isFull(quotas)
    ? {
        ...words,
        tone: 'wait',
        title: 'The mailbox is full',
        detail: 'The server takes no new mail. What is here stays.',
      }
    : words;

const kinds: Record<AccountFacts['auth'], string> = {
  password: 'Your password',
  'app-password': 'An app password',
  minted: 'An app password that Postern made for itself',
  oauth: 'A sign-in at the provider',
};

/** `An app password, saved 3 Mar` */
export const keptWords = ({ auth, authSince }: Pick<AccountFacts, 'auth' | 'authSince'>, today: Date): string =>
  authSince === null ? kinds[auth] : `${kinds[auth]}, saved ${foldTime(authSince, today)}`;

const hours = (seconds: number): string => {
  const days = Math.floor(seconds / 86_400);
  return days >= 2 ? `${days} days` : `${Math.max(1, Math.floor(seconds / 3600))} hours`;
};

/** What may be done while nobody is here, in honest words; docs/WORDS.md: sealed, ticket, resident. */
export const awayWords = ({ away, possible, by, longest, why }: AwayChoice): { title: string; detail: string } => {
  switch (away) {
    case 'sealed':
      return {
        title: 'Only when I am here',
        detail:
          'The account is locked when your session ends or rests. Mail you schedule waits until you return, and nobody can open your mail in between.',
      };
    case 'ticket': {
      if (!possible)
        return {
          title: 'Only what I have handed in',
          detail:
            why === 'unknown'
              ? 'Postern has not asked your servers yet whether they can do this.'
              : 'Your servers offer nothing that a single letter could wait with.',
        };
      const how =
        by === 'server-hold'
          ? `Your mail server itself keeps a scheduled letter until it is due${longest === null ? '' : `, up to ${hours(longest)} ahead`}.`
          : `Each scheduled letter${longest === null ? '' : `, up to ${hours(longest)} ahead,`} waits in Postern's memory with an app password of its own, which ends with it. If Postern is started again before, the letter waits for you.`;
      return { title: 'Only what I have handed in', detail: `${how} Postern opens nothing else.` };
    }
    case 'resident':
      return {
        title: 'Also while I am away',
        detail:
          'Postern keeps the account open in its memory, never on disk, so that mail is fetched and sent. Whoever controls the server could read it meanwhile. It ends when Postern is started again.',
      };
  }
};

const changes: Record<CertificateChange['what'][number], string> = {
  issuer: 'it is signed by somebody else',
  key: 'its key is another',
  'private-address': 'the name now leads to a private address',
};

/** `It changed 3 Nov: it is signed by somebody else, its key is another.` */
export const changeWords = ({ at, what }: CertificateChange, today: Date): string =>
  `It changed ${foldTime(at, today)}: ${what.map((each) => changes[each]).join(', ')}.`;
