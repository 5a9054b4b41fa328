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

export type Column = 'subject' | 'from_' | 'to_' | 'cc' | 'bcc' | 'preview' | 'body';

/** An FTS5 expression; null when the text has no word in it. Never a syntax error. */
export const matchOf = (text: string, columns?: readonly Column[]): string | null => {
  const terms = termsOf(text);
  if (terms.length === 0) return null;
  const all = terms.map(quoted).join(' AND ');
  return columns ? `{${columns.join(' ')}} : (${all})` : `(${all})`;
};
