import type { RunningDovecot } from '#cli/demo/dovecot.ts';
import { must } from '#base/must.ts';
import { RawImap } from '../limit/imap.ts';
import type { Manifest } from '../mailbox/write.ts';
import type { Client, Invocation, RunningPostern } from '../postern.ts';

export interface Ground {
  dovecot: RunningDovecot;
  postern: RunningPostern;
  big: { address: string; password: string };
  small: readonly { address: string; password: string }[];
  manifest: Manifest;
  /** Dovecot's folder: each user's mail and indexes, by address. */
  mail: string;
  smtpPort: number;
  client: Client;
  /** One more Postern, with a data folder of its own. */
  another: (environment?: Record<string, string>) => Promise<RunningPostern>;
}

const rowProperties = [
  'id',
  'threadId',
  'mailboxIds',
  'keywords',
  'hasAttachment',
  'from',
  'to',
  'subject',
  'receivedAt',
  'size',
  'preview',
];

export const raw = (g: Ground): Promise<RawImap> => RawImap.open(g.dovecot.imapPort, g.big.address, g.big.password);

/** The list of a get answer, or of the one at `key`. */
export const listOf = <T>(answer: Record<string, unknown> | undefined, key = 'list'): T[] =>
  must(answer, 'an answer')[key] as T[];

export const inboxOf = async (client: Client): Promise<string | null> => {
  const [answer] = await client.call(['Mailbox/get', { ids: null }, '0']);
  return listOf<{ id: string; role: string | null }>(answer).find((box) => box.role === 'inbox')?.id ?? null;
};

/** One page of the list as the app asks for it. */
export const page = (inbox: string, position: number, limit = 50, collapseThreads = true): Invocation[] => [
  [
    'Email/query',
    {
      filter: { inMailbox: inbox },
      sort: [{ property: 'receivedAt', isAscending: false }],
      collapseThreads,
      position,
      limit,
      calculateTotal: true,
    },
    '0',
  ],
  ['Email/get', { '#ids': { resultOf: '0', name: 'Email/query', path: '/ids' }, properties: rowProperties }, '1'],
  ['Thread/get', { '#ids': { resultOf: '1', name: 'Email/get', path: '/list/*/threadId' } }, '2'],
];
