import type { Generated } from 'kysely';

/** Times are milliseconds since the epoch. Rows of app_password are never deleted: a revoked one stays as a tombstone. */
export interface AppPasswordRow {
  id: string;
  username: string;
  label: string;
  program: string;
  /** Words parted by one space. */
  protocols: string;
  /** As Dovecot's allow_nets: parted by commas; empty: everywhere. */
  networks: string;
  expires: number | null;
  state: 'active' | 'paused' | 'revoked';
  hash: string;
  /** Hex SHA-512 of a password taken over from a classic table, by which it is found; null for ours. */
  finder: string | null;
  created: number;
  origin: string;
  replaced_by: string | null;
  /** Set when it was rotated away: good until then. */
  overlap_until: number | null;
  ended: number | null;
  /** 1 from the moment it was ended until Dovecot has been told. */
  uncut: number;
  /** The user's counter at the last change. */
  seq: number;
}

/** Written by Dovecot. */
export interface UseRow {
  id: string;
  used_at: number;
  protocol: string;
  network: string;
}

export interface UserRow {
  username: string;
  seq: number;
  /** Since when the user is asked what becomes of his app passwords, the main one having changed; null: he is not. */
  asked_at: number | null;
}

export interface AuditRow {
  n: Generated<number>;
  at: number;
  username: string;
  id: string;
  event: string;
  actor: string;
}

export interface VersionRow {
  id: number;
  version: number;
  safe_back_to: number;
}

export interface Tables {
  app_password: AppPasswordRow;
  app_password_use: UseRow;
  app_password_user: UserRow;
  app_password_audit: AuditRow;
  app_password_version: VersionRow;
}
