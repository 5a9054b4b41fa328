import { randomBytes } from 'node:crypto';

interface Held {
  standIn: string;
  secret: Buffer;
}

/** Secrets on their way into an answer. In the JSON stand random letters of the same length; a secret is never a string. */
export class Concealed {
  readonly #held: Held[] = [];

  /** `secret` is printable ASCII without quote and backslash; it is wiped by {@link reveal}. */
  hold(secret: Buffer): string {
    const standIn = randomBytes(secret.length).toString('base64url').slice(0, secret.length);
    this.#held.push({ standIn, secret });
    return standIn;
  }

  /** The bytes of the answer, in memory of their own. */
  reveal(json: string): Buffer {
    if (this.#held.length === 0) return Buffer.from(json, 'utf8');
    const bytes = Buffer.allocUnsafeSlow(Buffer.byteLength(json));
    bytes.write(json);
    for (const { standIn, secret } of this.#held) {
      const at = bytes.indexOf(standIn);
      if (at >= 0) secret.copy(bytes, at);
      secret.fill(0);
    }
    return bytes;
  }
}
