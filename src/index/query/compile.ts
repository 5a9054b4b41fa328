import type { Value } from '../database.ts';
import { IndexError } from '../errors.ts';
import { bitOf } from '../keywords.ts';
import { lastRowBefore } from '../rows.ts';
import { isTextName, type Match, matchOf, matchOfAll, type TextName } from '../text/match.ts';
import type { Filter, Sort } from '../types.ts';
import { flat, type Is, isTooHeavy, type Name, type Node, toNode } from './tree.ts';

/** A piece of SQL with its values. */
interface Piece {
  readonly sql: string;
  readonly values: readonly Value[];
}

/** SQL for the rows of a query in their order: columns `id`, `thread`. */
export interface Compiled {
  readonly sql: string;
  readonly values: readonly Value[];
  /** The order is newest first, so that a page may stop early. */
  readonly natural: boolean;
}

const piece = (sql: string, ...values: Value[]): Piece => ({ sql, values });
const nothing = piece('0');
const everything = piece('1');

const join = (pieces: readonly Piece[], by: ' AND ' | ' OR '): Piece => ({
  sql: `(${pieces.map(({ sql }) => sql).join(by)})`,
  values: pieces.flatMap(({ values }) => values),
});

/** Rows that match, ascending: column `id`. Two tables are merged as they are read, nothing is sorted. */
const rowsOf = ({ head, whole }: Match): Piece => {
  const inHead = 'SELECT rowid AS id FROM fts_head WHERE fts_head MATCH ?';
  return whole === null
    ? piece(`${inHead} ORDER BY 1`, head)
    : piece(`${inHead} UNION SELECT rowid FROM fts_whole WHERE fts_whole MATCH ? ORDER BY 1`, head, whole);
};

const wordless = (text: string): Piece =>
  text.trim() === ''
    ? everything
    : piece(
        `EXISTS (SELECT 1 FROM envelope v WHERE v.email = e.id
          AND (instr(v.subject, ?) > 0 OR instr(coalesce(v.preview, ''), ?) > 0))`,
        text.trim(),
        text.trim(),
      );

const keywordOn = (alias: string, keyword: string): Piece => {
  const bit = bitOf(keyword.toLowerCase());
  return bit > 0
    ? piece(`${alias}.flags & ${bit} = ${bit}`)
    : piece(`instr(coalesce(${alias}.labels, ''), ?) > 0`, ` ${keyword.toLowerCase()} `);
};

const inThread = (has: 'EXISTS' | 'NOT EXISTS', keyword: string, wanted: boolean): Piece => {
  const { sql, values } = keywordOn('t', keyword);
  const test = wanted ? sql : `NOT (${sql})`;
  return piece(`${has} (SELECT 1 FROM email t WHERE t.thread = e.thread AND t.hidden = 0 AND ${test})`, ...values);
};

/** `id`: stands in angle brackets in a message, and without them here. */
const headers: Record<string, { column: string; list: boolean; id?: true }> = {
  from: { column: 'from_', list: true },
  sender: { column: 'sender', list: true },
  'reply-to': { column: 'reply_to', list: true },
  to: { column: 'to_', list: true },
  cc: { column: 'cc', list: true },
  bcc: { column: 'bcc', list: true },
  subject: { column: 'subject', list: false },
  'message-id': { column: 'message_id', list: false, id: true },
  'in-reply-to': { column: 'in_reply_to', list: true, id: true },
  references: { column: 'refs', list: true, id: true },
  'list-id': { column: 'list_id', list: false, id: true },
};

const header = ([name, text]: [string, string | null]): Piece => {
  const kept = headers[name.toLowerCase()];
  if (!kept) throw new IndexError('index/unsupported-filter', 'a header that the index does not keep');
  const { column, list, id } = kept;
  const found = `EXISTS (SELECT 1 FROM envelope v ${list ? `, json_tree(v.${column}) j` : ''} WHERE v.email = e.id`;
  if (text === null) return piece(`${found} AND coalesce(v.${column}, '') <> '')`);
  const value = list ? 'j.value' : `v.${column}`;
  const written = id ? `'<' || ${value} || '>'` : value;
  return piece(`${found} ${list ? "AND j.type = 'text' " : ''}AND instr(low(${written}), ?) > 0)`, text.toLowerCase());
};

