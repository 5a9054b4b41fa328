import assert from 'node:assert/strict';
import { test } from 'node:test';
import { signal } from '@preact/signals-core';
import { stillClock } from '#base/clock.testkit.ts';
import type { AccountFacts } from '#jmap/auth/accounts.ts';
import { problemPrefix } from '#jmap/auth/problems.ts';
import type { MailAccount } from '#jmap/keep.ts';
import type { Quota } from '#jmap/quota.ts';
import type { Connection } from '../connection.ts';
import type { Session } from '../session.ts';
import { settled } from '../testing.ts';
import { openToasts } from '../toasts.ts';
import { openUndo } from '../undo.ts';
import { openAccounts } from './accounts.ts';
import { awayWords, changeWords, standingWords, withRoom } from './words.ts';

const account = (id: string, position: number): AccountFacts =>
  ({ id, position, name: id, address: `${id}@example.org`, colour: 'patina', away: 'sealed' }) as AccountFacts;

const kit = (answers: Record<string, (body: unknown) => Response>) => {
  const asked: [string, unknown][] = [];
  let sessions = 0;
  const connection = {
    fetch: (url: string, init: RequestInit = {}) => {
      if (url === '/auth/key')
        return Promise.resolve(Response.json({ key: Buffer.alloc(32, 9).toString('base64url') }));
      const what = `${init.method ?? 'GET'} ${url}`;
      const body: unknown =
        typeof init.body === 'string' ? JSON.parse(init.body) : init.body ? Buffer.from(init.body as Uint8Array) : null;
      if (!what.startsWith('GET')) asked.push([what, body]);
      return Promise.resolve(answers[what]?.(body) ?? new Response('{}', { status: 500 }));
    },
  } as unknown as Connection;
  const session = { open: () => Promise.resolve(void (sessions += 1)) } as unknown as Session;
  const toasts = openToasts(stillClock());
  const undo = openUndo();
  const accounts = openAccounts({ connection, session, toasts, undo, mails: signal([]) });
  const names = (): string[] => {
    const state = accounts.state.peek();
    return state.at === 'ready' ? state.list.map(({ name }) => name) : [state.at];
  };
  return { accounts, asked, toasts, undo, names, sessions: () => sessions };
};

const list = () => Response.json({ accounts: [account('a', 0), account('b', 1), account('c', 2)] });
const refused = (name: string, status: number) =>
  Response.json({ type: `${problemPrefix}${name}`, title: 'No.', detail: '', status }, { status });

test('G11 an account changes at once, is put back by undo, and by a server that refuses', async () => {
  let no = false;
  const { accounts, asked, toasts, undo, names } = kit({
    'GET /auth/accounts': list,
    'PATCH /auth/accounts/b': (patch) =>
      no ? refused('malformed', 400) : Response.json({ ...account('b', 1), ...(patch as object) }),
  });
  await accounts.load();
  const changing = accounts.patch(account('b', 1), { name: 'Rowing' }, 'Named it');
  assert.deepEqual(names(), ['a', 'Rowing', 'c']);
  await changing;
  undo.undo();
  await settled();
  assert.deepEqual(names(), ['a', 'b', 'c']);
  assert.deepEqual(
    asked.map(([, body]) => body),
    [{ name: 'Rowing' }, { name: 'b' }],
  );
  const quiet = accounts.patch({ ...account('b', 1), inAllInboxes: true }, { inAllInboxes: false }, 'Hid it');
  const shown = (): unknown => {
    const state = accounts.state.peek();
    return state.at === 'ready' ? state.list[1]?.inAllInboxes : state.at;
  };
  assert.equal(shown(), false);
  await quiet;
  undo.undo();
  await settled();
  assert.equal(shown(), true);
  assert.deepEqual(asked.at(-1)?.[1], { inAllInboxes: true });
  no = true;
  await accounts.patch(account('b', 1), { name: 'x' }, 'Named it');
  assert.deepEqual(names(), ['a', 'b', 'c']);
  assert.equal(toasts.current.peek()?.tone, 'failed');
});

