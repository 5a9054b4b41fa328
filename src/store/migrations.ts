import type { Kysely } from 'kysely';
import type { Tables } from './schema.ts';

/** The words in which the two dialects differ. */
export interface DialectWords {
  blob: string;
  int: string;
  /** What ends a CREATE TABLE. */
  end: string;
}

export const sqliteWords: DialectWords = { blob: 'BLOB', int: 'INTEGER', end: 'STRICT' };
export const postgresWords: DialectWords = { blob: 'BYTEA', int: 'BIGINT', end: '' };

export interface Migration {
  schema: (words: DialectWords) => string[];
  data?: (db: Kysely<Tables>) => Promise<void>;
  /** The oldest schema version whose Postern still works on a database migrated by this. */
  safeBackTo: number;
}

const first = ({ blob, int, end }: DialectWords): string[] => [
  `CREATE TABLE "user" (
    id TEXT PRIMARY KEY NOT NULL, created_at ${int} NOT NULL, public_key ${blob} NOT NULL, sealed_keys ${blob} NOT NULL
  ) ${end}`,
  `CREATE TABLE account (
    id TEXT PRIMARY KEY NOT NULL, user_id TEXT NOT NULL REFERENCES "user" (id) ON DELETE CASCADE,
    address TEXT NOT NULL, name TEXT NOT NULL, position ${int} NOT NULL, colour TEXT NOT NULL,
    imap_host TEXT NOT NULL, imap_port ${int} NOT NULL, imap_security TEXT NOT NULL, imap_username TEXT NOT NULL, imap_pin TEXT,
    smtp_host TEXT NOT NULL, smtp_port ${int} NOT NULL, smtp_security TEXT NOT NULL, smtp_username TEXT NOT NULL, smtp_pin TEXT,
    state TEXT NOT NULL, state_at ${int} NOT NULL, direct ${int} NOT NULL DEFAULT 0
  ) ${end}`,
  'CREATE INDEX account_by_user ON account (user_id, position)',
  'CREATE UNIQUE INDEX account_login ON account (imap_host, imap_port, imap_username) WHERE direct = 1',
  `CREATE TABLE credential (
    account_id TEXT NOT NULL REFERENCES account (id) ON DELETE CASCADE, protocol TEXT NOT NULL,
    user_id TEXT NOT NULL REFERENCES "user" (id) ON DELETE CASCADE, row_name TEXT NOT NULL,
    generation ${int} NOT NULL, sealed ${blob} NOT NULL, PRIMARY KEY (account_id, protocol)
  ) ${end}`,
  'CREATE INDEX credential_by_user ON credential (user_id)',
  `CREATE TABLE slot (
    id TEXT PRIMARY KEY NOT NULL, user_id TEXT NOT NULL REFERENCES "user" (id) ON DELETE CASCADE, kind TEXT NOT NULL,
    account_id TEXT REFERENCES account (id) ON DELETE CASCADE, generation ${int} NOT NULL, sealed ${blob} NOT NULL
  ) ${end}`,
  'CREATE INDEX slot_by_user ON slot (user_id, kind)',
  'CREATE INDEX slot_account ON slot (account_id)',
  `CREATE TABLE session (
    id TEXT PRIMARY KEY NOT NULL, user_id TEXT NOT NULL REFERENCES "user" (id) ON DELETE CASCADE,
    token_hash ${blob} NOT NULL UNIQUE, sealed ${blob} NOT NULL, generation ${int} NOT NULL,
    created_at ${int} NOT NULL, last_seen_at ${int} NOT NULL, expires_at ${int} NOT NULL,
    user_agent TEXT NOT NULL, address TEXT NOT NULL, remember ${int} NOT NULL
  ) ${end}`,
  'CREATE INDEX session_by_user ON session (user_id, last_seen_at)',
  'CREATE INDEX session_expiry ON session (expires_at)',
  `CREATE TABLE retired_token (
    token_hash ${blob} PRIMARY KEY NOT NULL, session_id TEXT NOT NULL REFERENCES session (id) ON DELETE CASCADE,
    retired_at ${int} NOT NULL
  ) ${end}`,
  'CREATE INDEX retired_token_session ON retired_token (session_id)',
  `CREATE TABLE api_token (
    id TEXT PRIMARY KEY NOT NULL, user_id TEXT NOT NULL REFERENCES "user" (id) ON DELETE CASCADE, name TEXT NOT NULL,
    token_hash ${blob} NOT NULL UNIQUE, slot_id TEXT NOT NULL REFERENCES slot (id), read_only ${int} NOT NULL,
    created_at ${int} NOT NULL, last_used_at ${int}, expires_at ${int}
  ) ${end}`,
  'CREATE INDEX api_token_by_user ON api_token (user_id, created_at)',
  'CREATE INDEX api_token_slot ON api_token (slot_id)',
  `CREATE TABLE record (
    id TEXT PRIMARY KEY NOT NULL, user_id TEXT NOT NULL REFERENCES "user" (id) ON DELETE CASCADE,
    account_id TEXT REFERENCES account (id) ON DELETE CASCADE, purpose TEXT NOT NULL, generation ${int} NOT NULL,
    wrapped ${blob} NOT NULL, sealed ${blob} NOT NULL, updated_at ${int} NOT NULL
  ) ${end}`,
  'CREATE INDEX record_place ON record (user_id, purpose, account_id)',
  'CREATE INDEX record_account ON record (account_id)',
  `CREATE TABLE submission (
    id TEXT PRIMARY KEY NOT NULL, user_id TEXT NOT NULL REFERENCES "user" (id) ON DELETE CASCADE,
    account_id TEXT NOT NULL REFERENCES account (id) ON DELETE CASCADE, state TEXT NOT NULL, send_at ${int} NOT NULL,
    tries ${int} NOT NULL, updated_at ${int} NOT NULL,
    record_id TEXT NOT NULL REFERENCES record (id) ON DELETE CASCADE,
    message_id TEXT NOT NULL REFERENCES record (id) ON DELETE CASCADE
  ) ${end}`,
  'CREATE INDEX submission_by_user ON submission (user_id)',
  'CREATE INDEX submission_due ON submission (account_id, state, send_at)',
  'CREATE INDEX submission_record ON submission (record_id)',
  'CREATE INDEX submission_message ON submission (message_id)',
];

