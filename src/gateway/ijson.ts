import { isUtf8 } from 'node:buffer';

/**
 * I-JSON – RFC 7493: valid UTF-8, no lone surrogates, no name twice in one object. Nothing we understand is nested deeper
 * than this; whatever walks a value by recursion may rely on it (RFC 8259 §9).
 */
const deepest = 500;

const quote = 0x22;
const backslash = 0x5c;
const comma = 0x2c;

/** Whether valid JSON text is nested too deep, or has an object with one name twice. */
const isUnsound = (text: string): boolean => {
  const outer: (Set<string> | null)[] = [];
  let names: Set<string> | null = null;
  let atName = false;
  for (let index = 0; index < text.length; index += 1) {
    switch (text.charCodeAt(index)) {
      case quote: {
        const start = index;
        let escaped = false;
        for (index += 1; text.charCodeAt(index) !== quote; index += 1) {
          if (text.charCodeAt(index) !== backslash) continue;
          escaped = true;
          index += 1;
        }
        if (!atName || !names) break;
        const name = escaped ? (JSON.parse(text.slice(start, index + 1)) as string) : text.slice(start + 1, index);
        if (names.has(name)) return true;
        names.add(name);
        atName = false;
        break;
      }
      case 0x7b:
        if (outer.push(names) > deepest) return true;
        names = new Set();
        atName = true;
        break;
      case 0x5b:
        if (outer.push(names) > deepest) return true;
        names = null;
        atName = false;
        break;
      case 0x7d:
      case 0x5d:
        names = outer.pop() ?? null;
        atName = false;
        break;
      case comma:
        atName = names !== null;
        break;
      default:
    }
  }
  return false;
};

const surrogateEscape = /\\u[dD][89a-fA-F]/u;

/** The value of I-JSON bytes; undefined when they are none. */
export const parseIJson = (bytes: Buffer): { value: unknown } | undefined => {
  if (!isUtf8(bytes)) return undefined;
  const text = bytes.toString('utf8');
  try {
    const value: unknown = JSON.parse(text);
    if (isUnsound(text)) return undefined;
    if (surrogateEscape.test(text) && surrogateEscape.test(JSON.stringify(value))) return undefined;
    return { value };
  } catch {
    return undefined;
  }
};
