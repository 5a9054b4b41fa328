import type { EmailAddress } from '#jmap/mail.ts';
import { looksLikeAddress } from './letter.ts';

/** A part of typed text, and the sign that ended it; empty at the end. */
interface Piece {
  text: string;
  end: string;
}

/** Commas and semicolons of other scripts. */
const signs: Record<string, string> = { '，': ',', '、': ',', '،': ',', '；': ';', '؛': ';' };

/** What is not seen comes along where addresses are copied, and is no part of them. */
const unseen = /[\u00AD\u200B\u200E\u200F\u202A-\u202E\u2066-\u2069\uFEFF]/gu;

const quotedString = /"((?:[^"\\]|\\.)*)"?/gu;

/** Parts between commas, semicolons, tabs and line ends that do not stand in quotes or `<>`; a group's name is none. */
const piecesOf = (text: string): Piece[] => {
  const pieces: Piece[] = [];
  let piece = '';
  let quoted = false;
  let angle = false;
  for (let at = 0; at < text.length; at += 1) {
    const char = text.charAt(at);
    const sign = signs[char] ?? char;
    if (char === '\n' || (!quoted && (sign === ';' || sign === '\t' || (sign === ',' && !angle)))) {
      pieces.push({ text: piece, end: sign });
      piece = '';
      quoted = false;
      angle = false;
    } else if (quoted && char === '\\') {
      at += 1;
      piece += char + text.charAt(at);
    } else if (!quoted && char === ':' && !/@|^[\s<]*mailto$/iu.test(piece)) piece = '';
    else {
      if (char === '"') quoted = !quoted;
      else if (!quoted && (char === '<' || char === '>')) angle = char === '<';
      piece += char;
    }
  }
  return [...pieces, { text: piece, end: '' }];
};

/** A phrase as it is meant: `\"` in quotes is a quote (RFC 5322 §3.2.4). */
const phrase = (text: string): string =>
  text
    .replaceAll(quotedString, (_, inner: string) => inner.replaceAll(/\\(.)/gu, '$1'))
    .replaceAll(/\s+/gu, ' ')
    .trim();

const personOf = (text: string): EmailAddress[] => {
  const [, name, inner] = /^((?:"(?:[^"\\]|\\.)*"|[^"<])*)<([^<>]*)>$/su.exec(text.trim()) ?? [];
  const email = (inner ?? text)
    .normalize('NFKC')
    .trim()
    .replace(/^mailto:([^?]*).*/isu, '$1');
  if (inner !== undefined) return email.includes('@') ? [{ name: phrase(name ?? '') || null, email }] : [];
  // `Name a@b`, `a@b (Name)`, `1. a@b`, `a@b c@d`
  const words = email.split(/[\s<>()[\]"“”]+/u).filter((word) => /[\p{L}@]/u.test(word));
  const emails = words.filter(looksLikeAddress);
  const rest = words.filter((word) => !emails.includes(word)).join(' ');
  if (emails.length === 1 || (emails.length > 1 && rest === ''))
    return emails.map((each) => ({ name: rest || null, email: each }));
  return email === '' ? [] : [{ name: null, email }];
};

/**
 * `Name <a@b>`, `"Name, X" <a@b>`, `Name, X <a@b>`, `a@b`, groups (RFC 5322 §3.4); several with commas, semicolons, tabs or
 * line ends between. A cell before an address is its name. What is no address is a person all the same, to be mended.
 */
export const parsePeople = (text: string): EmailAddress[] => {
  const people: EmailAddress[] = [];
  let before: Piece | null = null;
  for (const piece of piecesOf(text.replaceAll(unseen, '').replaceAll(/\r\n?/gu, '\n'))) {
    let found = personOf(piece.text);
    const [first] = found;
    if (before !== null && first?.email.includes('@') === true) {
      const named = before.end === ',' ? first.name !== null : first.name === null;
      if (named) found = [{ ...first, name: [phrase(before.text), ...(first.name ? [first.name] : [])].join(', ') }];
      else if (before.end === ',') people.push(...personOf(before.text));
      before = null;
    } else if (before !== null && first) {
      people.push(...personOf(before.text));
      before = null;
    }
    if (first && !first.email.includes('@') && (piece.end === ',' || piece.end === '\t')) before = piece;
    else people.push(...found);
  }
  return [...people, ...(before === null ? [] : personOf(before.text))];
};

/** Whether the text names people with whole addresses and nothing else. */
export const isWhole = (text: string): boolean => {
  const people = parsePeople(text);
  return people.length > 0 && people.every(({ email }) => looksLikeAddress(email));
};

/** The people whom a comma, semicolon or line end has finished, and what is still being typed. */
export const finishedPeople = (text: string): { items: EmailAddress[]; rest: string } => {
  const rest = piecesOf(text).at(-1)?.text ?? '';
  const items = parsePeople(text.slice(0, text.length - rest.length));
  // A name may go on behind a comma: `Doe, John <doe@x.test>`.
  return rest === text || !items.every(({ email }) => email.includes('@'))
    ? { items: [], rest: text }
    : { items, rest: rest.trimStart() };
};

/** A person as text that {@link parsePeople} reads back. */
export const spelledPerson = ({ name, email }: EmailAddress): string => {
  if (!name) return email;
  return /[(),:;<>@[\]\\"]/u.test(name) ? `"${name.replaceAll(/["\\]/gu, '\\$&')}" <${email}>` : `${name} <${email}>`;
};
