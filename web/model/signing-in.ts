import type { DiscoveryStep, ProblemDocument, SignInRequest } from '#jmap/auth.ts';
import { problemPrefix } from '#jmap/auth.ts';
import type { Fetch } from './connection.ts';

export type SignInAnswer = { ok: true } | { ok: false; problem: ProblemDocument };

const problem = (type: string, title: string, detail: string, status = 0): ProblemDocument => ({
  type: `${problemPrefix}${type}`,
  title,
  detail,
  status,
});

const offline = problem('offline', 'Postern does not answer.', 'Check the connection of this device, and try again.');

/** Signs in; every failure is a problem with words. Never rejects. */
export const signIn = async (fetch: Fetch, wish: SignInRequest): Promise<SignInAnswer> => {
  let answer: Response;
  try {
    answer = await fetch('/auth/sign-in', {
      method: 'POST',
      credentials: 'same-origin',
      headers: { 'content-type': 'application/json', accept: 'application/json' },
      body: JSON.stringify(wish),
    });
  } catch {
    return { ok: false, problem: offline };
  }
  if (answer.ok) return { ok: true };
  try {
    return { ok: false, problem: (await answer.json()) as ProblemDocument };
  } catch {
    return {
      ok: false,
      problem: problem(
        'internal',
        'Postern could not answer.',
        `It said ${answer.status}. Try again in a moment.`,
        answer.status,
      ),
    };
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
