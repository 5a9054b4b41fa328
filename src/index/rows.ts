import { whole } from './whole.ts';
import type { EmailNumber, EmailRow } from './types.ts';

/** Rows carry their date: −(seconds · 2^20 + tie), so that ascending order is newest first. */
const ties = 2 ** 20;
const earliest = 2 ** 20;
const latest = 2 ** 33 - 1;

/** Numbers below belong to Emails that got a new one; all others are −row. */
export const firstDerivedNumber = earliest * ties;

const clamp = (seconds: number): number => Math.min(Math.max(whole(seconds), earliest), latest);

/** The row wanted for a message; `tie` (0 … 2^20−1) orders those of one second, later ones higher. */
export const rowAt = (receivedAt: number, tie: number): EmailRow => -(clamp(receivedAt) * ties + tie) as EmailRow;

/** Unix seconds, between 13 January 1970 and the year 2242. */
export const receivedAtOf = (row: EmailRow): number => Math.floor((0 - row) / ties);

/** The same message gets the same row when the index is made again: by UID, then by a few bits of what it is. */
export const tieOf = (uid: number, bits: number): number => (uid % 2 ** 14) * 64 + (bits & 63);

/** First and last row of the second in which `row` lies, ascending. */
export const secondOf = (row: EmailRow): [EmailRow, EmailRow] => {
  const seconds = receivedAtOf(row);
  return [rowAt(seconds, ties - 1), rowAt(seconds, 0)];
};

/** Rows received before `seconds` are greater than this one or equal to it. */
export const lastRowBefore = (seconds: number): number => -(seconds * ties) + 1;

export const numberOfRow = (row: EmailRow): EmailNumber => (0 - row) as EmailNumber;
export const rowOfNumber = (number: EmailNumber): EmailRow => (0 - number) as EmailRow;
