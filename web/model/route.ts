import { computed, signal, type ReadonlySignal } from '@preact/signals-core';
import { never } from '#base/must.ts';

/** Narrows a list; shown as tabs above it. */
export type Show = 'everything' | 'unread' | 'starred' | 'files';

/**
 * Where the reader is.
 *   /a/ADDRESS/BOX[/c/THREAD][?show=unread]   BOX: a role (`inbox`), `starred`, or a mailbox id
 *   /all/BOX[/c/ADDRESS/THREAD][?show=unread]   of several accounts; BOX: inbox, starred, drafts
 *   /search[/c/THREAD]?q=TEXT[&in=ADDRESS][&of=ADDRESS]   in: one account instead of all; of: whose thread it is
 *   /settings/PAGE
 *   /                                          the inbox of the first account
 */
export type Route = MailRoute | { at: 'settings'; page: SettingsPage };

export type MailRoute =
  | { at: 'home' }
  | { at: 'mailbox'; account: string; box: string; show: Show; thread: string | null }
  | { at: 'all'; box: AllBox; show: Show; open: { account: string; thread: string } | null }
  | { at: 'search'; text: string; account: string | null; thread: string | null; of: string | null };

const settingsPages = [
  'accounts',
  'identities',
  'app-passwords',
  'security',
  'sessions',
  'vault',
  'appearance',
] as const;
export type SettingsPage = (typeof settingsPages)[number];

/** What is gathered of several accounts. */
const allBoxes = ['inbox', 'starred', 'drafts'] as const;
export type AllBox = (typeof allBoxes)[number];

const shows: readonly Show[] = ['everything', 'unread', 'starred', 'files'];

const decode = (part: string): string => {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
};

export const parseRoute = (url: string): Route => {
  const { pathname, searchParams } = new URL(url, 'http://postern.invalid');
  const parts = pathname.split('/').filter(Boolean).map(decode);
  if (parts[0] === 'settings')
    return { at: 'settings', page: settingsPages.find((each) => each === parts[1]) ?? 'accounts' };
  if (parts[0] === 'search') {
    const thread = parts[1] === 'c' ? (parts[2] ?? null) : null;
    const [account, of] = [searchParams.get('in'), searchParams.get('of')];
    return { at: 'search', text: searchParams.get('q') ?? '', account, thread, of: thread === null ? null : of };
  }
  const show = shows.find((each) => each === searchParams.get('show')) ?? 'everything';
  if (parts[0] === 'all') {
    const [, name, c, account, thread] = parts;
    const box = allBoxes.find((each) => each === name) ?? 'inbox';
    return { at: 'all', box, show, open: c === 'c' && account && thread ? { account, thread } : null };
  }
  const [a, account, box, c, thread] = parts;
  if (a !== 'a' || !account) return { at: 'home' };
  return { at: 'mailbox', account, box: box ?? 'inbox', show, thread: c === 'c' && thread ? thread : null };
};

const segment = (text: string): string => encodeURIComponent(text).replaceAll('%40', '@');

const shown = (show: Show): string => (show === 'everything' ? '' : `?show=${show}`);

export const printRoute = (route: Route): string => {
  switch (route.at) {
    case 'home':
      return '/';
    case 'settings':
      return `/settings/${route.page}`;
    case 'mailbox': {
      const thread = route.thread === null ? '' : `/c/${segment(route.thread)}`;
      return `/a/${segment(route.account)}/${segment(route.box)}${thread}${shown(route.show)}`;
    }
    case 'all': {
      const open = route.open === null ? '' : `/c/${segment(route.open.account)}/${segment(route.open.thread)}`;
      return `/all/${route.box}${open}${shown(route.show)}`;
    }
    case 'search': {
      const query = new URLSearchParams({ q: route.text });
      if (route.account !== null) query.set('in', route.account);
      if (route.of !== null && route.thread !== null) query.set('of', route.of);
      return `/search${route.thread === null ? '' : `/c/${segment(route.thread)}`}?${query.toString()}`;
    }
    default:
      return never(route);
  }
};

