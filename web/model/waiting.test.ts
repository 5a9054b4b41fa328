import assert from 'node:assert/strict';
import { test } from 'node:test';
import { signal } from '@preact/signals-core';
import { openMail, type Mail } from './mail.ts';
import { outboxLater } from './outbox-later.ts';
import { account, accountId, fakeServer, head, settled, submission } from './testing.ts';
import { openToasts } from './toasts.ts';
import { openUndo } from './undo.ts';
import { waitingWords, watchWaiting } from './waiting.ts';

test('O19 letters that have not left are known, follow push, and are forgotten with their account', async () => {
  let list: ReturnType<typeof submission>[] = [
    submission({
      id: 'S2',
      stage: 'due',
      tries: 1,
      nextTryAt: '2025-11-06T09:15:00Z',
      words: '451 4.3.0 mailbox is full.',
    }),
    submission({ id: 'S1', sendAt: '2025-11-06T08:50:00Z' }),
    submission({ id: 'S3', stage: 'sent' }),
  ];
  const asked: unknown[] = [];
  const { connection, clock } = fakeServer({
    'EmailSubmission/query': (args) => {
      asked.push(args['filter']);
      return { accountId, queryState: '1', position: 0, ids: list.map(({ id }) => id) };
    },
    'EmailSubmission/get': () => ({ accountId, state: '1', list, notFound: [] }),
    'Email/get': () => ({ accountId, state: '1', list: [head('M1', { subject: 'Cars' })], notFound: [] }),
  });
  const toasts = openToasts(clock);
  const storage = { get: () => null, set: () => undefined };
  const outbox = outboxLater({ connection, clock, toasts, undo: openUndo(), storage });
  const mail = openMail(connection, accountId, account);
  const mails = signal<readonly Mail[]>([mail]);
  const stop = watchWaiting({ connection, mails, outbox });
  await settled();
  assert.deepEqual(asked, [{ undoStatus: 'pending' }]);
  assert.deepEqual(
    outbox.waiting.value.map(({ id, subject, to }) => [id, subject, to]),
    [
      ['S1', 'Cars', 'ada@lindqvist.example'],
      ['S2', 'Cars', 'ada@lindqvist.example'],
    ],
  );
  const words = outbox.waiting.value.map((letter) => waitingWords(letter, clock.now()));
  assert.match(words[1] ?? '', /^The server said: mailbox is full\. Trying again at \d\d:15\.$/u);
  assert.equal(words[0], 'It leaves as soon as it can be sent.');
  const leaves = (sendAt: Date): string =>
    waitingWords({ fate: { at: 'held' }, sendAt: Number(sendAt) }, Number(new Date(2026, 2, 28, 23, 0)));
  assert.equal(leaves(new Date(2026, 2, 29, 9, 5)), 'It leaves at 09:05.');
  assert.equal(leaves(new Date(2026, 3, 2, 9, 5)), 'It leaves on Thursday, 2 April 2026, 09:05.');

  list = [];
  mail.tellSubmissions();
  await settled();
  assert.deepEqual(outbox.waiting.value, []);

  list = [submission({ id: 'S1' })];
  mail.tellSubmissions();
  await settled();
  assert.equal(outbox.waiting.value.length, 1);
  mails.value = [];
  assert.deepEqual(outbox.waiting.value, []);
  mails.value = [mail];
  await settled();
  stop();
  assert.deepEqual(outbox.waiting.value, [], 'nothing is kept over a lock');
});
