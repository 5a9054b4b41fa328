import { batch, signal, type ReadonlySignal } from '@preact/signals-core';
import type { Brand } from '#base/brand.ts';
import type { EmailId, ThreadId } from '#jmap/ids.ts';
import type { Connection } from './connection.ts';
import { MethodFailed, modelError, type ModelError } from './errors.ts';
import { askPage, type Window } from './list-page.ts';
import type { EmailNews, Mail } from './mail.ts';
import type { ListQuery } from './types.ts';

export type ListState = { at: 'loading' } | { at: 'ready' } | { at: 'failed'; error: ModelError };

/** Names a row of a list, for as long as the list lives. In a list of one account the email id. */
export type RowId = EmailId | Brand<string, 'row of several accounts'>;

/** What a row stands for. */
export interface Seat {
  mail: Mail;
  /** With `collapse` the newest message of the conversation that is in the list. */
  id: EmailId;
  query: ListQuery;
}

/** What a list shows of one account. */
export type Part = Pick<Seat, 'mail' | 'query'>;

/**
 * A list of any length, of one account or of several. Only what is looked at is fetched, in pages; the rest is holes.
 */
export interface List {
  readonly parts: readonly Part[];
  readonly state: ReadonlySignal<ListState>;
  /** Rows in the list; null until the first answer. */
  readonly total: ReadonlySignal<number | null>;
  /** Grows with every change of the rows. */
  readonly version: ReadonlySignal<number>;
  /** New rows above what is looked at; 0 at the top. */
  readonly fresh: ReadonlySignal<number>;
  /** Accounts whose rows could not be fetched, while those of others stand. */
  readonly missing: ReadonlySignal<readonly Mail[]>;
  idAt(index: number): RowId | undefined;
  /** -1 when it is not among the rows that are known. */
  indexOf(row: RowId): number;
  /** Index of the row of a conversation, -1 when unknown. */
  indexOfThread(mail: Mail, thread: ThreadId): number;
  seatOf(row: RowId): Seat | undefined;
  /** How an email is named here, in the list or not. */
  rowOf(mail: Mail, id: EmailId): RowId;
  /** Rows that are known, in order, without the holes. */
  eachKnown(visit: (row: RowId, index: number) => void): void;
  /** The rows `from` up to but not including `to` are looked at. */
  look(from: number, to: number): void;
  /** The view is at the top: new rows may come in above without being counted. */
  atTop(yes: boolean): void;
  /** Ids of rows, fetched when unknown. Rejects as the connection does. */
  idsIn(from: number, to: number): Promise<RowId[]>;
  /** Asks again, around the rows looked at. Never rejects. */
  refresh(): Promise<void>;
  /** Takes rows out; returns what puts them back. */
  take(rows: readonly RowId[]): () => void;
  /** On the screen or not: a list that nobody sees waits with asking again until it is seen. */
  awake(yes: boolean): void;
  close(): void;
}

/** The list of one account. */
export interface AccountList extends List, Part {
  idAt(index: number): EmailId | undefined;
  eachKnown(visit: (id: EmailId, index: number) => void): void;
  idsIn(from: number, to: number): Promise<EmailId[]>;
}

export const pageSize = 50;
const maxInFlight = 2;

