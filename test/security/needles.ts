/** A secret in one of the forms in which it could lie about. */
export interface Needle {
  /** What it is, for the report. Never the secret itself. */
  name: string;
  form: string;
  bytes: Buffer;
}

/** Base64 of `secret` somewhere inside a longer text: the digits that its neighbours do not touch, in all three alignments. */
const inBase64 = (secret: Buffer): Buffer[] =>
  [0, 1, 2].map((before) => {
    const whole = Buffer.concat([Buffer.alloc(before), secret]);
    const digits = whole.toString('base64url').slice(0, Math.floor((whole.length * 8) / 6));
    return Buffer.from(digits.slice(Math.ceil((before * 8) / 6)));
  });

const standard = (digits: Buffer): Buffer =>
  Buffer.from(digits.toString('latin1').replaceAll('-', '+').replaceAll('_', '/'));

/** Every form of a secret: raw, UTF-16 in both orders, hex in both cases, base64 and base64url in three alignments. */
export const formsOf = (name: string, secret: string | Buffer): Needle[] => {
  const raw = typeof secret === 'string' ? Buffer.from(secret) : secret;
  const wide = Buffer.from(typeof secret === 'string' ? secret : secret.toString('latin1'), 'utf16le');
  const hex = raw.toString('hex');
  const digits = inBase64(raw);
  const all: [string, Buffer][] = [
    ['raw', raw],
    ['utf-16', wide],
    ['utf-16', Buffer.from(wide).swap16()],
    ['hex', Buffer.from(hex)],
    ['hex', Buffer.from(hex.toUpperCase())],
    ...digits.flatMap((bytes): [string, Buffer][] => [
      ['base64', bytes],
      ['base64', standard(bytes)],
    ]),
  ];
  const seen = new Set<string>();
  return all
    .filter(([, bytes]) => !seen.has(bytes.toString('latin1')) && seen.add(bytes.toString('latin1')))
    .map(([form, bytes]) => ({ name, form, bytes }));
};

/** The secret cut into pieces of eight bytes, each at every place: an overwritten copy still shows some. */
export const piecesOf = (name: string, secret: string | Buffer): Needle[] => {
  const raw = Buffer.from(secret);
  return Array.from({ length: Math.max(0, raw.length - 7) }, (_, at) => ({
    name,
    form: 'piece',
    bytes: raw.subarray(at, at + 8),
  }));
};

export type Search = (bytes: Uint8Array, found: (needle: Needle, at: number) => void) => void;

/** A table so thinly filled that few of the bytes looked at lead to a needle, and no larger. */
const slotBitsFor = (needles: number): number => Math.min(22, Math.ceil(Math.log2((needles + 1) * 4 * 64)));

const slotOf = (word: number, shift: number): number => Math.imul(word, 0x9e37_79b1) >>> shift;

/** So long that wherever it lies, four of its bytes lie in one place of an array of 32 bit. */
const shortest = 7;

/** Looks for all needles in one pass over the bytes, however many there are. */
export const openSearch = (needles: readonly Needle[]): Search => {
  const bits = slotBitsFor(needles.length);
  const shift = 32 - bits;
  const maybe = new Uint8Array(1 << bits);
  const bySlot = new Map<number, { needle: Needle; skipped: number }[]>();
  for (const needle of needles) {
    if (needle.bytes.length < shortest) throw new Error(`${needle.name} is too short to be looked for`);
    for (let skipped = 0; skipped < 4; skipped += 1) {
      const slot = slotOf(needle.bytes.readInt32LE(skipped), shift);
      maybe[slot] = 1;
      bySlot.set(slot, [...(bySlot.get(slot) ?? []), { needle, skipped }]);
    }
  }
  return (bytes, found) => {
    const aligned = bytes.byteOffset % 4 === 0 ? bytes : new Uint8Array(bytes);
    const buffer = Buffer.from(aligned.buffer, aligned.byteOffset, aligned.length);
    const words = new Int32Array(aligned.buffer, aligned.byteOffset, aligned.length >> 2);
    for (let place = 0; place < words.length; place += 1) {
      const slot = slotOf(words[place] as number, shift);
      if (maybe[slot] === 0) continue;
      for (const { needle, skipped } of bySlot.get(slot) ?? []) {
        const at = place * 4 - skipped;
        const end = at + needle.bytes.length;
        if (at >= 0 && end <= buffer.length && buffer.compare(needle.bytes, 0, needle.bytes.length, at, end) === 0)
          found(needle, at);
      }
    }
  };
};

/** How often each needle's name occurs. */
export const countIn = (search: Search, bytes: Uint8Array): Map<string, number> => {
  const counts = new Map<string, number>();
  search(bytes, ({ name, form }) => counts.set(`${name} ${form}`, (counts.get(`${name} ${form}`) ?? 0) + 1));
  return counts;
};
