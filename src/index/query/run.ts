import type { Core } from '../core.ts';
import { IndexError } from '../errors.ts';
import type { EmailNumber, EmailRow, Filter, MailboxId, Query, QueryResult, ThreadNumber } from '../types.ts';
import { compile } from './compile.ts';

/** A query's whole result, however it is come by. */
interface Result {
  page(from: number, to: number): EmailRow[];
  length(): number;
  /** -1: not in it. */
  indexOf(row: EmailRow): number;
}

/** The mailbox of a filter that says nothing else; undefined of any other filter. */
const loneMailbox = (filter: Filter | null): MailboxId | undefined => {
  if (filter === null) return undefined;
  if (filter.op !== 'is')
    return filter.op === 'NOT' || filter.of.length !== 1 ? undefined : loneMailbox(filter.of[0] ?? null);
  const names = Object.entries(filter).filter(([name, value]) => name !== 'op' && value !== undefined);
  return names.length === 1 ? filter.inMailbox : undefined;
};

const fromList = (core: Core, mailbox: MailboxId, collapsed: boolean): Result => ({
  page: (from, to) => core.lists.page(mailbox, collapsed, from, to),
  length: () => core.mailboxes.total(mailbox, collapsed ? 'totalThreads' : 'totalEmails'),
  indexOf: (row) => core.lists.indexOf(mailbox, collapsed, row),
});

const reversed = (list: Result): Result => ({
  page: (from, to) => {
    const length = list.length();
    return list.page(Math.max(0, length - to), Math.max(0, length - from)).reverse();
  },
  length: () => list.length(),
  indexOf: (row) => {
    const at = list.indexOf(row);
    return at < 0 ? at : list.length() - 1 - at;
  },
});

/** Rows read ahead without keeping the whole result, when nobody asks for the total. */
const shallow = 400;

const fromSql = (core: Core, query: Query): Result => {
  const { sql, values, natural } = compile(query.filter, query.sort);
  const { collapseThreads } = query;
  const key = JSON.stringify([query.filter, query.sort, collapseThreads]);
  const state = core.log.state('Email');
  const kept = (): Float64Array | undefined => core.results.get(state, key);

  const take = (most: number): EmailRow[] => {
    const rows: EmailRow[] = [];
    const threads = new Set<ThreadNumber>();
    for (const [row, thread] of core.db.each<[EmailRow, ThreadNumber]>(sql, ...values)) {
      if (collapseThreads) {
        if (threads.has(thread)) continue;
        threads.add(thread);
      }
      rows.push(row);
      if (rows.length >= most) break;
    }
    return rows;
  };
  const every = (): EmailRow[] => (collapseThreads ? take(Infinity) : core.db.values<EmailRow>(sql, ...values));
  const whole = (): Float64Array => kept() ?? core.results.set(state, key, every());
  return {
    page: (from, to) => {
      const isShallow = natural && !query.calculateTotal && to <= shallow && !kept();
      return isShallow ? take(to).slice(from) : (Array.from(whole().subarray(from, to)) as EmailRow[]);
    },
    length: () => whole().length,
    indexOf: (row) => whole().indexOf(row),
  };
};

const resultOf = (core: Core, query: Query): Result => {
  const mailbox = loneMailbox(query.filter);
  const [first] = query.sort;
  if (mailbox !== undefined && (first === undefined || first.property === 'receivedAt')) {
    const list = fromList(core, mailbox, query.collapseThreads);
    if (!first?.isAscending) return list;
    // Collapsed the other way round, a conversation stands where its oldest Email does.
    if (!query.collapseThreads) return reversed(list);
  }
  return fromSql(core, query);
};

/** -1: not in it. */
const indexIn = (core: Core, result: Result, email: EmailNumber): number => {
  const row = core.numbers.rowOf(email);
  return row === undefined || core.numbers.of([row])[0] !== email ? -1 : result.indexOf(row);
};

const startOf = (core: Core, query: Query, result: Result): number => {
  if (query.anchor !== null) {
    const at = indexIn(core, result, query.anchor);
    if (at < 0) throw new IndexError('index/anchor-not-found', 'the anchor is not in the result');
    return Math.max(0, at + query.anchorOffset);
  }
  return query.position < 0 ? Math.max(0, result.length() + query.position) : query.position;
};

/** RFC 8620 §5.5, RFC 8621 §4.4. */
export const runQuery = (core: Core, query: Query): QueryResult => {
  const result = resultOf(core, query);
  const position = startOf(core, query, result);
  const rows = query.limit > 0 ? result.page(position, position + query.limit) : [];
  return {
    ids: core.numbers.of(rows),
    position,
    total: query.calculateTotal ? result.length() : null,
  };
};

/** Where `emails` stand in the whole result; those that are not in it are left out. */
export const positionsIn = (core: Core, query: Query, emails: readonly EmailNumber[]): Map<EmailNumber, number> => {
  const result = resultOf(core, query);
  return new Map(emails.map((email) => [email, indexIn(core, result, email)] as const).filter(([, at]) => at >= 0));
};
