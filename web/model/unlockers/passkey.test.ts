import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PasskeyOffer } from '#jmap/auth/unlockers.ts';
import { type Credentials, makePasskey, passkeyWords, showPasskey } from './passkey.ts';

const bytes = (...values: number[]): ArrayBuffer => Uint8Array.from(values).buffer;
const secret = bytes(...Array.from({ length: 32 }, (_, at) => at));

const offer: PasskeyOffer = {
  id: 'ch',
  challenge: 'AQID',
  rpId: 'mail.example.org',
  salt: 'BAUG',
  rpName: 'Postern',
  user: { id: 'dXNlcg', name: 'ada@example.org', displayName: 'Ada' },
  exclude: [{ id: '_-8', transports: ['internal'] }],
  algorithms: [-8, -7],
};

const credential = (prf: object, response: object): unknown => ({
  rawId: bytes(255, 239),
  getClientExtensionResults: () => ({ prf }),
  response,
});
const attestation = {
  clientDataJSON: bytes(1),
  getAuthenticatorData: () => bytes(2, 3),
  getTransports: () => ['internal'],
};
const assertion = { clientDataJSON: bytes(1), authenticatorData: bytes(2), signature: bytes(3), userHandle: bytes(4) };

interface Asked {
  create: CredentialCreationOptions[];
  get: CredentialRequestOptions[];
}
const device = (created: unknown, shown: unknown): { credentials: Credentials; asked: Asked } => {
  const asked: Asked = { create: [], get: [] };
  const answer = (given: unknown): Promise<Credential | null> =>
    given instanceof Error ? Promise.reject(given) : Promise.resolve(given as Credential | null);
  return {
    asked,
    credentials: {
      create: (options) => {
        asked.create.push(options ?? {});
        return answer(created);
      },
      get: (options) => {
        asked.get.push(options ?? {});
        return answer(shown);
      },
    },
  };
};
const bytesOf = (given: BufferSource | undefined): number[] => (given instanceof Uint8Array ? [...given] : []);
const named = (name: string): Error => Object.assign(new Error('x'), { name });

test('U2 a passkey is asked for as found without a name, verified, with PRF, and not twice on one device', async () => {
  const { credentials, asked } = device(credential({ enabled: true, results: { first: secret } }, attestation), null);
  const made = await makePasskey(credentials, offer);
  assert.ok(made.ok);
  assert.deepEqual(made.value, {
    id: 'ch',
    credentialId: '_-8',
    clientData: 'AQ',
    authenticatorData: 'AgM',
    transports: ['internal'],
  });
  assert.deepEqual(made.secret, new Uint8Array(secret));
  const options = asked.create[0]?.publicKey;
  assert.equal(options?.authenticatorSelection?.residentKey, 'required');
  assert.equal(options?.authenticatorSelection?.userVerification, 'required');
  assert.deepEqual(bytesOf(options?.excludeCredentials?.[0]?.id), [255, 239]);
  assert.deepEqual(bytesOf(options?.extensions?.prf?.eval?.first), [4, 5, 6]);
  assert.equal(asked.get.length, 0);
});

test('U2 a device that gives its secret only when shown is asked once more, for this passkey alone', async () => {
  const shown = credential({ results: { first: new Uint8Array(secret) } }, assertion);
  const { credentials, asked } = device(credential({ enabled: true }, attestation), shown);
  const made = await makePasskey(credentials, offer);
  assert.ok(made.ok);
  assert.equal(made.secret.length, 32);
  assert.deepEqual(bytesOf(asked.get[0]?.publicKey?.allowCredentials?.[0]?.id), [255, 239]);
});

test('U3 without PRF nothing is taken; what browsers throw has a name and words', async () => {
  const without = await makePasskey(device(credential({}, attestation), null).credentials, offer);
  assert.deepEqual(without, { ok: false, why: 'no-prf' });
  const noSecret = await showPasskey(device(null, credential({}, assertion)).credentials, offer);
  assert.deepEqual(noSecret, { ok: false, why: 'no-prf' });
  for (const [name, why] of [
    ['NotAllowedError', 'cancelled'],
    ['InvalidStateError', 'there-already'],
    ['SecurityError', 'failed'],
  ] as const) {
    assert.deepEqual(await makePasskey(device(named(name), null).credentials, offer), { ok: false, why });
    for (const doing of ['make', 'show'] as const) assert.ok(passkeyWords(why, doing).detail.length > 10);
  }
  assert.deepEqual(await showPasskey(undefined, offer), { ok: false, why: 'unsupported' });
});

test('U2 a passkey that is shown says whose it is and brings its secret', async () => {
  const { credentials, asked } = device(null, credential({ results: { first: secret } }, assertion));
  const shown = await showPasskey(credentials, offer);
  assert.ok(shown.ok);
  assert.deepEqual(shown.value, {
    id: 'ch',
    credentialId: '_-8',
    clientData: 'AQ',
    authenticatorData: 'Ag',
    signature: 'Aw',
    userHandle: 'BA',
  });
  assert.equal(asked.get[0]?.publicKey?.userVerification, 'required');
  assert.equal(asked.get[0]?.publicKey?.allowCredentials, undefined);
});
