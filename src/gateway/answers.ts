import type { ChangeType } from '#index/types.ts';
import type { Caller, Host } from './types.ts';

/** What an index-only answer depends on besides the request. */
export const stampedTypes: readonly ChangeType[] = ['Mailbox', 'Email', 'Thread'];

const mostEntries = 64;
const mostBytes = 2_000_000;
const largest = 400_000;
const longestRequest = 20_000;

interface Kept {
  stamp: string;
  body: Buffer;
  tasks: (() => void)[];
}

/**
 * Answers given before to equal bytes by the same user in the same states: a list that is asked for again costs no
 * query. Only answers that follow from request and states alone come in here. What goes out
 * is a copy: the receiver may move its bytes to another thread.
 */
export class Answers {
  readonly #kept = new WeakMap<Host, { entries: Map<string, Kept>; bytes: number }>();

  /** Everything besides the request that the answer may depend on; changes with all that clients may see. */
  static stamp(caller: Caller): string {
    let stamp = `${caller.sessionState} ${caller.readOnly}`;
    for (const { jmapId, index, account } of caller.host.accounts.values()) {
      const name = ` ${jmapId} ${account.position} ${account.address}`;
      stamp += index.read((reader) => stampedTypes.reduce((states, type) => `${states} ${reader.stamp(type)}`, name));
    }
    return stamp;
  }

  /** The answer, and runs what goes with it. */
  find(caller: Caller, request: Buffer): Buffer | undefined {
    const mine = this.#kept.get(caller.host);
    if (!mine || request.length > longestRequest) return undefined;
    const key = request.toString('latin1');
    const known = mine.entries.get(key);
    if (!known) return undefined;
    mine.entries.delete(key);
    if (known.stamp !== Answers.stamp(caller)) {
      mine.bytes -= known.body.length;
      return undefined;
    }
    mine.entries.set(key, known);
    for (const task of known.tasks) task();
    return Buffer.from(known.body);
  }

  /** `stamp` was taken before the request ran. */
  keep(caller: Caller, request: Buffer, stamp: string, body: Buffer, tasks: (() => void)[]): void {
    if (request.length > longestRequest || body.length > largest) return;
    let mine = this.#kept.get(caller.host);
    if (!mine) this.#kept.set(caller.host, (mine = { entries: new Map(), bytes: 0 }));
    const key = request.toString('latin1');
    mine.bytes += body.length - (mine.entries.get(key)?.body.length ?? 0);
    mine.entries.set(key, { stamp, body: Buffer.from(body), tasks });
    for (const [oldest, { body: gone }] of mine.entries) {
      if (mine.entries.size <= mostEntries && mine.bytes <= mostBytes) break;
      mine.entries.delete(oldest);
      mine.bytes -= gone.length;
    }
  }
}
