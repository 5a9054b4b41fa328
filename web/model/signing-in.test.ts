import assert from 'node:assert/strict';
import { test } from 'node:test';
import { problemPrefix } from '#jmap/auth/problems.ts';
import { signIn } from './signing-in.ts';

/** A Postern whose keeper has each of the given keys in turn; `refuse` says which sign-ins come too late. */
const postern = (refuse: readonly string[]) => {
  const said: string[] = [];
  const bodies: Buffer[] = [];
  let keys = 0;
  const fetch = (url: string, init: RequestInit): Promise<Response> => {
    said.push(`${init.method ?? 'GET'} ${url}`);
    if (url === '/auth/key') {
      keys += 1;
      return Promise.resolve(Response.json({ key: Buffer.alloc(32, keys + 8).toString('base64url') }));
    }
    assert.equal(new Headers(init.headers).get('content-type'), 'application/octet-stream');
    bodies.push(Buffer.from(init.body as Uint8Array<ArrayBuffer>));
    const type = refuse[bodies.length - 1];
    return Promise.resolve(
      type === undefined
        ? Response.json({})
        : Response.json({ type: `${problemPrefix}${type}`, title: type, status: 409 }, { status: 409 }),
    );
  };
  return { fetch, said, bodies };
};

const wish = { address: 'alice@example.org', password: 'very-Secret-1', previousPassword: 'former-Secret-2' };
const journey = ['GET /auth/key', 'POST /auth/sign-in'];

test('no password leaves the page unsealed', async () => {
  const { fetch, said, bodies } = postern([]);
  assert.equal((await signIn(fetch, wish)).ok, true);
  assert.deepEqual(said, journey);
  assert.ok(bodies[0]?.includes('alice@example.org'));
  assert.ok(!bodies[0]?.includes('Secret'));
});

test('a keeper started anew in between is asked for its key once more, not for ever', async () => {
  const once = postern(['key-outdated']);
  assert.equal((await signIn(once.fetch, wish)).ok, true);
  assert.deepEqual(once.said, [...journey, ...journey]);
  const always = postern(['key-outdated', 'key-outdated', 'key-outdated']);
  const answer = await signIn(always.fetch, wish);
  assert.equal(!answer.ok && answer.problem.title, 'key-outdated');
  assert.equal(always.bodies.length, 2);
});

test('a wrong password is not sent twice, and what went wrong is told', async () => {
  const { fetch, bodies } = postern(['wrong-password']);
  const answer = await signIn(fetch, wish);
  assert.equal(!answer.ok && answer.problem.title, 'wrong-password');
  assert.equal(bodies.length, 1);
});

test('a key that is none, a Postern that is away or in disorder: each is a problem with words', async () => {
  const answers = [
    () => Promise.reject(new TypeError('network')),
    () => Promise.resolve(new Response('<h1>gateway</h1>', { status: 502 })),
    () => Promise.resolve(Response.json({ key: 'x' })),
    () => Promise.resolve(new Response('<h1>portal</h1>')),
  ];
  for (const fetch of answers) {
    const answer = await signIn(fetch, wish);
    assert.ok(!answer.ok && answer.problem.title !== '' && answer.problem.detail !== '');
  }
});
