const CR = 13;
const LF = 10;
const DOT = 46;
const CHUNK = 1 << 16;
const crlf = Buffer.from('\r\n');
const dot = Buffer.from('.');

/**
 * A message as it goes over the wire after DATA, without the final dot: lines end in CRLF, also where the message has a
 * bare CR or LF (what some servers would take for the end, RFC 5321 §2.3.8), and a dot that begins a line is doubled
 * (§4.5.2). Ends with CRLF.
 */
export function* stuffed(message: Buffer): Generator<Buffer, void, void> {
  let parts: Buffer[] = [];
  let held = 0;
  for (let at = 0; at < message.length;) {
    const end = lineEnd(message, at);
    if (message[at] === DOT) parts.push(dot);
    parts.push(message.subarray(at, end.text), crlf);
    held += end.text - at + 3;
    at = end.next;
    if (held < CHUNK) continue;
    yield Buffer.concat(parts);
    parts = [];
    held = 0;
  }
  if (parts.length > 0) yield Buffer.concat(parts);
}

/** Where the line's text ends, and where the next line begins. */
const lineEnd = (message: Buffer, from: number): { text: number; next: number } => {
  const found = message.indexOf(LF, from);
  const lf = found < 0 ? message.length : found;
  const cr = message.subarray(from, lf).indexOf(CR);
  if (cr < 0) return { text: lf, next: lf + 1 };
  const text = from + cr;
  return { text, next: text + 1 === lf ? lf + 1 : text + 1 };
};
