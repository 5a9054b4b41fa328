import type {
  AppPassword,
  AppPasswordCapability,
  AppPasswordPolicy,
  AppPasswordProgram,
  AppPasswordProtocol,
} from '#jmap/app-password.ts';
import { shortNetwork } from './app-passwords-networks.ts';
import { clock, counted, daysApart, longDayNames, longMonthNames } from './format.ts';

/** How app passwords are told. */

const minute = 60_000;
const day = 86_400_000;
/** Days without use after which a password is asked about. */
const staleDays = 90;
/** An end that comes within these days is told with weight. */
const soonDays = 14;

const monthOf = (date: Date, now: Date): string => {
  const name = longMonthNames[date.getMonth()] ?? '';
  return date.getFullYear() === now.getFullYear() ? name : `${name} ${date.getFullYear()}`;
};

/** `3 March`, `3 March 2024` */
export const dateWords = (iso: string, now: Date): string => {
  const date = new Date(iso);
  return `${date.getDate()} ${monthOf(date, now)}`;
};

/** `Just now`, `4 minutes ago`, `Today 09:42`, `Yesterday 22:14`, `Monday 15:02`, `3 October`, `7 months ago`. */
export const sinceWords = (iso: string, now: Date): string => {
  const date = new Date(iso);
  const minutes = Math.floor((now.getTime() - date.getTime()) / minute);
  if (minutes < 2) return 'Just now';
  if (minutes < 60) return `${minutes} minutes ago`;
  const days = daysApart(date, now);
  if (days === 0) return `Today ${clock(date)}`;
  if (days === 1) return `Yesterday ${clock(date)}`;
  if (days < 7) return `${longDayNames[date.getDay()]} ${clock(date)}`;
  const months = Math.floor(days / 30.4);
  if (months < 2) return dateWords(iso, now);
  return months < 24 ? `${months} months ago` : `${Math.floor(months / 12)} years ago`;
};

/** When something to come is: `today 15:02`, `tomorrow 15:02`, `3 March`. */
export const untilWords = (iso: string, now: Date): string => {
  const date = new Date(iso);
  const days = -daysApart(date, now);
  if (days === 0) return `today ${clock(date)}`;
  return days === 1 ? `tomorrow ${clock(date)}` : dateWords(iso, now);
};

const names: Readonly<Record<AppPasswordProtocol, string>> = {
  imap: 'IMAP',
  pop3: 'POP',
  submission: 'SMTP',
  sieve: 'ManageSieve',
};
export const protocolName = (protocol: AppPasswordProtocol): string => names[protocol];

