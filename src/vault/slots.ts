import sodium from 'sodium-native';
import { forServers, forSession, forSlot, forUserKeys } from './associated.ts';
import { fresh, join, random, same, wipe } from './bytes.ts';
import { envelopeLength, newKey, open, seal } from './envelope.ts';
import { VaultError } from './errors.ts';
import type { HostKeys } from './host-keys.ts';
import type { AccountServers, SessionId, SessionRow, SessionSecrets, SlotRow, UserId, UserKeys } from './keeper.ts';
import { derive, hashToken, isReasonable, type Cost, passwordKeys } from './keys.ts';

/** A slot before its secret part is made. */
type SlotName = Omit<SlotRow, 'sealed'>;

const wrappedLength = envelopeLength(32);

const doesNotOpen = (what: 'slot' | 'session'): VaultError =>
  new VaultError(`${what}/does-not-open`, `a ${what} does not open`);

/** head = version(1) passes(4) memoryKiB(4) saltStretch(16) saltKeyA(16) saltVerifier(16) servers(32) verifierHash(32) */
const passwordHead = 1 + 4 + 4 + 16 * 3 + 32 + 32;
const passwordVersion = 1;

const readPasswordHead = (head: Buffer) => ({
  cost: { passes: head.readUInt32BE(1), memoryKiB: head.readUInt32BE(5) },
  salts: { stretch: head.subarray(9, 25), keyA: head.subarray(25, 41), verifier: head.subarray(41, 57) },
  servers: head.subarray(57, 89),
  verifierHash: head.subarray(89, 121),
});

/** The servers of an account under the host's pepper: nobody else can name others. */
const serversTag = (host: HostKeys, name: SlotName, servers: AccountServers | null): Buffer =>
  host.withPepper((pepper) => derive(pepper, 'postern/1/servers', forServers(name, servers)));

/** Whether a slot was made for these servers. It does not say whether the slot opens. */
export const slotServes = (host: HostKeys, slot: SlotRow, servers: AccountServers): boolean =>
  slot.sealed[0] === passwordVersion &&
  slot.sealed.length === passwordHead + wrappedLength &&
  same(readPasswordHead(slot.sealed).servers, serversTag(host, slot, servers));

/** Wraps the user key under a password: sealed = head envelope(user key). `servers`: where that password is sent, if anywhere. */
export const makePasswordSlot = async (
  host: HostKeys,
  name: SlotName,
  password: Uint8Array,
  userKey: Uint8Array,
  cost: Cost,
  servers: AccountServers | null,
): Promise<SlotRow> => {
  const head = Buffer.alloc(passwordHead);
  head[0] = passwordVersion;
  head.writeUInt32BE(cost.passes, 1);
  head.writeUInt32BE(cost.memoryKiB, 5);
  sodium.randombytes_buf(head.subarray(9, 57));
  const { salts } = readPasswordHead(head);
  const { keyA, verifierHash } = await passwordKeys(password, salts, cost, (work) => host.withPepper(work));
  head.set(serversTag(host, name, servers), 57);
  head.set(verifierHash, 89);
  const wrapped = seal(keyA, forSlot(name, head), userKey);
  wipe(keyA, verifierHash);
  return { ...name, sealed: join(head, wrapped) };
};

/** The Argon2id cost a password slot was made with. @throws VaultError `slot/does-not-open` */
export const slotCost = (slot: SlotRow): Cost => {
  const { sealed } = slot;
  if (sealed[0] !== passwordVersion || sealed.length !== passwordHead + wrappedLength) throw doesNotOpen('slot');
  const { cost } = readPasswordHead(sealed);
  if (!isReasonable(cost)) throw doesNotOpen('slot');
  return cost;
};

/** The user key, for the caller to wipe. @throws VaultError `slot/does-not-open` */
export const openPasswordSlot = async (host: HostKeys, slot: SlotRow, password: Uint8Array): Promise<Buffer> => {
  const cost = slotCost(slot);
  const head = slot.sealed.subarray(0, passwordHead);
  const stored = readPasswordHead(head);
  const { keyA, verifierHash } = await passwordKeys(password, stored.salts, cost, (work) => host.withPepper(work));
  try {
    const fits = same(verifierHash, stored.verifierHash);
    const userKey = fits ? open(keyA, forSlot(slot, head), slot.sealed.subarray(passwordHead)) : null;
    if (!userKey) throw doesNotOpen('slot');
    return userKey;
  } finally {
    wipe(keyA, verifierHash);
  }
};

/** head = version(1) epoch(4) share S(32) */
const sessionHead = 1 + 4 + 32;
const sessionVersion = 1;

/** KEK_session from the three shares: unlock key C (cookie), S (row), H of the epoch (host). Undefined: H is gone. */
const sessionKey = (host: HostKeys, session: SessionId, unlockKey: Uint8Array, head: Buffer): Buffer | undefined =>
  host.use(head.readUInt32BE(1), (hostKey) =>
    derive(unlockKey, 'postern/1/session', [session, head.subarray(5, sessionHead), hostKey]),
  );

/** A new token, unlock key and session share for a session: sealed = head envelope(user key). */
export const makeSession = (
  host: HostKeys,
  name: { id: SessionId; user: UserId; generation: number },
  userKey: Uint8Array,
): { session: SessionRow; secrets: SessionSecrets } => {
  const secrets = { token: random(32), unlockKey: random(32) };
  const head = Buffer.alloc(sessionHead);
  head[0] = sessionVersion;
  head.writeUInt32BE(host.epoch(), 1);
  sodium.randombytes_buf(head.subarray(5));
  const key = sessionKey(host, name.id, secrets.unlockKey, head);
  if (!key) throw new VaultError('keeper/defect', "today's host key is missing");
  const row = { ...name, tokenHash: hashToken(secrets.token) };
  const wrapped = seal(key, forSession(row, head), userKey);
  wipe(key);
  return { session: { ...row, sealed: join(head, wrapped) }, secrets };
};

/** The user key, for the caller to wipe. @throws VaultError `session/does-not-open` */
export const openSession = (host: HostKeys, session: SessionRow, unlockKey: Uint8Array): Buffer => {
  const { sealed } = session;
  if (sealed[0] !== sessionVersion || sealed.length !== sessionHead + wrappedLength || unlockKey.length !== 32)
    throw doesNotOpen('session');
  const head = sealed.subarray(0, sessionHead);
  const key = sessionKey(host, session.id, unlockKey, head);
  const userKey = key ? open(key, forSession(session, head), sealed.subarray(sessionHead)) : null;
  wipe(key);
  if (!userKey) throw doesNotOpen('session');
  return userKey;
};

/** A new user key (for the caller to wipe) and the key pair sealed by it. */
export const makeUser = (user: UserId): { userKey: Buffer; keys: UserKeys } => {
  const userKey = newKey();
  const publicKey = Buffer.alloc(32);
  const secretKey = fresh(32);
  sodium.crypto_box_keypair(publicKey, secretKey);
  const wrap = derive(userKey, 'postern/1/wrap-user-keys');
  const sealed = seal(wrap, forUserKeys(user, publicKey), secretKey);
  wipe(wrap, secretKey);
  return { userKey, keys: { publicKey, sealed } };
};

/** Whether these are the keys of this user key: public key, user and secret key belong together. */
export const keysFit = (user: UserId, userKey: Uint8Array, keys: UserKeys): boolean => {
  const wrap = derive(userKey, 'postern/1/wrap-user-keys');
  const secretKey = open(wrap, forUserKeys(user, keys.publicKey), keys.sealed);
  wipe(wrap, secretKey);
  return secretKey !== null;
};
