import type { UserId } from '#vault/keeper.ts';
import type { Sent } from './event-stream.ts';

export type News =
  | { kind: 'states'; account: string; states: Record<string, string> }
  /** The user's accounts are others than before: the JMAP session object is to be read anew. */
  | { kind: 'session'; sent: Sent }
  /** A mail document has told how tall its content is; see measure.ts. */
  | { kind: 'height'; sent: Sent };

/** Who listens to which user's news. */
export class Hub {
  readonly #listeners = new Map<UserId, Set<(news: News) => void>>();
  readonly #closing = new AbortController();

  /** Aborted when the door closes: every stream ends. */
  get closing(): AbortSignal {
    return this.#closing.signal;
  }

  listen(user: UserId, listener: (news: News) => void): () => void {
    const all = this.#listeners.get(user) ?? new Set();
    all.add(listener);
    this.#listeners.set(user, all);
    return () => {
      all.delete(listener);
      if (all.size === 0) this.#listeners.delete(user);
    };
  }

  tell(user: UserId, news: News): void {
    for (const listener of this.#listeners.get(user) ?? []) listener(news);
  }

  get streams(): number {
    return [...this.#listeners.values()].reduce((sum, all) => sum + all.size, 0);
  }

  close(): void {
    this.#closing.abort();
  }
}
