import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemClock } from '#base/clock.ts';
import { silent } from '#base/log.ts';
import { emptyRow } from '#imap/fetch.ts';
import type { ImapSession } from '#imap/session.ts';
import { found, mailbox, openTestIndex } from '#index/fixture.ts';
import type { Mailbox, Uid } from '#index/types.ts';
import { catchUp } from './catch-up.ts';
import { Fill } from './fill.ts';
import { differs } from './folders.ts';
import type { Lines } from './lines.ts';
import { lastUid, Mirror } from './mirror.ts';

/** A server with CONDSTORE and without QRESYNC that has these messages, as far as {@link catchUp} asks. */
const sessionWith = (uids: readonly number[], uidnext: number, asked: string[], window: number | null): ImapSession => {
  const session: Partial<Record<keyof ImapSession, unknown>> = {
    condstore: true,
    qresync: false,
    quirks: { window },
    select: (pathRaw: string) =>
      Promise.resolve({
        pathRaw,
        uidvalidity: 1,
        uidnext,
        exists: uids.length,
        highestModseq: '9',
        permanentFlags: [],
        resynced: false,
        vanished: [],
        changed: [],
      }),
    fetchFlags: () => Promise.resolve({ rows: [], vanished: [] }),
    fetchRows: async (...[wish, , onRows]: Parameters<ImapSession['fetchRows']>) => {
      const wanted = uids.filter((uid) =>
        'range' in wish ? uid >= wish.range[0] : !('uids' in wish) || wish.uids.includes(uid),
      );
      await onRows(wanted.map((uid) => ({ ...emptyRow(uid, uid), internalDate: 1_700_000_000 + uid })));
      return { rows: wanted.length, missing: [], missingSequence: [] };
    },
    uidSearchAll: () => {
      asked.push('all');
      return Promise.resolve([...uids]);
    },
    search: ({ uids: ranges = [[1, lastUid]] }: { uids?: [number, number][] }) => {
      asked.push(`from ${ranges[0]?.[0]}`);
      return Promise.resolve(uids.filter((uid) => uid >= (ranges[0]?.[0] ?? 1)));
    },
  };
  return session as unknown as ImapSession;
};

/** What is held after a look, and what was asked for it. */
const look = async (
  before: { held: readonly number[] } & Partial<Mailbox>,
  server: { uids: readonly number[]; uidnext: number; window?: number },
) => {
  using t = openTestIndex();
  const { held, ...facts } = before;
  const id = t.index.write((w) => w.saveMailbox(mailbox('B', null, { modseq: '5', ...facts })).id);
  t.index.write((w) =>
    w.add(
      id,
      held.map((uid) => found(uid)),
    ),
  );
  const mirror = new Mirror({ index: t.index, clock: systemClock, log: silent });
  const asked: string[] = [];
  await catchUp(sessionWith(server.uids, server.uidnext, asked, server.window ?? null), mirror, id);
  return { held: mirror.uids(id), asked, exists: mirror.mailbox(id).exists };
};

const uid = (...uids: number[]): Uid[] => uids as Uid[];

test('S56 what we moved in and another client removed before the first look does not stay', async () => {
  // Three moved in (3 to 5) since the last look, which saw two; two of them are gone again.
  const seen = await look({ held: [1, 2, 3, 4, 5], exists: 2, uidnext: 3 }, { uids: [1, 2, 3], uidnext: 6 });
  assert.deepEqual(seen, { held: uid(1, 2, 3), asked: ['all'], exists: 3 });
});

test('S56 what stays after such a loss is found later as well', async () => {
  const seen = await look({ held: [1, 2, 3, 4, 5], exists: 3, uidnext: 6 }, { uids: [1, 2, 3], uidnext: 6 });
  assert.deepEqual(seen, { held: uid(1, 2, 3), asked: ['all'], exists: 3 });
});

test('S56 what we moved in and what is there still costs no comparison', async () => {
  const seen = await look({ held: [1, 2, 3, 4], exists: 2, uidnext: 3 }, { uids: [1, 2, 3, 4], uidnext: 5 });
  assert.deepEqual(seen, { held: uid(1, 2, 3, 4), asked: [], exists: 4 });
});

test('S56 likewise in a mailbox that is not read whole', async () => {
  const partly = { state: 'fill', lowUid: 8, exists: 9, uidnext: 10 } as const;
  const server = [1, 2, 3, 4, 5, 6, 7, 8, 9];
  const seen = await look({ ...partly, held: [8, 9, 10, 11] }, { uids: [...server, 10], uidnext: 12 });
  assert.deepEqual(seen, { held: uid(8, 9, 10), asked: ['from 8'], exists: 10 });
  const quiet = await look({ ...partly, held: [8, 9] }, { uids: server, uidnext: 10 });
  assert.deepEqual(quiet, { held: uid(8, 9), asked: [], exists: 9 });
});

test('S56 a server that shows only the newest messages is not asked at each look', async () => {
  const seen = await look({ held: [1, 2, 3, 4], exists: 2, uidnext: 5 }, { uids: [3, 4], uidnext: 5, window: 1_000 });
  assert.deepEqual(seen, { held: uid(1, 2, 3, 4), asked: [], exists: 2 });
});

test('S56 what another connection brought and is gone since does not stay at the first look', async () => {
  const first = { state: 'new', exists: 0, uidnext: 0, uidvalidity: 0, modseq: '0' } as const;
  const seen = await look({ ...first, held: [2] }, { uids: [1, 3], uidnext: 4 });
  assert.deepEqual(seen, { held: uid(1, 3), asked: ['all'], exists: 2 });
});

test('S56 what went while another connection read the mailbox to its end makes it differ, so that it is looked at', async () => {
  using t = openTestIndex();
  // The look of the connection that watches saw 2 and 4; the other one still sees 1 and 3.
  const facts = { modseq: '9', state: 'fill', lowUid: 2, exists: 2, uidnext: 5 } as const;
  const { id } = t.index.write((w) => w.saveMailbox(mailbox('B', null, facts)));
  t.index.write((w) => w.add(id, [found(2), found(4)]));
  const mirror = new Mirror({ index: t.index, clock: systemClock, log: silent });
  const session = sessionWith([1, 2, 3, 4], 5, [], null);
  const lines = { background: (task: (on: ImapSession) => Promise<number>) => task(session) };
  const fill = new Fill({ mirror, lines: lines as unknown as Lines, folders: { known: true }, told: () => undefined });
  await fill.start();
  const box = mirror.mailbox(id);
  const status = { messages: 2, unseen: 2, uidnext: 5, uidvalidity: box.uidvalidity, modseq: '9' };
  assert.deepEqual([box.state, differs(box, status)], ['live', true]);
  await catchUp(sessionWith([2, 4], 5, [], null), mirror, id);
  assert.deepEqual([mirror.uids(id), differs(mirror.mailbox(id), status)], [uid(2, 4), false]);
});
