import type { Connection } from '../connection.ts';
import { ImapError } from '../errors.ts';
import { emptyRow } from '../fetch.ts';
import { toRanges } from '../sequence-set.ts';
import type { FetchItems, FetchRow } from '../types.ts';
import { fetchRows } from './fetch-rows.ts';
import { search } from './search.ts';

/** Messages that did not come back, singly and by smaller items, so that one broken item costs only itself. */
export const rescueRows = async (
  connection: Connection,
  uids: readonly number[],
  items: FetchItems,
): Promise<{ rows: FetchRow[]; gone: number[] }> => {
  if (uids.length === 0) return { rows: [], gone: [] };
  const there = new Set(await search(connection, { uids: toRanges(uids) }));
  const rows: FetchRow[] = [];
  for (const uid of uids) if (there.has(uid)) rows.push(await rescue(connection, uid, items));
  return { rows, gone: uids.filter((uid) => !there.has(uid)) };
};

const rescue = async (connection: Connection, uid: number, items: FetchItems): Promise<FetchRow> => {
  const row = emptyRow(0, uid);
  const { header, bodystructure, preview, ...small } = items;
  const steps: FetchItems[] = [small];
  if (header) steps.push({ header });
  if (bodystructure) steps.push({ bodystructure });
  if (preview) steps.push({ preview });
  for (const step of steps) {
    for (const found of await one(connection, uid, step)) merge(row, found);
  }
  return row;
};

const one = async (connection: Connection, uid: number, items: FetchItems): Promise<FetchRow[]> => {
  const rows: FetchRow[] = [];
  try {
    await fetchRows(connection, { uids: [uid] }, items, (found) => void rows.push(...found));
  } catch (error) {
    // NO [UNAVAILABLE] for a message the server cannot open (Yahoo).
    if (!(error instanceof ImapError) || error.code !== 'imap/refused') throw error;
  }
  return rows;
};

const merge = (row: FetchRow, found: FetchRow): void => {
  row.seq = found.seq;
  row.flags ??= found.flags;
  row.internalDate ??= found.internalDate;
  row.size ??= found.size;
  if (found.modseq !== '0') row.modseq = found.modseq;
  row.header ??= found.header;
  row.bodystructure ??= found.bodystructure;
  row.gmMsgId ??= found.gmMsgId;
  row.gmThrId ??= found.gmThrId;
  row.emailId ??= found.emailId;
  row.threadId ??= found.threadId;
  row.guid ??= found.guid;
  row.preview ??= found.preview;
};
