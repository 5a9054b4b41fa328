import type { ProblemDocument, ProblemName } from '#jmap/auth/problems.ts';
import { problemPrefix } from '#jmap/auth/problems.ts';
import type { Fetch } from './connection.ts';
import { ModelError } from './errors.ts';

/** Questions to `/auth`, and their answers: something that worked, or a problem with words. */

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

export const broken = (status: number): ProblemDocument =>
  problem('internal', 'Postern could not answer.', `It said ${status}. Try again in a moment.`, status);

export const isProblem = (given: ProblemDocument | null, ...names: readonly (ProblemName | 'offline')[]): boolean =>
  names.some((name) => given?.type === `${problemPrefix}${name}`);

const problemIn = async (answer: Response): Promise<ProblemDocument> => {
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

/** Of every request to `/auth`. */
export const common = { credentials: 'same-origin', cache: 'no-store' } as const;

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
