import { type FetchParser, toFlagRow } from './fetch.ts';
import type { FetchItems, FetchRow, Piece, PieceReport } from './types.ts';

/** Rows nobody asked for carry flags only, or no UID; a row we asked for carries something of what we asked. */
export const wasAsked = (row: FetchRow, items: FetchItems): boolean =>
  row.uid !== 0 &&
  (row.header !== null ||
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
    ));

/** Reads what FETCH brought, anywhere: it needs no connection. Buffers of the rows are views of the piece. */
export const readPiece = (
  parser: FetchParser,
  { bytes, ends }: Piece,
  items: FetchItems,
): { rows: FetchRow[]; report: PieceReport } => {
  const rows: FetchRow[] = [];
  const report: PieceReport = { rows: [], broken: [], flags: [] };
  let start = 0;
  for (const end of ends) {
    const parsed = parser.parse(bytes, start, end);
    start = end;
    if (parsed.kind === 'row' && wasAsked(parsed.row, items)) {
      rows.push(parsed.row);
      report.rows.push(parsed.row.seq, parsed.row.uid);
    } else if (parsed.kind === 'row') {
      const flags = toFlagRow(parsed.row);
      if (flags !== undefined) report.flags.push(flags);
    } else if (parsed.kind === 'broken' && parsed.uid !== null) {
      report.broken.push({ seq: parsed.seq, uid: parsed.uid });
    }
  }
  return { rows, report };
};
