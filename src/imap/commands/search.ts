import type { Connection } from '../connection.ts';
import { ImapError } from '../errors.ts';
import type { Literal } from '../line.ts';
import { countRanges, eachOf, formatRanges, joinRanges, parseRanges } from '../sequence-set.ts';
import type { Range, SearchCriteria } from '../types.ts';
import { anyOf, on } from '../untagged.ts';
import { formatDate, quoted } from '../wire/encoder.ts';

type Piece = string | Literal;

/** More messages than any mailbox holds. */
const MOST = 10_000_000;
/** `* SEARCH` is one line, eleven bytes a message at most. */
const LINE = 64 << 20;

/** UID SEARCH – RFC 3501 §6.4.4; as ranges (RFC 4731) where offered. UIDs ascending. */
export const search = async (connection: Connection, criteria: SearchCriteria): Promise<number[]> => {
  const keys = keysOf(criteria);
  const isAscii = keys.every((piece) => typeof piece === 'string');
  const esearch = connection.can('ESEARCH') ? ' RETURN (ALL)' : '';
  const charset = isAscii ? '' : ' CHARSET UTF-8';
  return run(connection, [`UID SEARCH${esearch}${charset}`, ...keys]);
};

export const uidSearchAll = async (connection: Connection): Promise<number[]> => search(connection, {});

const run = async (connection: Connection, pieces: Piece[]): Promise<number[]> => {
  let ranges: Range[] = [];
  const uids: number[] = [];
  const untagged = anyOf(
    on('ESEARCH', (decoder) => {
      const match = /(?:^|\s)ALL (\S+)/i.exec(decoder.text());
      ranges = ranges.concat(parseRanges(match?.[1] ?? '') ?? []);
    }),
    on('SEARCH', (decoder) => {
      for (decoder.sp(); !decoder.done; decoder.sp()) {
        // A trailing (MODSEQ n) is none of ours.
        if (decoder.peek() === 40) return;
        uids.push(decoder.number());
      }
    }),
  );
  await connection.line.run('SEARCH', pieces, { untagged, limits: { line: LINE } });
  const joined = joinRanges(ranges);
  if (countRanges(joined) > MOST) throw new ImapError('imap/too-large', { command: 'SEARCH' });
  return uids.length > 0 ? uids.sort((a, b) => a - b) : [...eachOf(joined)];
};

/** search-key, each with a space before it; no key at all is ALL. */
const keysOf = (criteria: SearchCriteria): Piece[] => {
  const keys: Piece[] = [];
  const word = (key: string): void => void keys.push(` ${key}`);
  const text = (key: string, value: string | undefined): void => {
    if (value !== undefined) keys.push(` ${key} `, astring(value));
  };
  text('TEXT', criteria.text);
  text('BODY', criteria.body);
  text('SUBJECT', criteria.subject);
  text('FROM', criteria.from);
  text('TO', criteria.to);
  text('CC', criteria.cc);
  text('BCC', criteria.bcc);
  if (criteria.header !== undefined) {
    text('HEADER', criteria.header[0]);
    keys.push(' ', astring(criteria.header[1]));
  }
  if (criteria.since !== undefined) word(`SINCE ${formatDate(criteria.since)}`);
  if (criteria.before !== undefined) word(`BEFORE ${formatDate(criteria.before)}`);
  if (criteria.larger !== undefined) word(`LARGER ${criteria.larger}`);
  if (criteria.smaller !== undefined) word(`SMALLER ${criteria.smaller}`);
  if (criteria.keyword !== undefined) word(flagKey(criteria.keyword, ''));
  if (criteria.unkeyword !== undefined) word(flagKey(criteria.unkeyword, 'UN'));
  if (criteria.uids !== undefined) word(`UID ${formatRanges(criteria.uids)}`);
  if (criteria.not !== undefined) keys.push(' NOT (', ...trimmed(criteria.not), ')');
  if (criteria.or !== undefined) keys.push(' OR (', ...trimmed(criteria.or[0]), ') (', ...trimmed(criteria.or[1]), ')');
  return keys.length === 0 ? [' ALL'] : keys;
};

const trimmed = (criteria: SearchCriteria): Piece[] => {
  const [first = '', ...rest] = keysOf(criteria);
  return [typeof first === 'string' ? first.trimStart() : first, ...rest];
};

const astring = (value: string): string | Buffer =>
  /^[\x20-\x7e]*$/.test(value) ? quoted(value) : Buffer.from(value.toWellFormed());

const systemFlags = new Set(['ANSWERED', 'DELETED', 'DRAFT', 'FLAGGED', 'SEEN']);

/** `\Seen` is the key SEEN, `\Draft` UNDRAFT when not; a keyword is KEYWORD or UNKEYWORD. */
const flagKey = (flag: string, not: '' | 'UN'): string => {
  const name = flag.slice(1).toUpperCase();
  if (flag.startsWith('\\') && systemFlags.has(name)) return `${not}${name}`;
  return `${not}KEYWORD ${flag.replace(/[^\x21\x23\x24\x26\x27\x2b-\x5b\x5e-\x7a\x7c\x7e]/g, '')}`;
};
