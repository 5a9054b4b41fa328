import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { AccountId, EmailId, MailboxId, ThreadId } from '#jmap/ids.ts';
import { openList, type RowId } from './list.ts';
import { openMail } from './mail.ts';
import { openMergedList } from './merged-list.ts';
import { openSelection } from './selection.ts';
import { account, fakeMailbox, fakeServer, head, settled, type Handlers } from './testing.ts';

const quiet = { created: [], updated: [], destroyed: [], everything: false };
const second = (n: number): string => new Date(Date.UTC(2025, 10, 6, 8) - n * 1000).toISOString().replace('.000', '');

/** One server with a mailbox for each account; `ages` are how many seconds ago each of its messages came, rising. */
const openInboxes = (ages: readonly (readonly number[])[], broken: ReadonlySet<number> = new Set()) => {
  const boxes = ages.map((own) => {
    const box = fakeMailbox(own.length);
    for (const [index, age] of own.entries()) Object.assign(box.rows[index] ?? {}, { receivedAt: second(age) });
    return box;
  });
  const down = new Set(broken);
  const methods = ['Email/query', 'Email/get', 'Thread/get', 'Mailbox/get'];
  const handlers: Handlers = Object.fromEntries(
    methods.map((name) => [
      name,
      (args) => {
        const at = Number(String(args['accountId']).slice(1)) - 1;
        return down.has(at) ? { error: 'serverFail' } : (boxes[at]?.handlers[name]?.(args) ?? { error: 'notFound' });
      },
    ]),
  );
  const server = fakeServer(handlers);
  const mails = ages.map((_, at) => openMail(server.connection, `A${at + 1}` as AccountId, account));
  const list = openMergedList(
    mails.map((mail) =>
      openList(server.connection, mail, {
        accountId: mail.id,
        filter: { inMailbox: 'inbox' as MailboxId },
        sort: [{ property: 'receivedAt', isAscending: false }],
        collapse: true,
        mailboxId: 'inbox' as MailboxId,
      }),
    ),
  );
  /** What the whole is, computed from everything. */
  const whole = (): string[] =>
    boxes
      .flatMap(({ rows }, at) =>
        rows
          .filter((row) => Object.hasOwn(row.mailboxIds, 'inbox'))
          .map((row, index) => ({ row: `A${at + 1} ${row.id}`, date: row.receivedAt, at, index })),
      )
      .toSorted((a, b) => (a.date === b.date ? a.at - b.at || a.index - b.index : a.date < b.date ? 1 : -1))
      .map(({ row }) => row);
  const shown = (from: number, to: number): (string | undefined)[] =>
    Array.from({ length: to - from }, (_, index) => list.idAt(from + index));
  return { ...server, boxes, mails, list, whole, shown, down };
};

const evenly = (count: number, step: number, first = 0): number[] =>
  Array.from({ length: count }, (_, index) => first + index * step);

test('M1 rows of all accounts stand in the order of their dates, each known by its account', async () => {
  const { list, whole, shown, mails, requests } = openInboxes([evenly(40, 10), evenly(30, 14, 3), []]);
  assert.equal(list.state.value.at, 'loading');
  await settled();
  assert.deepEqual([list.state.value.at, list.total.value], ['ready', 70]);
  assert.deepEqual(shown(0, 70), whole());
  assert.equal(requests.length, 1);
  const rows = shown(0, 70) as RowId[];
  assert.equal(new Set(rows).size, 70);
  assert.deepEqual(
    rows.map((row) => list.indexOf(row)),
    evenly(70, 1),
  );
  const seat = list.seatOf(rows[1] as RowId);
  assert.deepEqual([seat?.mail, seat?.id], [mails[1], 'M0']);
  assert.equal(list.indexOfThread(mails[1]!, 'TM0' as ThreadId), 1);
  assert.equal(list.indexOfThread(mails[0]!, 'TM0' as ThreadId), 0);
});

test('M2 scrolled through from the top, every row is the right one', async () => {
  const { list, whole, shown, requests } = openInboxes([evenly(700, 7), evenly(300, 11), evenly(3, 900)]);
  await settled();
  for (let at = 0; at < 1_003; at += 20) {
    list.look(at, at + 24);
    await settled();
    assert.deepEqual(shown(at, Math.min(at + 24, 1_003)), whole().slice(at, at + 24), `at ${at}`);
  }
  assert.ok(requests.length <= 25, `${requests.length} requests`);
});

test('M3 a jump to any depth shows the right rows after few requests', async () => {
  const uneven = [...evenly(2_000, 1), ...evenly(6_000, 30, 2_000), ...evenly(2_000, 3, 190_000)];
  for (const ages of [
    [evenly(10_000, 40), evenly(10_000, 37)],
    [uneven, evenly(5_000, 45)],
    [evenly(10_000, 1), evenly(100, 1, 300_000)],
    [evenly(3_000, 9), evenly(3, 9_000), evenly(6_000, 5), []],
  ]) {
    const { list, whole, shown, requests } = openInboxes(ages);
    const right = whole();
    await settled();
    for (const part of [0.5, 0.999, 0.1, 0.97, 0.501]) {
      const before = requests.length;
      const at = Math.floor(right.length * part);
      list.look(at, at + 15);
      for (let turn = 0; turn < 20 && shown(at, Math.min(at + 15, right.length)).includes(undefined); turn += 1)
        await settled();
      assert.deepEqual(shown(at, Math.min(at + 15, right.length)), right.slice(at, at + 15), `at ${at}`);
      assert.ok(requests.length - before <= 16, `${requests.length - before} requests for ${at} of ${right.length}`);
    }
  }
});

