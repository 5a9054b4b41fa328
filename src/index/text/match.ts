import type { Filter } from '../types.ts';
import { foldForQuery, isDense } from './fold.ts';

/** One word or quoted phrase of what a user typed; `prefix`: it may go on. */
export interface Term {
  text: string;
  prefix: boolean;
}

const mostTerms = 32;
const mostCharacters = 2000;
const token = /"((?:\\.|[^"\\])*)"?|'((?:\\.|[^'\\])*)'(?=\s|$)|\S+/gu;
const countable = /[\p{L}\p{N}\p{M}\p{Co}]/u;

/** RFC 8621 §4.4.1: words, and phrases in single or double quotes. The last word is a beginning. */
export const termsOf = (text: string): Term[] => {
  const clean = text
    .slice(0, mostCharacters)
    .toWellFormed()
    // oxlint-disable-next-line no-control-regex -- NUL would end the text for SQLite
    .replaceAll(/[\u0000-\u001f\u007f]+/gu, ' ');
  const terms: Term[] = [];
  for (const match of clean.matchAll(token)) {
    const quoted = match[1] ?? match[2];
    const word = (quoted ?? match[0]).replaceAll(/\\(.)/gu, '$1');
    if (!countable.test(word)) continue;
    const isLast = match.index + match[0].length === clean.length;
    terms.push({ text: word, prefix: quoted === undefined && isLast });
  }
  return terms.slice(0, mostTerms);
};

const quoted = ({ text, prefix }: Term): string => {
  const folded = foldForQuery(text);
  // A single dense character is the beginning of a pair or the end of a run.
  const last = folded.split(' ').at(-1) ?? '';
  const open = prefix || (isDense(last) && Array.from(last).length === 1);
  return `"${folded.replaceAll('"', '""')}"${open ? '*' : ''}`;
};

type Column = 'subject' | 'from_' | 'to_' | 'cc' | 'bcc' | 'preview';
export type TextName = 'text' | 'from' | 'to' | 'cc' | 'bcc' | 'subject' | 'body';

/** Columns of `fts_head` that a condition looks at, all or one, and whether it looks at `fts_body` as well. */
const scopes: Record<TextName, { column: Column | null; body: boolean }> = {
  text: { column: null, body: true },
  from: { column: 'from_', body: false },
  to: { column: 'to_', body: false },
  cc: { column: 'cc', body: false },
  bcc: { column: 'bcc', body: false },
  subject: { column: 'subject', body: false },
  body: { column: 'preview', body: true },
};

export const isTextName = (name: string): name is TextName => Object.hasOwn(scopes, name);

/** FTS5 expressions, never a syntax error: Emails for which `head` holds, or `body` when it is not null. */
export interface Clause {
  head: string;
  body: string | null;
}

/**
 * A condition as clauses that must all hold; none when the text has no word in it. Words may stand in different fields,
 * and a phrase stands in one: each word is a clause of its own where two tables are looked at.
 */
export const clausesOf = (name: TextName, text: string): Clause[] => {
  const { column, body } = scopes[name];
  const terms = termsOf(text).map(quoted);
  const within = (expression: string): string => (column === null ? expression : `{${column}} : (${expression})`);
  if (body) return terms.map((term) => ({ head: within(term), body: term }));
  return terms.length === 0 ? [] : [{ head: within(terms.join(' AND ')), body: null }];
};

/** Whether a filter looks at words. */
export const asksText = (filter: Filter | null): boolean => {
  if (filter === null) return false;
  return filter.op === 'is' ? Object.keys(filter).some(isTextName) : filter.of.some(asksText);
};
