import assert from 'node:assert/strict';
import { after, before } from 'node:test';
import type { Mailbox } from '#index/types.ts';
import type { ImapSession } from '#imap/session.ts';
import { openDovecot } from '#village/dovecot.ts';
import type { Village } from '#village/dovecot.ts';
import { inRole, openTestAccount } from './test-account.ts';
import type { TestAccount } from './test-account.ts';

export let village: Village;
export let users = 0;

before(async () => {
  const people = Array.from({ length: 13 }, (_, n) => ({ address: `i${n}@village.test`, password: `pass ${n}` }));
  village = await openDovecot({ users: people });
});
after(() => village[Symbol.asyncDispose]());

export const message = (n: number): string =>
  `From: Bob <bob@elsewhere.test>\r\nTo: alice@village.test\r\nSubject: message ${n}\r\nMessage-ID: <i${n}@elsewhere.test>\r\nDate: ${new Date(1_700_000_000_000 + n * 60_000).toUTCString()}\r\n\r\nText ${n}.\r\n`;

export const open = async (count: number, instead: Partial<Parameters<typeof openTestAccount>[0]> = {}) => {
  const user = village.users[users++];
  assert.ok(user);
  for (let n = 1; n <= count; n += 1)
    village.put(user.address, 'INBOX', message(n), { receivedAt: 1_700_000_000 + n * 60 });
  const account = await openTestAccount({ imapPort: village.imapPort, user, ...instead });
  await account.until(
    () => account.engine.progress.done && inRole(account, 'inbox').length === count,
    'the first sync',
  );
  return { user, account };
};

export const boxOf = (account: TestAccount, role: string): Mailbox => {
  const box = account.index.read((reader) => reader.mailboxes()).find((one) => one.role === role);
  assert.ok(box, role);
  return box;
};

export const noIntents = (account: TestAccount) =>
  account.until(() => account.index.read((reader) => reader.intentCount()) === 0, 'the intents');

export const uidsAt = async (client: ImapSession, box: Mailbox): Promise<number[]> => {
  await client.select(box.pathRaw, { readOnly: true });
  return client.uidSearchAll();
};
