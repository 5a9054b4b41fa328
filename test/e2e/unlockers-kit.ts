import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import type { PasskeyChallenge } from '#jmap/auth/sign-in.ts';
import type { NewPasskeyRequest, PasskeyOffer, Unlockers } from '#jmap/auth/unlockers.ts';
import { readKey, type Sealed, sealForm } from '#model/seal.ts';
import { Passkey } from './authenticator.ts';
import { Browser } from './browser.ts';

/** What a browser does with unlockers, for tests through the public door. */

/** Passkeys need a name. */
export const byName = (browser: Browser): Browser => new Browser(browser.url.replace('127.0.0.1', 'localhost'));

export const postSealed = async (
  browser: Browser,
  path: string,
  form: object,
  ...secrets: readonly Sealed[]
): Promise<Response> => {
  const { key } = (await (await browser.fetch('/auth/key')).json()) as { key: string };
  const publicKey = readKey(key);
  assert.ok(publicKey);
  const headers = { 'content-type': 'application/octet-stream' };
  return browser.fetch(path, { method: 'POST', headers, body: Buffer.from(sealForm(form, secrets, publicKey)) });
};

export const patch = (browser: Browser, path: string, body: unknown): Promise<Response> =>
  browser.fetch(path, { method: 'PATCH', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });

export const unlockers = async (browser: Browser): Promise<Unlockers> => {
  const answer = await browser.fetch('/auth/unlockers');
  assert.equal(answer.status, 200, await answer.clone().text());
  return (await answer.json()) as Unlockers;
};

export const prove = async (browser: Browser, password: string, more: object = {}): Promise<void> => {
  const answer = await browser.post('/auth/prove', { password, ...more });
  assert.equal(answer.status, 204, await answer.text());
};

export const setSite = (browser: Browser, name: string, password: string, more: object = {}): Promise<Response> =>
  browser.post('/auth/unlockers/site', { name, password, ...more });

const prfOf = (key: Passkey): Sealed => ({ purpose: 'passkey', login: '', secret: key.prf });

/** Makes a passkey and has it kept. */
export const addPasskey = async (browser: Browser, key = new Passkey(), change: Partial<NewPasskeyRequest> = {}) => {
  const begun = await browser.post('/auth/unlockers/passkey/begin', {});
  assert.equal(begun.status, 200, await begun.clone().text());
  const made = key.make((await begun.json()) as PasskeyOffer, browser.url);
  return { key, answer: await postSealed(browser, '/auth/unlockers/passkey', { ...made, ...change }, prfOf(key)) };
};

export const challengeFor = async (browser: Browser): Promise<PasskeyChallenge> => {
  const answer = await browser.post('/auth/sign-in/passkey/begin', {});
  assert.equal(answer.status, 200, await answer.clone().text());
  return (await answer.json()) as PasskeyChallenge;
};

/** Shows a passkey at one of the places that take it. */
export const showPasskey = async (
  browser: Browser,
  key: Passkey,
  path = '/auth/sign-in/passkey',
  more: object = {},
): Promise<Response> => {
  const answer = key.answer(await challengeFor(browser), browser.url);
  const kind = path === '/auth/sign-in/passkey' ? {} : { kind: 'passkey' };
  return postSealed(browser, path, { ...kind, ...answer, ...more }, prfOf(key));
};

/** A recovery code that was shown and typed back. */
export const makeRecovery = async (browser: Browser): Promise<string> => {
  const shown = await browser.post('/auth/unlockers/recovery', {});
  assert.equal(shown.status, 201, await shown.clone().text());
  const { code } = (await shown.json()) as { code: string };
  assert.equal((await browser.post('/auth/unlockers/recovery/confirm', { code })).status, 204);
  return code;
};

/** An authenticator app – RFC 6238. */
export const totpCode = (secret: string, at = Date.now()): string => {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
  const bits = Array.from(secret, (letter) => alphabet.indexOf(letter).toString(2).padStart(5, '0')).join('');
  const key = Buffer.from((bits.match(/.{8}/g) ?? []).map((byte) => Number.parseInt(byte, 2)));
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(Math.floor(at / 30_000)));
  const mac = createHmac('sha1', key).update(counter).digest();
  return String((mac.readUInt32BE((mac[19] ?? 0) & 15) & 0x7fff_ffff) % 1_000_000).padStart(6, '0');
};
