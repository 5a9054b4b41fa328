import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import type { Browser } from '../e2e/browser.ts';
import * as kit from '../e2e/unlockers-kit.ts';
import type { Secrets } from './mailbox.ts';

interface Person {
  address: string;
  password: string;
}

const made = async (answer: Response): Promise<Response> => {
  assert.ok(answer.ok, await answer.clone().text());
  return answer;
};

/**
 * Gives somebody who is signed in every unlocker there is, a further account and, last, a one-time code. All that is
 * secret of them is added to `secrets`.
 */
export const furnish = async (browser: Browser, user: Person, further: Person, secrets: Secrets): Promise<void> => {
  const site = `Site-${randomBytes(9).toString('hex')}-Xq`;
  secrets.set('site password', site).set('further password', further.password);
  await kit.prove(browser, user.password);
  await made(await kit.setSite(browser, 'the.owner', site));
  const code = await kit.makeRecovery(browser);
  secrets.set('recovery code', code).set('recovery digits', code.replaceAll('-', ''));
  const { key, answer } = await kit.addPasskey(browser.at(browser.url.replace('127.0.0.1', 'localhost')));
  await made(answer);
  const prf = Buffer.from(key.prf);
  secrets.set('PRF of the passkey', prf.toString('hex')).set('PRF in base64', prf.toString('base64url'));
  await made(await browser.post('/auth/accounts', { ...further }));
  const begun = await made(await browser.post('/auth/unlockers/totp/begin', {}));
  const { secret } = (await begun.json()) as { secret: string };
  secrets.set('one-time-code secret', secret);
  await made(await browser.post('/auth/unlockers/totp', { code: kit.totpCode(secret) }));
};
