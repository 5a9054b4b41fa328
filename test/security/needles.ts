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

const slots = 1 << 20;
const slotOf = (word: number): number => (Math.imul(word, 0x9e37_79b1) >>> 12) & (slots - 1);

/** Looks for all needles in one pass over the bytes, however many there are. Each needle has four bytes or more. */
export const openSearch = (needles: readonly Needle[]): Search => {
  const maybe = new Uint8Array(slots);
  const bySlot = new Map<number, Needle[]>();
  for (const needle of needles) {
    const slot = slotOf(needle.bytes.readInt32LE());
    maybe[slot] = 1;
    bySlot.set(slot, [...(bySlot.get(slot) ?? []), needle]);
  }
  return (bytes, found) => {
    const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    let word = 0;
    for (let end = 0; end < buffer.length; end += 1) {
      word = (word >>> 8) | ((buffer[end] as number) << 24);
      const slot = slotOf(word);
      if (maybe[slot] === 0 || end < 3) continue;
      const at = end - 3;
      for (const needle of bySlot.get(slot) ?? [])
        if (
          buffer.compare(
            needle.bytes,
            0,
            needle.bytes.length,
            at,
            Math.min(buffer.length, at + needle.bytes.length),
          ) === 0
        )
          found(needle, at);
    }
  };
};

/** How often each needle's name occurs. */
export const countIn = (search: Search, bytes: Uint8Array): Map<string, number> => {
  const counts = new Map<string, number>();
  search(bytes, ({ name, form }) => counts.set(`${name} ${form}`, (counts.get(`${name} ${form}`) ?? 0) + 1));
  return counts;
};
