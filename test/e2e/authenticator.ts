import { createHash, generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto';
import type { PasskeyAnswer, PasskeyChallenge } from '#jmap/auth/sign-in.ts';
import type { NewPasskeyRequest, PasskeyOffer } from '#jmap/auth/unlockers.ts';

/** A passkey in memory, as an authenticator and its browser make and use one (Web Authentication Level 3, with PRF). */

const sha256 = (bytes: Uint8Array): Buffer => createHash('sha256').update(bytes).digest();
const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64url');

const bytesHead = (length: number): Buffer =>
  length < 256 ? Buffer.of(0x58, length) : Buffer.of(0x59, length >> 8, length & 255);

type Kind = 'ES256' | 'EdDSA' | 'RS256';

/** COSE (RFC 9052 §7) of a public key. */
const cose = (kind: Kind, key: KeyObject): Buffer => {
  const jwk = key.export({ format: 'jwk' });
  const bytes = (value: string | undefined): Buffer => {
    const raw = Buffer.from(value ?? '', 'base64url');
    return Buffer.concat([bytesHead(raw.length), raw]);
  };
  if (kind === 'EdDSA') return Buffer.concat([Buffer.of(0xa4, 0x01, 0x01, 0x03, 0x27, 0x20, 0x06, 0x21), bytes(jwk.x)]);
  if (kind === 'RS256')
    return Buffer.concat([
      Buffer.of(0xa4, 0x01, 0x03, 0x03, 0x39, 0x01, 0x00, 0x20),
      bytes(jwk.n),
      Buffer.of(0x21),
      bytes(jwk.e),
    ]);
  return Buffer.concat([
    Buffer.of(0xa5, 0x01, 0x02, 0x03, 0x26, 0x20, 0x01, 0x21),
    bytes(jwk.x),
    Buffer.of(0x22),
    bytes(jwk.y),
  ]);
};

const pairOf = (kind: Kind): { publicKey: KeyObject; privateKey: KeyObject } => {
  if (kind === 'EdDSA') return generateKeyPairSync('ed25519');
  if (kind === 'RS256') return generateKeyPairSync('rsa', { modulusLength: 2048 });
  return generateKeyPairSync('ec', { namedCurve: 'P-256' });
};

export const flags = { present: 1, verified: 4, both: 5, credential: 64 } as const;

export class Passkey {
  readonly id = randomBytes(16);
  readonly kind: Kind;
  /** Its PRF for the one salt there is. */
  readonly prf = new Uint8Array(randomBytes(32));
  /** 0: it does not count, as synchronised ones. */
  count = 0;
  userHandle = '';
  readonly #keys: { publicKey: KeyObject; privateKey: KeyObject };

  constructor(kind: Kind = 'ES256') {
    this.kind = kind;
    this.#keys = pairOf(kind);
  }

  #head(rpId: string, said: number): Buffer {
    const count = Buffer.alloc(4);
    count.writeUInt32BE(this.count);
    return Buffer.concat([sha256(Buffer.from(rpId)), Buffer.of(said), count]);
  }

  get publicKey(): Buffer {
    return cose(this.kind, this.#keys.publicKey);
  }

  make(
    offer: Pick<PasskeyOffer, 'id' | 'challenge' | 'rpId'> & { user?: { id: string } },
    origin: string,
    said: number = flags.both,
  ): NewPasskeyRequest {
    this.userHandle = offer.user?.id ?? '';
    const length = Buffer.of(0, this.id.length);
    const data = [this.#head(offer.rpId, said | flags.credential), Buffer.alloc(16), length, this.id, this.publicKey];
    return {
      id: offer.id,
      name: 'This laptop',
      credentialId: text(this.id),
      clientData: text(clientData('webauthn.create', offer.challenge, origin)),
      authenticatorData: text(Buffer.concat(data)),
      transports: ['internal'],
    };
  }

  answer(
    challenge: Pick<PasskeyChallenge, 'id' | 'challenge' | 'rpId'>,
    origin: string,
    said: number = flags.both,
  ): PasskeyAnswer {
    const data = this.#head(challenge.rpId, said);
    const client = clientData('webauthn.get', challenge.challenge, origin);
    const digest = this.kind === 'EdDSA' ? null : 'sha256';
    return {
      id: challenge.id,
      credentialId: text(this.id),
      clientData: text(client),
      authenticatorData: text(data),
      signature: text(sign(digest, Buffer.concat([data, sha256(client)]), this.#keys.privateKey)),
      userHandle: this.userHandle,
    };
  }
}

export const clientData = (type: string, challenge: string, origin: string, more: object = {}): Buffer =>
  Buffer.from(JSON.stringify({ type, challenge, origin, crossOrigin: false, ...more }));
