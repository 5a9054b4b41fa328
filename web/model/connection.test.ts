import assert from 'node:assert/strict';
import { test } from 'node:test';
import { stillClock } from '#base/clock.testkit.ts';
import { openConnection } from './connection.ts';
import { MethodFailed, ModelError } from './errors.ts';
import { accountId, fakeServer, settled } from './testing.ts';
import type { EmailId } from '#jmap/ids.ts';

const echo = { 'Core/echo': (args: Record<string, unknown>) => args };
const get = { 'Email/get': () => ({ list: [], notFound: [] }) };

test('W1 calls of one tick are one request, in order', async () => {
  const { connection, requests } = fakeServer(echo);
  const answers = await Promise.all([1, 2, 3].map((n) => connection.call('Core/echo', { n }).answer));
  assert.deepEqual(answers, [{ n: 1 }, { n: 2 }, { n: 3 }]);
  assert.deepEqual(
    requests.map((calls) => calls.length),
    [3],
  );
});

test('W1 calls that refer to each other stay together when a request is full', async () => {
  const { connection, requests } = fakeServer({ ...echo, 'Email/get': ({ ids }) => ({ list: ids, notFound: [] }) }, 3);
  const calls = [1, 2].flatMap((n) => {
    const first = connection.call('Core/echo', { ids: [`M${n}`] });
    return [first.answer, connection.call('Email/get', { accountId, '#ids': first.ref('/ids') }).answer];
  });
  const answers = await Promise.all(calls);
  assert.deepEqual(
    answers.map((each) => (each as { list?: unknown }).list),
    [undefined, ['M1'], undefined, ['M2']],
  );
  assert.deepEqual(
    requests.map((each) => each.length),
    [2, 2],
  );
});

test('E30 half a character goes as a replacement for it, and refuses no request', async () => {
  const { connection } = fakeServer(echo);
  const { answer } = connection.call('Core/echo', {
    subject: 'a\ud83d',
    values: { text: { value: '\udc4d👍 \\ud83d' } },
  });
  assert.deepEqual(await answer, { subject: 'a\ufffd', values: { text: { value: '\ufffd👍 \\ud83d' } } });
});

test('a method error rejects its call alone', async () => {
  const { connection } = fakeServer({ ...echo, 'Email/get': () => ({ error: 'requestTooLarge' }) });
  const good = connection.call('Core/echo', { n: 1 }).answer;
  const bad = connection.call('Email/get', { accountId, ids: [] }).answer;
  await assert.rejects(bad, (error) => error instanceof MethodFailed && error.type === 'requestTooLarge');
  assert.deepEqual(await good, { n: 1 });
});

test('an answer that only other calls refer to is no error of the page when it fails', async () => {
  const { connection, next } = fakeServer(get);
  next.push(401);
  const unheard: unknown[] = [];
  const hear = (reason: unknown): void => void unheard.push(reason);
  process.on('unhandledRejection', hear);
  const query = connection.call('Core/echo', {});
  const found = connection.call('Email/get', { accountId, '#ids': query.ref('/ids') });
  await assert.rejects(found.answer, ModelError);
  await settled();
  await new Promise((resolve) => setImmediate(resolve));
  process.off('unhandledRejection', hear);
  assert.deepEqual(unheard, []);
});

test('W3 423 unlocks once for several requests and repeats them', async () => {
  const { connection, paths, next } = fakeServer(echo);
  next.push(423, 423);
  const both = [connection.fetch('/a'), connection.fetch('/b')];
  assert.deepEqual(
    (await Promise.all(both)).map((answer) => answer.status),
    [200, 200],
  );
  assert.deepEqual(paths, ['/a', '/b', '/auth/unlock', '/a', '/b']);
  assert.equal(connection.signedIn.value, true);
});

test('W3 what only the user can unlock waits, also requests that come meanwhile, and goes on', async () => {
  const { connection, paths, next } = fakeServer(echo);
  next.push(423, 423);
  const first = connection.fetch('/a');
  await settled();
  assert.equal(connection.locked.value, true);
  const second = connection.call('Core/echo', { n: 1 }).answer;
  await settled();
  assert.deepEqual(paths, ['/a', '/auth/unlock']);
  connection.unlocked();
  assert.equal((await first).status, 200);
  assert.deepEqual(await second, { n: 1 });
  assert.equal(connection.signedIn.value, true);
});

