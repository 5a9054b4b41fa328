import assert from 'node:assert/strict';
import { test } from 'node:test';
import { stillClock } from '#base/clock.testkit.ts';
import type { NewToken, TokenFacts } from '#jmap/auth/tokens.ts';
import type { UTCDate, WebSessionId } from '#jmap/ids.ts';
import type { MailAccount, WebSession } from '#jmap/keep.ts';
import type { Identity } from '#jmap/mail.ts';
import type { Connection } from '../connection.ts';
import { openMail } from '../mail.ts';
import { parseRoute, printRoute } from '../route.ts';
import { account, accountId, fakeServer, type Handlers, settled } from '../testing.ts';
import { openToasts } from '../toasts.ts';
import { openUndo } from '../undo.ts';
import { fieldPatch, fieldText, openIdentities } from './identities.ts';
import { retryAccount } from './retry.ts';
import { openWebSessions } from './sessions.ts';
import { openTokens } from './tokens.ts';
import { ago, hostWords, progressWords, sessionWords } from './words.ts';

const now = new Date(2025, 10, 6, 9, 50);
const at = (minutesAgo: number): string => new Date(now.getTime() - minutesAgo * 60_000).toISOString();

test('settings have routes, and what is no page is the first', () => {
  for (const page of ['accounts', 'security', 'appearance'] as const)
    assert.deepEqual(parseRoute(printRoute({ at: 'settings', page })), { at: 'settings', page });
  assert.deepEqual(parseRoute('/settings/nonsense'), { at: 'settings', page: 'accounts' });
});

test('times as settings say them', () => {
  assert.deepEqual(
    [0, 4, 70, 24 * 60].map((minutes) => ago(at(minutes), now)),
    ['now', '4 minutes ago', 'Today 08:40', 'Yesterday 09:50'],
  );
  const session = { createdAt: at(60), address: '192.0.2.7', expiresAt: at(-30 * 1440), remember: true } as WebSession;
  assert.equal(sessionWords(session, now), 'Signed in 08:50 from 192.0.2.7, stays until 6 Dec');
  assert.equal(
    sessionWords({ ...session, remember: false, expiresAt: at(-60) } as WebSession, now),
    'Signed in 08:50 from 192.0.2.7, ends with its window, or at Today 10:50',
  );
});

test('an account in words', () => {
  const facts = {
    imap: { host: 'imap.example', port: 993, security: 'tls' },
    progress: { known: 1200, total: 3000, done: false, searchable: 100, read: 0, readTo: null, reachesTo: null },
  } as MailAccount;
  assert.equal(hostWords(facts.imap), 'imap.example, 993, TLS');
  assert.equal(progressWords(facts, now), 'Fetching, 1,200 of 3,000 messages are here');
  const done = { ...facts.progress, done: true, known: 3000, searchable: 3000, read: 3000, readTo: null };
  assert.equal(progressWords({ ...facts, progress: done }, now), '3,000 messages here, all of it searchable');
  const reading = { ...done, read: 100, readTo: at(0) as UTCDate };
  assert.equal(
    progressWords({ ...facts, progress: reading }, now),
    '3,000 messages here. Search covers subjects, senders and beginnings of all messages; whole texts back to 6 November.',
  );
});

const session = (id: string, isCurrent = false): WebSession => ({ id, isCurrent }) as unknown as WebSession;
const ids = (list: readonly { id: string }[]): string[] => list.map(({ id }) => id);

const openSessions = (set: Handlers[string]) => {
  const list = [session('W2'), session('W1', true), session('W3')];
  const server = fakeServer({
    'WebSession/get': () => ({ accountId, state: '1', list, notFound: [] }),
    'WebSession/set': set,
  });
  const toasts = openToasts(server.clock);
  const sessions = openWebSessions({ connection: server.connection, toasts }, accountId);
  const shown = (): string[] | string => {
    const state = sessions.state.peek();
    return state.at === 'ready' ? ids(state.list) : state.at;
  };
  return { sessions, toasts, shown, list };
};

