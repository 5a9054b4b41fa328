import { join } from './bytes.ts';

/** A field of a canonical encoding. Numbers are whole and not negative. */
export type Field = string | number | Uint8Array | null;

const tags = { null: 0, text: 1, number: 2, bytes: 3 } as const;

const tagged = (tag: number, body: Uint8Array): Buffer => {
  const head = Buffer.alloc(5);
  head[0] = tag;
  head.writeUInt32BE(body.length, 1);
  return join(head, body);
};

const encodeField = (field: Field): Buffer => {
  if (field === null) return tagged(tags.null, Buffer.alloc(0));
  if (typeof field === 'string') return tagged(tags.text, Buffer.from(field, 'utf8'));
  if (typeof field !== 'number') return tagged(tags.bytes, field);
  const body = Buffer.alloc(8);
  body.writeBigUInt64BE(BigInt(field));
  return tagged(tags.number, body);
};

/**
 * field = tag(1) length(4, big endian) body; the encoding is the purpose followed by the fields. Tag and length make it
 * injective: two different lists never give the same bytes.
 */
export const canonical = (purpose: string, fields: readonly Field[]): Buffer =>
  join(...[purpose, ...fields].map(encodeField));
