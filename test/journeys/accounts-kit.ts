import type { Page } from 'playwright-core';
import type { AccountFacts, AccountPatch } from '#jmap/auth/accounts.ts';
import type { DiscoveryStep, FoundSettings } from '#jmap/auth/discovery.ts';
import type { QuotaId } from '#jmap/ids.ts';
import type { Quota } from '#jmap/quota.ts';
import type { Extension } from './fake-jmap.ts';

/** `/auth/accounts` of the fake: its accounts as facts, and answers that a journey decides. */

const server = (host: string, port: number, username: string) => ({ host, port, security: 'tls', username }) as const;

const facts = (id: string, name: string, address: string, colour: AccountFacts['colour']): AccountFacts => {
  const domain = address.split('@')[1] ?? '';
  return {
    id,
    address,
    name,
    colour,
    position: 0,
    imap: server(`imap.${domain}`, 993, address),
    smtp: server(`smtp.${domain}`, 465, address),
    ownSmtpPassword: false,
    direct: false,
    state: 'ok',
    refused: null,
    stateAt: '2025-11-06T08:00:00Z',
    words: null,
    auth: 'password',
    authSince: '2025-05-09T08:00:00Z',
    checkedAt: '2025-11-06T08:47:00Z',
    away: 'sealed',
    awayUntil: null,
    awayChoices: [
      { away: 'sealed', possible: true, by: null, longest: null, why: null },
      { away: 'ticket', possible: false, by: null, longest: null, why: 'not-offered' },
      { away: 'resident', possible: true, by: null, longest: null, why: null },
    ],
    identity: null,
    inAllInboxes: true,
    certificates: { imap: null, smtp: null },
  };
};

const lindqvist = facts('Alindqvist', 'Lindqvist', 'ada@lindqvist.example', 'patina');
const rowing = facts('Arowing', 'Rowing club', 'treasurer@ruder.example', 'clay');
const gmail: AccountFacts = {
  ...facts('Agmail', 'gmail.example', 'ada.lindqvist@gmail.example', 'slate'),
  auth: 'app-password',
};

/** A limit of a mail server; warned of at nine tenths. */
export const quotaOf = (
  resourceType: Quota['resourceType'],
  used: number,
  hardLimit: number,
  name = 'Mailbox',
): Quota => ({
  id: `Q${resourceType}${name}` as QuotaId,
  resourceType,
  used,
  hardLimit,
  scope: 'account',
  name,
  types: ['Email'],
  warnLimit: Math.floor(hardLimit * 0.9),
  softLimit: null,
  description: null,
});

export interface AccountsKit extends Extension {
  list: AccountFacts[];
  /** What the mail servers tell of their room, by account. */
  readonly quotas: Map<string, Quota[]>;
  /** Requests to change something, in order. */
  readonly asked: string[];
  /** Problems that the next posts are answered with. */
  readonly problems: object[];
}

export const openAccountsKit = (): AccountsKit => {
  const asked: string[] = [];
  const problems: object[] = [];
  const quotas = new Map<string, Quota[]>();
  const kit: AccountsKit = {
    list: [lindqvist, rowing],
    asked,
    problems,
    quotas,
    methods: {
      'Quota/get': (accountId) => ({ accountId, state: '1', list: quotas.get(accountId) ?? [], notFound: [] }),
    },
    present: (id) => kit.list.some((each) => each.id === id),
    http: (method, path, body) => {
      if (path === '/auth/unlockers') return { status: 200, value: { unlockers: [], siteName: null, totp: false } };
      if (!path.startsWith('/auth/accounts')) return null;
      kit.list = kit.list.map((each, position) => ({ ...each, position }));
      if (method === 'GET') return { status: 200, value: { accounts: kit.list } };
      asked.push(`${method} ${path}`);
      const problem = problems.shift();
      if (problem) return { status: (problem as { status: number }).status, value: problem };
      const [, , , id, act] = path.split('/');
      const found = kit.list.find((each) => each.id === id);
      if (method === 'POST' && !id) {
        kit.list = [...kit.list, gmail];
        return { status: 201, value: { ...gmail, position: kit.list.length - 1 } };
      }
      if (!found) return { status: 404, value: { type: 'urn:postern:problem:not-found', title: 'No.', status: 404 } };
      if (method === 'DELETE') {
        kit.list = kit.list.filter((each) => each !== found);
        return { status: 204, value: undefined };
      }
      const fine = { state: 'ok', problem: null };
      if (act === 'check') return { status: 200, value: { imap: fine, smtp: fine, account: found } };
      const patch: AccountPatch = act === 'password' ? {} : (JSON.parse(body.toString()) as AccountPatch);
      const changed = { ...found, ...patch, ...(act === 'password' ? { state: 'ok' as const, words: null } : {}) };
      const rest = kit.list.filter((each) => each !== found);
      kit.list = rest.toSpliced(patch.position ?? found.position, 0, changed);
      return { status: 200, value: { ...changed, position: kit.list.indexOf(changed) } };
    },
  };
  return kit;
};

export const wrongPassword = {
  type: 'urn:postern:problem:wrong-password',
  title: 'imap.gmail.com did not accept this password.',
  detail: 'Nothing is wrong with the connection.',
  status: 401,
  server: { host: 'imap.gmail.com', port: 993 },
  words: 'Invalid credentials (Failure)',
};

/** Discovery finds Gmail, whatever the address. */
export const findsGmail = async (page: Page): Promise<void> => {
  const found = (host: string, port: number) => ({
    ...server(host, port, 'ada.lindqvist@gmail.example'),
    proven: true,
  });
  const settings: FoundSettings = {
    source: 'provider',
    imap: found('imap.gmail.com', 993),
    smtp: found('smtp.gmail.com', 465),
    provider: {
      id: 'gmail',
      name: 'Gmail',
      auth: 'app-password',
      appPasswordUrl: 'https://myaccount.google.com/apppasswords',
      enableUrl: null,
      note: null,
      steps: [],
    },
    oauth: null,
    foreign: false,
    loginUnsure: false,
  };
  const steps: DiscoveryStep[] = [
    { step: 'settings', state: 'found', source: 'provider', provider: 'Gmail', ms: 3 },
    { step: 'result', settings, ms: 420 },
  ];
  await page.route('**/auth/discover', (route) =>
    route.fulfill({
      contentType: 'text/event-stream',
      body: steps.map((step) => `event: step\ndata: ${JSON.stringify(step)}\n\n`).join(''),
    }),
  );
};