test('a session leaves the list at once; all others are ended by one call', async () => {
  const asked: unknown[] = [];
  const { sessions, toasts, shown } = openSessions(({ destroy }) => {
    asked.push(destroy);
    return { accountId, oldState: '1', newState: '2', destroyed: destroy };
  });
  assert.equal(shown(), 'loading');
  await sessions.load();
  const ending = sessions.end(['W2' as WebSessionId]);
  assert.deepEqual(shown(), ['W1', 'W3']);
  await ending;
  assert.equal(toasts.current.peek()?.text, 'Session ended');
  await sessions.endOthers();
  assert.deepEqual(asked, [['W2'], ['W3']]);
  assert.deepEqual(shown(), ['W1']);
  await sessions.endOthers();
  assert.equal(asked.length, 2, 'nothing is asked when there is no other');
});

test('a session that the server did not end comes back; one that is gone already does not matter', async () => {
  const types = ['forbidden', 'notFound'];
  const { sessions, toasts, shown } = openSessions(() => ({
    accountId,
    oldState: '1',
    newState: '1',
    notDestroyed: { W2: { type: types.shift() } },
  }));
  await sessions.load();
  await sessions.end(['W2' as WebSessionId]);
  assert.deepEqual([shown(), toasts.current.peek()?.tone], [['W1', 'W2', 'W3'], 'failed']);
  await sessions.end(['W2' as WebSessionId]);
  assert.deepEqual([shown(), toasts.current.peek()?.tone], [['W1', 'W3'], 'done']);
});

test('a list that could not be fetched says so, and is tried again', async () => {
  const server = fakeServer({});
  const sessions = openWebSessions({ connection: server.connection, toasts: openToasts(server.clock) }, accountId);
  await sessions.load();
  assert.equal(sessions.state.peek().at, 'failed');
});

const openTestTokens = (sure = true) => {
  const clock = stillClock();
  const requests: [string, string, unknown][] = [];
  const kept: TokenFacts[] = [];
  let status = 200;
  const fetch = async (url: string, init: RequestInit = {}): Promise<Response> => {
    const method = init.method ?? 'GET';
    const body: unknown = init.body ? JSON.parse(init.body as string) : null;
    requests.push([method, url, body]);
    if (status !== 200) return new Response('{}', { status });
    if (method === 'GET') return Response.json({ tokens: kept });
    if (method === 'DELETE') return new Response(null, { status: 204 });
    const made = {
      id: 'k1',
      createdAt: at(0),
      lastUsedAt: null,
      expiresAt: null,
      token: 'postern_secret',
      ...(body as object),
    };
    return Response.json(made, { status: 201 });
  };
  const toasts = openToasts(clock);
  const questions: string[] = [];
  const ask = async ({ title }: { title: string }): Promise<boolean> => (questions.push(title), sure);
  const tokens = openTokens({ connection: { fetch } as unknown as Connection, toasts, clock, ask });
  const list = (): readonly TokenFacts[] => {
    const state = tokens.state.peek();
    return state.at === 'ready' ? state.list : [];
  };
  return { tokens, toasts, requests, questions, list, fail: (next: number) => void (status = next) };
};

test('a token is made with its end; its secret is not in the list', async () => {
  const { tokens, requests, list } = openTestTokens();
  await tokens.load();
  assert.equal(await tokens.make({ name: ' script ', readOnly: true, life: 30 }), true);
  assert.deepEqual(requests[1], [
    'POST',
    '/auth/tokens',
    { name: 'script', readOnly: true, expires: '2025-12-06T08:50:00.000Z' },
  ]);
  assert.equal((tokens.fresh.peek() as NewToken).token, 'postern_secret');
  assert.deepEqual(ids(list()), ['k1']);
  assert.doesNotMatch(JSON.stringify(list()), /secret/u);
  await tokens.make({ name: 'for ever', readOnly: false, life: null });
  assert.deepEqual(requests[2]?.[2], { name: 'for ever', readOnly: false, expires: null });
});

test('a token is deleted after a question that names it, and stays when it could not be', async () => {
  const yes = openTestTokens();
  await yes.tokens.load();
  await yes.tokens.make({ name: 'script', readOnly: false, life: null });
  yes.fail(503);
  await yes.tokens.remove(yes.list()[0]!);
  assert.deepEqual([ids(yes.list()), yes.toasts.current.peek()?.tone], [['k1'], 'failed']);
  assert.equal(await yes.tokens.make({ name: 'other', readOnly: false, life: null }), false);
  yes.fail(404);
  await yes.tokens.remove(yes.list()[0]!);
  assert.deepEqual(yes.list(), [], 'one that is gone is gone');
  assert.equal(yes.tokens.fresh.peek(), null);
  assert.deepEqual(yes.questions[0], 'Delete the token “script”?');

  const no = openTestTokens(false);
  await no.tokens.load();
  await no.tokens.make({ name: 'script', readOnly: false, life: null });
  await no.tokens.remove(no.list()[0]!);
  assert.deepEqual(ids(no.list()), ['k1']);
});