test('G11 a list that was asked for before a change, or while it is on its way, does not take it back', async () => {
  const reads: ((answer: Response) => void)[] = [];
  const writes: ((answer: Response) => void)[] = [];
  const { accounts, names } = kit({
    'GET /auth/accounts': () => new Promise<Response>((resolve) => reads.push(resolve)) as unknown as Response,
    'PATCH /auth/accounts/b': () => new Promise<Response>((resolve) => writes.push(resolve)) as unknown as Response,
  });
  const first = accounts.load();
  reads[0]?.(list());
  await first;
  const early = accounts.load();
  const changing = accounts.patch(account('b', 1), { name: 'Rowing' }, 'Named it');
  reads[1]?.(list());
  await settled();
  assert.deepEqual([names(), reads.length], [['a', 'Rowing', 'c'], 3], 'it is asked for again');
  reads[2]?.(list());
  await early;
  assert.deepEqual(names(), ['a', 'Rowing', 'c'], 'the server has not heard of it yet');
  writes[0]?.(Response.json({ ...account('b', 1), name: 'Rowing' }));
  await changing;
  const later = accounts.load();
  reads[3]?.(list());
  await later;
  assert.deepEqual(names(), ['a', 'b', 'c'], 'what the server says afterwards counts');
});

test('G11 the answer to one change does not take back the next', async () => {
  const writes: ((answer: Response) => void)[] = [];
  const { accounts } = kit({
    'GET /auth/accounts': list,
    'PATCH /auth/accounts/b': () => new Promise<Response>((resolve) => writes.push(resolve)) as unknown as Response,
  });
  await accounts.load();
  const shown = (): unknown => {
    const state = accounts.state.peek();
    return state.at === 'ready' ? [state.list[1]?.name, state.list[1]?.away] : state.at;
  };
  const first = accounts.patch(account('b', 1), { name: 'Rowing' }, 'Named it');
  const second = accounts.patch(account('b', 1), { away: 'resident' }, 'While away');
  writes[0]?.(Response.json({ ...account('b', 1), name: 'Rowing' }));
  await first;
  assert.deepEqual(shown(), ['Rowing', 'resident']);
  writes[1]?.(Response.json({ ...account('b', 1), name: 'Rowing', away: 'resident' }));
  await second;
  assert.deepEqual(shown(), ['Rowing', 'resident']);
});

test('G12 moving asks for the new place; at an end nothing is asked', async () => {
  const { accounts, asked, names, sessions } = kit({
    'GET /auth/accounts': list,
    'PATCH /auth/accounts/c': (patch) => Response.json({ ...account('c', 2), ...(patch as object) }),
  });
  await accounts.load();
  await accounts.move(account('a', 0), -1);
  await accounts.move(account('c', 2), 1);
  assert.deepEqual(asked, []);
  await accounts.move(account('c', 2), -1);
  assert.deepEqual(names(), ['a', 'c', 'b']);
  assert.deepEqual(asked, [['PATCH /auth/accounts/c', { position: 1 }]]);
  assert.equal(sessions(), 1, 'the order stands in the session');
});

test('G13 no password of a further account leaves the page unsealed; the session is read anew', async () => {
  const { accounts, asked, names, sessions } = kit({
    'GET /auth/accounts': list,
    'POST /auth/accounts': () => Response.json(account('d', 3), { status: 201 }),
  });
  await accounts.load();
  const answer = await accounts.add({
    address: 'd@example.org',
    password: 'very-Secret-1',
    smtpPassword: 'other-Secret-2',
  });
  assert.ok(answer.ok);
  const body = asked[0]?.[1] as Buffer;
  assert.ok(body.includes('d@example.org') && !body.includes('Secret'));
  assert.deepEqual(names(), ['a', 'b', 'c', 'd']);
  assert.equal(sessions(), 1);
});

