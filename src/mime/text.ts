import { decodeText, isMisread } from './charset.ts';
import { decodePart } from './transfer.ts';
import type { Part } from './types.ts';
import { unpiled } from './words.ts';

type TextPart = Pick<Part, 'type' | 'charset' | 'encoding'>;

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
export const partText = (bytes: Buffer, part: TextPart): string => readPartText(bytes, part).text;

/** The same, and whether it is not in the charset it is said to be in. */
export const readPartText = (bytes: Buffer, part: TextPart): { text: string; misread: boolean } => {
  const octets = decodePart(bytes, part);
  const charset = part.charset ?? (part.type === 'text/html' ? htmlCharset(octets) : null);
  const text = decodeText(octets, charset);
  return {
    text: unpiled(text.replace(/\r\n?/g, '\n').replace(/^\ufeff|\0/g, '')),
    misread: isMisread(octets, charset, text),
  };
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
