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

type HeadColumn = 'subject' | 'from_' | 'to_' | 'cc' | 'bcc' | 'preview';
export type TextName = 'text' | 'from' | 'to' | 'cc' | 'bcc' | 'subject' | 'body';

/** Columns that a condition looks at in `fts_head`, and in `fts_whole`; null: all of them, or not this table. */
const scopes: Record<TextName, { head: HeadColumn | null; whole: 'preview body' | 'all' | null }> = {
  text: { head: null, whole: 'all' },
  from: { head: 'from_', whole: null },
  to: { head: 'to_', whole: null },
  cc: { head: 'cc', whole: null },
  bcc: { head: 'bcc', whole: null },
  subject: { head: 'subject', whole: null },
  body: { head: 'preview', whole: 'preview body' },
};

export const isTextName = (name: string): name is TextName => Object.hasOwn(scopes, name);

/**
 * A condition as FTS5 expressions, never a syntax error: for `fts_head`, and for `fts_whole` where that finds more. What
 * is found in an Email's headers and preview is found in the whole of it as well: nothing is negated in here.
 */
export interface Match {
  head: string;
  whole: string | null;
}

/** null when the text has no word in it. */
export const matchOf = (name: TextName, text: string): Match | null => {
  const { head, whole } = scopes[name];
  const terms = termsOf(text);
  if (terms.length === 0) return null;
  const all = `(${terms.map(quoted).join(' AND ')})`;
  const within = (columns: string | null): string => (columns === null ? all : `({${columns}} : ${all})`);
  return { head: within(head), whole: whole === null ? null : within(whole === 'all' ? null : whole) };
};

/** What all of them find. */
export const matchOfAll = (matches: readonly Match[]): Match => ({
  head: matches.map(({ head }) => head).join(' AND '),
  whole: matches.every(({ whole }) => whole === null)
    ? null
    : matches.map(({ head, whole }) => whole ?? head).join(' AND '),
});

/** Whether a filter looks at words. */
export const asksText = (filter: Filter | null): boolean => {
  if (filter === null) return false;
  return filter.op === 'is' ? Object.keys(filter).some(isTextName) : filter.of.some(asksText);
};
