import type { Selectable } from 'kysely';
import type { MailProtocol, SlotRow, Target } from '#vault/keeper.ts';
import type {
  AccountTable,
  ApiTokenTable,
  AuditTable,
  CredentialTable,
  RecordTable,
  SessionTable,
  SlotTable,
  SubmissionTable,
  UserTable,
} from './schema.ts';
import type {
  ApiToken,
  AuditEntry,
  Credential,
  MailAccount,
  SealedRecord,
  Session,
  Slot,
  Submission,
  User,
} from './types.ts';

/** Objects to rows and back, one pair a table. */

type AccountRow = Omit<Selectable<AccountTable>, 'direct'>;

const facts = <T>(text: string | null): T | null => (text === null ? null : (JSON.parse(text) as T));
const factsText = (value: unknown): string | null => (value === null ? null : JSON.stringify(value));

export const userRow = ({ id, createdAt, keys, siteName, lockedAt, totpStep }: User): UserTable => ({
  id,
  created_at: createdAt,
  public_key: keys.publicKey,
  sealed_keys: keys.sealed,
  site_name: siteName,
  locked_at: lockedAt,
  totp_step: totpStep,
});

export const toUser = (row: UserTable): User => ({
  id: row.id,
  createdAt: row.created_at,
  keys: { publicKey: row.public_key, sealed: row.sealed_keys },
  siteName: row.site_name,
  lockedAt: row.locked_at,
  totpStep: row.totp_step,
});

export const accountRow = (account: MailAccount): AccountRow => ({
  id: account.id,
  user_id: account.user,
  address: account.address,
  name: account.name,
  position: account.position,
  colour: account.colour,
  imap_host: account.imap.host,
  imap_port: account.imap.port,
  imap_security: account.imap.security,
  imap_username: account.imap.username,
  imap_pin: account.imap.pin,
  smtp_host: account.smtp.host,
  smtp_port: account.smtp.port,
  smtp_security: account.smtp.security,
  smtp_username: account.smtp.username,
  smtp_pin: account.smtp.pin,
  state: account.state,
  state_at: account.stateAt,
  away: account.away,
  away_until: account.awayUntil,
  auth: account.auth,
  auth_id: account.authId,
  auth_since: account.authSince,
  checked_at: account.checkedAt,
  connections: account.connections,
  imap_certificate: factsText(account.certificates.imap),
  smtp_certificate: factsText(account.certificates.smtp),
  refused: account.refused,
  smtp_own: account.ownSmtp ? 1 : 0,
  smtp_hold: account.smtpHold,
  identity: account.identity,
  in_all_inboxes: account.inAllInboxes ? 1 : 0,
});

const target = (row: AccountRow, protocol: MailProtocol): Target => ({
  protocol,
  host: row[`${protocol}_host`],
  port: row[`${protocol}_port`],
  security: row[`${protocol}_security`],
  username: row[`${protocol}_username`],
  pin: row[`${protocol}_pin`],
});

export const toAccount = (row: AccountRow): MailAccount => ({
  id: row.id,
  user: row.user_id,
  address: row.address,
  name: row.name,
  position: row.position,
  colour: row.colour,
  imap: target(row, 'imap'),
  smtp: target(row, 'smtp'),
  state: row.state,
  stateAt: row.state_at,
  away: row.away,
  awayUntil: row.away_until,
  auth: row.auth,
  authId: row.auth_id,
  authSince: row.auth_since,
  checkedAt: row.checked_at,
  connections: row.connections,
  certificates: { imap: facts(row.imap_certificate), smtp: facts(row.smtp_certificate) },
  refused: row.refused,
  ownSmtp: row.smtp_own === 1,
  smtpHold: row.smtp_hold,
  identity: row.identity,
  inAllInboxes: row.in_all_inboxes === 1,
});

export const credentialRow = ({ account, protocol, binding, sealed }: Credential): CredentialTable => ({
  account_id: account,
  protocol,
  user_id: binding.user,
  row_name: binding.row,
  generation: binding.generation,
  sealed,
});

export const toCredential = (row: CredentialTable): Credential => ({
  account: row.account_id,
  protocol: row.protocol,
  binding: {
    purpose: 'mail-password',
    user: row.user_id,
    account: row.account_id,
    row: row.row_name,
    generation: row.generation,
  },
  sealed: row.sealed,
});

