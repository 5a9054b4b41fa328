import type { Connection } from '../connection.ts';
import type { Argument } from '../control.ts';
import { chunkRanges, formatRanges, toRanges } from '../sequence-set.ts';
import type { CopyUid } from '../types.ts';
import { parseStatusLine, type StatusLine } from '../wire/status.ts';
import { search } from './search.ts';

/** The sets of UIDs, cut to what fits on a command line beside `beside` bytes of other arguments. */
const setsOf = (connection: Connection, uids: readonly number[], beside: number): string[] => {
  const room = Math.max(200, connection.abilities.quirks.commandLine - 100 - beside);
  return chunkRanges(toRanges(uids), room).map(formatRanges);
};

const flagList = (flags: readonly string[]): Argument => flags.map((atom) => ({ atom }));

/** UID STORE – RFC 3501 §6.4.6. */
export const store = async (
  connection: Connection,
  uids: readonly number[],
  add: readonly string[],
  remove: readonly string[],
): Promise<void> => {
  for (const set of setsOf(connection, uids, [...add, ...remove].join(' ').length)) {
    for (const [item, flags] of [
      ['+FLAGS.SILENT', add],
      ['-FLAGS.SILENT', remove],
    ] as const) {
      if (flags.length > 0) await connection.control.exec('UID STORE', [{ set }, { atom: item }, flagList(flags)]);
    }
  }
};

/** UID COPY and UID MOVE – RFC 3501 §6.4.7, RFC 6851; COPYUID by RFC 4315. null when the server does not tell. */
const transfer = async (
  connection: Connection,
  command: 'UID COPY' | 'UID MOVE',
  uids: readonly number[],
  pathRaw: string,
): Promise<CopyUid | null> => {
  let told: CopyUid | null = null;
  const learn = (status: StatusLine | null | undefined): boolean => {
    if (status?.code !== 'COPYUID') return false;
    const copied = parseCopyUid(status.argument, uids.length);
    if (copied !== null)
      told = { uidvalidity: copied.uidvalidity, uids: new Map([...(told?.uids ?? []), ...copied.uids]) };
    return true;
  };
  for (const set of setsOf(connection, uids, pathRaw.length)) {
    // MOVE tells COPYUID in an untagged OK ahead of the expunges.
    const untagged = (bytes: Buffer, start: number, end: number): boolean =>
      (bytes[start + 2] ?? 0) > 57 && learn(parseStatusLine(bytes, start, end));
    learn(await connection.control.exec(command, [{ set }, pathRaw], { untagged }));
  }
  return told;
};

export const copy = (connection: Connection, uids: readonly number[], pathRaw: string): Promise<CopyUid | null> =>
  transfer(connection, 'UID COPY', uids, pathRaw);

export const move = async (
  connection: Connection,
  uids: readonly number[],
  pathRaw: string,
): Promise<CopyUid | null> => {
  if (connection.can('MOVE')) return transfer(connection, 'UID MOVE', uids, pathRaw);
  const told = await copy(connection, uids, pathRaw);
  await store(connection, uids, ['\\Deleted'], []);
  if (connection.can('UIDPLUS')) await uidExpunge(connection, uids);
  return told;
};

const uidExpunge = async (connection: Connection, uids: readonly number[]): Promise<void> => {
  for (const set of setsOf(connection, uids, 0)) await connection.control.exec('UID EXPUNGE', [{ set }]);
};

/** UID EXPUNGE (RFC 4315); EXPUNGE only when it takes nothing else with it. */
export const expunge = async (connection: Connection, uids: readonly number[]): Promise<boolean> => {
  if (uids.length === 0) return true;
  await store(connection, uids, ['\\Deleted'], []);
  if (connection.can('UIDPLUS')) {
    await uidExpunge(connection, uids);
    return true;
  }
  const wanted = new Set(uids);
  const deleted = await search(connection, { keyword: '\\Deleted' });
  if (deleted.some((uid) => !wanted.has(uid))) return false;
  await connection.control.exec('EXPUNGE', []);
  return true;
};

/** resp-code-copy = "COPYUID" SP nz-number SP uid-set SP uid-set; the sets pair up in the order they are written. */
export const parseCopyUid = (argument: string, most: number): CopyUid | null => {
  const match = /^(\d{1,10}) ([\d,:]+) ([\d,:]+)$/.exec(argument.trim());
  if (match === null) return null;
  const [from, to] = [inOrder(match[2] ?? '', most), inOrder(match[3] ?? '', most)];
  if (from.length === 0 || from.length !== to.length) return null;
  return { uidvalidity: Number(match[1]), uids: new Map(from.map((uid, i) => [uid, to[i] ?? 0])) };
};

/** Each number as written, a descending range downwards; at most `most + 1` of them. */
const inOrder = (set: string, most: number): number[] => {
  const numbers: number[] = [];
  for (const piece of set.split(',')) {
    const [first = 0, last = first] = piece.split(':').map(Number);
    const step = last < first ? -1 : 1;
    for (let number = first; numbers.length <= most; number += step) {
      numbers.push(number);
      if (number === last) break;
    }
  }
  return numbers;
};
