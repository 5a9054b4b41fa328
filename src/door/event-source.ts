import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Clock } from '#base/clock.ts';
import type { Hub, News } from './hub.ts';
import { eventStream, type Sent } from './event-stream.ts';
import { newRoutes, type Routes } from './context.ts';
import { malformed } from './problems.ts';
import type { Sessions, Visitor } from './sessions.ts';

type States = Record<string, Record<string, string>>;

interface Wish {
  /** null: all types. */
  types: ReadonlySet<string> | null;
  closeAfterState: boolean;
  /** Milliseconds; 0: no pings. */
  ping: number;
  lastEventId: string | null;
}

/** RFC 8620 §7.3. Pings are kept between 5 s and 15 min. */
const readWish = (query: (name: string) => string | undefined, lastEventId: string | null): Wish => {
  const types = query('types') ?? '*';
  const closeAfter = query('closeafter') ?? 'no';
  const ping = query('ping') ?? '0';
  if (closeAfter !== 'no' && closeAfter !== 'state') throw malformed('closeafter: "no" or "state" is expected.');
  if (!/^\d{1,6}$/.test(ping)) throw malformed('ping: a number of seconds is expected.');
  const seconds = Number(ping);
  return {
    types: types === '*' ? null : new Set(types.split(',')),
    closeAfterState: closeAfter === 'state',
    ping: seconds === 0 ? 0 : Math.min(900, Math.max(5, seconds)) * 1_000,
    lastEventId,
  };
};

const inOrder = <T>(map: Readonly<Record<string, T>>): [string, T][] =>
  Object.entries(map).toSorted(([a], [b]) => (a < b ? -1 : 1));

/** What the id of an event says: the states of all types asked for. Equal states, equal id. */
const idOf = (states: States): string =>
  createHash('sha256')
    .update(JSON.stringify(inOrder(states).map(([account, types]) => [account, inOrder(types)])))
    .digest('base64url')
    .slice(0, 22);

/** States of one stream: what the client knows, and what has moved since. */
class Ledger {
  readonly #types: ReadonlySet<string> | null;
  readonly #all: States = {};
  #moved: States = {};

  constructor(types: ReadonlySet<string> | null) {
    this.#types = types;
  }

  /** Notes states; those that differ from what is known have moved. */
  note(account: string, states: Record<string, string>): void {
    for (const [type, state] of Object.entries(states)) {
      if ((this.#types && !this.#types.has(type)) || this.#all[account]?.[type] === state) continue;
      (this.#all[account] ??= {})[type] = state;
      (this.#moved[account] ??= {})[type] = state;
    }
  }

  get id(): string {
    return idOf(this.#all);
  }

  forgetMoved(): void {
    this.#moved = {};
  }

  /** The event of what moved, null when nothing did. RFC 8620 §7.1 */
  take(): Sent | null {
    if (Object.keys(this.#moved).length === 0) return null;
    const data = JSON.stringify({ '@type': 'StateChange', changed: this.#moved });
    this.#moved = {};
    return { event: 'state', id: this.id, data };
  }
}

/** Streams of one session or token at once: each costs work with every change. */
const mostStreams = 20;

/** The streams of each session, oldest first. One too many ends the oldest: its client may be long gone. */
class Streams {
  readonly #open = new Map<string, Set<AbortController>>();

  /** Returns what takes it out again. */
  add(id: string, stream: AbortController): () => void {
    const all = this.#open.get(id) ?? new Set();
    this.#open.set(id, all.add(stream));
    const [oldest] = all;
    if (oldest && all.size > mostStreams) {
      // One whose client does not read ends later: it is not the oldest again.
      all.delete(oldest);
      oldest.abort();
    }
    return () => {
      all.delete(stream);
      if (all.size === 0 && this.#open.get(id) === all) this.#open.delete(id);
    };
  }
}

interface StreamParts {
  sessions: Sessions;
  hub: Hub;
  clock: Clock;
  streams: Streams;
}

interface Stream {
  visitor: Visitor;
  wish: Wish;
  first: States;
  line: IncomingMessage | undefined;
}

const openStream = (
  { sessions, hub, clock, streams }: StreamParts,
  { visitor, wish, first, line }: Stream,
): Response => {
  const tell = async function* (gone: AbortSignal): AsyncGenerator<Sent, void, undefined> {
    const id = sessions.idOf(visitor);
    const ended = new AbortController();
    const over = AbortSignal.any([gone, hub.closing, ended.signal]);
    const ledger = new Ledger(wish.types);
    const asides: Sent[] = [];
    let wake: () => void = () => undefined;
    let due = false;

    const take = (news: News): void => {
      if (news.kind === 'states') ledger.note(news.account, news.states);
      else asides.push(news.sent);
      wake();
    };
    const stops = [
      streams.add(id, ended),
      hub.listen(visitor.user, take),
      sessions.presence.stream(id),
      sessions.onEnd((other) => {
        if (other === id) ended.abort();
      }),
    ];
    over.addEventListener('abort', () => wake());
    // Who left while the states were asked for was told before anybody listened here.
    if (!sessions.presence.knows(id)) ended.abort();
    const timer =
      wish.ping > 0
        ? setInterval(() => {
            due = true;
            wake();
          }, wish.ping).unref()
        : null;
    try {
      for (const [account, states] of Object.entries(first)) ledger.note(account, states);
      // A client that waits for the next change, or knows these states already, is told nothing now.
      if (wish.lastEventId === null ? wish.closeAfterState : wish.lastEventId === ledger.id) ledger.forgetMoved();
      yield { comment: 'postern' };
      while (!over.aborted) {
        const state = ledger.take();
        if (state) {
          yield state;
          if (wish.closeAfterState) return;
          continue;
        }
        const aside = asides.shift();
        if (aside) yield aside;
        else if (due) {
          due = false;
          // Catches what a mailroom that ended by itself could not tell, and keeps the accounts open.
          const now = await sessions.ask(visitor, 'states', {}).catch(() => null);
          if (!now) return;
          for (const [account, states] of Object.entries(now)) ledger.note(account, states);
          yield { event: 'ping', data: JSON.stringify({ interval: wish.ping / 1_000 }) };
        } else await new Promise<void>((resolve) => (wake = resolve));
      }
    } finally {
      if (timer) clearInterval(timer);
      for (const stop of stops) stop();
    }
  };
  return eventStream(tell, clock, line);
};

export const eventSourceRoutes = (sessions: Sessions, hub: Hub, clock: Clock): Routes => {
  const routes = newRoutes();
  const parts = { sessions, hub, clock, streams: new Streams() };
  routes.get('/', async (c) => {
    const visitor = await sessions.visitor(c.req.raw, c.get('peer'));
    const wish = readWish((name) => c.req.query(name), c.req.header('last-event-id') ?? null);
    const first = await sessions.ask(visitor, 'states', {});
    return openStream(parts, { visitor, wish, first, line: c.env.incoming });
  });
  return routes;
};
