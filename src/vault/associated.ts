import { canonical } from './canonical.ts';
import type {
  AccountServers,
  Binding,
  MailAccountId,
  MailProtocol,
  PasskeyName,
  SessionRow,
  SlotRow,
  Target,
  UserId,
} from './keeper.ts';

/** What each kind of ciphertext is bound to. The first word is the object type, so that no kind passes for another. */

const bindingFields = (b: Binding) => [b.purpose, b.user, b.account, b.row, b.generation];

const targetFields = (t: Target) => [t.protocol, t.host, t.port, t.security, t.username, t.pin];

export const forRecordKey = (binding: Binding): Buffer => canonical('record-key', bindingFields(binding));

export const forRecord = (binding: Binding): Buffer => canonical('record', bindingFields(binding));

export const forCredentialKey = (binding: Binding, target: Target): Buffer =>
  canonical('credential-key', [...bindingFields(binding), ...targetFields(target)]);

export const forCredential = (binding: Binding, target: Target): Buffer =>
  canonical('credential', [...bindingFields(binding), ...targetFields(target)]);

export const forSlot = (slot: Omit<SlotRow, 'sealed'>, head: Uint8Array): Buffer =>
  canonical('slot', [slot.kind, slot.user, slot.account, slot.id, slot.generation, head]);

/** What a slot says of the servers its password belongs to. */
export const forServers = (slot: Omit<SlotRow, 'sealed' | 'generation'>, servers: AccountServers | null) => [
  slot.kind,
  slot.user,
  slot.account,
  slot.id,
  ...(servers ? [...targetFields(servers.imap), ...targetFields(servers.smtp)] : []),
];

/** What of a passkey its slot is bound to: who can only write SQL cannot put another in its place. */
export const forPasskey = ({ credentialId, publicKey, rpId }: PasskeyName): Buffer =>
  canonical('passkey', [credentialId, publicKey, rpId]);

export const forSession = (session: Omit<SessionRow, 'sealed'>, head: Uint8Array): Buffer =>
  canonical('session', [session.user, session.id, session.tokenHash, session.generation, head]);

export const forUserKeys = (user: UserId, publicKey: Uint8Array): Buffer => canonical('user-keys', [user, publicKey]);

/** The binding of a mail password as the store keeps it: one row an account and protocol. */
export const credentialBinding = (
  user: UserId,
  account: MailAccountId,
  protocol: MailProtocol,
  generation: number,
): Binding => ({ purpose: 'mail-password', user, account, row: `${account}/${protocol}`, generation });

/** The binding of a record row, as the store keeps it. */
export const recordBinding = (row: {
  id: string;
  user: UserId;
  account: MailAccountId | null;
  purpose: Binding['purpose'];
  generation: number;
}): Binding => ({
  purpose: row.purpose,
  user: row.user,
  account: row.account,
  row: row.id,
  generation: row.generation,
});

/** Whether two targets are the same place for a credential. */
export const sameTarget = (a: Target, b: Target): boolean =>
  canonical('target', targetFields(a)).equals(canonical('target', targetFields(b)));
