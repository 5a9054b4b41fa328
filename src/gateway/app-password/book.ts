import type { ListState } from '#app-passwords/store.ts';
import { AppPasswordError } from '#app-passwords/errors.ts';
import type { AccountContext } from '../method.ts';
import type { OpenAccount } from '../types.ts';
import type { Managed } from './desk.ts';

/** How often the list is looked at again while somebody looks at it, and for how long after he was last seen to. */
const everyMs = 15_000;
const lookedForMs = 5 * 60_000;
/** A revocation that Dovecot was not told is told again. */
const settleMs = 5_000;

interface Page {
  /** As last read; undefined until it was. */
  state: string | undefined;
  lookedAt: number;
  isWatching: boolean;
  isSettling: boolean;
}

/** What is known of the lists in the database, which nobody else can tell when push asks. */
const pages = new WeakMap<OpenAccount, Page>();

const pageOf = (open: OpenAccount): Page => {
  const known = pages.get(open);
  if (known) return known;
  const page: Page = { state: undefined, lookedAt: 0, isWatching: false, isSettling: false };
  pages.set(open, page);
  return page;
};

const writeState = ({ seq, used, made }: ListState): string => `${seq}-${used}-${made}`;

/** Null: no state of ours. */
export const readState = (text: string): ListState | null => {
  const match = /^(\d{1,15})-(\d{1,15})-(\d{1,15})$/u.exec(text);
  return match ? { seq: Number(match[1]), used: Number(match[2]), made: Number(match[3]) } : null;
};

/** The state as last read, for push; undefined while nobody asked. */
export const knownState = (open: OpenAccount): string | undefined => pages.get(open)?.state;

type Watched = Pick<AccountContext, 'open' | 'clock' | 'caller'>;

/** The state now; what has moved is told. @throws AppPasswordError */
export const stateNow = async (context: Watched, { app, user }: Managed): Promise<string> => {
  const { open, caller } = context;
  const page = pageOf(open);
  const state = writeState(await app.state(user));
  const moved = page.state !== undefined && page.state !== state;
  page.state = state;
  if (moved) caller.host.changed(open.jmapId, {});
  return state;
};

/**
 * The state after something was done, which must be told even if the database went away since: then it is the one from before, from
 * which the client asks again.
 */
export const stateAfter = async (context: Watched, managed: Managed, before: string): Promise<string> => {
  try {
    return await stateNow(context, managed);
  } catch (error) {
    ignoreAway(error);
    return before;
  }
};

const ignoreAway = (error: unknown): void => {
  if (!(error instanceof AppPasswordError)) throw error;
};

/** Looks again from time to time while somebody looks at the list: Dovecot writes into it, and so do other Posterns. */
export const watch = (context: Watched, managed: Managed): void => {
  const page = pageOf(context.open);
  page.lookedAt = context.clock.now();
  if (page.isWatching) return;
  page.isWatching = true;
  const again = (): void => {
    context.clock.after(everyMs, () => {
      if (context.clock.now() - page.lookedAt > lookedForMs) page.isWatching = false;
      else void stateNow(context, managed).catch(ignoreAway).finally(again);
    });
  };
  again();
};

/** Tells Dovecot again, until it has confirmed. */
export const settleSoon = (context: Watched, managed: Managed, wait = settleMs): void => {
  const page = pageOf(context.open);
  if (page.isSettling) return;
  page.isSettling = true;
  context.clock.after(wait, () => {
    const settle = async (): Promise<void> => {
      await managed.app.settle(managed.user);
      await stateNow(context, managed);
    };
    void settle()
      .finally(() => (page.isSettling = false))
      .catch((error: unknown) => {
        ignoreAway(error);
        if (wait < lookedForMs) settleSoon(context, managed, wait * 2);
      });
  });
};
