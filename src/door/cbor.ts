/** The part of CBOR (RFC 8949) that COSE keys are written in: whole numbers, bytes, text, arrays and maps. */
export type Cbor = number | Buffer | string | Cbor[] | Map<number | string, Cbor>;

class Reader {
  readonly #bytes: Buffer;
  at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  /** The argument of a head; RFC 8949 §3. Values of eight bytes are not used by COSE keys. */
  #argument(info: number): number {
    if (info < 24) return info;
    const size = [1, 2, 4][info - 24];
    if (size === undefined) throw new RangeError('a CBOR head of an unknown kind');
    this.at += size;
    return this.#bytes.readUIntBE(this.at - size, size);
  }

  #take(length: number): Buffer {
    if (this.at + length > this.#bytes.length) throw new RangeError('CBOR is cut off');
    this.at += length;
    return Buffer.from(this.#bytes.subarray(this.at - length, this.at));
  }

  item(depth = 0): Cbor {
    const head = this.#bytes.readUInt8(this.at++);
    const value = this.#argument(head & 31);
    if (depth > 4) throw new RangeError('CBOR is too deep');
    switch (head >> 5) {
      case 0:
        return value;
      case 1:
        return -1 - value;
      case 2:
        return this.#take(value);
      case 3:
        return this.#take(value).toString('utf8');
      case 4:
        return Array.from({ length: Math.min(value, 64) }, () => this.item(depth + 1));
      case 5:
        return this.#map(value, depth);
      default:
        throw new RangeError('CBOR of an unknown kind');
    }
  }

  #map(size: number, depth: number): Map<number | string, Cbor> {
    const map = new Map<number | string, Cbor>();
    for (let entry = 0; entry < size; entry += 1) {
      const key = this.item(depth + 1);
      if (typeof key !== 'number' && typeof key !== 'string') throw new RangeError('a CBOR key of an unknown kind');
      map.set(key, this.item(depth + 1));
    }
    return map;
  }
}

/** The first item of `bytes`, and how long it is; null when it cannot be read. */
export const readCbor = (bytes: Buffer): { item: Cbor; length: number } | null => {
  const reader = new Reader(bytes);
  try {
    return { item: reader.item(), length: reader.at };
  } catch (error) {
    if (error instanceof RangeError) return null;
    throw error;
  }
};
