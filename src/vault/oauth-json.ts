import { copyOf, fresh, join } from './bytes.ts';

const quote = 0x22;
const backslash = 0x5c;
const escapes: Readonly<Record<string, number>> = { b: 8, f: 12, n: 10, r: 13, t: 9 };

const isSpace = (byte: number | undefined): boolean => byte === 0x20 || byte === 0x09 || byte === 0x0a || byte === 0x0d;

/** Reads the members of one JSON object (RFC 8259) as bytes, so that a token never becomes a string. */
class Reader {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  #next(): number | undefined {
    while (isSpace(this.#bytes[this.#at])) this.#at += 1;
    return this.#bytes[this.#at];
  }

  #take(byte: number): boolean {
    if (this.#next() !== byte) return false;
    this.#at += 1;
    return true;
  }

  /** The raw inside of a string; null: there is none. */
  #string(): Uint8Array | null {
    if (!this.#take(quote)) return null;
    const start = this.#at;
    for (; this.#at < this.#bytes.length; this.#at += 1) {
      if (this.#bytes[this.#at] === backslash) this.#at += 1;
      else if (this.#bytes[this.#at] === quote) {
        this.#at += 1;
        return this.#bytes.subarray(start, this.#at - 1);
      }
    }
    return null;
  }

  /** A string, number or literal as it stands; what is nested is passed over and is null. */
  #value(): { raw: Uint8Array | null; ok: boolean } {
    if (this.#next() === quote) {
      const raw = this.#string();
      return { raw, ok: raw !== null };
    }
    const start = this.#at;
    let depth = 0;
    for (; this.#at < this.#bytes.length; this.#at += 1) {
      const byte = this.#bytes[this.#at] ?? 0;
      if (byte === quote) {
        if (this.#string() === null) return { raw: null, ok: false };
        this.#at -= 1;
      } else if (byte === 0x7b || byte === 0x5b) depth += 1;
      else if (depth > 0 && (byte === 0x7d || byte === 0x5d)) depth -= 1;
      else if (depth === 0 && (byte === 0x2c || byte === 0x7d)) break;
    }
    const raw = this.#bytes.subarray(start, this.#at);
    const nested = raw[0] === 0x7b || raw[0] === 0x5b;
    return { raw: nested ? null : raw, ok: raw.length > 0 && depth === 0 };
  }

  /** Null: not an object, or cut off. */
  members(wanted: ReadonlySet<string>): Map<string, Buffer> | null {
    const found = new Map<string, Buffer>();
    if (!this.#take(0x7b)) return null;
    if (this.#take(0x7d)) return found;
    for (;;) {
      const name = this.#string();
      if (name === null || !this.#take(0x3a)) return null;
      const { raw, ok } = this.#value();
      if (!ok) return null;
      const key = Buffer.from(name).toString('utf8');
      if (raw && wanted.has(key)) found.set(key, unescape(raw));
      if (this.#take(0x7d)) return found;
      if (!this.#take(0x2c)) return null;
    }
  }
}

/** In memory of its own. */
const unescape = (raw: Uint8Array): Buffer => {
  if (!raw.includes(backslash)) return copyOf(raw);
  const out = fresh(raw.length);
  let size = 0;
  for (let i = 0; i < raw.length; i += 1) {
    if (raw[i] !== backslash) {
      out[size++] = raw[i] ?? 0;
      continue;
    }
    i += 1;
    const letter = String.fromCharCode(raw[i] ?? 0);
    if (letter === 'u') {
      const code = Number.parseInt(Buffer.from(raw.subarray(i + 1, i + 5)).toString('latin1'), 16);
      const bytes = Buffer.from(String.fromCharCode(Number.isNaN(code) ? 0xfffd : code), 'utf8');
      // Never longer than the six bytes it stands for.
      out.set(bytes, size);
      size += bytes.length;
      i += 4;
    } else out[size++] = escapes[letter] ?? raw[i] ?? 0;
  }
  return join(out.subarray(0, size));
};

/** Wanted members that are strings, numbers or literals, each for the caller to wipe; null: no JSON object. */
export const readMembers = (bytes: Uint8Array, wanted: readonly string[]): Map<string, Buffer> | null =>
  new Reader(bytes).members(new Set(wanted));