const inText =
  (name: TextName) =>
  (text: string): Piece => {
    const match = matchOf(name, text);
    if (match === null) return wordless(text);
    const { sql, values } = rowsOf(match);
    return piece(`e.id IN (${sql})`, ...values);
  };

/** Each single condition on the Email `e`. */
const conditions: { readonly [K in Exclude<keyof Is, 'op'>]-?: (value: NonNullable<Is[K]>) => Piece } = {
  inMailbox: (mailbox) => piece('EXISTS (SELECT 1 FROM member x WHERE x.mailbox = ? AND x.email = e.id)', mailbox),
  inMailboxOtherThan: (mailboxes) =>
    piece(
      'EXISTS (SELECT 1 FROM json_each(e.boxes) b WHERE b.value NOT IN (SELECT value FROM json_each(?)))',
      JSON.stringify(mailboxes),
    ),
  before: (date) => piece('e.id >= ?', lastRowBefore(date)),
  after: (date) => piece('e.id < ?', lastRowBefore(date)),
  minSize: (size) => piece('e.size >= ?', size),
  maxSize: (size) => piece('e.size < ?', size),
  allInThreadHaveKeyword: (keyword) => inThread('NOT EXISTS', keyword, false),
  someInThreadHaveKeyword: (keyword) => inThread('EXISTS', keyword, true),
  noneInThreadHaveKeyword: (keyword) => inThread('NOT EXISTS', keyword, true),
  hasKeyword: (keyword) => keywordOn('e', keyword),
  notKeyword: (keyword) => {
    const { sql, values } = keywordOn('e', keyword);
    return piece(`NOT (${sql})`, ...values);
  },
  hasAttachment: (wanted) => piece('e.attachment = ?', Number(wanted)),
  header,
  text: inText('text'),
  from: inText('from'),
  to: inText('to'),
  cc: inText('cc'),
  bcc: inText('bcc'),
  subject: inText('subject'),
  body: inText('body'),
};

const condition = (name: Name, is: Is): Piece => {
  const compileOne = conditions[name] as (value: unknown) => Piece;
  return compileOne(is[name]);
};

const compileNode = (node: Node): Piece => {
  switch (node.op) {
    case 'one':
      return condition(node.name, node.is);
    case 'boxes':
      return piece(
        'EXISTS (SELECT 1 FROM member x WHERE x.mailbox IN (SELECT value FROM json_each(?)) AND x.email = e.id)',
        JSON.stringify(node.of),
      );
    case 'NOT': {
      const { sql, values } = compileNode(node.of);
      return piece(`NOT coalesce(${sql}, 0)`, ...values);
    }
    case 'AND':
      return node.of.length === 0 ? everything : join(node.of.map(compileNode), ' AND ');
    case 'OR':
      return node.of.length === 0 ? nothing : join(node.of.map(compileNode), ' OR ');
  }
};

const address = (column: string): string =>
  `(SELECT low(coalesce(nullif(v.${column} ->> '$[0].name', ''), v.${column} ->> '$[0].email', '')) FROM envelope v WHERE v.email = e.id)`;

/** What RFC 5256 §2.1 drops from a subject for sorting, as far as SQL can; the index's reader does the same. */
const subject = '(SELECT base_subject(v.subject) FROM envelope v WHERE v.email = e.id)';

const orderOf = (sort: Sort): Piece => {
  const direction = sort.isAscending ? 'ASC' : 'DESC';
  const keyword = sort.keyword ?? '';
  const by = (key: Piece): Piece => piece(`${key.sql} ${direction}`, ...key.values);
  switch (sort.property) {
    case 'receivedAt':
      // The row itself, for it carries the date; newest first is ascending.
      return piece(`e.id ${sort.isAscending ? 'DESC' : 'ASC'}`);
    case 'sentAt':
      return by(piece('coalesce(e.sent, 0)'));
    case 'size':
      return by(piece('e.size'));
    case 'from':
      return by(piece(address('from_')));
    case 'to':
      return by(piece(address('to_')));
    case 'subject':
      return by(piece(subject));
    case 'hasKeyword':
      return by(join([keywordOn('e', keyword)], ' AND '));
    case 'allInThreadHaveKeyword':
      return by(inThread('NOT EXISTS', keyword, false));
    case 'someInThreadHaveKeyword':
      return by(inThread('EXISTS', keyword, true));
  }
};