/** The browser's history; tests give their own. */
export interface History {
  readonly url: string;
  /** Whether this step is that of what lay over the page, also on a page that was loaded again. */
  readonly covers: boolean;
  push(url: string, covers?: boolean): void;
  replace(url: string): void;
  back(): void;
  /** The user went back or forward. */
  onMove(listener: () => void): () => void;
}

export interface Router {
  readonly route: ReadonlySignal<Route>;
  /** Where in the mail; while the settings are open, where it was left. */
  readonly mail: ReadonlySignal<MailRoute>;
  go(route: Route): void;
  /** Without a step to go back to. */
  replace(route: Route): void;
  /** To `up` by the browser's own back when that is where it leads, so that history does not grow. */
  back(up: Route): void;
  /**
   * Something lies over the page: the browser's back takes it away first, and calls `uncover`. Returns what says that it is
   * gone by itself.
   */
  cover(uncover: () => void): () => void;
  /** While held, every way elsewhere is asked for first, and taken when the answer is yes. Returns what lets go. */
  hold(mayLeave: () => Promise<boolean>): () => void;
}

export const openRouter = (history: History): Router => {
  const route = signal(parseRoute(history.url));
  let left: MailRoute = { at: 'home' };
  const mail = computed((): MailRoute => {
    const now = route.value;
    if (now.at !== 'settings') left = now;
    return left;
  });
  const trail: string[] = [];
  let held: (() => Promise<boolean>) | null = null;
  /** Goes at once, or when who holds the page lets it. */
  const asking = (go: () => void): void => {
    const asked = held;
    if (!asked) return go();
    void asked().then((yes) => {
      if (!yes) return;
      if (held === asked) held = null;
      go();
    });
    return undefined;
  };
  let over: (() => void) | null = null;
  /** The newest step of the history is that of what lies, or lay, over the page, and has the page's address. */
  let covered = history.covers;
  /** Steps back that are on their way, and lead nowhere. */
  let retreats = 0;
  const retreat = (): void => {
    if (over || !covered) return;
    covered = false;
    retreats += 1;
    history.back();
  };
  history.onMove(() => {
    if (retreats > 0) {
      retreats -= 1;
      // Somebody went on before the browser had gone back.
      const here = printRoute(route.peek());
      if (printRoute(parseRoute(history.url)) !== here) history.push(here);
      return;
    }
    if (covered) {
      const uncover = over;
      covered = false;
      over = null;
      // What lay there went with a page of before: the step leads nowhere.
      return uncover ? uncover() : history.back();
    }
    if (held) {
      // The browser has gone already: it is brought back here, and goes again when it may.
      history.push(printRoute(route.peek()));
      asking(() => history.back());
      return;
    }
    trail.pop();
    covered = history.covers;
    route.value = parseRoute(history.url);
  });
  const put = (next: Route): void => {
    const url = printRoute(next);
    if (url !== printRoute(route.peek())) history.replace(url);
    route.value = next;
  };
  const replace = (next: Route): void => {
    if (printRoute(next) === printRoute(route.peek())) put(next);
    else asking(() => put(next));
  };
  return {
    route,
    mail,
    replace,
    go: (next) => {
      const from = printRoute(route.peek());
      const url = printRoute(next);
      if (url === from) return;
      asking(() => {
        trail.push(from);
        if (covered) history.replace(url);
        else history.push(url);
        covered = false;
        over = null;
        route.value = next;
      });
    },
    back: (up) =>
      asking(() => {
        if (trail.at(-1) === printRoute(up)) history.back();
        else put(up);
      }),
    cover: (uncover) => {
      over = uncover;
      if (!covered) history.push(printRoute(route.peek()), true);
      covered = true;
      return () => {
        if (over !== uncover) return;
        over = null;
        // What comes in its place takes its step.
        queueMicrotask(retreat);
      };
    },
    hold: (mayLeave) => {
      held = mayLeave;
      return () => {
        if (held === mayLeave) held = null;
      };
    },
  };
};
