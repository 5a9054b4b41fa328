import { batch, signal, type ReadonlySignal } from '@preact/signals-core';
import type {
  AppPassword,
  AppPasswordPatch,
  AppPasswordQuestion,
  NewAppPassword,
  RevokeAllResponse,
  ShownAppPassword,
} from '#jmap/app-password.ts';
import type { SetError, SetErrorType } from '#jmap/errors.ts';
import type { AccountId, AppPasswordId } from '#jmap/ids.ts';
import type { Methods } from '#jmap/methods.ts';
import type { Connection } from './connection.ts';
import { MethodFailed, modelError, type ModelError } from './errors.ts';
import { withProof } from './unlockers/proof.ts';

/** The app passwords of one account. What is shown is what the server said: nothing is revoked here before it is there. */

export type AppPasswordState =
  | { at: 'loading' }
  | { at: 'ready'; list: readonly AppPassword[]; question: AppPasswordQuestion | null }
  /** The database that keeps them is away; `words` of the server. */
  | { at: 'away'; words: string | null }
  | { at: 'failed'; error: ModelError };

/** What is being done with one. */
export type Doing = 'renaming' | 'pausing' | 'resuming' | 'replacing' | 'revoking';

export type Field = 'name' | 'protocols' | 'networks' | 'expiresAt';

/** How it went. `words` stand for themselves; `left`: the person did not prove who they are. */
export type Outcome = { at: 'done' } | { at: 'left' } | { at: 'failed'; words: string; field: Field | null };

/** The one just made. Its password is in this page's memory alone, until it is put away. */
export interface Fresh {
  item: ShownAppPassword;
  /** The one it replaces. */
  replaces: AppPassword | null;
  /** It was copied, or a file or code of it was taken: leaving needs no question. */
  taken: boolean;
}

export interface Revoked {
  /** These open nothing any more. */
  gone: readonly AppPasswordId[];
  /** These are as they were, or not confirmed; why, in words; null: all are gone. */
  words: string | null;
}

export interface AppPasswords {
  readonly accountId: AccountId;
  readonly state: ReadonlySignal<AppPasswordState>;
  readonly fresh: ReadonlySignal<Fresh | null>;
  readonly doing: ReadonlySignal<ReadonlyMap<AppPasswordId, Doing>>;
  /** None of these rejects. */
  load(): Promise<void>;
  create(wish: NewAppPassword): Promise<Outcome>;
  rotate(item: AppPassword): Promise<Outcome>;
  rename(item: AppPassword, name: string): Promise<Outcome>;
  pause(item: AppPassword): Promise<Outcome>;
  resume(item: AppPassword): Promise<Outcome>;
  revoke(ids: readonly AppPasswordId[]): Promise<Revoked>;
  /** All but Postern's own. */
  revokeAll(): Promise<Revoked>;
  /** The answer to whether they stay now that the main password has changed. */
  settle(choice: 'keep' | 'drop'): Promise<Revoked>;
  /** The password was copied, or a file of it was made. */
  took(): void;
  putAway(): void;
}

const away = 'The database that keeps app passwords does not answer. Your mail works on. Try again in a while.';
const noAnswer =
  'No answer came from Postern, so it is not known whether it was done. The list shows it when it is back.';

const fields: readonly Field[] = ['name', 'protocols', 'networks', 'expiresAt'];

const refusals: Partial<Record<SetErrorType, (said: string) => string>> = {
  overQuota: (said) => `You have as many app passwords as is allowed.${said} Revoke one that you do not use any more.`,
  unconfirmed: (said) =>
    `The mail server has not confirmed it yet: the password may still work.${said} Postern tells it again until it does.`,
  notFound: () => 'This app password is not there any more.',
  rateLimit: (said) => `That was too often in a short time. Try again in a few minutes.${said}`,
  proofNeeded: () => 'You have to prove first that it is you.',
};

/** What the server would not do, with its own words where there are any. */
export const refusalWords = ({ type, description }: SetError): string => {
  const said = description ? ` ${description}` : '';
  return refusals[type]?.(said) ?? `The server did not do it: ${description ?? type}`;
};

const errorWords = (error: unknown): string => {
  const failed = modelError(error);
  if (failed.code === 'auth/signed-out') return 'Your session has ended. Nothing was changed.';
  if (failed instanceof MethodFailed)
    return failed.type === 'serverUnavailable'
      ? away
      : `The server did not do it: ${failed.description ?? failed.type}`;
  return noAnswer;
};

const failure = (refused: SetError): Outcome => ({
  at: 'failed',
  words: refusalWords(refused),
  field: fields.find((field) => refused.properties?.includes(field)) ?? null,
});

type SetGiven = Omit<Methods['AppPassword/set']['arguments'], 'accountId'>;
type SetAnswer = Methods['AppPassword/set']['response'];

const done: Outcome = { at: 'done' };
const left: Outcome = { at: 'left' };

