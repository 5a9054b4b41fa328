import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openApp } from './door.testkit.ts';

interface JmapProblem {
  type: string;
  status: number;
  limit?: string;
}

const problemOf = async (answer: Response): Promise<JmapProblem> => {
  assert.equal(answer.headers.get('content-type'), 'application/problem+json');
  const { type, status, limit } = (await answer.json()) as JmapProblem;
  assert.equal(status, answer.status);
  return { type: type.replace('urn:ietf:params:jmap:error:', ''), status, ...(limit === undefined ? {} : { limit }) };
};

test('D77 a JMAP request says that it is JSON, with parameters or without', async () => {
  await using door = await openApp();
  await door.signIn();
  const send = (type: string): Promise<Response> =>
    door.fetch('/jmap/api', {
      method: 'POST',
      body: Buffer.from('{}'),
      headers: type === '' ? {} : { 'content-type': type },
    });
  for (const type of [
    '',
    'text/plain',
    'text/plain;charset=UTF-8',
    'application/jsonx',
    'application/json5;application/json',
  ])
    assert.deepEqual(await problemOf(await send(type)), { type: 'notJSON', status: 400 }, type);
  assert.ok(!door.asked.includes('api'), 'nothing was run');
  for (const type of ['application/json', 'application/json; charset=utf-8', 'Application/JSON ;x=y'])
    assert.equal((await send(type)).status, 200, type);
});

test('D26 what is too large names the limit of the session object that it passed', async () => {
  await using door = await openApp();
  await door.signIn();
  for (const [path, length, limit] of [
    ['/jmap/api', 10_000_001, 'maxSizeRequest'],
    ['/jmap/upload/A1', 50_000_001, 'maxSizeUpload'],
  ] as const) {
    const headers = { 'content-type': 'application/json', 'content-length': String(length) };
    const answer = await door.fetch(path, { method: 'POST', body: Buffer.from('{}'), headers });
    assert.deepEqual(await problemOf(answer), { type: 'limit', status: 413, limit });
  }
  assert.ok(!door.asked.includes('api') && !door.asked.includes('upload'));
});

test('D78 who is not signed in is told that a Bearer token would do; a wrong password opens no box of the browser', async () => {
  await using door = await openApp();
  const challengeOf = async (answer: Promise<Response>): Promise<[number, string | null]> => {
    const { status, headers } = await answer;
    return [status, headers.get('www-authenticate')];
  };
  for (const path of ['/.well-known/jmap', '/jmap/eventsource', '/jmap/download/A1/G1/x', '/auth/session'])
    assert.deepEqual(await challengeOf(door.fetch(path)), [401, 'Bearer'], path);
  for (const path of ['/jmap/api', '/jmap/upload/A1'])
    for (const headers of [{}, { authorization: 'Bearer nonsense' }, { authorization: 'Basic eA==' }])
      assert.deepEqual(await challengeOf(door.post(path, {}, { headers })), [401, 'Bearer'], path);
  assert.deepEqual(await challengeOf(door.signIn('wrong')), [401, null]);
  await door.signIn();
  assert.deepEqual(await challengeOf(door.post('/jmap/api', {})), [200, null]);
});
