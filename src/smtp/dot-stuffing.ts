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
  let lf = -1;
  for (let at = 0; at < message.length;) {
    if (lf < at) lf = lineFeed(message, at);
    const cr = message.subarray(at, lf).indexOf(CR);
    const end = cr < 0 ? lf : at + cr;
    if (message[at] === DOT) parts.push(dot);
    parts.push(message.subarray(at, end), crlf);
    held += end - at + 3;
    at = end + 1 === lf ? lf + 1 : end + 1;
    if (held < CHUNK) continue;
    yield Buffer.concat(parts);
    parts = [];
    held = 0;
  }
  if (parts.length > 0) yield Buffer.concat(parts);
}

/** The next line feed, or the end. */
const lineFeed = (message: Buffer, from: number): number => {
  const found = message.indexOf(LF, from);
  return found < 0 ? message.length : found;
};
