import { join } from './bytes.ts';

/**
 * A refresh token where a mail password would stand: `0 version(1) length(1) issuer token`. No password begins with NUL
 * (V22), and what is sealed says itself what it is: whoever writes SQL cannot make a password pass for a token, nor send
 * a token to another issuer.
 */
export interface Refresh {
  /** Id of the issuer in the operator's configuration. */
  issuer: string;
  token: Buffer;
}

const version = 1;

export const packRefresh = ({ issuer, token }: Refresh): Buffer => {
  const name = Buffer.from(issuer, 'utf8');
  return join(Uint8Array.of(0, version, name.length), name, token);
};

/** Null: an ordinary password. The token is a view into `secret`, good until that is wiped. */
export const readRefresh = (secret: Buffer): Refresh | null => {
  const [nul, said, length = 0] = secret;
  if (nul !== 0 || said !== version || secret.length <= 3 + length) return null;
  return { issuer: secret.toString('utf8', 3, 3 + length), token: secret.subarray(3 + length) };
};

/** A bearer token (RFC 6750), which signs in where a password would. */
export class AccessToken {
  readonly bytes: Uint8Array;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }
}

/** What proves a user to a server: the bytes of a password, or a token. */
export type Proof = Uint8Array | AccessToken;

/** b64token – RFC 6750 §2.1, and no longer than any server takes in a line. */
export const isBearer = (token: Uint8Array): boolean =>
  token.length > 0 && token.length <= 16_384 && token.every((byte) => byte > 0x20 && byte < 0x7f);
