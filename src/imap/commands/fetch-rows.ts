import type { Connection } from '../connection.ts';
import { ImapError } from '../errors.ts';
import { FetchParser, toFlagRow } from '../fetch.ts';
import { chunkRanges, countRanges, formatRanges, toRanges } from '../sequence-set.ts';
import type { FetchItems, FetchReport, FetchRow, Range, Wish } from '../types.ts';
import { Batches } from './batches.ts';

/** One FETCH command of a wish. */
interface Part {
  command: string;
  uids: readonly Range[] | null;
  sequence: Range | null;
}

/** The commands a wish takes. Only lists of UIDs are cut: ranges are for the server to say what is in them. */
export const partsOf = (connection: Connection, wish: Wish): Part[] => {
  const { commandLine, fetchBatch } = connection.abilities.quirks;
  if ('uids' in wish) {
    return chunkRanges(toRanges(wish.uids), commandLine - 600, fetchBatch).map((uids) => ({
      command: `UID FETCH ${formatRanges(uids)}`,
      uids,
      sequence: null,
    }));
  }
  if ('range' in wish) return [{ command: `UID FETCH ${wish.range[0]}:${wish.range[1]}`, uids: null, sequence: null }];
  const exists = connection.selected?.exists ?? 0;
  const [first, last] = 'newest' in wish ? [Math.max(1, exists - wish.newest + 1), exists] : wish.sequence;
  const end = Math.min(last, exists);
  return end < first ? [] : [{ command: `FETCH ${first}:${end}`, uids: null, sequence: [first, end] }];
};

const attributes = (connection: Connection, items: FetchItems): string => {
  const wanted: readonly [string, boolean | undefined][] = [
    ['UID', true],
    ['FLAGS', items.flags],
    ['INTERNALDATE', items.internalDate],
    ['RFC822.SIZE', items.size],
    ['MODSEQ', items.modseq && connection.abilities.condstore],
    ['BODYSTRUCTURE', items.bodystructure],
    [items.preview === 'lazy' ? 'PREVIEW (LAZY)' : 'PREVIEW', Boolean(items.preview) && hasPreview(connection)],
  ];
  const atts = wanted.filter(([, isWanted]) => isWanted).map(([name]) => name);
  if (items.identity) atts.push(...identities(connection));
  for (const { section, bytes } of items.sections ?? [])
    atts.push(`BODY.PEEK[${section}]${bytes === undefined ? '' : `<0.${bytes}>`}`);
  if (items.header === 'all') atts.push('BODY.PEEK[HEADER]');
  else if (items.header) atts.push(`BODY.PEEK[HEADER.FIELDS (${items.header.join(' ')})]`);
  return `(${atts.join(' ')})`;
};

const hasPreview = (connection: Connection): boolean => connection.preview && connection.can('PREVIEW');

/** The names of a message that outlive a move: Gmail's, RFC 8474's, Dovecot's. */
const identities = (connection: Connection): string[] => {
  if (connection.can('X-GM-EXT-1')) return ['X-GM-MSGID', 'X-GM-THRID'];
  if (connection.can('OBJECTID')) return ['EMAILID', 'THREADID'];
  return connection.abilities.quirks.guid && connection.guid ? ['X-GUID'] : [];
};

/** Rows nobody asked for carry flags only; a row we asked for carries something of what we asked. */
const wasAsked = (row: FetchRow, items: FetchItems): boolean =>
  row.header !== null ||
  row.bodystructure !== undefined ||
  row.size !== null ||
  row.internalDate !== null ||
  row.preview !== null ||
  row.guid !== null ||
  row.emailId !== null ||
  row.gmMsgId !== null ||
  row.sections.size > 0 ||
  !(
    items.sections ||
    items.header ||
    items.bodystructure ||
    items.size ||
    items.internalDate ||
    items.preview ||
    items.identity
  );

/** FETCH – RFC 3501 §6.4.5 – for many messages, read by our own parser. */
export const fetchRows = async (
  connection: Connection,
  wish: Wish,
  items: FetchItems,
  onRows: (rows: FetchRow[]) => void | Promise<void>,
): Promise<FetchReport> => {
  const report: FetchReport = { rows: 0, missing: [], missingSequence: [] };
  for (const part of partsOf(connection, wish)) {
    const before = report.rows;
    try {
      await fetchPart(connection, part, items, onRows, report);
    } catch (error) {
      // A proxy that calls itself Dovecot and does not know X-GUID, a server that says PREVIEW and means another: once
      // more without.
      const guid = items.identity && connection.abilities.quirks.guid && connection.guid;
      const preview = items.preview === 'lazy' && hasPreview(connection);
      const refused = error instanceof ImapError && error.code === 'imap/refused';
      if (!(guid || preview) || !refused || report.rows > before) throw error;
      await withoutExtras(connection, () => fetchPart(connection, part, items, onRows, report));
    }
  }
  return report;
};

/** Without X-GUID and PREVIEW from now on, unless that was not what the server minded. */
const withoutExtras = async (connection: Connection, task: () => Promise<void>): Promise<void> => {
  const { guid, preview } = connection;
  connection.guid = false;
  connection.preview = false;
  try {
    await task();
  } catch (error) {
    Object.assign(connection, { guid, preview });
    throw error;
  }
};

const fetchPart = async (
  connection: Connection,
  part: Part,
  items: FetchItems,
  onRows: (rows: FetchRow[]) => void | Promise<void>,
  report: FetchReport,
): Promise<void> => {
  const parser = new FetchParser();
  const batches = new Batches(connection.line, onRows);
  const seen = new Set<number>();
  const broken: number[] = [];
  const untagged = (bytes: Buffer, start: number, end: number): boolean => {
    const parsed = parser.parse(bytes, start, end);
    if (parsed.kind === 'other') return false;
    if (parsed.kind === 'broken') {
      if (parsed.uid !== null) {
        broken.push(parsed.uid);
        seen.add(part.sequence === null ? parsed.uid : parsed.seq);
      }
    } else if (parsed.row.uid === 0 || !wasAsked(parsed.row, items)) {
      connection.tellFlags(toFlagRow(parsed.row));
    } else {
      seen.add(part.sequence === null ? parsed.row.uid : parsed.row.seq);
      report.rows += 1;
      batches.add(parsed.row);
    }
    return true;
  };
  try {
    await connection.line.run('FETCH', [`${part.command} ${attributes(connection, items)}`], { untagged });
  } finally {
    await batches.settled();
  }
  batches.throwFailure();
  const absent = part.uids === null ? [] : absentFrom(part.uids, seen);
  report.missing = [...new Set([...report.missing, ...broken, ...absent])].sort((a, b) => a - b);
  if (part.sequence !== null) {
    report.missingSequence = report.missingSequence.concat(absentFrom([part.sequence], seen));
  }
};

/** More than this is not counted: a server may claim any EXISTS. */
const COUNTED = 1_000_000;

const absentFrom = (ranges: readonly Range[], seen: ReadonlySet<number>): number[] => {
  const absent: number[] = [];
  if (countRanges(ranges) > COUNTED) return absent;
  for (const [first, last] of ranges) {
    for (let number = first; number <= last; number += 1) if (!seen.has(number)) absent.push(number);
  }
  return absent;
};
