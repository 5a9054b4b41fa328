import type { Filter } from '../types.ts';
import { isDense } from './fold.ts';
import { type Term, termsOf } from './match.ts';

/** Octets of a snippet of the body, marks and escapes included (RFC 8621 §5). */
const mostOctets = 255;
/** Characters shown before the first match. */
const lead = 40;

type Range = [from: number, to: number];

const word = /[\p{L}\p{N}\p{M}\p{Co}]+/gu;
const folded = (text: string): string =>
  text
    .normalize('NFKD')
    .replaceAll(/\p{M}+/gu, '')
    .toLowerCase();

const escapes: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };
const escaped = (text: string): string => text.replaceAll(/[&<>"']/gu, (character) => escapes[character] ?? '');

/** Text conditions that hold for a match; what stands under NOT is not marked. */
export const snippetTerms = (filter: Filter | null): { subject: Term[]; body: Term[] } => {
  if (filter === null || filter.op === 'NOT') return { subject: [], body: [] };
  if (filter.op === 'is') {
    const text = filter.text === undefined ? [] : termsOf(filter.text);
    return {
      subject: [...text, ...(filter.subject === undefined ? [] : termsOf(filter.subject))],
      body: [...text, ...(filter.body === undefined ? [] : termsOf(filter.body))],
    };
  }
  const parts = filter.of.map(snippetTerms);
  return { subject: parts.flatMap(({ subject }) => subject), body: parts.flatMap(({ body }) => body) };
};

/** Where terms are found in a text, as the full text finds them: word by word, the last one by its beginning. */
const rangesOf = (text: string, terms: readonly Term[]): Range[] => {
  const words = Array.from(text.matchAll(word), (match) => ({
    from: match.index,
    to: match.index + match[0].length,
    text: folded(match[0]),
  }));
  const ranges: Range[] = [];
  for (const term of terms) {
    if (isDense(term.text)) {
      const low = text.toLowerCase();
      const wanted = term.text.toLowerCase();
      for (let at = low.indexOf(wanted); at >= 0; at = low.indexOf(wanted, at + wanted.length)) {
        ranges.push([at, at + wanted.length]);
      }
      continue;
    }
    const wanted = Array.from(term.text.matchAll(word), ([part]) => folded(part));
    const fits = (at: number, i: number): boolean => {
      const there = words[at + i]?.text;
      const want = wanted[i] ?? '';
      return there !== undefined && (term.prefix && i === wanted.length - 1 ? there.startsWith(want) : there === want);
    };
    for (let at = 0; at + wanted.length <= words.length; at += 1) {
      if (!wanted.every((_, i) => fits(at, i))) continue;
      ranges.push([words[at]?.from ?? 0, words[at + wanted.length - 1]?.to ?? 0]);
    }
  }
  return ranges.sort((a, b) => a[0] - b[0]);
};

const marked = (text: string, ranges: readonly Range[]): string => {
  let html = '';
  let done = 0;
  for (const [from, to] of ranges) {
    if (to <= done) continue;
    const start = Math.max(from, done);
    if (start >= text.length) break;
    html += `${escaped(text.slice(done, start))}<mark>${escaped(text.slice(start, to))}</mark>`;
    done = Math.min(to, text.length);
  }
  return html + escaped(text.slice(done));
};

/** The whole text with marks; null when nothing in it matches. */
export const markAll = (text: string, terms: readonly Term[]): string | null => {
  const ranges = rangesOf(text, terms);
  return ranges.length === 0 ? null : marked(text, ranges);
};

/** The part of a text around its first match; null when nothing in it matches. */
export const markAround = (text: string, terms: readonly Term[]): string | null => {
  const ranges = rangesOf(text, terms);
  const [first] = ranges;
  if (!first) return null;
  const start = first[0] <= lead ? 0 : text.indexOf(' ', first[0] - lead) + 1 || first[0] - lead;
  const from = Math.min(start, first[0]);
  const shifted = ranges.map(([a, b]): Range => [a - from, b - from]).filter(([a]) => a >= 0);
  for (let length = Math.min(text.length - from, mostOctets); length > 0; length -= 8) {
    const html = marked(text.slice(from, from + length).toWellFormed(), shifted);
    if (Buffer.byteLength(html) <= mostOctets) return html;
  }
  return null;
};
