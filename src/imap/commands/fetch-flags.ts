import type { Connection } from '../connection.ts';
import { FetchParser, toFlagRow } from '../fetch.ts';
import { joinRanges } from '../sequence-set.ts';
import type { FlagRow, Range, Wish } from '../types.ts';
import { anyOf, on, readVanished } from '../untagged.ts';
import { partsOf } from './fetch-rows.ts';

/** FETCH (UID FLAGS MODSEQ), with CHANGEDSINCE and VANISHED (RFC 7162 §3.1.4.1, §3.2.6). */
export const fetchFlags = async (
  connection: Connection,
  wish: Wish,
  changedSince?: string,
): Promise<{ rows: FlagRow[]; vanished: Range[] }> => {
  const { condstore, qresync } = connection.abilities;
  const rows: FlagRow[] = [];
  let vanished: Range[] = [];
  const parser = new FetchParser();
  const fetch = (bytes: Buffer, start: number, end: number): boolean => {
    const parsed = parser.parse(bytes, start, end);
    const row = parsed.kind === 'row' ? toFlagRow(parsed.row) : undefined;
    if (row !== undefined && row.uid > 0) rows.push(row);
    else connection.tellFlags(row);
    return parsed.kind !== 'other';
  };
  const earlier = on('VANISHED', (decoder) => {
    const told = readVanished(decoder);
    if (told.earlier) vanished = vanished.concat(told.uids);
    else connection.tell({ kind: 'vanished', uids: told.uids });
  });
  for (const { command } of partsOf(connection, wish)) {
    const since = changedSince !== undefined && condstore && changedSince !== '0';
    const modifier = since
      ? ` (CHANGEDSINCE ${changedSince}${qresync && command.startsWith('UID') ? ' VANISHED' : ''})`
      : '';
    const text = `${command} (UID FLAGS${condstore ? ' MODSEQ' : ''})${modifier}`;
    await connection.line.run('FETCH', [text], { untagged: qresync ? anyOf(fetch, earlier) : fetch });
  }
  return { rows, vanished: joinRanges(vanished) };
};
