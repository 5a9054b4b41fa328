import { createHash, createPublicKey, type KeyObject, timingSafeEqual, verify } from 'node:crypto';
import { type Cbor, readCbor } from './cbor.ts';

/**
 * Passkeys as Web Authentication Level 3 has them: what a browser brings after making one (§7.1) and after using it
 * (§7.2). No attestation is asked for: who made the authenticator does not matter here.
 */

/** COSE algorithms, best first: EdDSA, ES256, RS256. RFC 9053, RFC 8812 */
export const algorithms = [-8, -7, -257] as const;
type Algorithm = (typeof algorithms)[number];

/** What the browser was asked, and by whom. */
export interface Expected {
  challenge: Buffer;
  origin: string;
  rpId: string;
}

export interface MadePasskey {
  credentialId: string;
  /** COSE key, base64url. */
  publicKey: string;
  signCount: number;
}

const sha256 = (bytes: Uint8Array): Buffer => createHash('sha256').update(bytes).digest();

const equal = (a: Buffer, b: Buffer): boolean => a.length === b.length && timingSafeEqual(a, b);

const isClientData = (
  bytes: Buffer,
  type: 'webauthn.create' | 'webauthn.get',
  { challenge, origin }: Expected,
): boolean => {
  let said: unknown;
  try {
    said = JSON.parse(bytes.toString('utf8'));
  } catch {
    return false;
  }
  if (typeof said !== 'object' || said === null) return false;
  const data = said as Record<string, unknown>;
  return (
    data['type'] === type &&
    data['origin'] === origin &&
    data['crossOrigin'] !== true &&
    typeof data['challenge'] === 'string' &&
    equal(Buffer.from(data['challenge'], 'base64url'), challenge)
  );
};

const flags = { present: 1, verified: 4, credential: 64 } as const;
const headLength = 32 + 1 + 4;

/** authenticatorData = rpIdHash(32) flags(1) signCount(4) [ aaguid(16) length(2) credentialId COSE key ] [ extensions ] */
const readData = (data: Buffer, rpId: string): { flags: number; signCount: number } | null => {
  if (data.length < headLength || !equal(data.subarray(0, 32), sha256(Buffer.from(rpId)))) return null;
  const said = data.readUInt8(32);
  const both = flags.present | flags.verified;
  return (said & both) === both ? { flags: said, signCount: data.readUInt32BE(33) } : null;
};

const text = (value: Cbor | undefined): string => (Buffer.isBuffer(value) ? value.toString('base64url') : '');

/** The key of a COSE key (RFC 9052 §7) of one of our algorithms; null: none of these. */
const importKey = (bytes: Buffer): { key: KeyObject; algorithm: Algorithm; length: number } | null => {
  const found = readCbor(bytes);
  if (!found || !(found.item instanceof Map)) return null;
  const { item, length } = found;
  const [type, algorithm, curve] = [item.get(1), item.get(3), item.get(-1)];
  const jwk =
    type === 1 && algorithm === -8 && curve === 6
      ? { kty: 'OKP', crv: 'Ed25519', x: text(item.get(-2)) }
      : type === 2 && algorithm === -7 && curve === 1
        ? { kty: 'EC', crv: 'P-256', x: text(item.get(-2)), y: text(item.get(-3)) }
        : type === 3 && algorithm === -257
          ? { kty: 'RSA', n: text(item.get(-1)), e: text(item.get(-2)) }
          : null;
  if (!jwk) return null;
  try {
    return { key: createPublicKey({ key: jwk, format: 'jwk' }), algorithm: algorithm as Algorithm, length };
  } catch {
    return null;
  }
};

/** A passkey that was just made; null: it is not what was asked for. */
export const readMadePasskey = (
  given: { credentialId: Buffer; clientData: Buffer; authenticatorData: Buffer },
  expected: Expected,
): MadePasskey | null => {
  const { authenticatorData: data } = given;
  if (!isClientData(given.clientData, 'webauthn.create', expected)) return null;
  const head = readData(data, expected.rpId);
  if (!head || (head.flags & flags.credential) === 0 || data.length < headLength + 18) return null;
  const keyAt = headLength + 18 + data.readUInt16BE(headLength + 16);
  const id = data.subarray(headLength + 18, keyAt);
  const imported = importKey(data.subarray(keyAt));
  if (!imported || id.length > 1023 || !equal(id, given.credentialId)) return null;
  return {
    credentialId: id.toString('base64url'),
    publicKey: data.subarray(keyAt, keyAt + imported.length).toString('base64url'),
    signCount: head.signCount,
  };
};

/** The count of a passkey that has answered rightly; null: it has not, or a copy of it has been used besides. */
export const readAssertion = (
  given: { clientData: Buffer; authenticatorData: Buffer; signature: Buffer },
  expected: Expected,
  passkey: Pick<MadePasskey, 'publicKey' | 'signCount'>,
): number | null => {
  const { clientData, authenticatorData: data, signature } = given;
  if (!isClientData(clientData, 'webauthn.get', expected)) return null;
  const head = readData(data, expected.rpId);
  const imported = importKey(Buffer.from(passkey.publicKey, 'base64url'));
  if (!head || !imported) return null;
  const digest = imported.algorithm === -8 ? null : 'sha256';
  const right = verify(digest, Buffer.concat([data, sha256(clientData)]), imported.key, signature);
  // A count that is kept must rise; passkeys that are synchronised say 0.
  const copied = (head.signCount > 0 || passkey.signCount > 0) && head.signCount <= passkey.signCount;
  return right && !copied ? head.signCount : null;
};
