import type { Connection } from '../connection.ts';
import { ImapError } from '../errors.ts';
import { FetchParser, isFetch, toFlagRow } from '../fetch.ts';
import type { Untagged } from '../line.ts';
import { wasAsked } from '../read-piece.ts';
import { chunkRanges, countRanges, formatRanges, toRanges } from '../sequence-set.ts';
import type { FetchItems, FetchReport, FetchRow, Piece, PieceReport, Range, Wish } from '../types.ts';
import { Batches } from './batches.ts';
import { Pieces } from './pieces.ts';

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

/** Where FETCH responses go. */
interface Intake {
  /** false: it was no FETCH response. */
  add: Untagged;
  consumer: Batches<FetchRow> | Pieces;
}

/** What has come of a wish. */
class Harvest {
  readonly #bySequence: boolean;
  readonly seen = new Set<number>();
  readonly broken: number[] = [];
  rows = 0;

  constructor(parts: readonly Part[]) {
    this.#bySequence = parts.some(({ sequence }) => sequence !== null);
  }

  row(seq: number, uid: number): void {
    this.rows += 1;
    this.seen.add(this.#bySequence ? seq : uid);
  }

  lost(seq: number, uid: number | null): void {
    if (uid === null) return;
    this.broken.push(uid);
    this.seen.add(this.#bySequence ? seq : uid);
  }

  /** Against what was asked. */
  report(parts: readonly Part[]): FetchReport {
    const missing = parts.flatMap(({ uids }) => (uids === null ? [] : absentFrom(uids, this.seen)));
    return {
      rows: this.rows,
      missing: [...new Set([...this.broken, ...missing])].sort((a, b) => a - b),
      missingSequence: parts.flatMap(({ sequence }) => (sequence === null ? [] : absentFrom([sequence], this.seen))),
    };
  }
}

/** FETCH – RFC 3501 §6.4.5 – for many messages, read by our own parser. */
export const fetchRows = (
  connection: Connection,
  wish: Wish,
  items: FetchItems,
  onRows: (rows: FetchRow[]) => void | Promise<void>,
): Promise<FetchReport> =>
  fetchParts(connection, wish, items, (harvest) => {
    const parser = new FetchParser();
    const batches = new Batches(connection.line, onRows);
    const add: Untagged = (bytes, start, end) => {
      const parsed = parser.parse(bytes, start, end);
      if (parsed.kind === 'other') return false;
      if (parsed.kind === 'broken') harvest.lost(parsed.seq, parsed.uid);
      else if (!wasAsked(parsed.row, items)) connection.tellFlags(toFlagRow(parsed.row));
      else {
        harvest.row(parsed.row.seq, parsed.row.uid);
        batches.add(parsed.row);
      }
      return true;
    };
    return { add, consumer: batches };
  });

/** The same, read by somebody else ({@link readPiece}). */
export const fetchPieces = (
  connection: Connection,
  wish: Wish,
  items: FetchItems,
  onPiece: (piece: Piece) => Promise<PieceReport>,
): Promise<FetchReport> =>
  fetchParts(connection, wish, items, (harvest) => {
    const pieces = new Pieces(connection.line, async (piece) => {
      const { rows, broken, flags } = await onPiece(piece);
      for (let i = 0; i < rows.length; i += 2) harvest.row(rows[i] ?? 0, rows[i + 1] ?? 0);
      for (const { seq, uid } of broken) harvest.lost(seq, uid);
      for (const row of flags) connection.tellFlags(row);
    });
    const add: Untagged = (bytes, start, end) => {
      if (!isFetch(bytes, start, end)) return false;
      pieces.add(bytes, start, end);
      return true;
    };
    return { add, consumer: pieces };
  });

/** Between commands nobody is waited for: what the next one brings is on its way while the last is still consumed. */
const fetchParts = async (
  connection: Connection,
  wish: Wish,
  items: FetchItems,
  open: (harvest: Harvest) => Intake,
): Promise<FetchReport> => {
  const parts = partsOf(connection, wish);
  const harvest = new Harvest(parts);
  const { add, consumer } = open(harvest);
  let taken = 0;
  const untagged: Untagged = (bytes, start, end) => {
    const isTaken = add(bytes, start, end);
    if (isTaken) taken += 1;
    return isTaken;
  };
  const fetch = ({ command }: Part): Promise<unknown> =>
    connection.line.run('FETCH', [`${command} ${attributes(connection, items)}`], { untagged });
  try {
    for (const part of parts) {
      consumer.throwFailure();
      const before = taken;
      try {
        await fetch(part);
      } catch (error) {
        // A proxy that calls itself Dovecot and does not know X-GUID, a server that says PREVIEW and means another: once
        // more without.
        const guid = items.identity && connection.abilities.quirks.guid && connection.guid;
        const preview = items.preview === 'lazy' && hasPreview(connection);
        const refused = error instanceof ImapError && error.code === 'imap/refused';
        if (!(guid || preview) || !refused || taken > before) throw error;
        await withoutExtras(connection, () => fetch(part));
      }
    }
  } finally {
    await consumer.settled();
  }
  consumer.throwFailure();
  return harvest.report(parts);
};

/** Without X-GUID and PREVIEW from now on, unless that was not what the server minded. */
const withoutExtras = async (connection: Connection, task: () => Promise<unknown>): Promise<void> => {
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
