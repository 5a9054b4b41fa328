import type { Untagged } from './line.ts';
import { parseRanges } from './sequence-set.ts';
import type { Range } from './types.ts';
import { Decoder, WireError } from './wire/decoder.ts';

/**
 * An untagged response by its name: calls `read` with a decoder behind the name, and the number ahead of it (0: none).
 * A response that cannot be read is skipped.
 */
export const on =
  (name: string, read: (decoder: Decoder, number: number) => void): Untagged =>
  (bytes, start, end) => {
    const decoder = new Decoder(bytes, start + 2, end);
    try {
      const first = decoder.peek() ?? 0;
      const number = first >= 48 && first <= 57 ? decoder.number() : 0;
      decoder.sp();
      const after = decoder.at + name.length;
      if (bytes.toString('latin1', decoder.at, after).toUpperCase() !== name) return false;
      const next = after < decoder.end ? bytes[after] : 32;
      if (next !== 32 && next !== 40) return false;
      decoder.at = after;
      decoder.sp();
      read(decoder, number);
    } catch (error) {
      if (!(error instanceof WireError)) throw error;
    }
    return true;
  };

/** The first that takes the response. */
export const anyOf =
  (...handlers: readonly Untagged[]): Untagged =>
  (bytes, start, end) =>
    handlers.some((handler) => handler(bytes, start, end));

/** VANISHED [SP "(EARLIER)"] SP known-uids – RFC 7162 §3.2.10. Ranges stay ranges: `1:16777216` is two numbers. */
export const readVanished = (decoder: Decoder): { earlier: boolean; uids: Range[] } => {
  const match = /^(\(EARLIER\) +)?(\S*)/i.exec(decoder.text());
  return { earlier: match?.[1] !== undefined, uids: parseRanges(match?.[2] ?? '') ?? [] };
};
