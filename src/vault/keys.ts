import sodium from 'sodium-native';
import { fresh, wipe } from './bytes.ts';
import { canonical, type Field } from './canonical.ts';

/** What a key is derived for. A purpose is never given a second meaning; a new format is a new purpose. */
export type Purpose =
  | 'postern/1/wrap-records'
  | 'postern/1/wrap-user-keys'
  | 'postern/1/session'
  | 'postern/1/token'
  | 'postern/1/passkey'
  | 'postern/1/recovery'
  | 'postern/1/recovery-id'
  | 'postern/1/key-a'
  | 'postern/1/verifier'
  | 'postern/1/verifier-hash'
  | 'postern/1/servers'
  | 'postern/1/oauth-name'
  | 'postern/1/next-host-key'
  | 'postern/1/host-file-check';

/** BLAKE2b-256 keyed with `key` (16 to 64 bytes) over the purpose and `parts`. */
export const derive = (key: Uint8Array, purpose: Purpose, parts: readonly Field[] = []): Buffer => {
  const input = canonical(purpose, parts);
  const out = fresh(32);
  sodium.crypto_generichash(out, input, key);
  wipe(input);
  return out;
};

const tokenBytes = 32;
/** What is hashed of a token of the usual length; its place is at the end, and holds a token only while it is hashed. */
const tokenInput = canonical('postern/1/token-hash', [fresh(tokenBytes)]);
const tokenPlace = tokenInput.subarray(-tokenBytes);

/** As stored of a session or API token: BLAKE2b-256, enough because a token is 32 random bytes. */
export const hashToken = (token: Uint8Array): Buffer => {
  const isUsual = token.length === tokenBytes;
  const input = isUsual ? tokenInput : canonical('postern/1/token-hash', [token]);
  if (isUsual) tokenPlace.set(token);
  const out = Buffer.alloc(32);
  sodium.crypto_generichash(out, input);
  wipe(isUsual ? tokenPlace : input);
  return out;
};

/** Argon2id work: passes and KiB of memory, one lane. Stored with each slot. */
export interface Cost {
  passes: number;
  memoryKiB: number;
}

export const standardCost: Cost = { passes: 3, memoryKiB: 64 * 1024 };

/** More than a slot made by us could ask for: refuses a planted row that would exhaust memory. */
export const isReasonable = (cost: Cost): boolean =>
  cost.passes >= 1 && cost.passes <= 16 && cost.memoryKiB >= 8 && cost.memoryKiB <= 1024 * 1024;

export const isWeaker = (cost: Cost, than: Cost): boolean =>
  cost.passes < than.passes || cost.memoryKiB < than.memoryKiB;

/** Lets `most` tasks run at once, the others wait in order. */
const gate = (most: number) => {
  let running = 0;
  const waiting: (() => void)[] = [];
  return async <T>(task: () => Promise<T>): Promise<T> => {
    if (running >= most) await new Promise<void>((resolve) => waiting.push(resolve));
    else running += 1;
    try {
      return await task();
    } finally {
      const next = waiting.shift();
      if (next) next();
      else running -= 1;
    }
  };
};

const twoAtOnce = gate(2);

/** Argon2id, 32 bytes, for the caller to wipe. `password` must stand until the promise settles. At most two at once. */
export const stretch = (password: Uint8Array, salt: Uint8Array, cost: Cost): Promise<Buffer> =>
  twoAtOnce(async () => {
    const out = fresh(32);
    const algorithm = sodium.crypto_pwhash_ALG_ARGON2ID13;
    await sodium.crypto_pwhash_async(out, password, salt, cost.passes, cost.memoryKiB * 1024, algorithm);
    return out;
  });

/** The three salts of a password slot, 16 bytes each. */
export interface PasswordSalts {
  stretch: Uint8Array;
  keyA: Uint8Array;
  verifier: Uint8Array;
}

/**
 * KEY_A and the hash of the verifier from one Argon2id run. Each has its own salt and the host's pepper, so that neither
 * follows from the other and SQL alone allows no guessing. The caller wipes both.
 */
export const passwordKeys = async (
  password: Uint8Array,
  salts: PasswordSalts,
  cost: Cost,
  withPepper: <T>(work: (pepper: Uint8Array) => T) => T,
): Promise<{ keyA: Buffer; verifierHash: Buffer }> => {
  const root = await stretch(password, salts.stretch, cost);
  try {
    return withPepper((pepper) => {
      const verifier = derive(root, 'postern/1/verifier', [salts.verifier, pepper]);
      const verifierHash = derive(verifier, 'postern/1/verifier-hash');
      wipe(verifier);
      return { keyA: derive(root, 'postern/1/key-a', [salts.keyA, pepper]), verifierHash };
    });
  } finally {
    wipe(root);
  }
};
