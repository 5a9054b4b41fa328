import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemClock } from '#base/clock.ts';
import { openDovecot } from '#village/dovecot.ts';
import { openTestAccount } from './test-account.ts';

const messages = 1_500;

test('S9 I42 a first sync has all messages, also when what it gathered is lost by the fault of others', async () => {
  await using village = await openDovecot({});
  const [user] = village.users;
  assert.ok(user);
  for (let n = 1; n <= messages; n += 1) {
    const raw = `From: bob@x.test\r\nSubject: message ${n}\r\nMessage-ID: <m${n}@x.test>\r\n\r\nText.\r\n`;
    village.put(user.address, n % 5 === 0 ? 'Sent' : 'INBOX', raw, { receivedAt: 1_700_000_000 + n * 60 });
  }
  // Half a minute of waiting takes a tenth of a second.
  const clock = { ...systemClock, after: (ms: number, task: () => void) => systemClock.after(Math.min(ms, 100), task) };
  await using account = await openTestAccount({ imapPort: village.imapPort, user, clock });
  const { index } = account;
  let lost = 0;
  const spoil = setInterval(() => {
    const known = account.engine.progress.known;
    if (known < 100 || known >= messages || lost >= 8) return;
    assert.throws(() =>
      index.gather(() => {
        throw new RangeError('changed my mind');
      }),
    );
    // Whoever comes next hears of it, and that is not the sync.
    try {
      index.settle();
    } catch {
      lost += 1;
    }
  }, 7);
  await account.until(() => account.engine.progress.done, 'the first sync');
  clearInterval(spoil);
  const held = index.read((r) => r.mailboxes().flatMap(({ id }) => r.uids(id))).length;
  assert.deepEqual([held, lost > 0], [messages, true]);
});
