import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemClock } from '#base/clock.ts';
import { stillClock } from '#base/clock.testkit.ts';
import { silent } from '#base/log.ts';
import { emptyRow } from '#imap/fetch.ts';
import type { ImapSession } from '#imap/session.ts';
import { addMailbox, openTestIndex } from '#index/fixture.ts';
import { Mirror } from './mirror.ts';

test('S64 what went while its row was on its way is not stored, and is stored when it is there again', async () => {
  using t = openTestIndex();
  const inbox = addMailbox(t.index, 'INBOX', 'inbox');
  const mirror = new Mirror({ index: t.index, clock: systemClock, log: silent });
  let meanwhile = (): void => mirror.vanished(inbox, [[5, 6]]);
  /** All that `bring` asks of a session. */
  const session = {
    fetchRows: async (...[, , onRows]: Parameters<ImapSession['fetchRows']>) => {
      meanwhile();
      await onRows([4, 5, 6, 7].map((uid) => ({ ...emptyRow(uid, uid), internalDate: 1_700_000_000 + uid })));
      return { rows: 4, missing: [], missingSequence: [] };
    },
  } as unknown as ImapSession;
  const brought = await mirror.bring(session, inbox, { uids: [4, 5, 6, 7] });
  assert.deepEqual(mirror.uids(inbox), [4, 7]);
  assert.deepEqual([brought.count, brought.lowest, brought.highest], [2, 4, 7]);
  meanwhile = () => undefined;
  await mirror.bring(session, inbox, { uids: [4, 5, 6, 7] });
  assert.deepEqual(mirror.uids(inbox), [4, 5, 6, 7]);
});

test('S85 a mailbox that somebody makes anew every night is not one of an unsteady server', () => {
  using t = openTestIndex();
  const inbox = addMailbox(t.index, 'INBOX', 'inbox');
  const clock = stillClock(1_700_000_000_000);
  const mirror = new Mirror({ index: t.index, clock, log: silent });
  let told = 0;
  mirror.onUnsteady(() => (told += 1));
  let uidvalidity = 1;
  const after = (ms: number): number[] => {
    clock.pass(ms);
    mirror.renewed(inbox, { uidvalidity: (uidvalidity += 1), exists: 0 });
    return [told, mirror.unsteadyFor(inbox)];
  };
  for (let night = 0; night < 5; night += 1) assert.deepEqual(after(86_400_000), [0, 0]);
  assert.deepEqual(after(60_000), [0, 30_000]);
  assert.deepEqual(after(60_000), [1, 60_000]);
});