const listed = (words: readonly string[]): string =>
  words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} and ${words.at(-1)}`;

export const protocolWords = (protocols: readonly AppPasswordProtocol[]): string => listed(protocols.map(protocolName));

/** What a program may do that has these protocols. */
export const mayWords = (protocols: readonly AppPasswordProtocol[]): string => {
  const reads = protocols.includes('imap') || protocols.includes('pop3');
  const sends = protocols.includes('submission');
  if (reads && sends) return 'Read and send';
  if (reads) return 'Read only';
  return sends ? 'Send only' : 'Change filters only';
};

const networkWords = (networks: readonly string[]): string =>
  networks.length > 3 ? `from ${networks.length} networks only` : `from ${listed(networks.map(shortNetwork))} only`;

const programNames: Readonly<Record<AppPasswordProgram, string | null>> = {
  thunderbird: 'Thunderbird',
  apple: 'Apple Mail',
  outlook: 'Outlook',
  android: 'Android',
  postern: 'Postern itself',
  scanner: null,
  script: null,
  other: null,
};

const upper = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

export interface RowWords {
  /** `Apple Mail, made 3 March` */
  made: string;
  may: string;
  mayDetail: string;
  used: string;
  usedDetail: string | null;
  /** It is worth asking whether it is still needed, or something is amiss. */
  doubt: boolean;
}

type Told = Pick<RowWords, 'used' | 'usedDetail' | 'doubt'>;

const lastUse = (item: AppPassword, now: Date): Told => {
  const { lastUsed, unusedDays, createdAt } = item;
  if (unusedDays === null && !lastUsed)
    return { used: 'Not known', usedDetail: 'This server does not note when one is used', doubt: false };
  const stale = (unusedDays ?? 0) >= staleDays;
  if (!lastUsed) {
    const made = `Made in ${monthOf(new Date(createdAt), now)}. Revoke it?`;
    return { used: 'Never used', usedDetail: stale ? made : null, doubt: stale };
  }
  const place =
    lastUsed.network === ''
      ? protocolName(lastUsed.protocol)
      : `${protocolName(lastUsed.protocol)}, ${lastUsed.network}`;
  return {
    used: sinceWords(lastUsed.at, now),
    usedDetail: stale ? `Not used since ${monthOf(new Date(lastUsed.at), now)}. Revoke it?` : place,
    doubt: stale,
  };
};

const useBefore = (item: AppPassword, now: Date): string => {
  if (item.lastUsed) return `Last used: ${sinceWords(item.lastUsed.at, now)}`;
  return item.unusedDays === null ? 'Not known when it was used' : 'Never used';
};

const told = (item: AppPassword, now: Date): Told => {
  switch (item.state) {
    case 'active':
      return lastUse(item, now);
    case 'replaced':
      return {
        used: 'Replaced by a new one',
        usedDetail: item.worksUntil === null ? 'Still works' : `Still works until ${untilWords(item.worksUntil, now)}`,
        doubt: false,
      };
    case 'expired':
      return { used: 'Ended, opens nothing', usedDetail: useBefore(item, now), doubt: false };
    case 'paused':
      return { used: 'Paused, opens nothing', usedDetail: useBefore(item, now), doubt: false };
    case 'pausing':
      return { used: 'Pausing, may still work', usedDetail: 'The mail server has not confirmed yet', doubt: true };
    case 'revoking':
      return { used: 'Revoking, may still work', usedDetail: 'The mail server has not confirmed yet', doubt: true };
  }
};

const endWords = ({ expiresAt }: AppPassword, now: Date): string => {
  if (expiresAt === null) return '';
  const left = Date.parse(expiresAt) - now.getTime();
  if (left <= 0) return `, ended ${dateWords(expiresAt, now)}`;
  const days = Math.ceil(left / day);
  return days <= soonDays ? `, ends in ${counted(days, 'day')}` : `, ends ${dateWords(expiresAt, now)}`;
};

export const rowWords = (item: AppPassword, now: Date): RowWords => {
  const name = programNames[item.program];
  const made = `made ${dateWords(item.createdAt, now)}${item.imported ? ' elsewhere' : ''}${endWords(item, now)}`;
  const where = item.networks.length === 0 ? '' : `, ${networkWords(item.networks)}`;
  return {
    made: name === null ? upper(made) : `${name}, ${made}`,
    may: mayWords(item.protocols),
    mayDetail: `${protocolWords(item.protocols)}${where}`,
    ...told(item, now),
  };
};

/** What the operator allows, in sentences. */
export const policyWords = (
  { most, longestDays, required, onMainChange }: AppPasswordPolicy,
  count: number,
): string => {
  const words = [
    required
      ? 'Every program but this one needs an app password: your main password works on the web alone.'
      : 'Your main password works in programs too; an app password is the safer way.',
  ];
  if (most !== null)
    words.push(
      `You may have ${counted(most, 'app password')}; ${count === 0 ? 'none is' : `${count} ${count === 1 ? 'is' : 'are'}`} in use.`,
    );
  if (longestDays !== null) words.push(`Each one works for ${counted(longestDays, 'day')} at most.`);
  if (onMainChange === 'drop') words.push('When your main password changes, all of them are revoked.');
  return words.join(' ');
};

/** Beside an account's name. */
export const modeWords = ({ mode, provider }: AppPasswordCapability): string => {
  if (mode === 'here') return 'managed here';
  return mode === 'provider' ? `managed at ${provider?.name ?? 'the provider'}` : 'one password only';
};
