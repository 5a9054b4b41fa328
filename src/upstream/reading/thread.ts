import { setPriority } from 'node:os';
import { parentPort } from 'node:worker_threads';
import { must } from '#base/must.ts';
import type { PieceReport } from '#imap/types.ts';
import { type Sheet, sheetOf } from '#index/sheet.ts';
import { read } from './read.ts';

/** A piece to be read. */
export interface ToRead {
  id: number;
  bytes: Uint8Array<ArrayBuffer>;
  ends: number[];
}

/** What was in it; an error is one of ours, no piece makes one. */
export type WasRead = { id: number; sheet: Sheet; report: PieceReport } | { id: number; error: unknown };

const port = must(parentPort, 'pieces are read in a thread');

/** Of the 19 steps below the usual one. */
const behind = 10;

// The mailroom answers the user, and stores what is read here. Elsewhere than on Linux this would be of the whole process.
if (process.platform === 'linux') setPriority(behind);

port.on('message', ({ id, bytes, ends }: ToRead) => {
  try {
    const { messages, report } = read({ bytes: Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength), ends });
    const sheet = sheetOf(messages);
    const answer: WasRead = { id, sheet, report };
    port.postMessage(answer, [sheet.numbers.buffer, sheet.parents.buffer]);
  } catch (error) {
    const answer: WasRead = { id, error };
    port.postMessage(answer);
  }
});
port.postMessage('ready');
