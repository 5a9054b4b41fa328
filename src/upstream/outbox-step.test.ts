import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SendOutcome } from './outbox-step.ts';
import { afterTry, providerFilesSent } from './outbox-step.ts';
import { decodeSubmission, encodeSubmission, newSubmissionRecord, undoStatus } from './submission.ts';

const record = newSubmissionRecord({
  identityId: 'I1',
  emailId: 'M1',
  threadId: 'T1',
  envelope: {
    mailFrom: { email: 'alice@example.org', parameters: null },
    rcptTo: [
      { email: 'bob@example.org', parameters: null },
      { email: 'carla@example.org', parameters: null },
    ],
  },
  messageId: 'one@example.org',
  createdAt: 0,
  sendAt: 1_000,
  wantsSentCopy: true,
});
const row = { tries: 0, record };

test('O5 accepted: sent, with a status for each recipient', () => {
  const step = afterTry(
    row,
    {
      at: 'accepted',
      reply: '250 2.0.0 queued as 1',
      refused: [{ email: 'carla@example.org', reply: '550 no such user' }],
    },
    2_000,
    0,
  );
  assert.equal(step.to, 'sent');
  assert.deepEqual(step.record.deliveryStatus['bob@example.org'], {
    delivered: 'unknown',
    smtpReply: '250 2.0.0 queued as 1',
    displayed: 'unknown',
  });
  assert.deepEqual(step.record.deliveryStatus['carla@example.org'], {
    delivered: 'no',
    smtpReply: '550 no such user',
    displayed: 'unknown',
  });
});

test('O9 a temporary refusal is tried again later, for five days', () => {
  const outcome: SendOutcome = {
    at: 'refused',
    permanent: false,
    code: 'smtp/temporary',
    words: '450 greylisted',
    refused: [],
  };
  const step = afterTry(row, outcome, 2_000, 0);
  assert.deepEqual(
    [step.to, step.retryAt, step.tries, step.record.failure?.words],
    ['due', 62_000, 1, '450 greylisted'],
  );
  const fiveDays = 1_000 + 5 * 86_400_000;
  for (const late of [outcome, { at: 'not-sent', code: 'net/unreachable', ours: false } as const])
    assert.deepEqual(
      [fiveDays - 1, fiveDays].map((now) => afterTry(row, late, now, 0).to),
      ['due', 'failed'],
      late.at,
    );
});

test('O10 a permanent refusal fails with the server’s words', () => {
  const step = afterTry(
    row,
    { at: 'refused', permanent: true, code: 'smtp/refused', words: '554 5.7.1 no', refused: [] },
    2_000,
    0,
  );
  assert.deepEqual(
    [step.to, step.record.failure?.words, step.record.deliveryStatus['bob@example.org']?.delivered],
    ['failed', '554 5.7.1 no', 'no'],
  );
});

test('O11 nobody knows: unknown, and no further try', () => {
  assert.deepEqual(afterTry(row, { at: 'unknown', code: 'net/lost' }, 2_000, 0).to, 'unknown');
  assert.equal(afterTry(row, { at: 'unknown', code: 'net/lost' }, 2_000, 0).retryAt, null);
});

test('O12 a locked account costs no try', () => {
  const step = afterTry(row, { at: 'not-sent', code: 'user/locked', ours: true }, 2_000, 0);
  assert.deepEqual([step.to, step.tries, step.retryAt], ['due', 0, null]);
});

test('O13 a provider that keeps its own copy is known by its submission host', () => {
  const files = [
    'gmail.com',
    'googlemail.com',
    'office365.com',
    'outlook.com',
    'hotmail.com',
    'zoho.eu',
    'zohomail.com',
  ];
  for (const provider of files)
    for (const host of [provider, `smtp.${provider}`, `SMTP-Mail.${provider.toUpperCase()}`])
      assert.equal(providerFilesSent(host), true, host);
  for (const host of ['notgmail.com', 'gmail.com.example.org', 'smtp.example.org'])
    assert.equal(providerFilesSent(host), false, host);
});

test('O2 only what no worker has taken can be undone', () => {
  assert.deepEqual((['held', 'due', 'sending', 'sent', 'unknown', 'canceled'] as const).map(undoStatus), [
    'pending',
    'pending',
    'final',
    'final',
    'final',
    'canceled',
  ]);
});

test('the record comes back as it was written', () => {
  assert.deepEqual(decodeSubmission(encodeSubmission(record)), record);
});
