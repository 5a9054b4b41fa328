import type { Generated } from 'kysely';
import type {
  Binding,
  MailAccountId,
  MailProtocol,
  Security,
  SessionId,
  SlotId,
  SlotKind,
  UserId,
} from '#vault/keeper.ts';
import type { AuditKind } from './audit-kinds.ts';
import type { MailAccount, SubmissionState } from './types.ts';

/** The tables as Kysely sees them. Times are Unix ms; truth is 0 or 1; the same in both dialects. */
export interface UserTable {
  id: UserId;
  created_at: number;
  public_key: Buffer;
  sealed_keys: Buffer;
  /** Lower case; the name of the Postern sign-in. */
  site_name: string | null;
  locked_at: number | null;
  totp_step: number | null;
}

export interface AccountTable {
  id: MailAccountId;
  user_id: UserId;
  address: string;
  name: string;
  position: number;
  colour: MailAccount['colour'];
  imap_host: string;
  imap_port: number;
  imap_security: Security;
  imap_username: string;
  imap_pin: string | null;
  smtp_host: string;
  smtp_port: number;
  smtp_security: Security;
  smtp_username: string;
  smtp_pin: string | null;
  state: MailAccount['state'];
  state_at: number;
  away: MailAccount['away'];
  away_until: number | null;
  auth: MailAccount['auth'];
  auth_id: string | null;
  auth_since: number;
  checked_at: number | null;
  connections: number | null;
  /** JSON: CertificateFacts. */
  imap_certificate: string | null;
  smtp_certificate: string | null;
  refused: MailProtocol | null;
  /** Seconds that the submission server holds a message (RFC 4865); 0: not at all; null: not asked yet. */
  smtp_hold: number | null;
  /** 1: SMTP has a password of its own. */
  smtp_own: number;
  identity: string | null;
  /** 1: its inbox is part of All inboxes. */
  in_all_inboxes: number;
  /** 1: its user signs in with this address and the password of the mail account. One such account an IMAP login. */
  direct: Generated<number>;
}

export interface CredentialTable {
  account_id: MailAccountId;
  protocol: MailProtocol;
  user_id: UserId;
  row_name: string;
  generation: number;
  sealed: Buffer;
}

export interface SlotTable {
  id: SlotId;
  user_id: UserId;
  kind: SlotKind;
  account_id: MailAccountId | null;
  generation: number;
  sealed: Buffer;
  name: string | null;
  created_at: number;
  last_used_at: number | null;
  /** JSON: PasskeyFacts. */
  facts: string | null;
}

export interface SessionTable {
  id: SessionId;
  user_id: UserId;
  token_hash: Buffer;
  sealed: Buffer;
  generation: number;
  created_at: number;
  last_seen_at: number;
  expires_at: number;
  user_agent: string;
  address: string;
  remember: number;
}

/** Hashes of tokens that a session had before it was rotated. */
export interface RetiredTokenTable {
  token_hash: Buffer;
  session_id: SessionId;
  retired_at: number;
}

export interface ApiTokenTable {
  id: string;
  user_id: UserId;
  name: string;
  token_hash: Buffer;
  slot_id: SlotId;
  read_only: number;
  created_at: number;
  last_used_at: number | null;
  expires_at: number | null;
}

export interface RecordTable {
  id: string;
  user_id: UserId;
  account_id: MailAccountId | null;
  purpose: Binding['purpose'];
  generation: number;
  wrapped: Buffer;
  sealed: Buffer;
  updated_at: number;
}

export interface SubmissionTable {
  id: string;
  user_id: UserId;
  account_id: MailAccountId;
  state: SubmissionState;
  send_at: number;
  tries: number;
  updated_at: number;
  record_id: string;
  message_id: string;
}

/** What somebody did; it outlives its user. */
export interface AuditTable {
  id: string;
  user_id: UserId | null;
  at: number;
  kind: AuditKind;
  address: string;
  user_agent: string;
  /** JSON. */
  facts: string;
}

export interface SchemaVersionTable {
  id: number;
  version: number;
  safe_back_to: number;
}

export interface Tables {
  user: UserTable;
  account: AccountTable;
  credential: CredentialTable;
  slot: SlotTable;
  session: SessionTable;
  retired_token: RetiredTokenTable;
  api_token: ApiTokenTable;
  record: RecordTable;
  submission: SubmissionTable;
  audit: AuditTable;
  schema_version: SchemaVersionTable;
}