const identity = {
  id: 'I1',
  name: 'Ada',
  email: 'ada@lindqvist.example',
  replyTo: null,
  bcc: null,
  textSignature: '',
  htmlSignature: '<b>Ada</b>',
  mayDelete: false,
} as unknown as Identity;

const openTestIdentities = (set: Handlers[string]) => {
  const server = fakeServer({ 'Identity/set': set });
  const mail = openMail(server.connection, accountId, account);
  mail.setIdentities([identity]);
  const toasts = openToasts(server.clock);
  const undo = openUndo();
  const identities = openIdentities({ connection: server.connection, toasts, undo }, mail);
  return { server, mail, toasts, undo, identities, now: () => mail.identities.peek()[0]! };
};

test('a field is saved at once, and Undo brings all of it back', async () => {
  const asked: unknown[] = [];
  const {
    identities,
    now: shown,
    toasts,
  } = openTestIdentities(({ update }) => {
    asked.push(update);
    return { accountId, oldState: '1', newState: '2', updated: update };
  });
  const saving = identities.save(identity, 'textSignature', 'Ada\n\n');
  assert.equal(shown().textSignature, 'Ada');
  assert.equal(shown().htmlSignature, '', 'there is one signature');
  await saving;
  toasts.current.peek()?.actions[0]?.run();
  await settled();
  assert.deepEqual([shown().textSignature, shown().htmlSignature], ['', '<b>Ada</b>']);
  assert.deepEqual(asked[1], { I1: { textSignature: '', htmlSignature: '<b>Ada</b>' } });
  await identities.save(identity, 'name', ' Ada ');
  assert.equal(asked.length, 2, 'the same is not saved');
});

test('what the server refuses is as it was, and cannot be undone', async () => {
  const {
    identities,
    now: shown,
    toasts,
    undo,
  } = openTestIdentities(() => ({
    accountId,
    oldState: '1',
    newState: '1',
    notUpdated: { I1: { type: 'invalidProperties', description: 'one line' } },
  }));
  await identities.save(identity, 'name', 'Ada L');
  assert.equal(shown().name, 'Ada');
  assert.match(toasts.current.peek()?.text ?? '', /did not allow it: one line/u);
  assert.equal(undo.items.peek().length, 0);
});

test('reply addresses are read and printed', () => {
  const patch = fieldPatch('replyTo', '"Desk, North" <desk@x.example>, b@x.example');
  assert.deepEqual(patch, {
    replyTo: [
      { name: 'Desk, North', email: 'desk@x.example' },
      { name: null, email: 'b@x.example' },
    ],
  });
  assert.equal(fieldText({ ...identity, ...patch }, 'replyTo'), '"Desk, North" <desk@x.example>, b@x.example');
  assert.deepEqual(fieldPatch('replyTo', ' '), { replyTo: null });
  assert.equal(fieldPatch('replyTo', 'nobody'), null);
});

test('a mail server is tried again', async () => {
  const server = fakeServer({
    'MailAccount/set': ({ update }) => ({ accountId, oldState: '1', newState: '2', updated: update }),
    'MailAccount/get': () => ({
      accountId,
      state: '2',
      list: [{ id: 'singleton', status: { at: 'connecting' } }],
      notFound: [],
    }),
  });
  const mail = openMail(server.connection, accountId, account);
  const parts = { connection: server.connection, toasts: openToasts(server.clock) };
  await retryAccount(parts, mail);
  assert.deepEqual(mail.status.peek()?.status, { at: 'connecting' });
  assert.equal(server.requests.length, 1);
  const broken = fakeServer({ 'MailAccount/get': () => ({ error: 'serverFail' }) });
  await retryAccount({ connection: broken.connection, toasts: parts.toasts }, mail);
  assert.equal(parts.toasts.current.peek()?.tone, 'failed');
});