export const openList = (connection: Connection, mail: Mail, query: ListQuery): AccountList => {
  const { filter } = query;
  const state = signal<ListState>({ at: 'loading' });
  const total = signal<number | null>(null);
  const version = signal(0);
  const fresh = signal(0);
  /** Holes are rows not fetched. */
  let rows: (EmailId | undefined)[] = [];
  let looked = { from: 0, to: pageSize };
  let top = true;
  let closed = false;
  let awake = true;
  let stale = false;
  /** Answers to questions of an older generation are too old to be shown. */
  let generation = 0;
  let fetching = new Set<number>();
  /** Pages whose answer held rows that are on their way out; they are asked for again when the changes are answered. */
  const short = new Set<number>();
  /** Pages that could not be fetched; they are asked for again when the view moves. */
  const broken = new Set<number>();
  let refreshing: Promise<void> | null = null;
  let again = false;

  const shown = (): void => {
    version.value += 1;
  };

  /** Rows that an unanswered change has already taken out of the mailbox do not come back with an older answer. */
  const stays = (id: EmailId): boolean => {
    if (query.mailboxId === null) return true;
    const head = mail.emails.peek(id);
    return !head || Object.hasOwn(head.mailboxIds, query.mailboxId);
  };

  const ask = askPage(connection, mail, query);

  const place = (target: (EmailId | undefined)[], found: Window): void => {
    const kept = found.ids.filter(stays);
    if (kept.length < found.ids.length)
      for (let at = found.position; at < found.position + found.ids.length; at += 1)
        short.add(Math.floor(at / pageSize));
    for (const [offset, id] of kept.entries()) target[found.position + offset] = id;
  };

  const lengthAfter = (found: Window): number =>
    Math.max(0, found.total - (found.ids.length - found.ids.filter(stays).length));

  const failed = (error: unknown): void => {
    const known = modelError(error);
    if (total.peek() === null) state.value = { at: 'failed', error: known };
  };

  const fetchPage = async (page: number): Promise<void> => {
    const mine = generation;
    fetching.add(page);
    try {
      const found = await ask({ position: page * pageSize }, pageSize);
      if (closed || mine !== generation) return;
      batch(() => {
        const length = lengthAfter(found);
        if (length < rows.length) rows.length = length;
        place(rows, found);
        rows.length = length;
        total.value = length;
        state.value = { at: 'ready' };
        shown();
      });
    } catch (error) {
      broken.add(page);
      if (!closed && mine === generation) failed(error);
    } finally {
      if (mine === generation) {
        fetching.delete(page);
        fill();
      }
    }
  };

  const fill = (): void => {
    if (closed || refreshing) return;
    const known = total.peek();
    if (known === null && state.peek().at === 'failed') return;
    const end = known === null ? 1 : Math.min(looked.to, known);
    for (let page = Math.floor(looked.from / pageSize); page * pageSize < end; page += 1) {
      if (fetching.size >= maxInFlight) return;
      if (fetching.has(page) || short.has(page) || broken.has(page)) continue;
      const last = known === null ? page * pageSize + 1 : Math.min((page + 1) * pageSize, known);
      for (let index = page * pageSize; index < last; index += 1) {
        if (rows[index] !== undefined) continue;
        void fetchPage(page);
        break;
      }
    }
  };

  /** The row that must not move: the first one looked at that is known. */
  const anchor = (): { id: EmailId; index: number } | null => {
    for (let index = looked.from; index < Math.min(looked.to, rows.length); index += 1) {
      const id = rows[index];
      if (id !== undefined) return { id, index };
    }
    return null;
  };

  const askAgain = async (): Promise<{ first: Window; around: Window | null }> => {
    const held = looked.from >= pageSize ? anchor() : null;
    const span = Math.min(looked.to - looked.from + pageSize, 4 * pageSize);
    const first = ask({ position: 0 }, held ? pageSize : Math.max(pageSize, Math.min(looked.to, 4 * pageSize)));
    if (!held) return { first: await first, around: null };
    const around = ask({ anchor: held.id, anchorOffset: looked.from - held.index }, span).catch((error: unknown) => {
      if (error instanceof MethodFailed && error.type === 'anchorNotFound') return ask({ position: looked.from }, span);
      throw error;
    });
    const [one, two] = await Promise.all([first, around]);
    return { first: one, around: two };
  };

  const refreshOnce = async (): Promise<void> => {
    generation += 1;
    fetching = new Set();
    const mine = generation;
    try {
      const { first, around } = await askAgain();
      if (closed || mine !== generation) return;
      const old = new Set(rows.slice(0, pageSize).filter((id) => id !== undefined));
      const lead = first.ids.findIndex((id) => old.has(id));
      batch(() => {
        const next: (EmailId | undefined)[] = [];
        short.clear();
        broken.clear();
        place(next, first);
        if (around) place(next, around);
        next.length = lengthAfter(first);
        rows = next;
        total.value = next.length;
        if (!top && lead > 0) fresh.value += lead;
        state.value = { at: 'ready' };
        shown();
      });
    } catch (error) {
      if (!closed && mine === generation) failed(error);
    }
  };

  const refresh = (): Promise<void> => {
    if (closed) return Promise.resolve();
    if (!awake) {
      stale = true;
      return Promise.resolve();
    }
    if (refreshing) {
      again = true;
      return refreshing;
    }
    if (total.peek() === null) state.value = { at: 'loading' };
    refreshing = (async () => {
      do {
        again = false;
        await refreshOnce();
      } while (again && !closed);
    })().finally(() => {
      refreshing = null;
      fill();
    });
    return refreshing;
  };

  const byKeyword = JSON.stringify(filter ?? {}).includes('Keyword');
  /** In lists by keyword, what was read or starred a moment ago stays until something else moves, or they are left. */
  const heard = (news: EmailNews): void => {
    const listed = new Set(rows);
    const mine = news.updated.some((id) => mail.emails.peek(id) === undefined || moved(id, listed));
    if (news.everything || news.created.length > 0 || news.destroyed.length > 0 || (mine && !byKeyword)) void refresh();
  };
  /** Whether the email's place in this list may have changed: it is in and should not be, or the other way round. */
  const moved = (id: EmailId, listed: ReadonlySet<EmailId | undefined>): boolean => {
    if (query.mailboxId === null) return true;
    const head = mail.emails.peek(id);
    if (!head) return true;
    const isIn = Object.hasOwn(head.mailboxIds, query.mailboxId);
    const thread = mail.threads.peek(head.threadId)?.emailIds ?? [id];
    return isIn ? !thread.some((each) => listed.has(each)) : listed.has(id);
  };
  const putBack = (taken: readonly { index: number; id: EmailId }[]): void => {
    batch(() => {
      const here = new Set(rows);
      const left = rows.values();
      const next: (EmailId | undefined)[] = [];
      for (const { index, id } of taken) {
        if (here.has(id)) continue;
        while (next.length < index) next.push(left.next().value);
        next.push(id);
      }
      rows = [...next, ...left];
      total.value = rows.length;
      shown();
    });
  };
  const stopHearing = mail.onEmails(heard);
  const stopWaiting = mail.emails.waiting.subscribe((waiting) => {
    if (waiting === 0 && short.size > 0) void refresh();
  });
  fill();

  return {
    query,
    mail,
    parts: [{ mail, query }],
    missing: signal([]),
    state,
    total,
    version,
    fresh,
    idAt: (index) => rows[index],
    indexOf: (row) => rows.indexOf(row as EmailId),
    indexOfThread: (of, thread) =>
      of === mail ? rows.findIndex((id) => id !== undefined && mail.emails.peek(id)?.threadId === thread) : -1,
    seatOf: (row) => ({ mail, id: row as EmailId, query }),
    rowOf: (_, id) => id,
    // Array.prototype.forEach passes over holes.
    eachKnown: (visit) => rows.forEach((id, index) => id !== undefined && visit(id, index)),
    look: (from, to) => {
      const moved = looked.from !== from || looked.to !== to;
      looked = { from: Math.max(0, from), to };
      if (moved) broken.clear();
      fill();
    },
    atTop: (yes) => {
      top = yes;
      if (yes) fresh.value = 0;
    },
    idsIn: async (from, to) => {
      const known = rows.slice(from, to);
      if (known.length === to - from && !known.includes(undefined)) return known as EmailId[];
      const ids: EmailId[] = [];
      for (let position = from; position < to; position += 10 * pageSize) {
        const mine = generation;
        const found = await ask({ position }, Math.min(10 * pageSize, to - position));
        ids.push(...found.ids);
        if (!closed && mine === generation)
          batch(() => {
            place(rows, found);
            shown();
          });
        if (found.ids.length === 0) break;
      }
      return ids;
    },
    refresh,
    take: (wanted) => {
      const named = new Set<RowId>(wanted);
      const taken: { index: number; id: EmailId }[] = [];
      for (const [index, id] of rows.entries()) if (id !== undefined && named.has(id)) taken.push({ index, id });
      if (taken.length === 0) return () => undefined;
      batch(() => {
        rows = [...rows].filter((id) => id === undefined || !named.has(id));
        total.value = rows.length;
        shown();
      });
      fill();
      return () => putBack(taken);
    },
    awake: (yes) => {
      const again = yes && !awake;
      awake = yes;
      if (yes && (stale || state.peek().at === 'failed' || (again && byKeyword))) void refresh();
      if (yes) stale = false;
    },
    close: () => {
      closed = true;
      stopHearing();
      stopWaiting();
    },
  };
};
