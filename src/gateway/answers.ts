import { hash } from 'node:crypto';
import type { ChangeType } from '#index/types.ts';
import { sessionState } from './session.ts';
import type { Caller, Host } from './types.ts';

/** What an index-only answer depends on besides the request. */
export const stampedTypes: readonly ChangeType[] = ['Mailbox', 'Email', 'Thread'];

const mostKnown = 64;
const mostBytes = 1_000_000;
const largest = 400_000;
const longestRequest = 20_000;

interface Known {
  stamp: string;
  /** null: asked for once. */
  body: Buffer | null;
  tasks: (() => void)[];
}

interface Mine {
  /** By a hash of the request. */
  known: Map<string, Known>;
  bytes: number;
}

/**
 * Answers to what the same user asks for again in the same states: a list that is looked at again costs no query. Only
 * answers that follow from request and states alone come in here, and only when they are asked for a second time. What
 * goes out is a copy: the receiver may move its bytes to another thread.
 */
export class Answers {
  readonly #mine = new WeakMap<Host, Mine>();

  /** Everything besides the request that the answer may depend on; changes with all that clients may see. */
  static stamp(caller: Caller): string {
    let stamp = sessionState(caller);
    for (const { index } of caller.host.accounts.values())
      stamp += index.read((reader) => stampedTypes.reduce((states, type) => `${states} ${reader.stamp(type)}`, ''));
    return stamp;
  }

  /** What a request is known by; null: too long to be remembered. */
  static keyOf(request: Buffer): string | null {
    return request.length > longestRequest ? null : hash('sha256', request, 'base64');
  }

  /** The answer, and runs what goes with it. */
  find(caller: Caller, key: string | null): Buffer | undefined {
    const mine = this.#mine.get(caller.host);
    const known = key === null ? undefined : mine?.known.get(key);
    if (!mine || key === null || !known?.body) return undefined;
    if (known.stamp !== Answers.stamp(caller)) {
      mine.bytes -= known.body.length;
      known.body = null;
      return undefined;
    }
    mine.known.delete(key);
    mine.known.set(key, known);
    for (const task of known.tasks) task();
    return Buffer.from(known.body);
  }

  /** `stamp` was taken before the request ran. */
  keep(caller: Caller, key: string | null, stamp: string, body: Buffer, tasks: (() => void)[]): void {
    if (key === null || body.length > largest) return;
    let mine = this.#mine.get(caller.host);
    if (!mine) this.#mine.set(caller.host, (mine = { known: new Map(), bytes: 0 }));
    const before = mine.known.get(key);
    mine.bytes -= before?.body?.length ?? 0;
    mine.known.delete(key);
    const known: Known = { stamp, body: before ? Buffer.from(body) : null, tasks: before ? tasks : [] };
    mine.bytes += known.body?.length ?? 0;
    mine.known.set(key, known);
    for (const [oldest, { body: gone }] of mine.known) {
      if (mine.known.size <= mostKnown && mine.bytes <= mostBytes) break;
      mine.known.delete(oldest);
      mine.bytes -= gone?.length ?? 0;
    }
  }
}
