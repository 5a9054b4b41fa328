import { guessText } from './charset.ts';
import type { Address, AddressGroup } from './types.ts';
import { decodeWords } from './words.ts';

/** `Name <a@b>`, `"Name" <a@b>`, `<a@b>`, `a@b`: nearly all there is. Group 1 the name, 2 and 3 the address. */
const simple =
  /^\s*(?:(?:"([^"\\<>]*)"|([^"\\<>@,;:()=[\]]*?))\s*<([^\s<>@,;:()"\\[\]]+@[^\s<>@,;:()"\\[\]]+)>|([^\s<>@,;:()"\\[\]]+@[^\s<>@,;:()"\\[\]]+))\s*$/;
const wholeWord = /=\?[^?\s]+\?[bq]\?[^?\s]*\?=/iy;

// eslint-disable-next-line no-control-regex
const controls = /[\0-\x1f\x7f-\x9f]+/g;

const emailText = (raw: string): string => {
  for (let i = 0; i < raw.length; i += 1) {
    const char = raw.charCodeAt(i);
    if (char > 0x7e || char < 0x20) return guessText(Buffer.from(raw, 'latin1')).replace(controls, '').trim();
  }
  return raw.trim();
};

/** addr-spec as written, without comments, white space outside quotes, `mailto:` and a route. */
const cleanEmail = (raw: string): string => {
  let spec = raw.trim().replace(/^mailto:/i, '');
  if (spec.startsWith('@')) spec = spec.slice(spec.indexOf(':') + 1);
  if (spec.includes('(') && !spec.startsWith('"')) spec = spec.replace(/\([^()]*\)/g, '');
  // eslint-disable-next-line no-control-regex
  if (!spec.includes('"')) spec = spec.replace(/[\0-\x20<>]+/g, '');
  return emailText(spec);
};

const decodeName = (raw: string): string | null => {
  const name = decodeWords(raw).replace(/\s+/g, ' ');
  return name === '' ? null : name;
};

/** Index behind the closing quote of the quoted-string at `at`, or -1 when it never closes. */
const endOfQuote = (value: string, at: number): number => {
  for (let i = at + 1; i < value.length; i += 1) {
    const char = value.charCodeAt(i);
    if (char === 0x5c) i += 1;
    else if (char === 0x22) return i + 1;
  }
  return -1;
};

/** Index behind the comment at `at` (comments nest); an unclosed one goes to the end. */
const endOfComment = (value: string, at: number): number => {
  let depth = 0;
  for (let i = at; i < value.length; i += 1) {
    const char = value.charCodeAt(i);
    if (char === 0x5c) i += 1;
    else if (char === 0x28) depth += 1;
    else if (char === 0x29 && (depth -= 1) === 0) return i + 1;
  }
  return value.length;
};

const inQuotes = /"(?:[^"\\]|\\.)*"/gs;

const unquote = (quoted: string): string => quoted.slice(1, -1).replace(/\\(.)/gs, '$1');

/** What one address has gathered until its separator. `raw` keeps quotes, `phrase` does not. */
interface Gathered {
  raw: string;
  phrase: string;
  comment: string;
  angle: string | null;
  /** Known of `angle`, and of `raw`, so that neither is searched again for each bracket and colon. */
  angleHasAt: boolean;
  isNoGroup: boolean;
}

const nothing = (): Gathered => ({
  raw: '',
  phrase: '',
  comment: '',
  angle: null,
  angleHasAt: false,
  isNoGroup: false,
});

