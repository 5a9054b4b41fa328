import { isUtf8 } from 'node:buffer';

/**
 * I-JSON – RFC 7493: valid UTF-8, no lone surrogates, no name twice in one object. Nothing we understand is nested deeper
 * than this; whatever walks a value by recursion may rely on it (RFC 8259 §9).
 */
const deepest = 500;

const quote = 0x22;
const colon = 0x3a;
const backslash = 0x5c;
const d = 0x64;
const u = 0x75;

/** What valid JSON text shows without being read. */
interface Look {
  /** Members of all its objects. */
  members: number;
  depth: number;
  /** There may be an escaped surrogate. */
  surrogates: boolean;
}

const lookAt = (text: string): Look => {
  const look = { members: 0, depth: 0, surrogates: false };
  let depth = 0;
  for (let at = 0; at < text.length; at += 1) {
    switch (text.charCodeAt(at)) {
      case quote:
        for (at += 1; text.charCodeAt(at) !== quote; at += 1) {
          if (text.charCodeAt(at) !== backslash) continue;
          at += 1;
          // In either case of the letter.
          if (text.charCodeAt(at) === u && (text.charCodeAt(at + 1) | 0x20) === d) look.surrogates = true;
        }
        break;
      case colon:
        look.members += 1;
        break;
      case 0x7b:
      case 0x5b:
        depth += 1;
        if (depth > look.depth) look.depth = depth;
        break;
      case 0x7d:
      case 0x5d:
        depth -= 1;
        break;
      default:
    }
  }
  return look;
};

/** Members of all objects within: of two with one name JSON.parse leaves the last. */
const membersOf = (value: unknown): number => {
  if (typeof value !== 'object' || value === null) return 0;
  let members = 0;
  if (Array.isArray(value)) for (const item of value) members += membersOf(item);
  else for (const name of Object.keys(value)) members += 1 + membersOf((value as Record<string, unknown>)[name]);
  return members;
};

const isWellFormed = (value: unknown): boolean => {
  if (typeof value === 'string') return value.isWellFormed();
  if (typeof value !== 'object' || value === null) return true;
  if (Array.isArray(value)) return value.every(isWellFormed);
  return Object.entries(value).every(([name, member]) => name.isWellFormed() && isWellFormed(member));
};

/** The value of I-JSON bytes; undefined when they are none. */
export const parseIJson = (bytes: Buffer): { value: unknown } | undefined => {
  if (!isUtf8(bytes)) return undefined;
  const text = bytes.toString('utf8');
  try {
    const value: unknown = JSON.parse(text);
    const { members, depth, surrogates } = lookAt(text);
    if (depth > deepest || membersOf(value) !== members) return undefined;
    if (surrogates && !isWellFormed(value)) return undefined;
    return { value };
  } catch {
    return undefined;
  }
};
