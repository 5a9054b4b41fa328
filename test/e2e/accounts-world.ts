import assert from 'node:assert/strict';
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { AccountFacts } from '#jmap/auth/accounts.ts';
import { overLmtp, type RunningSubmission, startSubmission } from '#cli/demo/submission.ts';
import { openDovecot, type Village, type VillageOptions } from '#village/dovecot.ts';
import type { World } from '#world';
import type { Browser } from './browser.ts';
import { openPostern } from './postern.ts';

/** Two mail providers with servers of their own, and Postern before both. */
export interface Providers extends AsyncDisposable {
  village: Village;
  hill: Village;
  /** Takes `relay` with a password of its own, and delivers to the hill. */
  relay: RunningSubmission;
  relayUser: { address: string; password: string };
  domains: string;
}

export const alice = { address: 'alice@village.test', password: 'alice one' };
export const carla = { address: 'carla@hill.test', password: 'carla two' };
export const dora = { address: 'dora@hill.test', password: 'dora three' };

/** Dovecot says each sign-in in its log; its own patience with guesses is not what is tested. */
const loud = 'auth_verbose = yes\n';
const patient = 'service anvil {\n  unix_listener anvil-auth-penalty {\n    mode = 0\n  }\n}\n';

export const openProviders = async (more: VillageOptions = {}): Promise<Providers> => {
  const stack = new AsyncDisposableStack();
  const extra = `${loud}${patient}${more.extra ?? ''}`;
  const village = stack.use(await openDovecot({ users: [alice], ...more, extra }));
  const hill = stack.use(await openDovecot({ users: [carla, dora], ...more, extra }));
  const relayUser = { address: 'relay', password: 'only for sending' };
  const users = [relayUser, carla, dora].map((user) => ({ ...user, password: relayUser.password }));
  const relay = stack.use(await startSubmission({ users, hand: overLmtp(hill.dovecot.lmtpPort) }));
  const at = ({ imapPort, smtpPort }: Village): string => `127.0.0.1:${imapPort}:none,127.0.0.1:${smtpPort}:none`;
  return {
    village,
    hill,
    relay,
    relayUser,
    domains: `village.test=${at(village)};hill.test=${at(hill)}`,
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
};

export const openBefore = (
  providers: Providers,
  folder: string,
  more: Record<string, string> = {},
): Promise<World & { browser: Browser }> =>
  openPostern(providers.village, folder, { POSTERN_DOMAINS: providers.domains, ...more });

/** Successful and refused sign-ins of a user so far, as Dovecot counted them. */
export const signIns = ({ dovecot }: Village, address: string): { in: number; refused: number } => {
  const lines = readFileSync(dovecot.logFile, 'utf8').split('\n');
  return {
    in: dovecot.signIns(address).length,
    refused: lines.filter(
      (line) => /auth(-worker)?.*: .*(Password mismatch|unknown user)/i.test(line) && line.includes(address),
    ).length,
  };
};

/** Another password from now on; connections that stand go on. */
export const changePassword = ({ dovecot }: Village, address: string, password: string): void => {
  const file = join(dirname(dovecot.logFile), 'users');
  const lines = readFileSync(file, 'utf8').split('\n');
  writeFileSync(
    file,
    lines.map((line) => (line.startsWith(`${address}:`) ? `${address}:{PLAIN}${password}` : line)).join('\n'),
  );
};

export const letter = (to: string, subject: string): string =>
  `From: Out <out@elsewhere.test>\r\nTo: ${to}\r\nSubject: ${subject}\r\nMessage-ID: <${subject.replaceAll(' ', '-')}@elsewhere.test>\r\nDate: Sun, 22 Nov 2026 08:00:00 +0000\r\n\r\nHello\r\n`;

export const accountsOf = async (browser: Browser): Promise<AccountFacts[]> => {
  const answer = await browser.fetch('/auth/accounts');
  assert.equal(answer.status, 200, await (answer.ok ? '' : answer.text()));
  return ((await answer.json()) as { accounts: AccountFacts[] }).accounts;
};

export const addAccount = async (browser: Browser, wish: Record<string, unknown>): Promise<AccountFacts> => {
  const answer = await browser.post('/auth/accounts', wish);
  assert.equal(answer.status, 201, await (answer.ok ? '' : answer.text()));
  return (await answer.json()) as AccountFacts;
};

export const patch = (browser: Browser, id: string, form: unknown): Promise<Response> =>
  browser.fetch(`/auth/accounts/${id}`, {
    method: 'PATCH',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(form),
  });

/** Subjects of an account, newest first. */
export const subjects = async (browser: Browser, account: string): Promise<string[]> => {
  const [, got] = await browser.jmap([
    ['Email/query', { accountId: account, sort: [{ property: 'receivedAt', isAscending: false }] }],
    [
      'Email/get',
      { accountId: account, '#ids': { resultOf: 'c0', name: 'Email/query', path: '/ids' }, properties: ['subject'] },
    ],
  ]);
  return ((got?.['list'] ?? []) as { subject: string }[]).map(({ subject }) => subject);
};

export const jmapSession = async (
  browser: Browser,
): Promise<{ accounts: Record<string, { name: string }>; state: string }> =>
  (await (await browser.fetch('/.well-known/jmap')).json()) as never;

export const filesOf = (folder: string): string[] => readdirSync(join(folder, 'index')).toSorted();