test('M4 however the dates lie, what is shown is what sorting everything gives', async () => {
  const ages = fc
    .array(fc.oneof(fc.integer({ min: 0, max: 40 }), fc.integer({ min: 0, max: 100_000 })), {
      maxLength: 400,
      size: 'max',
    })
    .map((own) => own.toSorted((a, b) => a - b));
  await fc.assert(
    fc.asyncProperty(
      fc.array(ages, { minLength: 2, maxLength: 4 }),
      fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 1, maxLength: 4 }),
      async (each, looks) => {
        const { list, whole, shown } = openInboxes(each);
        const right = whole();
        await settled();
        for (const part of looks) {
          const at = Math.floor(part * right.length);
          const end = Math.min(at + 20, right.length);
          list.look(at, at + 20);
          for (let turn = 0; turn < 20 && shown(at, end).includes(undefined); turn += 1) await settled();
          assert.deepEqual(shown(at, end), right.slice(at, end));
        }
        list.eachKnown((row, index) => assert.equal(row, right[index]));
        list.close();
      },
    ),
    // Making a case smaller would be tried for hours.
    { numRuns: 25, endOnFailure: true },
  );
});

test('M5 new mail at the top comes in; in the middle of scrolling it is counted and nothing moves', async () => {
  const { list, boxes, mails, whole, shown } = openInboxes([evenly(900, 10, 100), evenly(900, 11, 100)]);
  await settled();
  const arrive = (at: number, id: string, age: number): void => {
    boxes[at]?.rows.unshift(head(id, { receivedAt: second(age) }));
    mails[at]?.tell({ ...quiet, created: [id as EmailId] });
  };
  arrive(1, 'N1', 50);
  await settled();
  assert.deepEqual([list.idAt(0), list.fresh.value, list.total.value], ['A2 N1', 0, 1_801]);
  list.look(1_000, 1_015);
  list.atTop(false);
  await settled();
  const held = list.idAt(1_003) as RowId;
  arrive(0, 'N2', 40);
  arrive(1, 'N3', 30);
  await settled();
  assert.deepEqual([list.fresh.value, list.idAt(0), list.indexOf(held)], [2, 'A2 N3', 1_005]);
  assert.deepEqual(shown(1_002, 1_017), whole().slice(1_002, 1_017));
  list.atTop(true);
  assert.equal(list.fresh.value, 0);
});

test('M6 what leaves and comes back, in whichever account, is in its place', async () => {
  const { list, mails, whole, shown, boxes } = openInboxes([evenly(120, 10), evenly(120, 10, 5)]);
  await settled();
  const putBack = list.take(['A1 M2', 'A2 M2', 'A2 M0'] as RowId[]);
  assert.deepEqual(
    [list.total.value, list.indexOf('A2 M2' as RowId), shown(0, 4)],
    [237, -1, ['A1 M0', 'A1 M1', 'A2 M1', 'A1 M3']],
  );
  putBack();
  assert.deepEqual([list.total.value, shown(0, 60)], [240, whole().slice(0, 60)]);
  Object.assign(boxes[1]?.rows[7] ?? {}, { mailboxIds: { archive: true } });
  mails[1]?.emails.merge([{ id: 'M7' as EmailId, mailboxIds: { ['archive' as MailboxId]: true } }]);
  mails[1]?.tell({ ...quiet, updated: ['M7' as EmailId] });
  await settled();
  assert.deepEqual([list.total.value, shown(0, 60)], [239, whole().slice(0, 60)]);
});

test('M7 an account that fails is named, and the others are complete; it comes in when it is mended', async () => {
  const { list, mails, whole, shown, down } = openInboxes([evenly(30, 10), evenly(30, 10, 5)], new Set([1]));
  await settled();
  assert.deepEqual([list.state.value.at, list.total.value, list.missing.value], ['ready', 30, [mails[1]]]);
  assert.deepEqual(
    shown(0, 30),
    whole().filter((row) => row.startsWith('A1 ')),
  );
  down.clear();
  await list.refresh();
  await settled();
  assert.deepEqual([list.total.value, list.missing.value, shown(0, 60)], [60, [], whole()]);
});

test('M7 when all fail the list says so', async () => {
  const { list } = openInboxes([evenly(3, 1), evenly(3, 1)], new Set([0, 1]));
  await settled();
  assert.deepEqual([list.state.value.at, list.total.value], ['failed', null]);
});

test('M8 picks are of their account; a range runs through rows that were never seen', async () => {
  const { list, whole } = openInboxes([evenly(400, 10), evenly(400, 10, 5)]);
  await settled();
  const picks = openSelection(list);
  picks.toggle('A1 M3' as RowId);
  assert.deepEqual([picks.has('A1 M3' as RowId), picks.has('A2 M3' as RowId)], [true, false]);
  list.look(600, 612);
  await settled();
  await picks.extend(list.idAt(605) as RowId);
  assert.equal(picks.count.value, 600);
  assert.ok(
    whole()
      .slice(6, 606)
      .every((row) => picks.has(row as RowId)),
  );
});
