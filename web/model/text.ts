/** Plain text of a mail, taken apart for reading: paragraphs, quoted tail, links. Nothing is added or left out. */

export type Piece = { kind: 'text'; text: string } | { kind: 'link'; text: string; href: string };

export type Block =
  | { kind: 'paragraph'; text: string }
  /** Every line began with `- `, `* ` or `• `. */
  | { kind: 'list'; items: readonly string[] }
  /** Lines that began with `>`; one level taken off. */
  | { kind: 'quote'; blocks: readonly Block[] };

export interface Letter {
  blocks: readonly Block[];
  /** What was quoted below the answer; null when nothing was, or when something follows it. */
  quoted: { blocks: readonly Block[]; lines: number } | null;
}

const attribution =
  /^(?:On|Am|Le|El|Il|Den|Op|Em|W dniu|Dne|Vào)\b.{6,250}(?:wrote|schrieb|écrit|escribió|scritto|skrev|schreef|escreveu|napisał\(a\)|napsal\(a\)|viết)\s*:?$/iu;
const original =
  /^-{2,}\s*(?:Original Message|Forwarded message|Ursprüngliche Nachricht|Message d'origine|Mensaje original|Messaggio originale|Ursprungligt meddelande)\s*-{2,}$/iu;
const bullet = /^[-*•] (?=\S)/u;

const isQuote = (line: string): boolean => line.startsWith('>');
const isBlank = (line: string): boolean => line.trim() === '';

/** Index of the first line of the quoted tail, -1 when there is none. */
const tailStart = (lines: readonly string[]): number => {
  const marked = lines.findIndex((line) => original.test(line.trim()));
  if (marked > 0 && lines.slice(0, marked).some((line) => !isBlank(line))) return marked;
  let end = lines.length;
  while (end > 0 && isBlank(lines[end - 1] ?? '')) end -= 1;
  let start = end;
  while (start > 0 && (isQuote(lines[start - 1] ?? '') || isBlank(lines[start - 1] ?? ''))) start -= 1;
  while (start < end && isBlank(lines[start] ?? '')) start += 1;
  if (start === end) return -1;
  let lead = start;
  while (lead > 0 && isBlank(lines[lead - 1] ?? '')) lead -= 1;
  const one = lines[lead - 1]?.trim() ?? '';
  const two = `${lines[lead - 2]?.trim() ?? ''} ${one}`;
  if (attribution.test(one)) start = lead - 1;
  else if (attribution.test(two)) start = lead - 2;
  return lines.slice(0, start).some((line) => !isBlank(line)) ? start : -1;
};

const blocksOf = (lines: readonly string[], depth = 0): Block[] => {
  const blocks: Block[] = [];
  let run: string[] = [];
  const close = (): void => {
    if (run.length > 1 && run.every((line) => bullet.test(line)))
      blocks.push({ kind: 'list', items: run.map((line) => line.replace(bullet, '')) });
    else if (run.length > 0) blocks.push({ kind: 'paragraph', text: run.join('\n') });
    run = [];
  };
  for (let index = 0; index < lines.length; index += 1) {
    const line = lines[index] ?? '';
    if (isQuote(line) && depth < 8) {
      close();
      const inner: string[] = [];
      while (index < lines.length && isQuote(lines[index] ?? '')) {
        inner.push((lines[index] ?? '').replace(/^> ?/u, ''));
        index += 1;
      }
      index -= 1;
      blocks.push({ kind: 'quote', blocks: blocksOf(inner, depth + 1) });
    } else if (isBlank(line)) close();
    else run.push(line.trimEnd());
  }
  close();
  return blocks;
};

export const readLetter = (text: string): Letter => {
  const lines = text.replaceAll('\r\n', '\n').split('\n');
  const start = tailStart(lines);
  if (start < 0) return { blocks: blocksOf(lines), quoted: null };
  const tail = lines.slice(start);
  return {
    blocks: blocksOf(lines.slice(0, start)),
    quoted: { blocks: blocksOf(tail), lines: tail.filter((line) => !isBlank(line)).length },
  };
};

/** 64 octets are the most before an `@` (RFC 5321 §4.5.3.1.1); without an end a long run of dots is read once for each. */
const address = /\b(?:https?:\/\/|www\.)[^\s<>"]+|\b[\w.+-]{1,64}@[\w-]+(?:\.[\w-]+)+\b/giu;

/** A URL in running text ends before the punctuation of the sentence, and before a bracket it did not open. */
const trimmed = (url: string): string => {
  const counts = new Map<string, number>();
  for (const char of url) counts.set(char, (counts.get(char) ?? 0) + 1);
  const count = (char = ''): number => counts.get(char) ?? 0;
  let end = url.length;
  for (;;) {
    const last = url[end - 1] ?? '';
    const closing = { ')': '(', ']': '[', '}': '{' }[last];
    if (!/[.,;:!?'’”]/u.test(last) && !(closing && count(last) > count(closing))) return url.slice(0, end);
    counts.set(last, count(last) - 1);
    end -= 1;
  }
};

export const linked = (text: string): Piece[] => {
  const pieces: Piece[] = [];
  let at = 0;
  for (const match of text.matchAll(address)) {
    const found = trimmed(match[0]);
    const isMail = !/^(?:https?:|www\.)/iu.test(found);
    const href = isMail ? `mailto:${found}` : /^www\./iu.test(found) ? `https://${found}` : found;
    if (!isMail && !URL.canParse(href)) continue;
    if (match.index > at) pieces.push({ kind: 'text', text: text.slice(at, match.index) });
    pieces.push({ kind: 'link', text: found, href });
    at = match.index + found.length;
  }
  if (at < text.length) pieces.push({ kind: 'text', text: text.slice(at) });
  return pieces;
};
