import { batch, effect, signal, untracked } from '@preact/signals-core';
import type { EmailId } from '#jmap/ids.ts';
import { pageSize, type AccountList, type List, type ListState, type RowId, type Seat } from './list.ts';
import type { Mail } from './mail.ts';
import { probesFor, sharesOf, weave, type Placed, type Share, type Strand } from './weave.ts';

/** A share this narrow is fetched whole; a wider one is narrowed by probes first. */
const enough = 2 * pageSize;
/** Rounds of probes for one place: far fewer do. */
const mostRounds = 64;

/** Row ids of several accounts; a space is in no id of JMAP. */
const rowId = (mail: Mail, id: EmailId): RowId => `${mail.id} ${id}` as RowId;

/**
 * The lists of several accounts as one, newest first. Each keeps, fetches and refreshes its own rows; where they stand in
 * the whole is computed from what they know. docs/spec/web.md, rules M.
 */
export const openMergedList = (lists: readonly AccountList[]): List => {
  const state = signal<ListState>({ at: 'loading' });
  const total = signal<number | null>(null);
  const version = signal(0);
  const fresh = signal(0);
  const missing = signal<readonly Mail[]>([]);
  /** Holes are rows whose place is not certain. */
  let rows: RowId[] = [];
  let indexes = new Map<RowId, number>();
  let strands: Strand[] = [];
  let placed: Placed[] = [];
  let looked = { from: 0, to: pageSize };
  let narrowing = false;
  let closed = false;
  /** Dates outlive the heads: a row that was deleted a moment ago still has its place until its list has asked again. */
  const dates = lists.map(() => new Map<EmailId, string>());

  const strandOf = (list: AccountList, at: number): Strand => {
    const known: { index: number; date: string }[] = [];
    list.eachKnown((id, index) => {
      const date = list.mail.emails.peek(id)?.receivedAt ?? dates[at]?.get(id);
      if (date === undefined) return;
      dates[at]?.set(id, date);
      known.push({ index, date });
    });
    return { length: list.total.peek() ?? 0, known };
  };

  const place = (): void => {
    strands = lists.map(strandOf);
    placed = weave(strands);
    rows = [];
    indexes = new Map();
    for (const { strand, index, least, most } of placed) {
      const list = lists[strand];
      const id = list?.idAt(index);
      if (!list || id === undefined || least !== most) continue;
      const row = rowId(list.mail, id);
      rows[least] = row;
      indexes.set(row, least);
    }
    rows.length = strands.reduce((sum, { length }) => sum + length, 0);
  };

  /** Whatever moved in one of the lists. */
  const follow = (): void => {
    const failed = lists.filter((list) => list.state.peek().at === 'failed');
    const opening = lists.some((list) => list.total.peek() === null && !failed.includes(list));
    missing.value = failed.map((list) => list.mail);
    fresh.value = lists.reduce((sum, list) => sum + list.fresh.peek(), 0);
    const one = failed[0];
    if (one && failed.length === lists.length) state.value = one.state.peek();
    if (failed.length === lists.length || (opening && total.peek() === null)) return;
    place();
    total.value = rows.length;
    state.value = { at: 'ready' };
    version.value += 1;
  };

  const seatOf = (row: RowId): Seat | undefined => {
    const [account, id] = row.split(' ') as [string, EmailId];
    const list = lists.find(({ mail }) => mail.id === account);
    return list && { mail: list.mail, id, query: list.query };
  };

  /**
   * Asks for single rows, so that the shares of the first `count` rows become narrower; rejects as the connection does. Null
   * when they are narrow, or as narrow as single rows make them: a share may be wide by what the others leave open.
   */
  const probe = (shares: readonly Share[], count: number): Promise<unknown> | null => {
    const probes = probesFor(strands, shares, count, enough);
    const asked = lists.flatMap((list, at) =>
      (probes[at] ?? []).filter((index) => list.idAt(index) === undefined).map((index) => list.idsIn(index, index + 1)),
    );
    return asked.length === 0 ? null : Promise.all(asked);
  };

  /** Rows that make up `from` to `to` of the whole lie here in each list, the one before included. */
  const piecesOf = (shares: readonly Share[], length: number): { from: number; to: number }[] =>
    shares.map((share, at) => ({
      from: Math.max(0, share.from - 1),
      to: Math.min(strands[at]?.length ?? 0, share.to + length),
    }));

  const settleRound = (): Promise<unknown> | null => {
    const from = Math.min(looked.from, Math.max(0, rows.length - 1));
    const shares = sharesOf(strands, placed, from);
    const probing = probe(shares, from);
    if (probing) return probing;
    for (const [at, piece] of piecesOf(shares, looked.to - from).entries()) lists[at]?.look(piece.from, piece.to);
    return null;
  };

  /** Has the lists look at what is looked at; each fetches what it lacks, and what it finds leads back here. */
  const settle = async (): Promise<void> => {
    if (narrowing || closed || total.peek() === null) return;
    narrowing = true;
    try {
      for (let round = 0; round < mostRounds && !closed; round += 1) {
        const probing = settleRound();
        if (!probing) return;
        await probing;
      }
    } catch {
      // The next look, or the next row that is found, tries again.
    } finally {
      narrowing = false;
    }
  };

  const known = (from: number, to: number): RowId[] | null => {
    const found = rows.slice(from, to);
    for (let at = 0; at < to - from; at += 1) if (found[at] === undefined) return null;
    return found;
  };

  /** A piece of the whole, whatever it takes. Rejects as the connection does. */
  const bring = async (from: number, to: number): Promise<RowId[]> => {
    for (let round = 0; round < mostRounds; round += 1) {
      const end = Math.min(to, rows.length);
      const found = known(from, Math.max(from, end));
      if (found || closed) return found ?? [];
      const shares = sharesOf(strands, placed, from);
      const probing = probe(shares, from);
      if (probing) await probing;
      else {
        const pieces = piecesOf(shares, end - from);
        await Promise.all(lists.map((list, at) => list.idsIn(pieces[at]?.from ?? 0, pieces[at]?.to ?? 0)));
      }
    }
    return rows.slice(from, to).filter((row) => row !== undefined);
  };

  const stop = effect(() => {
    for (const list of lists) {
      void list.version.value;
      void list.total.value;
      void list.fresh.value;
      void list.state.value;
    }
    untracked(() => {
      batch(follow);
      void settle();
    });
  });

  const all = (act: (list: AccountList) => void): void => batch(() => lists.forEach(act));

  return {
    parts: lists.map(({ mail, query }) => ({ mail, query })),
    state,
    total,
    version,
    fresh,
    missing,
    idAt: (index) => rows[index],
    indexOf: (row) => indexes.get(row) ?? -1,
    indexOfThread: (mail, thread) => {
      const list = lists.find((each) => each.mail === mail);
      const id = list?.idAt(list.indexOfThread(mail, thread));
      return list && id !== undefined ? (indexes.get(rowId(list.mail, id)) ?? -1) : -1;
    },
    seatOf,
    rowOf: rowId,
    eachKnown: (visit) => rows.forEach(visit),
    look: (from, to) => {
      looked = { from: Math.max(0, from), to };
      void settle();
    },
    atTop: (yes) => all((list) => list.atTop(yes)),
    idsIn: async (from, to) => {
      const found: RowId[] = [];
      for (let at = from; at < to; at += 10 * pageSize) {
        const some = await bring(at, Math.min(at + 10 * pageSize, to));
        found.push(...some);
        if (some.length === 0) break;
      }
      return found;
    },
    refresh: async () => {
      await Promise.all(lists.map((list) => list.refresh()));
    },
    take: (wanted) => {
      const backs: (() => void)[] = [];
      all((list) => {
        const mine = wanted.map(seatOf).filter((seat) => seat?.mail === list.mail);
        backs.push(list.take(mine.map((seat) => seat?.id).filter((id) => id !== undefined)));
      });
      return () => batch(() => backs.forEach((back) => back()));
    },
    awake: (yes) => all((list) => list.awake(yes)),
    close: () => {
      closed = true;
      stop();
      all((list) => list.close());
    },
  };
};
