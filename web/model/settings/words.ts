import type { MailAccount, MailHost, WebSession } from '#jmap/keep.ts';
import { clockTime, count, counted, foldTime, messageTime } from '../format.ts';

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

export interface AccountWords {
  tone: 'ok' | 'wait' | 'bad';
  title: string;
  detail: string | null;
  /** Trying again at once can help. */
  retry: boolean;
}

/** How the connection to an account's mail server stands. */
export const accountWords = ({ status, imap }: MailAccount, now: Date): AccountWords => {
  switch (status.at) {
    case 'live':
      return { tone: 'ok', title: 'Connected', detail: 'New mail comes by itself.', retry: false };
    case 'connecting':
      return { tone: 'wait', title: `Connecting to ${imap.host}`, detail: null, retry: false };
    case 'away':
      return {
        tone: 'wait',
        title: `${imap.host} does not answer`,
        detail: `No answer since ${messageTime(status.since, now)}. You can read, write and sort; Postern tries again at ${clockTime(Date.parse(status.retryAt))} and sends your changes then.${status.words ? ` The server said: ${status.words}` : ''}`,
        retry: true,
      };
    case 'refused':
      return {
        tone: 'bad',
        title: 'Needs its password again',
        detail: `The server refused the saved one, ${messageTime(status.since, now)}${status.words ? `: ${status.words}` : '.'} Mail already here stays readable. If you have changed the password at the server, sign out and sign in with the new one.`,
        retry: true,
      };
  }
};

/** How much of the mail is here. */
export const progressWords = ({ progress }: MailAccount): string => {
  const { known, total, done, searchable } = progress;
  if (!done) return `Fetching, ${count(known)} of ${count(total)} messages are here`;
  if (searchable < known)
    return `${counted(known, 'message')} here; ${count(searchable)} of them can be searched by their text`;
  return `${counted(known, 'message')} here, all of it searchable`;
};