/** Several unlockers a user, several accounts a user, and who did what. */
const second = ({ int, end }: DialectWords): string[] => [
  'ALTER TABLE "user" ADD COLUMN site_name TEXT',
  `ALTER TABLE "user" ADD COLUMN locked_at ${int}`,
  `ALTER TABLE "user" ADD COLUMN totp_step ${int}`,
  'CREATE UNIQUE INDEX user_site_name ON "user" (site_name)',
  'ALTER TABLE slot ADD COLUMN name TEXT',
  `ALTER TABLE slot ADD COLUMN created_at ${int} NOT NULL DEFAULT 0`,
  `ALTER TABLE slot ADD COLUMN last_used_at ${int}`,
  'ALTER TABLE slot ADD COLUMN facts TEXT',
  "ALTER TABLE account ADD COLUMN away TEXT NOT NULL DEFAULT 'sealed'",
  `ALTER TABLE account ADD COLUMN away_until ${int}`,
  "ALTER TABLE account ADD COLUMN auth TEXT NOT NULL DEFAULT 'password'",
  'ALTER TABLE account ADD COLUMN auth_id TEXT',
  `ALTER TABLE account ADD COLUMN auth_since ${int} NOT NULL DEFAULT 0`,
  `ALTER TABLE account ADD COLUMN checked_at ${int}`,
  `ALTER TABLE account ADD COLUMN connections ${int}`,
  'ALTER TABLE account ADD COLUMN imap_certificate TEXT',
  'ALTER TABLE account ADD COLUMN smtp_certificate TEXT',
  'ALTER TABLE account ADD COLUMN identity TEXT',
  'ALTER TABLE account ADD COLUMN refused TEXT',
  `ALTER TABLE account ADD COLUMN smtp_hold ${int}`,
  `ALTER TABLE account ADD COLUMN smtp_own ${int} NOT NULL DEFAULT 0`,
  `CREATE TABLE audit (
    id TEXT PRIMARY KEY NOT NULL, user_id TEXT, at ${int} NOT NULL, kind TEXT NOT NULL,
    address TEXT NOT NULL, user_agent TEXT NOT NULL, facts TEXT NOT NULL
  ) ${end}`,
  'CREATE INDEX audit_by_user ON audit (user_id, at)',
  'CREATE INDEX audit_by_time ON audit (at)',
  // Slots and passwords that stand already are as old as their user.
  'UPDATE slot SET created_at = (SELECT created_at FROM "user" WHERE "user".id = slot.user_id)',
  'UPDATE account SET auth_since = (SELECT created_at FROM "user" WHERE "user".id = account.user_id)',
];

/** Whose mail the list over all accounts gathers. */
const third = ({ int }: DialectWords): string[] => [
  `ALTER TABLE account ADD COLUMN in_all_inboxes ${int} NOT NULL DEFAULT 1`,
];

/** By the version they lead to, without gaps. A published one is never changed. */
export const migrations: readonly Migration[] = [
  { schema: first, safeBackTo: 1 },
  // A Postern of version 1 erases users without a mail-password slot after their last session, and lets locked ones in.
  { schema: second, safeBackTo: 2 },
  { schema: third, safeBackTo: 2 },
];
