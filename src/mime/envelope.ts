import { parseAddresses } from './addresses.ts';
import { parseDate } from './dates.ts';
import { MAX_VALUE } from './headers.ts';
import { parseMessageId, parseMessageIds } from './message-id.ts';
import type { Envelope } from './types.ts';
import { decodeWords } from './words.ts';

/** The header fields an {@link Envelope} is made of, for the FETCH that wants nothing else. */
export const envelopeFields = [
  'DATE',
  'FROM',
  'SENDER',
  'REPLY-TO',
  'TO',
  'CC',
  'BCC',
  'SUBJECT',
  'MESSAGE-ID',
  'IN-REPLY-TO',
  'REFERENCES',
  'LIST-ID',
  'LIST-UNSUBSCRIBE',
  'AUTO-SUBMITTED',
  'PRECEDENCE',
] as const;

const names = envelopeFields.map((name) => name.toLowerCase());
type Field = number;
const F = (name: (typeof envelopeFields)[number]): Field => envelopeFields.indexOf(name);
const DATE = F('DATE');
const FROM = F('FROM');
const SENDER = F('SENDER');
const REPLY_TO = F('REPLY-TO');
const TO = F('TO');
const CC = F('CC');
const BCC = F('BCC');
const SUBJECT = F('SUBJECT');
const MESSAGE_ID = F('MESSAGE-ID');
const IN_REPLY_TO = F('IN-REPLY-TO');
const REFERENCES = F('REFERENCES');
const LIST_ID = F('LIST-ID');
const LIST_UNSUBSCRIBE = F('LIST-UNSUBSCRIBE');
const AUTO_SUBMITTED = F('AUTO-SUBMITTED');
const PRECEDENCE = F('PRECEDENCE');

/** Fields by length of their name, so that most lines are passed over after one comparison. */
const byLength: Field[][] = [];
for (const [field, name] of names.entries()) (byLength[name.length] ??= []).push(field);

const isNamed = (text: string, at: number, name: string): boolean => {
  for (let i = 0; i < name.length; i += 1) {
    const char = text.charCodeAt(at + i);
    // Letters differ by one bit; "-" has that bit set already.
    if ((char | 0x20) !== name.charCodeAt(i)) return false;
  }
  return true;
};

const fieldAt = (text: string, at: number, length: number): Field => {
  const candidates = byLength[length];
  if (candidates === undefined) return -1;
  for (const field of candidates) if (isNamed(text, at, names[field] ?? '')) return field;
  return -1;
};

const isBlank = (char: number): boolean => char === 0x20 || char === 0x09;

/** Raw values by field, unfolded; the last field of a name that is not empty counts (RFC 8621 §4.1.3). */
const scan = (text: string): string[] => {
  const values: string[] = Array.from(names, () => '');
  let at = 0;
  let colon = -1;
  while (at < text.length) {
    const start = at;
    let lf = text.indexOf('\n', at);
    if (lf < 0) lf = text.length;
    const first = text.charCodeAt(start);
    if (lf === start || (first === 0x0d && lf === start + 1)) break;
    const firstEnd = lf;
    at = lf + 1;
    while (at < text.length && isBlank(text.charCodeAt(at))) {
      lf = text.indexOf('\n', at);
      if (lf < 0) lf = text.length;
      at = lf + 1;
    }
    // Lines without a colon may be many: the next one is looked for once.
    if (colon < start) colon = text.indexOf(':', start);
    if (colon < 0) break;
    if (colon >= firstEnd) continue;
    let nameEnd = colon;
    while (nameEnd > start && isBlank(text.charCodeAt(nameEnd - 1))) nameEnd -= 1;
    const field = fieldAt(text, start, nameEnd - start);
    if (field < 0) continue;
    const raw = text.slice(colon + 1, Math.min(lf, colon + MAX_VALUE));
    const value = (lf === firstEnd ? raw : raw.replace(/\r?\n/g, '')).trim();
    if (value !== '') values[field] = value;
  }
  return values;
};

const listIdOf = (value: string): string | null => {
  if (value === '') return null;
  const open = value.lastIndexOf('<');
  const close = value.indexOf('>', open);
  const id = open < 0 ? value : value.slice(open + 1, close < 0 ? value.length : close);
  const clean = decodeWords(id).trim().toLowerCase();
  return clean === '' ? null : clean;
};

/** RFC 3834 (Auto-Submitted), RFC 2919 (List-Id), RFC 2369 (List-Unsubscribe), and Precedence, which no RFC blesses. */
const bulkOf = (values: readonly string[]): Envelope['bulk'] => {
  const precedence = (values[PRECEDENCE] ?? '').toLowerCase();
  const auto = values[AUTO_SUBMITTED] ?? '';
  const hasList = values[LIST_ID] !== '';
  if (precedence.startsWith('list')) return 'list';
  if (auto !== '' && !/^no\b/i.test(auto)) return 'auto';
  if (values[LIST_UNSUBSCRIBE] !== '') return 'newsletter';
  if (hasList) return 'list';
  return /^(?:bulk|junk|auto)/.test(precedence) ? 'auto' : 'none';
};

/**
 * What lists, conversations and search need of a header block (whole, or only {@link envelopeFields}). Never throws.
 * Plain ASCII takes the short way everywhere; see `bench/mime.bench.ts`.
 */
export const parseEnvelope = (header: Buffer): Envelope => {
  let text = header.toString('latin1');
  // Lenient: lone CR as line end.
  if (!text.includes('\n') && text.includes('\r')) text = text.replaceAll('\r', '\n');
  const values = scan(text);
  const value = (field: Field): string => values[field] ?? '';
  const addresses = (field: Field): Envelope['from'] => (value(field) === '' ? [] : parseAddresses(value(field)));
  return {
    subject: value(SUBJECT) === '' ? '' : decodeWords(value(SUBJECT)),
    from: addresses(FROM),
    sender: addresses(SENDER),
    replyTo: addresses(REPLY_TO),
    to: addresses(TO),
    cc: addresses(CC),
    bcc: addresses(BCC),
    messageId: value(MESSAGE_ID) === '' ? null : parseMessageId(value(MESSAGE_ID)),
    inReplyTo: value(IN_REPLY_TO) === '' ? [] : parseMessageIds(value(IN_REPLY_TO)),
    references: value(REFERENCES) === '' ? [] : parseMessageIds(value(REFERENCES)),
    sentAt: value(DATE) === '' ? null : parseDate(value(DATE)),
    listId: listIdOf(value(LIST_ID)),
    bulk: bulkOf(values),
  };
};
