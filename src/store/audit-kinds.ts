/** What the audit log tells of; docs/spec/vault.md says when each is written. */
const auditKinds = [
  'sign-in',
  'sign-in-refused',
  'sign-out',
  'session-ended',
  'locked',
  'unlocked',
  'key-theft',
  'unlocker-added',
  'unlocker-renamed',
  'unlocker-removed',
  'unlocker-changed',
  'recovery-used',
  'user-key-rotated',
  'account-added',
  'account-removed',
  'account-changed',
  'certificate-changed',
  'app-password-created',
  'app-password-changed',
  'app-password-revoked',
  'user-locked',
  'user-unlocked',
  'user-deleted',
  'secret-rotated',
] as const;

export type AuditKind = (typeof auditKinds)[number];
