import { readPiece } from '#imap/read-piece.ts';
import { FetchParser } from '#imap/fetch.ts';
import type { Piece, PieceReport } from '#imap/types.ts';
import { type Ready, ready } from '#index/ready.ts';
import { bulkItems, foundOf } from '../found.ts';

/** What was in a piece: the messages as the index takes them. */
export interface ReadPiece {
  messages: Ready[];
  report: PieceReport;
}

const parser = new FetchParser();

/** Reads a piece of a FETCH of {@link bulkItems}. */
export const read = (piece: Piece): ReadPiece => {
  const { rows, report } = readPiece(parser, piece, bulkItems);
  return { messages: rows.map((row) => ready(foundOf(row))), report };
};