/** What of a slot is sealed anew; the rest stays. */
export const sealedSlotRow = ({ id, user, kind, account, generation, sealed }: SlotRow) => ({
  id,
  user_id: user,
  kind,
  account_id: account,
  generation,
  sealed,
});

export const slotRow = (slot: Slot): SlotTable => ({
  ...sealedSlotRow(slot),
  name: slot.name,
  created_at: slot.createdAt,
  last_used_at: slot.lastUsedAt,
  facts: factsText(slot.facts),
});

export const toSlot = (row: SlotTable): Slot => ({
  id: row.id,
  user: row.user_id,
  kind: row.kind,
  account: row.account_id,
  generation: row.generation,
  sealed: row.sealed,
  name: row.name,
  createdAt: row.created_at,
  lastUsedAt: row.last_used_at,
  facts: facts(row.facts),
});

export const sessionRow = (session: Session): SessionTable => ({
  id: session.id,
  user_id: session.user,
  token_hash: session.tokenHash,
  sealed: session.sealed,
  generation: session.generation,
  created_at: session.createdAt,
  last_seen_at: session.lastSeenAt,
  expires_at: session.expiresAt,
  user_agent: session.userAgent,
  address: session.address,
  remember: session.remember ? 1 : 0,
});

export const toSession = (row: SessionTable): Session => ({
  id: row.id,
  user: row.user_id,
  tokenHash: row.token_hash,
  sealed: row.sealed,
  generation: row.generation,
  createdAt: row.created_at,
  lastSeenAt: row.last_seen_at,
  expiresAt: row.expires_at,
  userAgent: row.user_agent,
  address: row.address,
  remember: row.remember === 1,
});

export const tokenRow = (token: ApiToken): ApiTokenTable => ({
  id: token.id,
  user_id: token.user,
  name: token.name,
  token_hash: token.tokenHash,
  slot_id: token.slot.id,
  read_only: token.readOnly ? 1 : 0,
  created_at: token.createdAt,
  last_used_at: token.lastUsedAt,
  expires_at: token.expiresAt,
});

export const toToken = (row: ApiTokenTable, slot: SlotTable): ApiToken => ({
  id: row.id,
  user: row.user_id,
  name: row.name,
  tokenHash: row.token_hash,
  slot: toSlot(slot),
  readOnly: row.read_only === 1,
  createdAt: row.created_at,
  lastUsedAt: row.last_used_at,
  expiresAt: row.expires_at,
});

export const recordRow = (record: SealedRecord): RecordTable => ({
  id: record.id,
  user_id: record.user,
  account_id: record.account,
  purpose: record.purpose,
  generation: record.generation,
  wrapped: record.wrapped,
  sealed: record.sealed,
  updated_at: record.updatedAt,
});

export const toRecord = (row: RecordTable): SealedRecord => ({
  id: row.id,
  user: row.user_id,
  account: row.account_id,
  purpose: row.purpose,
  generation: row.generation,
  wrapped: row.wrapped,
  sealed: row.sealed,
  updatedAt: row.updated_at,
});

export const submissionRow = (submission: Submission): SubmissionTable => ({
  id: submission.id,
  user_id: submission.user,
  account_id: submission.account,
  state: submission.state,
  send_at: submission.sendAt,
  tries: submission.tries,
  updated_at: submission.updatedAt,
  record_id: submission.record.id,
  message_id: submission.message.id,
});

export const toSubmission = (row: SubmissionTable, record: RecordTable, message: RecordTable): Submission => ({
  id: row.id,
  user: row.user_id,
  account: row.account_id,
  state: row.state,
  sendAt: row.send_at,
  tries: row.tries,
  updatedAt: row.updated_at,
  record: toRecord(record),
  message: toRecord(message),
});

export const auditRow = (entry: AuditEntry): AuditTable => ({
  id: entry.id,
  user_id: entry.user,
  at: entry.at,
  kind: entry.kind,
  address: entry.address,
  user_agent: entry.userAgent,
  facts: JSON.stringify(entry.facts),
});

export const toAudit = (row: AuditTable): AuditEntry => ({
  id: row.id,
  user: row.user_id,
  at: row.at,
  kind: row.kind,
  address: row.address,
  userAgent: row.user_agent,
  facts: facts(row.facts) ?? {},
});
