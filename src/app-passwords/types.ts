import type { Brand } from '#base/brand.ts';

/** The six letters inside a password by which its row is found. Public: it may be shown and logged. */
export type PublicId = Brand<string, 'PublicId'>;

/** What a login may be for. `submission` is also what Postfix and Exim ask for. */
export const protocols = ['imap', 'pop3', 'submission', 'sieve'] as const;
export type Protocol = (typeof protocols)[number];

/** Where it is used; decides the words and the set-up files that are offered. */
export const programs = [
  'thunderbird',
  'apple',
  'outlook',
  'android',
  'scanner',
  'script',
  'postern',
  'other',
] as const;
export type Program = (typeof programs)[number];

export interface Use {
  /** Milliseconds since the epoch, as the database's clock has it. */
  at: number;
  protocol: string;
  /** The client's address as Dovecot saw it; empty when it had none. */
  network: string;
}

/**
 * What may happen next. `replaced`: rotated away, but good until `until`. `pausing`, `revoking`: ended in the database, and Dovecot
 * has not confirmed yet that it forgot it.
 */
export type Status =
  | { at: 'active' }
  | { at: 'replaced'; until: number }
  | { at: 'expired' }
  | { at: 'pausing' }
  | { at: 'paused' }
  | { at: 'revoking' }
  | { at: 'revoked' };

/** One app password as its owner may see it: never the password, never its hash. */
export interface AppPassword {
  id: PublicId;
  user: string;
  label: string;
  program: Program;
  protocols: readonly Protocol[];
  /** Addresses and networks it may be used from; empty: from anywhere. */
  networks: readonly string[];
  /** Milliseconds since the epoch, or null: never. */
  expires: number | null;
  created: number;
  /** Where it was made: `web`, `command`, `import`, `postern`. */
  origin: string;
  status: Status;
  replacedBy: PublicId | null;
  /** When it was revoked. */
  ended: number | null;
  lastUse: Use | null;
  /** Taken over from a classic table: its password has no id inside. */
  imported: boolean;
}

/** What a new one should be. */
export interface Wish {
  label: string;
  program: Program;
  protocols: readonly Protocol[];
  networks?: readonly string[];
  expires?: number | null;
}

/** Who acts, for the audit log: `user`, `operator`, `postern`. */
export type Actor = 'user' | 'operator' | 'postern';

export const events = ['created', 'imported', 'renamed', 'paused', 'resumed', 'rotated', 'revoked', 'cut'] as const;
export type AuditEvent = (typeof events)[number];

export interface AuditEntry {
  at: number;
  user: string;
  id: PublicId;
  event: AuditEvent;
  actor: Actor;
}

/**
 * `password`: ASCII, to be shown once and then overwritten with zeros by who shows it. It is handed out only when its row is known
 * to be stored.
 */
export interface Minted {
  entry: AppPassword;
  password: Buffer;
}
