import type { DiscoveryStep, ProblemDocument, SealingKey, SignInRequest } from '#jmap/auth.ts';
import { problemPrefix } from '#jmap/auth.ts';
import type { Fetch } from './connection.ts';
import { readKey, sealSignIn } from './seal.ts';

export type SignInAnswer = { ok: true } | { ok: false; problem: ProblemDocument };

const problem = (type: string, title: string, detail: string, status = 0): ProblemDocument => ({
  type: `${problemPrefix}${type}`,
  title,
  detail,
  status,
});

const offline = problem('offline', 'Postern does not answer.', 'Check the connection of this device, and try again.');

const broken = (status: number): ProblemDocument =>
  problem('internal', 'Postern could not answer.', `It said ${status}. Try again in a moment.`, status);

const problemIn = async (answer: Response): Promise<ProblemDocument> => {
  try {
    return (await answer.json()) as ProblemDocument;
  } catch {
    return broken(answer.status);
  }
};

/** Asks for the key of the keeper as it runs now, and sends the passwords sealed to it. */
const attempt = async (fetch: Fetch, wish: SignInRequest): Promise<SignInAnswer> => {
  const common = { credentials: 'same-origin', cache: 'no-store' } as const;
  const asked = await fetch('/auth/key', { ...common, headers: { accept: 'application/json' } });
  if (!asked.ok) return { ok: false, problem: await problemIn(asked) };
  const key = readKey(((await asked.json()) as SealingKey).key);
  if (!key) return { ok: false, problem: broken(asked.status) };
  const answer = await fetch('/auth/sign-in', {
    ...common,
    method: 'POST',
    headers: { 'content-type': 'application/octet-stream', accept: 'application/json' },
    body: sealSignIn(wish, key),
  });
  return answer.ok ? { ok: true } : { ok: false, problem: await problemIn(answer) };
};

/** Signs in; every failure is a problem with words. Never rejects. */
export const signIn = async (fetch: Fetch, wish: SignInRequest): Promise<SignInAnswer> => {
  try {
    const first = await attempt(fetch, wish);
    // The keeper was started again between the key and the boxes; a later key fits.
    const outdated = !first.ok && first.problem.type === `${problemPrefix}key-outdated`;
    return outdated ? await attempt(fetch, wish) : first;
  } catch {
    return { ok: false, problem: offline };
  }
};

/** One event of a text/event-stream, as far as it is complete. */
const events = function* (text: string): Generator<{ data: string; rest: string }> {
  let rest = text;
  for (let end = rest.search(/\r?\n\r?\n/u); end >= 0; end = rest.search(/\r?\n\r?\n/u)) {
    const block = rest.slice(0, end);
    rest = rest.slice(end).replace(/^\r?\n\r?\n/u, '');
    const data = block
      .split(/\r?\n/u)
      .filter((line) => line.startsWith('data:'))
      .map((line) => line.slice(5).trimStart())
      .join('\n');
    yield { data, rest };
  }
};

/** The steps by which the servers of an address are found, as they come. Ends quietly when `signal` aborts. */
export const discover = async function* (
  fetch: Fetch,
  address: string,
  signal: AbortSignal,
): AsyncGenerator<DiscoveryStep> {
  let answer: Response;
  try {
    answer = await fetch('/auth/discover', {
      method: 'POST',
      credentials: 'same-origin',
      headers: { 'content-type': 'application/json', accept: 'text/event-stream' },
      body: JSON.stringify({ address }),
      signal,
    });
  } catch {
    return;
  }
  if (!answer.ok || !answer.body) return;
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  let text = '';
  try {
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return;
      text += value;
      for (const { data, rest } of events(text)) {
        text = rest;
        if (data !== '') yield JSON.parse(data) as DiscoveryStep;
      }
    }
  } catch {
    // The line broke or nobody wants to know any more; the form stands without the steps.
  }
};
