import { createHash, createHmac, pbkdf2, randomBytes } from 'node:crypto';
import { base64, copyOf, fresh, join, same, wipe } from './bytes.ts';
import { VaultError } from './errors.ts';
import type { Mechanism } from './sasl.ts';

/** RFC 7677 §4: no fewer; a server that asks for less helps guessing. */
const leastIterations = 4096;
/** More would let a hostile server keep a core busy. */
const mostIterations = 1_000_000;

const hmac = (key: Uint8Array, text: Uint8Array | string): Buffer => createHmac('sha256', key).update(text).digest();

const saltPassword = (password: Uint8Array, salt: Uint8Array, iterations: number): Promise<Buffer> =>
  new Promise((resolve, reject) => {
    pbkdf2(password, salt, iterations, 32, 'sha256', (error, key) => (error ? reject(error) : resolve(key)));
  });

/** `a=…,b=…` by letter (RFC 5802 §5.1). */
const attributes = (message: string): Map<string, string> =>
  new Map(message.split(',').map((word) => [word.slice(0, 1), word.slice(2)]));

const unproven = (why: string): VaultError => new VaultError('auth/server-unproven', `SCRAM: ${why}`);

const readServerFirst = (message: string, nonce: string) => {
  const said = attributes(message);
  const [r = '', s = '', i = ''] = [said.get('r'), said.get('s'), said.get('i')];
  const iterations = Number(i);
  if (said.has('m')) throw unproven('an extension we do not know is required');
  if (!r.startsWith(nonce) || r.length === nonce.length) throw unproven('the nonce is not ours');
  if (!/^\d+$/.test(i) || iterations < leastIterations || iterations > mostIterations)
    throw unproven('the iteration count is out of bounds');
  if (s === '') throw unproven('no salt');
  return { nonce: r, salt: Buffer.from(s, 'base64'), iterations };
};

/**
 * SCRAM-SHA-256 without channel binding (RFC 5802, RFC 7677). The password's bytes are taken as they are; a client that
 * wants SASLprep applies it before.
 */
export const scramSha256 = (
  username: string,
  password: Uint8Array,
  nonce = randomBytes(18).toString('base64'),
): Mechanism => {
  const secret = copyOf(password);
  const name = username.normalize('NFKC').replaceAll('=', '=3D').replaceAll(',', '=2C');
  const firstBare = `n=${name},r=${nonce}`;
  let at: 'first' | 'final' | 'proven' = 'first';
  let serverSignature: Buffer = Buffer.alloc(0);

  const answerFirst = async (message: string): Promise<Buffer> => {
    const server = readServerFirst(message, nonce);
    const withoutProof = `c=biws,r=${server.nonce}`;
    const authMessage = `${firstBare},${message},${withoutProof}`;
    const salted = await saltPassword(secret, server.salt, server.iterations);
    wipe(secret);
    const clientKey = hmac(salted, 'Client Key');
    const storedKey = createHash('sha256').update(clientKey).digest();
    const clientSignature = hmac(storedKey, authMessage);
    const serverKey = hmac(salted, 'Server Key');
    serverSignature = hmac(serverKey, authMessage);
    const proof = fresh(32);
    for (let i = 0; i < 32; i += 1) proof[i] = (clientKey[i] ?? 0) ^ (clientSignature[i] ?? 0);
    const encoded = base64(proof);
    const answer = join(Buffer.from(`${withoutProof},p=`), encoded);
    wipe(salted, clientKey, storedKey, clientSignature, serverKey, proof, encoded);
    at = 'final';
    return answer;
  };

  const answerFinal = (message: string): Buffer => {
    const said = attributes(message);
    const error = said.get('e');
    if (error !== undefined) throw new VaultError('auth/refused', 'SCRAM: the server refused the proof');
    const given = Buffer.from(said.get('v') ?? '', 'base64');
    if (!same(given, serverSignature)) throw unproven('the server does not know the password');
    at = 'proven';
    return Buffer.alloc(0);
  };

  return {
    name: 'SCRAM-SHA-256',
    initial: Buffer.from(`n,,${firstBare}`),
    respond: async (challenge) => {
      const message = Buffer.from(challenge).toString('utf8');
      if (at === 'first') return answerFirst(message);
      if (at === 'final') return answerFinal(message);
      throw unproven('one message too many');
    },
    finish: () => {
      if (at !== 'proven') throw unproven('success before the server proved itself');
    },
    wipe: () => wipe(secret),
  };
};
