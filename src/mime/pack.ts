import type { Part } from './types.ts';

/** A part as a list, what is usual left out from the end on: the index keeps one tree for every message. */
type Packed = [
  section: string,
  type: string,
  encodedSize?: number,
  encoding?: string,
  charset?: string | null,
  parts?: Packed[] | 0,
  disposition?: Part['disposition'],
  name?: string | null,
  cid?: string | null,
  /** 1: format=flowed, 2: delsp as well. */
  flow?: number,
  language?: string[] | null,
  location?: string | null,
];

const packed = (part: Part): Packed => {
  const list: Packed = [part.section, part.type, part.encodedSize, part.encoding, part.charset];
  const { parts, disposition, name, cid, language, location } = part;
  const flow = part.flowed ? (part.delsp ? 2 : 1) : 0;
  const isPlace = language !== null || location !== null;
  const isNamed = isPlace || flow > 0 || disposition !== null || name !== null || cid !== null;
  if (isNamed || parts.length > 0) list.push(parts.length === 0 ? 0 : parts.map(packed));
  if (isNamed) list.push(disposition, name, cid);
  if (isPlace || flow > 0) list.push(flow);
  if (isPlace) list.push(language, location);
  return list;
};

const unpacked = ([
  section,
  type,
  encodedSize = 0,
  encoding = '7bit',
  charset = null,
  parts = 0,
  disposition = null,
  name = null,
  cid = null,
  flow = 0,
  language = null,
  location = null,
]: Packed): Part => ({
  section,
  type,
  charset,
  encoding,
  disposition,
  name,
  cid,
  language,
  location,
  encodedSize,
  flowed: flow > 0,
  delsp: flow > 1,
  parts: parts === 0 ? [] : parts.map(unpacked),
});

/** The tree in a few dozen characters, for {@link unpackPart}. */
export const packPart = (root: Part): string => JSON.stringify(packed(root));

/** `text` is what {@link packPart} made, nothing else. */
export const unpackPart = (text: string): Part => unpacked(JSON.parse(text) as Packed);