const toAddress = (got: Gathered): Address | null => {
  const raw = got.raw.trim();
  if (got.angle !== null) {
    const email = cleanEmail(got.angle);
    const name = decodeName(got.phrase) ?? decodeName(got.comment);
    return email === '' && name === null ? null : { name, email };
  }
  if (raw === '') return null;
  if (raw.startsWith('"') && raw.includes('"@')) return { name: decodeName(got.comment), email: cleanEmail(raw) };
  if (!raw.includes('@')) {
    // A lone word is a local address ("MAILER-DAEMON"); several words are a name whose address is missing.
    return /[\s"]|=\?/.test(raw)
      ? { name: decodeName(got.phrase), email: '' }
      : { name: decodeName(got.comment), email: cleanEmail(raw) };
  }
  // Lenient: brackets forgotten, "Inês Carvalho ines@example.org", or spaces around the "@".
  const words = raw.replace(/\s+/g, ' ').replace(/ ?@ ?/g, '@').replaceAll(' . ', '.').split(' ');
  const at = words.findLastIndex((word) => word.includes('@'));
  const rest = words.toSpliced(at, 1).join(' ').replaceAll('"', '');
  return { name: decodeName(rest) ?? decodeName(got.comment), email: cleanEmail(words[at] ?? '') };
};

class Scanner {
  readonly groups: AddressGroup[] = [];
  private current: AddressGroup | null = null;
  private got = nothing();
  private at = 0;
  /** No quote from here on closes: each would meet the same escapes, and is not looked for again. */
  private isUnclosed = false;
  private readonly value: string;

  constructor(value: string) {
    this.value = value;
  }

  run(): AddressGroup[] {
    while (this.at < this.value.length) this.step(this.value.charCodeAt(this.at));
    this.flush();
    return this.groups;
  }

  private flush(): void {
    const address = toAddress(this.got);
    this.got = nothing();
    if (address === null) return;
    if (this.current === null) this.groups.push((this.current = { name: null, addresses: [] }));
    this.current.addresses.push(address);
  }

  private take(raw: string, phrase: string, to: number): void {
    this.got.raw += raw;
    this.got.phrase += phrase;
    this.at = to;
  }

  /** {@link endOfQuote} of quotes from left to right. */
  private quoteEnd(at: number): number {
    if (this.isUnclosed) return -1;
    const end = endOfQuote(this.value, at);
    this.isUnclosed = end < 0;
    return end;
  }

  private step(char: number): void {
    const { value, at } = this;
    if (char === 0x22) {
      const end = this.quoteEnd(at);
      if (end < 0) return this.take('', '', at + 1);
      const quoted = value.slice(at, end);
      return this.take(quoted, unquote(quoted), end);
    }
    if (char === 0x28) {
      const end = endOfComment(value, at);
      this.got.comment = value
        .slice(at + 1, value.charCodeAt(end - 1) === 0x29 ? end - 1 : end)
        .replace(/\\(.)/gs, '$1');
      return this.take(' ', ' ', end);
    }
    if (char === 0x3c) return this.angle();
    if (char === 0x2c) return this.separator();
    if (char === 0x3b) {
      this.separator();
      this.current = null;
      return undefined;
    }
    if (char === 0x3a) return this.colon();
    return this.word(char);
  }

  private separator(): void {
    this.flush();
    this.at += 1;
  }

  /** A run of ordinary characters; an encoded word is one thing, although Q lets "," and ":" through. */
  private word(char: number): void {
    const { value, at } = this;
    let end = at + 1;
    if (char === 0x3d && value.charCodeAt(end) === 0x3f) {
      wholeWord.lastIndex = at;
      if (wholeWord.test(value)) end = wholeWord.lastIndex;
    } else {
      while (end < value.length && !'"(<,;:='.includes(value.charAt(end))) end += 1;
    }
    const run = value.slice(at, end);
    this.take(run, run, end);
  }

  private colon(): void {
    const { got } = this;
    got.isNoGroup ||= got.angle !== null || got.raw.replace(inQuotes, '').includes('@');
    if (got.isNoGroup || got.raw.trim() === '') return this.take(':', ':', this.at + 1);
    this.current = { name: decodeName(got.phrase), addresses: [] };
    this.groups.push(this.current);
    this.got = nothing();
    this.at += 1;
    return undefined;
  }

  private angle(): void {
    const { value, at } = this;
    let end = at + 1;
    while (end < value.length) {
      const char = value.charAt(end);
      if (char === '>') break;
      // Lenient: no ">" before the next address. A route ("<@a,@b:c@d>") has its commas before the ":".
      if ((char === ',' || char === ';') && value.charAt(at + 1) !== '@') break;
      end = char === '"' ? Math.max(this.quoteEnd(end), end + 1) : end + 1;
    }
    // Lenient: "Name <x> <a@b>": the bracket that holds an address counts.
    const { got } = this;
    got.angleHasAt ||= got.angle?.includes('@') === true;
    if (!got.angleHasAt) got.angle = value.slice(at + 1, end);
    this.at = value.charAt(end) === '>' ? end + 1 : end;
  }
}

/** Addresses of a raw (latin1, unfolded) value with their groups, RFC 8621 §4.1.2.4. Never throws. */
export const parseAddressGroups = (value: string): AddressGroup[] => {
  // The expression backtracks over white space, so it only sees values as short as ordinary ones are.
  const match = value.length < 256 ? simple.exec(value) : null;
  if (match !== null) {
    const bare = match[4];
    const address: Address =
      bare === undefined
        ? { name: decodeName(match[1] ?? match[2] ?? ''), email: emailText(match[3] ?? '') }
        : { name: null, email: emailText(bare) };
    return [{ name: null, addresses: [address] }];
  }
  return value.trim() === '' ? [] : new Scanner(value).run();
};

/** The same without groups, RFC 8621 §4.1.2.3. */
export const parseAddresses = (value: string): Address[] => {
  const groups = parseAddressGroups(value);
  const [first] = groups;
  if (first !== undefined && groups.length === 1) return first.addresses;
  return groups.flatMap((group) => group.addresses);
};
