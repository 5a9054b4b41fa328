import { decodeText } from './charset.ts';
import { decodePart } from './transfer.ts';
import type { Part } from './types.ts';

const declared = /<meta[^>]{0,200}?charset\s*=\s*["']?([\w.:-]{2,40})/i;

/** charset of an HTML document that only says so inside (HTML §13.2.3.2, first 1024 bytes). */
const htmlCharset = (bytes: Buffer): string | null => {
  const match = declared.exec(bytes.toString('latin1', 0, 1024));
  const charset = match?.[1]?.toLowerCase() ?? null;
  // A meta that could be read as ASCII is not UTF-16, whatever it says.
  return charset?.startsWith('utf-16') === true ? 'utf-8' : charset;
};

/**
 * Text of a part from its encoded bytes (which may be cut off): line ends are LF (RFC 8621 §4.1.4), no BOM, no NUL.
 * Soft breaks of format=flowed stay; see {@link unflow}.
 */
export const partText = (bytes: Buffer, part: Pick<Part, 'type' | 'charset' | 'encoding'>): string => {
  const octets = decodePart(bytes, part);
  const charset = part.charset ?? (part.type === 'text/html' ? htmlCharset(octets) : null);
  const text = decodeText(octets, charset);
  return text.replace(/\r\n?/g, '\n').replace(/^\ufeff|\0/g, '');
};

const depthOf = (line: string): number => {
  let depth = 0;
  while (line.charCodeAt(depth) === 0x3e) depth += 1;
  return depth;
};

/** Paragraphs of a format=flowed text joined (RFC 3676 §4.1–4.5); quote marks stay in front, the signature line stays. */
export const unflow = (text: string, delsp: boolean): string => {
  const out: string[] = [];
  let open = false;
  let openDepth = 0;
  for (const line of text.split('\n')) {
    const depth = depthOf(line);
    const stuffed = line.slice(depth);
    const content = stuffed.startsWith(' ') ? stuffed.slice(1) : stuffed;
    const isSignature = content === '-- ';
    const isFlowed = content.endsWith(' ') && !isSignature;
    const body = isFlowed && delsp ? content.slice(0, -1) : content;
    if (open && depth === openDepth && !isSignature) out[out.length - 1] += body;
    else out.push(depth === 0 ? body : `${'>'.repeat(depth)} ${body}`);
    open = isFlowed;
    openDepth = depth;
  }
  return out.join('\n');
};

/** Shorter than the 78 that RFC 3676 §4.2 recommends, so that a quote or two fits in front. */
const WIDTH = 72;

const wrap = (text: string, prefix: string): string[] => {
  const out: string[] = [];
  let rest = text;
  while (rest.length > WIDTH) {
    let space = rest.lastIndexOf(' ', WIDTH - 1);
    if (space <= 0) space = rest.indexOf(' ', WIDTH);
    if (space < 0) break;
    while (rest.charAt(space + 1) === ' ') space += 1;
    if (space + 1 >= rest.length) break;
    out.push(prefix + rest.slice(0, space + 1));
    rest = rest.slice(space + 1);
  }
  out.push(prefix + rest);
  return out;
};

/** Text as format=flowed without DelSp (RFC 3676 §4.2): long lines broken softly, lines that need it space-stuffed. */
export const flow = (text: string): string => {
  const out: string[] = [];
  for (const line of text.replace(/\r\n?/g, '\n').split('\n')) {
    const depth = depthOf(line);
    const content = line.slice(depth);
    if (depth > 0) {
      out.push(...wrap(content.replace(/^ /, '').trimEnd(), `${'>'.repeat(depth)} `));
      continue;
    }
    const solid = line === '-- ' ? line : line.trimEnd();
    for (const piece of wrap(solid, '')) out.push(/^(?: |>|From )/.test(piece) ? ` ${piece}` : piece);
  }
  return out.join('\n');
};
