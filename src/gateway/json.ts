/** JSON text on its way into an answer: a string, or pieces of which some have been written to bytes before. */
export type Json = string | readonly (string | Buffer)[];

/** The text, for who wants to look into it. */
export const jsonText = (json: Json): string => (typeof json === 'string' ? json : json.join(''));

/** How long it is, near enough: characters of text, octets of what was written. */
export const jsonLength = (json: Json): number =>
  typeof json === 'string' ? json.length : json.reduce((sum, piece) => sum + piece.length, 0);

/** The pieces one after another, in memory of their own: it can be moved to another thread. */
export const jsonBytes = (pieces: readonly (string | Buffer)[]): Buffer => {
  let length = 0;
  for (const piece of pieces) length += typeof piece === 'string' ? Buffer.byteLength(piece) : piece.length;
  const bytes = Buffer.allocUnsafeSlow(length);
  let at = 0;
  for (const piece of pieces) {
    if (typeof piece === 'string') at += bytes.write(piece, at);
    else {
      bytes.set(piece, at);
      at += piece.length;
    }
  }
  return bytes;
};