test('G14 a refused password leaves everything as it is, and is told; a removed account leaves the list', async () => {
  const { accounts, names } = kit({
    'GET /auth/accounts': list,
    'POST /auth/accounts/a/password': () => refused('wrong-password', 401),
    'DELETE /auth/accounts/b': () => new Response(null, { status: 204 }),
    'DELETE /auth/accounts/a': () => refused('last-unlocker', 409),
  });
  await accounts.load();
  const answer = await accounts.renew(account('a', 0), { password: 'x' });
  assert.ok(!answer.ok && answer.problem.type.endsWith('wrong-password'));
  assert.equal(await accounts.remove(account('b', 1)), null);
  assert.ok((await accounts.remove(account('a', 0)))?.type.endsWith('last-unlocker'));
  assert.deepEqual(names(), ['a', 'c']);
});

test('G15 how an account stands, in words', () => {
  const now = new Date(2025, 10, 6, 9, 50);
  const at = (hour: number, minute: number): string => new Date(2025, 10, 6, hour, minute).toISOString();
  const facts = { auth: 'password', state: 'ok', stateAt: at(9, 12), words: null, checkedAt: at(9, 46) } as const;
  assert.deepEqual(standingWords(facts, null, now), {
    tone: 'ok',
    title: 'Works',
    detail: 'Checked 4 minutes ago',
    password: false,
  });
  const refusedNow = standingWords({ ...facts, state: 'refused' }, null, now);
  assert.equal(
    `${refusedNow.title} ${refusedNow.detail}`,
    'Needs its password again. The server refused the saved one at 09:12. Mail already here stays readable.',
  );
  assert.equal(refusedNow.password, true);
  const status = { at: 'away', since: at(9, 0), retryAt: at(9, 52), code: 'x', words: null };
  const mail = { imap: { host: 'imap.example' }, status } as MailAccount;
  assert.equal(standingWords(facts, mail, now).title, 'imap.example does not answer, next try 09:52');
});

test('G16 what may be done while nobody is here is said as it is', () => {
  const choice = { possible: true, by: null, longest: null, why: null } as const;
  assert.match(awayWords({ ...choice, away: 'sealed' }).detail, /waits until you return/u);
  assert.match(awayWords({ ...choice, away: 'resident' }).detail, /Whoever controls the server could read it/u);
  assert.match(
    awayWords({ ...choice, away: 'ticket', by: 'server-hold', longest: 5 * 86_400 }).detail,
    /mail server itself keeps .* up to 5 days ahead/u,
  );
  assert.match(
    awayWords({ ...choice, away: 'ticket', by: 'app-password', longest: 20 * 86_400 }).detail,
    /up to 20 days ahead, waits in Postern's memory with an app password of its own.*started again.*waits for you/u,
  );
  assert.match(awayWords({ ...choice, away: 'ticket', possible: false, why: 'not-offered' }).detail, /offer nothing/u);
  const change = { at: '2025-11-03T10:00:00Z', what: ['issuer', 'key'], before: { issuer: 'x', fingerprint: 'y' } };
  assert.match(
    changeWords(change as Parameters<typeof changeWords>[0], new Date('2025-11-06T10:00:00Z')),
    /signed by somebody else, its key is another\.$/u,
  );
});

test('G40 an account whose mailbox is full does not simply work; what is worse is said first', () => {
  const works = { tone: 'ok', title: 'Works', detail: null, password: false } as const;
  const away = { ...works, tone: 'wait', title: 'imap.example does not answer' } as const;
  const quota = (used: number): Quota[] => [{ used, hardLimit: 10 } as Quota];
  assert.equal(withRoom(works, quota(9)), works);
  assert.equal(withRoom(away, quota(10)), away);
  const full = withRoom(works, quota(10));
  assert.deepEqual([full.tone, full.title], ['wait', 'The mailbox is full']);
  assert.match(full.detail ?? '', /What is here stays/u);
});
