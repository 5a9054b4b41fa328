import type { SealingKey } from '#jmap/auth/sign-in.ts';
import { answered, broken, common, getJson, isProblem, type Outcome } from './asking.ts';
import type { Fetch } from './connection.ts';
import { readKey, sealForm, type Sealed } from './seal.ts';

/** Forms with secrets. Apart from `asking.ts`, since the cryptography is fetched with the screens that ask for secrets. */

/** Asks for the key of the keeper as it runs now, and sends the secrets sealed to it. */
const attempt = async <T>(fetch: Fetch, url: string, wish: object, secrets: readonly Sealed[]): Promise<Outcome<T>> => {
  const asked = await getJson<SealingKey>(fetch, '/auth/key');
  if (!asked.ok) return asked;
  const key = readKey(asked.value.key);
  if (!key) return { ok: false, problem: broken(200) };
  return answered<T>(() =>
    fetch(url, {
      ...common,
      method: 'POST',
      headers: { 'content-type': 'application/octet-stream', accept: 'application/json' },
      body: sealForm(wish, secrets, key),
    }),
  );
};

/** Sends a form with secrets; every failure is a problem with words. Never rejects. */
export const postSealed = async <T>(
  fetch: Fetch,
  url: string,
  wish: object,
  secrets: readonly Sealed[],
): Promise<Outcome<T>> => {
  const first = await attempt<T>(fetch, url, wish, secrets);
  // The keeper was started again between the key and the boxes; a later key fits.
  return !first.ok && isProblem(first.problem, 'key-outdated') ? attempt<T>(fetch, url, wish, secrets) : first;
};
