import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';

interface Cookie {
  value: string;
  path: string;
}

/** As much of a browser as HTTP tests need: a jar, the Origin header, a JMAP call, an event stream. */
export class Browser {
  readonly url: string;
  readonly jar = new Map<string, Cookie>();
  /** The account signed in to. */
  account = '';

  constructor(url: string) {
    this.url = url;
  }

  /** The same jar before another start of the server. */
  at(url: string): Browser {
    const other = new Browser(url);
    for (const [name, cookie] of this.jar) other.jar.set(name, cookie);
    other.account = this.account;
    return other;
  }

  cookies(path: string): string {
    const sent = [...this.jar].filter(([, cookie]) => path.startsWith(cookie.path));
    return sent.map(([name, cookie]) => `${name}=${cookie.value}`).join('; ');
  }

  async fetch(path: string, init: RequestInit & { origin?: string | null } = {}): Promise<Response> {
    const headers = new Headers(init.headers);
    const cookies = this.cookies(path);
    if (cookies !== '') headers.set('cookie', cookies);
    if (init.origin !== null && (init.method ?? 'GET') !== 'GET') headers.set('origin', init.origin ?? this.url);
    const answer = await fetch(new URL(path, this.url), { redirect: 'manual', ...init, headers });
    for (const line of answer.headers.getSetCookie()) {
      const [pair = '', ...attributes] = line.split('; ');
      const [name = '', value = ''] = pair.split('=');
      if (attributes.includes('Max-Age=0')) this.jar.delete(name);
      else this.jar.set(name, { value, path: attributes.find((a) => a.startsWith('Path='))?.slice(5) ?? '/' });
    }
    return answer;
  }

  post(path: string, body?: unknown, init: RequestInit & { origin?: string | null } = {}): Promise<Response> {
    if (body === undefined) return this.fetch(path, { method: 'POST', ...init });
    const headers = { 'content-type': 'application/json', ...(init.headers as Record<string, string> | undefined) };
    return this.fetch(path, { method: 'POST', ...init, headers, body: JSON.stringify(body) });
  }

  async signIn(address: string, password: string, more: Record<string, unknown> = {}): Promise<Response> {
    const answer = await this.post('/auth/sign-in', { address, password, ...more });
    if (answer.ok) {
      const facts = (await answer.clone().json()) as { accounts: { id: string }[] };
      this.account = facts.accounts[0]?.id ?? '';
    }
    return answer;
  }

  /** Method responses of one request, by name of the call. */
  async jmap(calls: readonly (readonly [string, Record<string, unknown>])[], init: RequestInit = {}): Promise<Answers> {
    const answer = await this.post('/jmap/api', this.request(calls), init);
    assert.equal(answer.status, 200, await answer.clone().text());
    const { methodResponses } = (await answer.json()) as {
      methodResponses: [string, Record<string, unknown>, string][];
    };
    return methodResponses.map(([, response]) => response);
  }

  request(calls: readonly (readonly [string, Record<string, unknown>])[]): unknown {
    return {
      using: ['urn:ietf:params:jmap:core', 'urn:ietf:params:jmap:mail', 'urn:ietf:params:jmap:submission'],
      methodCalls: calls.map(([name, args], i) => [name, { accountId: this.account, ...args }, `c${i}`]),
    };
  }

  /** Asks until the answer is right: sync goes on beside. */
  async until<T>(ask: () => Promise<T>, right: (answer: T) => boolean, ms = 10_000): Promise<T> {
    for (const end = Date.now() + ms; ; await sleep(30)) {
      const answer = await ask();
      if (right(answer)) return answer;
      assert.ok(Date.now() < end, `still ${JSON.stringify(answer)?.slice(0, 500)}`);
    }
  }

  /** Events of a stream as they come. */
  async *events(
    path: string,
    init: RequestInit = {},
  ): AsyncGenerator<{ event: string; data: string; id: string | null }> {
    const answer = await this.fetch(path, init);
    assert.equal(answer.status, 200, await (answer.ok ? '' : answer.text()));
    let text = '';
    const decoder = new TextDecoder();
    for await (const chunk of answer.body ?? []) {
      text += decoder.decode(chunk as Uint8Array, { stream: true });
      for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
        const block = text.slice(0, end);
        text = text.slice(end + 2);
        const field = (name: string): string | null => new RegExp(`^${name}: (.*)$`, 'm').exec(block)?.[1] ?? null;
        const event = field('event');
        if (event !== null) yield { event, data: field('data') ?? '', id: field('id') };
      }
    }
  }
}

export type Answers = Record<string, unknown>[];

/** Type of a problem document without its prefix. */
export const problemOf = async (answer: Response): Promise<[number, string]> => {
  const text = await answer.text();
  assert.doesNotMatch(text, /node_modules|\.ts:\d+|at \w+ \(/, 'no stack leaves the server');
  const { type } = JSON.parse(text) as { type: string };
  return [answer.status, type.replace('urn:postern:problem:', '')];
};
