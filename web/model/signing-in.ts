import type { DiscoveryStep } from '#jmap/auth/discovery.ts';
import type { SignedIn, SignInRequest } from '#jmap/auth/sign-in.ts';
import type { Fetch } from './connection.ts';
import type { Sealed } from './seal.ts';
import { type Outcome } from './asking.ts';
import { postSealed } from './sealed-post.ts';

export type SignInAnswer = Outcome<SignedIn>;

/**
 * Signs in with a mail account; every failure is a problem with words. `opening` is the secret that `opens` speaks of.
 * Never rejects.
 */
export const signIn = (
  fetch: Fetch,
  { password, previousPassword, ...form }: SignInRequest,
  opening?: Sealed,
): Promise<SignInAnswer> =>
  postSealed(fetch, '/auth/sign-in', form, [
    ...[password, previousPassword]
      .filter((secret) => secret !== undefined)
      .map((secret): Sealed => ({ purpose: 'mailPassword', login: form.address, secret })),
    ...(opening ? [opening] : []),
  ]);

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
