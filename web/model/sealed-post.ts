import type { ProblemDocument, ProblemName, SealingKey } from '#jmap/auth.ts';
import { problemPrefix } from '#jmap/auth.ts';
import type { Fetch } from './connection.ts';
import { ModelError } from './errors.ts';
import { readKey, sealForm, type Sealed } from './seal.ts';

/** Forms with secrets, and answers as something that worked or a problem with words. */

export type Outcome<T> = { ok: true; value: T } | { ok: false; problem: ProblemDocument };

const problem = (type: string, title: string, detail: string, status = 0): ProblemDocument => ({
  type: `${problemPrefix}${type}`,
  title,
  detail,
  status,
});

export const offline = problem(
  'offline',
  'Postern does not answer.',
  'Check the connection of this device, and try again.',
);

const over = problem('unauthenticated', 'Your session has ended.', 'Sign in again to go on.', 401);

const broken = (status: number): ProblemDocument =>
  problem('internal', 'Postern could not answer.', `It said ${status}. Try again in a moment.`, status);

export const isProblem = (given: ProblemDocument | null, ...names: readonly (ProblemName | 'offline')[]): boolean =>
  names.some((name) => given?.type === `${problemPrefix}${name}`);

export const problemIn = async (answer: Response): Promise<ProblemDocument> => {
  try {
    const said = (await answer.json()) as Partial<ProblemDocument>;
    return typeof said.type === 'string' ? (said as ProblemDocument) : broken(answer.status);
  } catch {
    return broken(answer.status);
  }
};

/** The answer's JSON; an empty one is undefined. Never rejects. */
export const answered = async <T>(asked: () => Promise<Response>): Promise<Outcome<T>> => {
  try {
    const answer = await asked();
    if (!answer.ok) return { ok: false, problem: await problemIn(answer) };
    const text = await answer.text();
    return { ok: true, value: (text === '' ? undefined : JSON.parse(text)) as T };
  } catch (error) {
    if (error instanceof ModelError && error.code === 'auth/signed-out') return { ok: false, problem: over };
    return { ok: false, problem: error instanceof SyntaxError ? broken(200) : offline };
  }
};

const common = { credentials: 'same-origin', cache: 'no-store' } as const;

/** A request with JSON. Never rejects. */
export const sendJson = <T>(fetch: Fetch, url: string, body: object, method = 'POST'): Promise<Outcome<T>> =>
  answered<T>(() =>
    fetch(url, {
      ...common,
      method,
      headers: { 'content-type': 'application/json', accept: 'application/json' },
      body: JSON.stringify(body),
    }),
  );

export const getJson = <T>(fetch: Fetch, url: string): Promise<Outcome<T>> =>
  answered<T>(() => fetch(url, { ...common, headers: { accept: 'application/json' } }));

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
