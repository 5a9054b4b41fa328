import { randomBytes, randomUUID } from 'node:crypto';
import type { MailAccountId, SessionId, SlotId, Target, UserId } from '#vault/keeper.ts';
import { usualAccount } from './new-rows.ts';
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

/** Rows of made-up content for tests of the store. */

const target = (protocol: 'imap' | 'smtp', username: string): Target => ({
  protocol,
  host: `${protocol}.example.org`,
  port: protocol === 'imap' ? 993 : 465,
  security: 'tls',
  username,
  pin: null,
});

export const aUser = (): User => ({
  id: randomUUID() as UserId,
  createdAt: 1_700_000_000_000,
  keys: { publicKey: randomBytes(32), sealed: randomBytes(73) },
  siteName: null,
  lockedAt: null,
  totpStep: null,
});

export const anAccount = (user: UserId, more: Partial<MailAccount> = {}): MailAccount => {
  const address = more.address ?? `${randomUUID()}@example.org`;
  return {
    id: randomUUID() as MailAccountId,
    user,
    address,
    name: 'Ælfgifu',
    position: 0,
    colour: 'moss',
    imap: target('imap', address),
    smtp: target('smtp', address),
    ...usualAccount(1_700_000_000_000),
    ...more,
  };
};

export const aSlot = (
  user: UserId,
  account: MailAccountId | null,
  kind: Slot['kind'] = 'mail-password',
  more: Partial<Slot> = {},
): Slot => ({
  id: randomUUID() as SlotId,
  user,
  kind,
  account,
  generation: 1,
  sealed: randomBytes(162),
  name: null,
  createdAt: 1000,
  lastUsedAt: null,
  facts: null,
  ...more,
});

export const aSession = (user: UserId, more: Partial<Session> = {}): Session => ({
  id: randomUUID() as SessionId,
  user,
  tokenHash: randomBytes(32),
  sealed: randomBytes(110),
  generation: 1,
  createdAt: 1000,
  lastSeenAt: 1000,
  expiresAt: 9000,
  userAgent: 'Mozilla/5.0',
  address: '192.0.2.1',
  remember: true,
  ...more,
});

export const aCredential = (account: MailAccount, protocol: 'imap' | 'smtp', generation = 1): Credential => ({
  account: account.id,
  protocol,
  binding: {
    purpose: 'mail-password',
    user: account.user,
    account: account.id,
    row: `${account.id}/${protocol}`,
    generation,
  },
  sealed: randomBytes(370),
});

export const aRecord = (
  user: UserId,
  account: MailAccountId | null,
  more: Partial<SealedRecord> = {},
): SealedRecord => ({
  id: randomUUID(),
  user,
  account,
  purpose: 'draft',
  generation: 1,
  wrapped: randomBytes(73),
  sealed: randomBytes(500),
  updatedAt: 1000,
  ...more,
});

export const aToken = (user: UserId): ApiToken => ({
  id: randomUUID(),
  user,
  name: 'script',
  tokenHash: randomBytes(32),
  slot: aSlot(user, null, 'token'),
  readOnly: true,
  createdAt: 1000,
  lastUsedAt: null,
  expiresAt: null,
});

export const aSubmission = (account: MailAccount, more: Partial<Submission> = {}): Submission => ({
  id: randomUUID(),
  user: account.user,
  account: account.id,
  state: 'held',
  sendAt: 5000,
  tries: 0,
  updatedAt: 1000,
  record: aRecord(account.user, account.id, { purpose: 'submission' }),
  message: aRecord(account.user, account.id, { purpose: 'submission' }),
  ...more,
});

export const anEntry = (user: UserId | null, more: Partial<AuditEntry> = {}): AuditEntry => ({
  id: randomUUID(),
  user,
  at: 1000,
  kind: 'sign-in',
  address: '192.0.2.1',
  userAgent: 'Mozilla/5.0',
  facts: { by: 'passkey' },
  ...more,
});
