import { bodyLists } from './body-lists.ts';
import { htmlToText } from './html-text.ts';
import { quotedTail, signatureStart } from './quote.ts';
import type { Part } from './types.ts';

/** RFC 8621 §4.1.4: at most 256 characters. */
const MAX_PREVIEW = 256;
/** Text behind this is never looked at for a preview. */
const MAX_TEXT = 20_000;
const MAX_HTML = 200_000;

/** Which part a preview is made of, and how many of its encoded octets are enough to fetch. */
export interface PreviewPart<P extends Part = Part> {
  part: P;
  octets: number;
}

/**
 * The first body part that has text; plain before HTML, and a calendar when there is no other. null when there is none.
 * HTML of newsletters begins with its styles, so more of it is needed.
 */
export const previewPart = <P extends Part & { parts: P[] }>(root: P): PreviewPart<P> | null => {
  const { text, html, attachments } = bodyLists(root);
  // A few octets are a mailer's empty alternative.
  const isText = (part: P): boolean => part.type.startsWith('text/') && part.encodedSize > 0;
  const isWorth = (part: P): boolean => isText(part) && part.encodedSize > 8;
  const part =
    text.find((one) => isWorth(one) && one.type === 'text/plain') ??
    html.find(isWorth) ??
    text.find(isText) ??
    html.find(isText) ??
    attachments.find((one) => one.type === 'text/calendar');
  if (part === undefined) return null;
  return { part, octets: Math.min(part.encodedSize, part.type === 'text/html' ? 49_152 : 4096) };
};

/** Characters newsletters pad their first line with, so that nothing else shows in a list. */
const INVISIBLE = '\\u00ad\\u034f\\u061c\\u180e\\u200b\\u2028-\\u202e\\u2060-\\u206f\\u2800\\u3164\\ufeff';
const padding = new RegExp(
  `[\\s${INVISIBLE}\\u115f\\u1160\\u17b4\\u17b5\\u200c-\\u200f\\ufe00-\\ufe0f\\uffa0]{2,}`,
  'g',
);
const invisible = new RegExp(`[${INVISIBLE}]`, 'g');
/** Joins the parts of one emoji. */
const JOINED = '\ufe0f\u200d';
const rule = /^\W*$|^[-_=*#~.+<>\s]{3,}/;

const isQuoted = (line: string): boolean => /^\s{0,2}>/.test(line);

/** Lines that carry the message: no quotes, nor who is quoted, no rules, no bare links. */
const goodLines = (text: string): string[] =>
  text
    .split('\n')
    .filter(
      (line, i, all) =>
        !isQuoted(line) &&
        !(/:\s*$/.test(line) && isQuoted(all[i + 1] === '' ? (all[i + 2] ?? '') : (all[i + 1] ?? ''))),
    )
    .map((line) =>
      line
        // What does not close is taken as well, and put back: each character is looked at once.
        .replace(/[<[(](?:https?:\/\/|mailto:|cid:)[^\s>\])]*([>\])]?)/gi, (link, close: string) =>
          close === '' ? link : ' ',
        )
        .replace(/\[(?:image|cid):[^\]]{0,200}\]/gi, ' '),
    )
    .map((line) => (rule.test(line) && !/[\p{L}\p{N}\p{So}]/u.test(line) ? '' : line));

const squeeze = (lines: readonly string[]): string =>
  lines
    .join(' ')
    .replace(padding, (run) => (run === JOINED ? run : ' '))
    .replace(invisible, '')
    .replace(/\s+/g, ' ')
    .trim();

const cut = (text: string): string => {
  if (text.length <= MAX_PREVIEW) return text;
  const end = /[\ud800-\udbff]/.test(text.charAt(MAX_PREVIEW - 1)) ? MAX_PREVIEW - 1 : MAX_PREVIEW;
  return text.slice(0, end).trimEnd();
};

/** Neither ASCII nor Latin letters: it may be padding. */
const unusual = /[^ -~\u00a1-\u00ac\u00ae-\u017f]/;

const isTidy = (text: string): boolean => !unusual.test(text) && !text.includes('  ') && text.trim() === text;

const isCalendar = (text: string): boolean => /^\s*BEGIN:VCALENDAR\b/i.test(text);

/** What a calendar says in words of the first thing in it: its summary, place and description – RFC 5545 §3.1, §3.8.1 */
const calendarText = (calendar: string): string => {
  const text = calendar.replace(/\r?\n[ \t]/g, '');
  const thing = text.slice(Math.max(0, text.search(/^BEGIN:V(?:EVENT|TODO|JOURNAL)\b/im)));
  return ['SUMMARY', 'LOCATION', 'DESCRIPTION']
    .map((name) => new RegExp(`^${name}(?:;(?:"[^"\n]*"|[^":\n])*)?:(.*)`, 'im').exec(thing)?.[1] ?? '')
    .map((value) => value.replace(/\\n/gi, '\n').replace(/\\(.)/g, '$1'))
    .join('\n');
};

/**
 * A preview that the server made (RFC 8970), fit for lists. Most of them are as they are. One in which octets of an
 * undeclared charset were lost is none, nor is one of a calendar: it is made here, where they are read.
 */
export const previewOfServer = (text: string): string =>
  text.includes('\ufffd') || isCalendar(text) ? '' : cut(isTidy(text) ? text : squeeze([text]));

/**
 * The first words of a message for lists, at most 256 UTF-16 units: without quotes, signature, markup, padding. A message
 * that is nothing but quote gives the quote.
 */
export const previewOf = (text: string, isHtml: boolean): string => {
  const markup = isHtml || /^\s*<(?:!doctype html|html|body)\b/i.test(text);
  const start = text.slice(0, MAX_TEXT);
  const plain = markup
    ? htmlToText(text.slice(0, MAX_HTML), { limit: MAX_TEXT })
    : isCalendar(start)
      ? calendarText(start)
      : start;
  const tail = quotedTail(plain);
  const own = tail === null ? plain : plain.slice(0, tail.start);
  const unsigned = own.slice(0, signatureStart(own));
  for (const candidate of [unsigned, own]) {
    const found = squeeze(goodLines(candidate));
    if (found !== '') return cut(found);
  }
  const quote = squeeze([plain.replace(/^[>\s]+/gm, '')]);
  // A newsletter that is one picture says what it shows.
  return cut(
    quote !== '' || !markup ? quote : squeeze([htmlToText(text.slice(0, MAX_HTML), { alt: true, limit: MAX_TEXT })]),
  );
};
