import type { MailAccount, MailHost, WebSession } from '#jmap/keep.ts';
import { coverageWords } from '../coverage.ts';
import { count, counted, foldTime, messageTime } from '../format.ts';

/** How settings say things. */

const minute = 60_000;

/** `now`, `4 minutes ago`, `Today 09:42`, `Mon 16:20`, `3 Nov 16:20`. */
export const ago = (iso: string, now: Date): string => {
  const minutes = Math.floor((now.getTime() - Date.parse(iso)) / minute);
  if (minutes < 2) return 'now';
  return minutes < 60 ? `${minutes} minutes ago` : messageTime(iso, now);
};

/** `Signed in 3 Nov from 192.0.2.7, stays until 3 Dec`. */
export const sessionWords = ({ createdAt, address, expiresAt, remember }: WebSession, now: Date): string => {
  const from = address === '' ? '' : ` from ${address}`;
  const end = remember
    ? `stays until ${foldTime(expiresAt, now)}`
    : `ends with its window, or at ${messageTime(expiresAt, now)}`;
  return `Signed in ${foldTime(createdAt, now)}${from}, ${end}`;
};

const securities = { tls: 'TLS', starttls: 'STARTTLS', none: 'no encryption' } as const;

/** `imap.lindqvist.example, 993, TLS` */
export const hostWords = ({ host, port, security }: MailHost): string => `${host}, ${port}, ${securities[security]}`;

/** How much of the mail is here. */
export const progressWords = ({ progress }: MailAccount, now: Date): string => {
  const { known, total, done } = progress;
  if (!done) return `Fetching, ${count(known)} of ${count(total)} messages are here`;
  const covered = coverageWords(progress, now);
  return covered === null
    ? `${counted(known, 'message')} here, all of it searchable`
    : `${counted(known, 'message')} here. ${covered}`;
};
