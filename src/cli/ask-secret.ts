import type { ReadStream } from 'node:tty';
import { fresh, wipe } from '#vault/bytes.ts';

const backspace = new Set([8, 127]);
const ends = new Set([10, 13, 4]);
const mostBytes = 1024;

/** How many bytes the last character of `bytes[0..length]` has, in UTF-8. */
const lastCharacter = (bytes: Uint8Array, length: number): number => {
  let at = length - 1;
  while (at > 0 && ((bytes[at] ?? 0) & 0xc0) === 0x80) at -= 1;
  return length - Math.max(0, at);
};

/** Takes bytes into `line` until its end; the new length, and whether the line has ended. null: it was given up. */
const take = (line: Uint8Array, length: number, chunk: Uint8Array): { length: number; ended: boolean } | null => {
  let now = length;
  for (const byte of chunk) {
    if (byte === 3) return null;
    if (ends.has(byte)) return { length: now, ended: true };
    if (backspace.has(byte)) now -= now > 0 ? lastCharacter(line, now) : 0;
    else if (now < mostBytes) line[now++] = byte;
  }
  return { length: now, ended: false };
};

/**
 * One line from the terminal, which does not show it, or from what is piped in. As bytes, never as a string; the caller
 * wipes them. null: given up with Ctrl-C.
 */
export const askSecret = async (question: string, input: ReadStream = process.stdin): Promise<Buffer | null> => {
  const line = fresh(mostBytes);
  let length = 0;
  const atTerminal = input.isTTY;
  if (atTerminal) {
    process.stderr.write(question);
    input.setRawMode(true);
  }
  try {
    for await (const chunk of input as AsyncIterable<Buffer>) {
      const taken = take(line, length, chunk);
      wipe(chunk);
      if (taken === null) return null;
      ({ length } = taken);
      if (taken.ended) break;
    }
    const secret = fresh(length);
    secret.set(line.subarray(0, length));
    return secret;
  } finally {
    wipe(line);
    if (atTerminal) {
      input.setRawMode(false);
      process.stderr.write('\n');
    }
  }
};
