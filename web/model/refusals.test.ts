import assert from 'node:assert/strict';
import { test } from 'node:test';
import { signal } from '@preact/signals-core';
import type { MailAccount } from '#jmap/keep.ts';
import { openMail } from './mail.ts';
import { watchRefusals } from './refusals.ts';
import { account, accountId, fakeServer, head, settled } from './testing.ts';
import { openToasts } from './toasts.ts';

test('what the mail server refuses later is said once, what it refused before is not', async () => {
  const { connection, clock } = fakeServer({});
  const mail = openMail(connection, accountId, account);
  mail.mailboxes.reset([{ id: 'inbox', role: 'inbox', name: 'INBOX' } as never]);
  mail.emails.put([head('M1', { subject: 'Minutes' })]);
  const toasts = openToasts(clock);
  const status = (times: string[]): MailAccount =>
    ({
      refusals: times.map((at) => ({
        at,
        change: 'move',
        emailIds: ['M1'],
        responseCode: null,
        words: 'folder Archive is read-only',
      })),
    }) as unknown as MailAccount;
  const stop = watchRefusals(signal([mail]), toasts);
  mail.setStatus(status(['2025-11-06T08:00:00Z']));
  await settled();
  const said = (): string | undefined => toasts.current.value?.text;
  assert.equal(said(), undefined);
  mail.setStatus(status(['2025-11-06T08:51:00Z', '2025-11-06T08:00:00Z']));
  await settled();
  assert.equal(said(), '“Minutes” is back in Inbox. The server did not allow the move: folder Archive is read-only');
  toasts.dismiss();
  mail.setStatus(status(['2025-11-06T08:51:00Z', '2025-11-06T08:00:00Z']));
  await settled();
  assert.equal(said(), undefined);
  stop();
});

test('G41 that a mailbox is full is told with what is safe and what to do, and not at every try', async () => {
  const { connection, clock } = fakeServer({});
  const mail = openMail(connection, accountId, account);
  mail.mailboxes.reset([{ id: 'inbox', role: 'inbox', name: 'INBOX' } as never]);
  mail.emails.put([head('M1', { subject: 'Minutes' })]);
  const toasts = openToasts(clock);
  const stop = watchRefusals(signal([mail]), toasts);
  const refuse = async (change: string, at: string): Promise<string | undefined> => {
    toasts.dismiss();
    const refusal = { at, change, emailIds: ['M1'], responseCode: 'OVERQUOTA', words: 'Quota exceeded' };
    mail.setStatus({ name: 'Rowing club', refusals: [refusal] } as unknown as MailAccount);
    await settled();
    return toasts.current.value?.text;
  };
  mail.setStatus({ name: 'Rowing club', refusals: [] } as unknown as MailAccount);
  const kept =
    'The mailbox of Rowing club has no room for “Minutes”. It is kept here and tried again every 15 minutes. Delete large letters and empty Trash to make room.';
  assert.equal(await refuse('append', '2025-11-06T08:00:00Z'), kept);
  assert.equal(await refuse('append', '2025-11-06T08:15:00Z'), undefined);
  assert.equal(
    await refuse('copy', '2025-11-06T08:20:00Z'),
    '“Minutes” is back in Inbox. The mailbox of Rowing club has no room for it. Delete large letters and empty Trash to make room.',
  );
  assert.equal(await refuse('append', '2025-11-06T09:00:00Z'), kept);
  stop();
});