export const openAppPasswords = (connection: Connection, accountId: AccountId): AppPasswords => {
  const state = signal<AppPasswordState>({ at: 'loading' });
  const fresh = signal<Fresh | null>(null);
  const doing = signal<ReadonlyMap<AppPasswordId, Doing>>(new Map());

  const load = async (): Promise<void> => {
    const before = state.peek();
    if (before.at === 'failed') state.value = { at: 'loading' };
    try {
      const answer = await connection.call('AppPassword/get', { accountId, ids: null }).answer;
      state.value = { at: 'ready', list: answer.list, question: answer.question };
    } catch (cause) {
      const error = modelError(cause);
      if (error instanceof MethodFailed && error.type === 'serverUnavailable')
        state.value = { at: 'away', words: error.description };
      else if (before.at !== 'ready') state.value = { at: 'failed', error };
    }
  };

  const change = (to: (list: readonly AppPassword[]) => readonly AppPassword[]): void => {
    const now = state.peek();
    if (now.at === 'ready') state.value = { ...now, list: to(now.list) };
  };

  const mark = (ids: readonly AppPasswordId[], what: Doing | null): void => {
    const next = new Map(doing.peek());
    for (const id of ids)
      if (what) next.set(id, what);
      else next.delete(id);
    doing.value = next;
  };

  /** The row says what is being done, until the list is as the server has it. */
  const during = async <T>(ids: readonly AppPasswordId[], what: Doing, work: () => Promise<T>): Promise<T> => {
    mark(ids, what);
    try {
      return await work();
    } finally {
      mark(ids, null);
    }
  };

  /** How a call went, with an unlocker asked for where the server wants one. */
  const outcomeOf = async (given: SetGiven, take: (answer: SetAnswer) => SetError | undefined): Promise<Outcome> => {
    try {
      const answer = await withProof(() => connection.call('AppPassword/set', { accountId, ...given }).answer);
      const refused = take(answer);
      if (!refused) return done;
      return refused.type === 'proofNeeded' ? left : failure(refused);
    } catch (error) {
      return { at: 'failed', words: errorWords(error), field: null };
    }
  };

  const show = (item: ShownAppPassword, replaces: AppPassword | null): void => {
    const { password: _, setup: __, ...plain } = item;
    batch(() => {
      fresh.value = { item, replaces, taken: false };
      change((list) => [...list.filter(({ id }) => id !== item.id), plain]);
    });
  };

  const update = (item: AppPassword, patch: AppPasswordPatch, what: Doing): Promise<Outcome> =>
    during([item.id], what, async () => {
      const outcome = await outcomeOf({ update: { [item.id]: { ...patch } } }, ({ updated, notUpdated }) => {
        const now = updated?.[item.id];
        if (now?.replacement) show(now.replacement, { ...item, worksUntil: now.worksUntil ?? null });
        return notUpdated?.[item.id];
      });
      await load();
      return outcome;
    });

  const revokeWith = (ids: readonly AppPasswordId[], ask: () => Promise<Revoked>): Promise<Revoked> =>
    during(ids, 'revoking', async () => {
      let result: Revoked;
      try {
        result = await ask();
      } catch (error) {
        result = { gone: [], words: errorWords(error) };
      }
      const { gone } = result;
      change((list) => list.filter(({ id }) => !gone.includes(id)));
      const shown = fresh.peek();
      if (shown && gone.includes(shown.item.id)) fresh.value = null;
      await load();
      return result;
    });

  const all = async (asked: Promise<RevokeAllResponse>): Promise<Revoked> => {
    const { revoked, unconfirmed, description } = await asked;
    const words = refusalWords({ type: 'unconfirmed', ...(description === null ? {} : { description }) });
    return { gone: revoked, words: unconfirmed.length === 0 ? null : words };
  };
  const others = (): AppPasswordId[] => {
    const now = state.peek();
    return now.at === 'ready' ? now.list.filter(({ own }) => !own).map(({ id }) => id) : [];
  };

  return {
    accountId,
    state,
    fresh,
    doing,
    load,
    create: async (wish) => {
      const outcome = await outcomeOf({ create: { new: wish } }, ({ created, notCreated }) => {
        const made = created?.['new'];
        if (made) show(made as ShownAppPassword, null);
        return notCreated?.['new'];
      });
      await load();
      return outcome;
    },
    rotate: (item) => update(item, { rotate: true }, 'replacing'),
    rename: (item, name) => update(item, { name }, 'renaming'),
    pause: (item) => update(item, { state: 'paused' }, 'pausing'),
    resume: (item) => update(item, { state: 'active' }, 'resuming'),
    revoke: (ids) =>
      revokeWith(ids, async () => {
        const answer = await connection.call('AppPassword/set', { accountId, destroy: [...ids] }).answer;
        const refused = Object.entries(answer.notDestroyed ?? {}).filter(([, { type }]) => type !== 'notFound');
        const kept = new Set(refused.map(([id]) => id));
        const [first] = refused;
        return { gone: ids.filter((id) => !kept.has(id)), words: first ? refusalWords(first[1]) : null };
      }),
    revokeAll: () => revokeWith(others(), () => all(connection.call('AppPassword/revokeAll', { accountId }).answer)),
    settle: (choice) =>
      revokeWith(choice === 'drop' ? others() : [], () =>
        all(connection.call('AppPassword/settle', { accountId, choice }).answer),
      ),
    took: () => {
      const now = fresh.peek();
      if (now && !now.taken) fresh.value = { ...now, taken: true };
    },
    putAway: () => {
      fresh.value = null;
    },
  };
};
