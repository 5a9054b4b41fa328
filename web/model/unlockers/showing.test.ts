import assert from 'node:assert/strict';
import { test } from 'node:test';
import { problemPrefix } from '#jmap/auth/problems.ts';
import { show, signInWith } from './showing.ts';

/** A Postern that takes what it is given, and remembers the form in front of the boxes. */
const postern = () => {
  const asked: { url: string; form: Record<string, unknown>; boxes: number }[] = [];
  const fetch = (url: string, init: RequestInit): Promise<Response> => {
    if (url === '/auth/key') return Promise.resolve(Response.json({ key: Buffer.alloc(32, 9).toString('base64url') }));
    if (url.endsWith('/begin'))
      return Promise.resolve(Response.json({ id: 'ch', challenge: 'AQ', rpId: 'localhost', salt: 'Ag' }));
    const body = Buffer.from(init.body as Uint8Array<ArrayBuffer>);
    const end = 4 + body.readUInt32BE();
    assert.ok(!body.includes('secret-1'), 'nothing secret in clear');
    const form = JSON.parse(body.subarray(4, end).toString()) as Record<string, unknown>;
    const length = body.readUInt16BE(end);
    asked.push({ url, form, boxes: end + 2 + length === body.length ? 1 : 2 });
    return Promise.resolve(Response.json({ user: {}, accounts: [] }));
  };
  return { fetch, asked };
};
const bytes = (value: number): ArrayBuffer => Uint8Array.of(value).buffer;
const credentials = {
  create: () => Promise.resolve(null),
  get: () =>
    Promise.resolve({
      rawId: bytes(1),
      getClientExtensionResults: () => ({ prf: { results: { first: new ArrayBuffer(32) } } }),
      response: { clientDataJSON: bytes(2), authenticatorData: bytes(3), signature: bytes(4), userHandle: bytes(5) },
    } as unknown as Credential),
};

test('U15 each unlocker goes to its own place, sealed, with what names it', async () => {
  const { fetch, asked } = postern();
  const showing = { fetch, credentials };
  await signInWith(showing, { kind: 'site', password: 'secret-1', name: ' ada ' }, { remember: true, totp: '123456' });
  await signInWith(showing, { kind: 'recovery', code: 'secret-1' }, { remember: false });
  await signInWith(showing, { kind: 'passkey' }, { remember: true });
  await show(showing, '/auth/unlock', { kind: 'mail', password: 'secret-1' });
  await show(showing, '/auth/prove', { kind: 'site', password: 'secret-1' }, '654321');
  assert.deepEqual(
    asked.map(({ url, boxes }) => [url, boxes]),
    [
      ['/auth/sign-in/site', 1],
      ['/auth/sign-in/recovery', 1],
      ['/auth/sign-in/passkey', 1],
      ['/auth/unlock', 1],
      ['/auth/prove', 1],
    ],
  );
  assert.deepEqual(asked[0]?.form, { remember: true, name: 'ada', totp: '123456' });
  assert.deepEqual(asked[1]?.form, { remember: false });
  assert.equal(asked[2]?.form['credentialId'], 'AQ');
  assert.equal(asked[2]?.form['id'], 'ch');
  assert.deepEqual(asked[3]?.form, {});
  assert.deepEqual(asked[4]?.form, { kind: 'site', totp: '654321' });
});

test('U3 a page without passkeys says so before anything is sent', async () => {
  const { fetch, asked } = postern();
  const answer = await show({ fetch, credentials: undefined }, '/auth/unlock', { kind: 'passkey' });
  assert.equal(!answer.ok && answer.problem.type, `${problemPrefix}passkey-unsupported`);
  assert.equal(asked.length, 0);
});