test('W3 what waits while locked ends with the session', async () => {
  const { connection, next } = fakeServer(echo);
  connection.lock();
  next.push(401);
  const waiting = connection.fetch('/a');
  connection.closed();
  await assert.rejects(waiting, (error) => error instanceof ModelError && error.code === 'auth/signed-out');
});

test('E38 what is longer than Postern takes is said so', async () => {
  const { connection, next } = fakeServer(echo);
  next.push(413);
  await assert.rejects(connection.call('Core/echo', {}).answer, { message: 'It is longer than Postern takes.' });
});

test('W3 401 signs out and rejects', async () => {
  const { connection, next } = fakeServer(echo);
  next.push(401);
  await assert.rejects(
    connection.call('Core/echo', {}).answer,
    (error) => error instanceof ModelError && error.code === 'auth/signed-out',
  );
  assert.equal(connection.signedIn.value, false);
});

test('W2 without a line reads wait and are repeated with growing rests', async () => {
  const { connection, clock, next, paths } = fakeServer(get);
  next.push(null, null, 503);
  const answer = connection.call('Email/get', { accountId, ids: [] }).answer;
  await settled();
  const line = connection.line.value;
  assert.equal(line.at, 'offline');
  assert.deepEqual(line.at === 'offline' ? [line.retryAt - line.since, line.why] : [], [1_000, 'network']);
  clock.pass(1_000);
  await settled();
  clock.pass(1_999);
  await settled();
  assert.equal(paths.length, 2);
  clock.pass(1);
  await settled();
  assert.equal((connection.line.value as { why?: string }).why, 'server');
  connection.wake();
  assert.deepEqual(await answer, { list: [], notFound: [] });
  assert.deepEqual(connection.line.value, { at: 'online' });
});

test('W2 an answer that breaks off is none: what reads is repeated, what is fetched says that there is no line', async () => {
  const broken = (): Response => {
    const parts = [new TextEncoder().encode('{"methodResp')];
    const pull = (controller: ReadableStreamDefaultController<Uint8Array<ArrayBuffer>>): void => {
      const part = parts.shift();
      if (part) controller.enqueue(part);
      else controller.error(new DOMException('signal timed out', 'TimeoutError'));
    };
    return new Response(new ReadableStream({ pull }));
  };
  /** As Chromium gives it. */
  const none = (): Response => Object.defineProperty(new Response(''), 'status', { value: 204 });
  const answers = [broken, broken, none];
  const clock = stillClock();
  const connection = openConnection({ fetch: () => Promise.resolve((answers.shift() ?? broken)()), clock });
  const offline = (error: unknown): boolean => error instanceof ModelError && error.code === 'net/offline';
  await assert.rejects(connection.fetch('/auth/tokens'), offline);
  const reading = connection.call('Email/get', { accountId, ids: [] }).answer;
  await settled();
  assert.equal(connection.line.value.at === 'offline' && connection.line.value.why, 'network');
  assert.equal((await connection.fetch('/auth/lock', { method: 'POST' })).status, 204);
  answers.push(() => Response.json({ methodResponses: [['Email/get', { list: [] }, 'c0']], sessionState: 's' }));
  connection.wake();
  assert.deepEqual(await reading, { list: [] });
});

test('W2 what creates is never repeated: it fails when its answer is lost', async () => {
  const { connection, next, paths } = fakeServer({ 'Email/set': () => ({}), ...get });
  next.push(null);
  const create = connection.call('Email/set', { accountId, create: { a: { mailboxIds: {} } } }).answer;
  const read = connection.call('Email/get', { accountId, ids: ['M1' as EmailId] }).answer;
  await assert.rejects(create, (error) => error instanceof ModelError && error.code === 'net/offline');
  await read;
  assert.deepEqual(paths, ['/jmap/api', '/jmap/api']);
});
