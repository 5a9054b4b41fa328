import { signal, type ReadonlySignal, type Signal } from '@preact/signals-core';
import type { NewToken, TokenFacts, TokenRequest } from '#jmap/auth/tokens.ts';
import type { Clock } from '#base/clock.ts';
import type { Question } from '../actions.ts';
import type { Connection } from '../connection.ts';
import { modelError, ModelError } from '../errors.ts';
import type { Toasts } from '../toasts.ts';
import { withProof } from '../unlockers/proof.ts';
import { type Loaded, openLoaded } from './loaded.ts';

/** Days until a token ends; null: never. */
export const lives = [30, 90, 365, null] as const;
export type Life = (typeof lives)[number];

export interface TokenWish {
  name: string;
  readOnly: boolean;
  life: Life;
}

/** API tokens: programs that open the mail by themselves. */
export interface Tokens {
  readonly state: ReadonlySignal<Loaded<TokenFacts>>;
  /** The one just made, with its secret; it is in this page's memory only, until it is put away. */
  readonly fresh: Signal<NewToken | null>;
  load(): Promise<void>;
  /** Whether it was made. Never rejects. */
  make(wish: TokenWish): Promise<boolean>;
  /** Asks first. Never rejects. */
  remove(token: TokenFacts): Promise<void>;
}

export interface TokenParts {
  connection: Connection;
  toasts: Toasts;
  clock: Clock;
  ask(question: Question): Promise<boolean>;
}

const day = 86_400_000;
const url = '/auth/tokens';

const good = (answer: Response, also?: number): Response => {
  if (!answer.ok && answer.status !== also) throw new ModelError('net/server', `status ${answer.status}`);
  return answer;
};

const facts = ({ token: _secret, ...rest }: NewToken): TokenFacts => rest;

export const openTokens = ({ connection, toasts, clock, ask }: TokenParts): Tokens => {
  const fresh = signal<NewToken | null>(null);
  const { state, load, change } = openLoaded(async () => {
    const answer = good(await connection.fetch(url));
    return ((await answer.json()) as { tokens: TokenFacts[] }).tokens;
  });

  const failed = (error: unknown, words: string): void => {
    if (modelError(error).code !== 'auth/signed-out') toasts.show(words, { tone: 'failed' });
  };

  return {
    state,
    fresh,
    load,
    make: async ({ name, readOnly, life }) => {
      const expires = life === null ? null : new Date(clock.now() + life * day).toISOString();
      const wish: TokenRequest = { name: name.trim(), readOnly, expires };
      try {
        const headers = { 'content-type': 'application/json' };
        const body = JSON.stringify(wish);
        const made = good(await withProof(() => connection.fetch(url, { method: 'POST', headers, body })));
        const token = (await made.json()) as NewToken;
        fresh.value = token;
        change((list) => [...list, facts(token)]);
        return true;
      } catch (error) {
        failed(error, 'The token was not made. Try again.');
        return false;
      }
    },
    remove: async (token) => {
      const sure = await ask({
        title: `Delete the token “${token.name}”?`,
        text: 'The program that uses it cannot reach your mail any more. This cannot be undone.',
        yes: 'Delete token',
        no: 'Keep it',
      });
      if (!sure) return;
      try {
        good(await connection.fetch(`${url}/${encodeURIComponent(token.id)}`, { method: 'DELETE' }), 404);
        change((list) => list.filter(({ id }) => id !== token.id));
        if (fresh.peek()?.id === token.id) fresh.value = null;
        toasts.show(`Deleted the token “${token.name}”`, { icon: 'trash', life: 4_000 });
      } catch (error) {
        failed(error, `The token “${token.name}” was not deleted. Try again.`);
      }
    },
  };
};
