/** Where the quoted tail of a plain text begins (UTF-16 offset), and how many lines it has. */
export interface QuotedTail {
  start: number;
  lines: number;
}

interface Line {
  at: number;
  text: string;
}

/** "-----Original Message-----" in the words of the mailers that write it. */
const original =
  /^[-_=\s]{2,}(?:original message|forwarded message|ursprüngliche nachricht|weitergeleitete nachricht|message d'origine|message original|mensaje original|mensagem original|messaggio originale|oorspronkelijk bericht|oprindelig meddelelse|ursprungligt meddelande|opprinnelig melding|alkuperäinen viesti|исходное сообщение|пересылаемое сообщение|původní zpráva|wiadomość oryginalna|oryginalna wiadomość|元のメッセージ|原始邮件|原始郵件|원본 메시지)[-_=\s]{2,}$/i;

/** The last word or sign of "On 3 May 2024, Ana wrote:" in many languages; a date or an address must stand before it. */
const attribution =
  /(?:wrote|writes|schrieb|schreibt|a écrit|escribió|escreveu|ha scritto|schreef|skrev|kirjoitti|napsal|napisał\(?a?\)?|написал\(?а?\)?|пише|пишет|写道|寫道|のメール|さんは書きました|작성|yazdı|έγραψε)\s*[^\n]{0,40}[::]\s*$/iu;
const evidence = /[@<]|\d{1,4}[-./:年,\s]|\d{2}:\d{2}/;

const replyField =
  /^[*_\s]*(?:from|sent|to|cc|subject|date|von|gesendet|an|betreff|datum|de|envoyé|à|objet|enviado|para|asunto|assunto|da|inviato|a|oggetto|van|verzonden|aan|onderwerp|fra|från|skickat|till|ämne|от|отправлено|кому|тема|发件人|发送时间|收件人|主题|差出人|送信日時|宛先|件名)\s*[::][*_]*\s/i;

const linesOf = (text: string): Line[] => {
  const lines: Line[] = [];
  let at = 0;
  for (const line of text.split('\n')) {
    lines.push({ at, text: line.trimEnd() });
    at += line.length + 1;
  }
  return lines;
};

const isQuoted = (line: string): boolean => /^\s{0,2}>/.test(line);

/** The line of an Outlook header block: at least three of From, Sent, To, Subject in a row. */
const isReplyHeader = (lines: readonly Line[], at: number): boolean => {
  let fields = 0;
  for (let i = at; i < Math.min(at + 8, lines.length); i += 1) {
    const text = lines[i]?.text ?? '';
    if (replyField.test(`${text} `)) fields += 1;
    else if (text !== '' && fields === 0) return false;
    else if (text === '' && fields > 0) break;
  }
  return fields >= 3;
};

/** "On Monday" may stand a line above what already looks complete. */
const isBeginning = (line: string): boolean =>
  /^(?:on|am|le|el|em|il|op|den|dnia|в)\s/i.test(line) && line.length < 120 && !/[.!?]$/.test(line);

/** Begin of an attribution that ends on line `end`; it may take up to three lines. -1 when there is none. */
const attributionStart = (lines: readonly Line[], end: number): number => {
  let joined = '';
  for (let i = end; i > end - 3; i -= 1) {
    const text = lines[i]?.text ?? '';
    if (text === '' || text.length > 300) return -1;
    joined = joined === '' ? text : `${text} ${joined}`;
    if (attribution.test(joined) && evidence.test(joined) && !text.startsWith(' '))
      return i === end && isBeginning(lines[i - 1]?.text ?? '') ? i - 1 : i;
  }
  return -1;
};

/** The last line above `at` that is not blank, -1 when there is none. */
const lineAbove = (lines: readonly Line[], at: number): number => {
  let above = at - 1;
  while (above >= 0 && lines[above]?.text === '') above -= 1;
  return above;
};

const isQuotedAt = (lines: readonly Line[], at: number): boolean => at >= 0 && isQuoted(lines[at]?.text ?? '');

/** First line of the last run of `>` lines when nothing but blank lines follows it, else -1. One blank line may part them. */
const trailingQuote = (lines: readonly Line[]): number => {
  let at = lineAbove(lines, lines.length);
  if (!isQuotedAt(lines, at)) return -1;
  while (isQuotedAt(lines, at - 1) || (lines[at - 1]?.text === '' && isQuotedAt(lines, at - 2))) at -= 1;
  return at;
};

/** First line of an original message or an Outlook header block above `limit`, -1 when there is none. */
const originalStart = (lines: readonly Line[], limit: number): number => {
  for (let i = 0; i < limit; i += 1) {
    const text = lines[i]?.text ?? '';
    if (original.test(text)) return i;
    if (replyField.test(`${text} `) && isReplyHeader(lines, i))
      return /^_{5,}$/.test(lines[i - 1]?.text ?? '') ? i - 1 : i;
  }
  return -1;
};

const startLine = (lines: readonly Line[]): number => {
  const run = trailingQuote(lines);
  const found = originalStart(lines, run < 0 ? lines.length : run);
  if (found >= 0 || run < 0) return found;
  const above = lineAbove(lines, run);
  const attributed = above < 0 ? -1 : attributionStart(lines, above);
  return attributed < 0 ? run : attributed;
};

/**
 * The quoted tail of a reply: from "-----Original Message-----", an Outlook header block, or the last run of `>` lines with
 * its attribution, to the end. null when there is none, when something follows it (inline replies are never hidden), and
 * when nothing stands before it.
 */
export const quotedTail = (text: string): QuotedTail | null => {
  const lines = linesOf(text);
  const from = startLine(lines);
  if (from <= 0 || lines.slice(0, from).every((line) => line.text === '')) return null;
  const first = lines[from];
  if (first === undefined) return null;
  let last = lines.length;
  while (last > from && lines[last - 1]?.text === '') last -= 1;
  return { start: first.at, lines: last - from };
};

/** Offset of the signature ("-- " alone on a line, RFC 3676 §4.3), or the length of the text. */
export const signatureStart = (text: string): number => {
  const match = /(?:^|\n)--[ \u00a0]?\n/.exec(text);
  return match === null ? text.length : match.index;
};
