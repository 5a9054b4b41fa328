import type { ReadonlySignal } from '@preact/signals-core';
import type { AccountId, WebSessionId } from '#jmap/ids.ts';
import type { WebSession } from '#jmap/keep.ts';
import type { Connection } from '../connection.ts';
import { modelError } from '../errors.ts';
import { counted } from '../format.ts';
import type { Toasts } from '../toasts.ts';
import { type Loaded, openLoaded } from './loaded.ts';

/** The browsers one is signed in with. */
export interface WebSessions {
  /** This browser first, then last seen first. */
  readonly state: ReadonlySignal<Loaded<WebSession>>;
  load(): Promise<void>;
  /** Ends others. They leave the list at once, and come back if the server would not. Never rejects. */
  end(ids: readonly WebSessionId[]): Promise<void>;
  endOthers(): Promise<void>;
}

export const openWebSessions = (
  { connection, toasts }: { connection: Connection; toasts: Toasts },
  accountId: AccountId,
): WebSessions => {
  const { state, load, change } = openLoaded(async () => {
    const { list } = await connection.call('WebSession/get', { accountId, ids: null }).answer;
    return list.toSorted((a, b) => Number(b.isCurrent) - Number(a.isCurrent));
  });

  const end: WebSessions['end'] = async (ids) => {
    if (ids.length === 0) return;
    change((list) => list.filter(({ id }) => !ids.includes(id)));
    try {
      const answer = await connection.call('WebSession/set', { accountId, destroy: [...ids] }).answer;
      const refused = Object.values(answer.notDestroyed ?? {}).filter(({ type }) => type !== 'notFound');
      if (refused.length === 0) {
        toasts.show(ids.length === 1 ? 'Session ended' : `${counted(ids.length, 'session')} ended`, { life: 4_000 });
        return;
      }
      toasts.show('The server did not end the session.', { tone: 'failed' });
    } catch (error) {
      if (modelError(error).code === 'auth/signed-out') return;
      toasts.show('The session could not be ended.', { tone: 'failed' });
    }
    await load();
  };

  return {
    state,
    load,
    end,
    endOthers: async () => {
      const now = state.peek();
      if (now.at === 'ready') await end(now.list.filter(({ isCurrent }) => !isCurrent).map(({ id }) => id));
    },
  };
};
