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

  /** Puts the secrets into the bytes of the answer. */
  reveal(bytes: Buffer): void {
    for (const { standIn, secret } of this.#held) {
      const at = bytes.indexOf(standIn);
      if (at >= 0) secret.copy(bytes, at);
      secret.fill(0);
    }
  }
}