const isNatural = (sorts: readonly Sort[]): boolean => {
  const [first] = sorts;
  return first === undefined || (first.property === 'receivedAt' && !first.isAscending);
};

/** Conditions that the table `member` alone answers, on its alias `m`. */
const onMember = (node: Node): Piece | null => {
  if (node.op !== 'one') return null;
  const keyword = node.name === 'hasKeyword' || node.name === 'notKeyword' ? node.is[node.name] : undefined;
  if (keyword !== undefined && bitOf(keyword.toLowerCase()) > 0) {
    const bit = bitOf(keyword.toLowerCase());
    return piece(`m.flags & ${bit} = ${node.name === 'hasKeyword' ? bit : 0}`);
  }
  if (node.name === 'before' || node.name === 'after') {
    const { sql, values } = condition(node.name, node.is);
    return piece(sql.replace('e.id', 'm.email'), ...values);
  }
  return null;
};

/** Unread and starred mail have an index of their own; the planner does not know how few they are. */
const partialIndex = (conditions: readonly (Piece | null)[]): string => {
  if (conditions.some((found) => found?.sql === 'm.flags & 1 = 0')) return 'INDEXED BY member_unseen';
  if (conditions.some((found) => found?.sql === 'm.flags & 2 = 2')) return 'INDEXED BY member_flagged';
  return '';
};

/** What a condition looks for in the full text. */
const wordsOf = (node: Node): Match | null =>
  node.op === 'one' && isTextName(node.name) ? matchOf(node.name, String(node.is[node.name])) : null;

/**
 * The one function that turns a query into SQL. Which table leads decides the speed, never the result.
 * @throws IndexError `index/unsupported-filter`
 */
export const compile = (filter: Filter | null, sorts: readonly Sort[]): Compiled => {
  const conditions = filter === null ? [] : flat(toNode(filter));
  if (isTooHeavy(conditions))
    throw new IndexError('index/unsupported-filter', 'more conditions than one query may have');
  const natural = isNatural(sorts);
  const order = natural ? [] : [...sorts.map(orderOf), piece('e.id')];
  const finish = (select: string, where: readonly Piece[], key: string): Compiled => {
    const all = join(where.length === 0 ? [everything] : where, ' AND ');
    const by = natural
      ? piece(key)
      : { sql: order.map(({ sql }) => sql).join(', '), values: order.flatMap((o) => [...o.values]) };
    return { sql: `${select} WHERE ${all.sql} ORDER BY ${by.sql}`, values: [...all.values, ...by.values], natural };
  };
  const shown = piece("e.hidden = 0 AND e.boxes <> '[]'");

  const matches = conditions.map(wordsOf);
  const texts = matches.filter((match) => match !== null);
  if (texts.length > 0) {
    const { sql, values } = rowsOf(matchOfAll(texts));
    const others = conditions.filter((_, i) => matches[i] === null).map(compileNode);
    const found = finish(
      `SELECT e.id, e.thread FROM (${sql}) f CROSS JOIN email e ON e.id = f.id`,
      [shown, ...others],
      'f.id',
    );
    return { ...found, values: [...values, ...found.values] };
  }

  const leader = conditions.find((node) => node.op === 'one' && node.name === 'inMailbox');
  if (leader?.op === 'one') {
    const others = conditions.filter((node) => node !== leader);
    const inMember = others.map(onMember);
    const rest = others.filter((_, i) => inMember[i] === null).map(compileNode);
    const where = [piece('m.mailbox = ?', leader.is.inMailbox ?? 0), ...inMember.filter((found) => found !== null)];
    const member = `member m ${partialIndex(inMember)}`;
    return rest.length === 0 && natural
      ? finish(`SELECT m.email, m.thread FROM ${member}`, where, 'm.email')
      : finish(
          `SELECT e.id, e.thread FROM ${member} CROSS JOIN email e ON e.id = m.email`,
          [...where, ...rest],
          'm.email',
        );
  }
  return finish('SELECT e.id, e.thread FROM email e', [shown, ...conditions.map(compileNode)], 'e.id');
};
