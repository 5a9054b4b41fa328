import type { Writable } from 'node:stream';
import { fresh, join, wipe } from './bytes.ts';
import { VaultError } from './errors.ts';

/**
 * frame = length(4) headerLength(4) header sections; numbers big endian, `length` counts what follows it. The header is
 * JSON in which bytes are replaced by `{"$": size}`, in the order of the sections: secrets stay bytes.
 */
const mostLength = 4 * 1024 * 1024;
const mark = '$';

const pullOut = (value: unknown, sections: Uint8Array[]): unknown => {
  if (value instanceof Uint8Array) {
    sections.push(value);
    return { [mark]: value.length };
  }
  if (Array.isArray(value)) return value.map((entry) => pullOut(entry, sections));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, entry]) => [key, pullOut(entry, sections)]));
};

const putBack = (value: unknown, next: (size: number) => Buffer): unknown => {
  if (Array.isArray(value)) return value.map((entry) => putBack(entry, next));
  if (typeof value !== 'object' || value === null) return value;
  const size = (value as Record<string, unknown>)[mark];
  if (typeof size === 'number') return next(size);
  return Object.fromEntries(Object.entries(value).map(([key, entry]) => [key, putBack(entry, next)]));
};

/** A frame of any JSON value with Buffers in it; in memory of its own, for the caller to wipe. */
export const encodeFrame = (value: unknown): Buffer => {
  const sections: Uint8Array[] = [];
  const header = Buffer.from(JSON.stringify(pullOut(value, sections)));
  const head = Buffer.alloc(8);
  const length = 4 + header.length + sections.reduce((sum, section) => sum + section.length, 0);
  head.writeUInt32BE(length);
  head.writeUInt32BE(header.length, 4);
  return join(head, header, ...sections);
};

/** The value of a frame without its first length; each Buffer in it has memory of its own. */
const decodeFrame = (frame: Buffer): unknown => {
  const headerLength = frame.readUInt32BE(0);
  let at = 4 + headerLength;
  return putBack(JSON.parse(frame.subarray(4, at).toString('utf8')), (size) => {
    if (at + size > frame.length) throw new VaultError('keeper/defect', 'a frame is short');
    at += size;
    return join(frame.subarray(at - size, at));
  });
};

/** Cuts a byte stream into frames, wiping what it read. */
export class FrameReader {
  #pending: Buffer = fresh(0);

  /** Takes over `chunk`, which is wiped. */
  push(chunk: Uint8Array): void {
    const before = this.#pending;
    this.#pending = join(before, chunk);
    wipe(before, chunk);
  }

  /** The next whole frame, or undefined. @throws VaultError `keeper/defect` */
  next(): unknown {
    const pending = this.#pending;
    if (pending.length < 8) return undefined;
    const length = pending.readUInt32BE(0);
    if (length > mostLength) throw new VaultError('keeper/defect', 'a frame is too long');
    if (pending.length < 4 + length) return undefined;
    const value = decodeFrame(pending.subarray(4, 4 + length));
    this.#pending = join(pending.subarray(4 + length));
    wipe(pending);
    return value;
  }

  /** What was read beyond the last frame. */
  rest(): Buffer {
    return this.#pending;
  }
}

/** Writes one frame; its bytes are wiped once they have left. */
export const sendFrame = (socket: Writable, value: unknown): void => {
  const frame = encodeFrame(value);
  socket.write(frame, () => wipe(frame));
};

/** Wipes every Buffer inside a value. */
export const wipeWithin = (value: unknown): void => {
  const sections: Uint8Array[] = [];
  pullOut(value, sections);
  wipe(...sections);
};
