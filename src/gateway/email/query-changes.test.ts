import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { found } from '#index/fixture.ts';
import { type Answer, openTestGateway, type TestGateway } from '../fixture.ts';
import { mailboxId } from '../ids.ts';

/** What RFC 8620 §5.6 tells a client to do with its copy of the result. */
const apply = (ids: readonly string[], { removed, added }: Answer): string[] => {
  const next = ids.filter((id) => !removed.includes(id));
  for (const { id, index } of added) next.splice(index, 0, id);
  return next;
};

const message = (n: number): string =>
  `Subject: s${n % 3}\nFrom: f${n % 4}@example.org\nMessage-ID: <m${n}@x>\n\ntext ${n}`;

type Step =
  | { kind: 'deliver'; box: number; seen: boolean }
  | { kind: 'mark'; at: number; seen: boolean }
  | { kind: 'move'; at: number; box: number }
  | { kind: 'destroy'; at: number };

const at = fc.nat(30);
const box = fc.nat(2);
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ kind: fc.constant('deliver' as const), box, seen: fc.boolean() }),
  fc.record({ kind: fc.constant('mark' as const), at, seen: fc.boolean() }),
  fc.record({ kind: fc.constant('move' as const), at, box }),
  fc.record({ kind: fc.constant('destroy' as const), at }),
);

const world = (g: TestGateway) => {
  const boxes = [g.box.inbox, g.box.archive, g.box.trash];
  const mails: string[] = [];
  const deliver = (to: number, seen: boolean): void => {
    const mailbox = boxes[to] ?? g.box.inbox;
    // The newest are not always the last to come.
    const receivedAt = 1_700_000_000 + ((mails.length * 7) % 31);
    mails.push(g.deliver(message(mails.length), { mailbox, keywords: seen ? ['$seen'] : [], receivedAt }));
  };
  const set = async (args: object): Promise<void> => void (await g.one('Email/set', args as Record<string, unknown>));
  return {
    deliver,
    take: async (one: Step): Promise<void> => {
      if (one.kind === 'deliver') return deliver(one.box, one.seen);
      const id = mails[one.at % mails.length] ?? '';
      if (one.kind === 'destroy') return set({ destroy: [id] });
      if (one.kind === 'mark') return set({ update: { [id]: { 'keywords/$seen': one.seen || null } } });
      return set({ update: { [id]: { mailboxIds: { [mailboxId(boxes[one.box] ?? g.box.inbox)]: true } } } });
    },
  };
};

const queries = (g: TestGateway): Record<string, unknown>[] => {
  const inMailbox = mailboxId(g.box.inbox);
  return [
    {},
    { filter: { inMailbox } },
    { filter: { inMailbox }, sort: [{ property: 'receivedAt', isAscending: true }] },
    { filter: { operator: 'NOT', conditions: [{ hasKeyword: '$seen' }] } },
    { filter: { inMailboxOtherThan: [inMailbox], notKeyword: '$seen' }, sort: [{ property: 'from' }] },
    {
      sort: [
        { property: 'hasKeyword', keyword: '$seen' },
        { property: 'subject', isAscending: false },
      ],
    },
  ];
};

test('RFC 8620 §5.6 Email/queryChanges brings a copy of the result to what the query answers now', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.array(step, { minLength: 1, maxLength: 4 }), { minLength: 2, maxLength: 5 }),
      async (rounds) => {
        using g = openTestGateway();
        const { deliver, take } = world(g);
        for (let n = 0; n < 9; n += 1) deliver(n % 3, n % 2 === 0);
        const asked = queries(g);
        const known: Answer[] = [];
        for (const query of asked) known.push(await g.one('Email/query', query));
        const copies = known.map(({ ids, queryState }) => ({ ids: ids as string[], state: queryState as string }));
        for (const steps of rounds) {
          for (const one of steps) await take(one);
          for (const [n, query] of asked.entries()) {
            const copy = copies[n] ?? { ids: [], state: '' };
            const changes = await g.one('Email/queryChanges', {
              ...query,
              sinceQueryState: copy.state,
              calculateTotal: true,
            });
            const now = await g.one('Email/query', query);
            assert.equal(now.canCalculateChanges, true);
            assert.deepEqual([changes.oldQueryState, changes.newQueryState], [copy.state, now.queryState]);
            copies[n] = { ids: apply(copy.ids, changes), state: changes.newQueryState };
            assert.deepEqual(copies[n]?.ids, now.ids, JSON.stringify(query));
            assert.equal(changes.total, now.ids.length);
          }
        }
      },
    ),
    { numRuns: 20 },
  );
});

test('RFC 8621 §4.5 J37 what hangs on other Emails or on texts that are read later cannot be calculated, and says so before', async () => {
  using g = openTestGateway();
  g.deliver(message(1));
  const own = await g.one('Email/query', {});
  const others = [
    { collapseThreads: true },
    { filter: { text: 'apples' } },
    { filter: { operator: 'AND', conditions: [{ hasAttachment: false }, { someInThreadHaveKeyword: '$seen' }] } },
    { sort: [{ property: 'allInThreadHaveKeyword', keyword: '$seen' }] },
  ];
  for (const query of others) {
    const { canCalculateChanges, queryState } = await g.one('Email/query', query);
    assert.equal(canCalculateChanges, false, JSON.stringify(query));
    const refused = await g.one('Email/queryChanges', { ...query, sinceQueryState: queryState });
    assert.equal(refused.type, 'cannotCalculateChanges', JSON.stringify(query));
  }
  const since = async (sinceQueryState: string, more = {}): Promise<Answer> =>
    g.one('Email/queryChanges', { sinceQueryState, ...more });
  assert.equal((await since('another-1')).type, 'cannotCalculateChanges');
  g.deliver(message(2));
  const { removed, added } = await since(own.queryState, { maxChanges: 2 });
  assert.deepEqual([removed.length, added.length, added[0]?.index], [1, 1, 0]);
  assert.equal((await since(own.queryState, { maxChanges: 1 })).type, 'tooManyChanges');
  assert.equal('total' in (await since(own.queryState)), false);
});

test('J38 a query that names no limit answers all it finds, and an upload is answered with 200', async () => {
  using g = openTestGateway();
  const many = Array.from({ length: 1_500 }, (_, n) => found(n + 1));
  g.index.write((t) => t.add(g.box.archive, many));
  const filter = { inMailbox: mailboxId(g.box.archive) };
  const { ids, limit } = await g.one('Email/query', { filter });
  assert.equal(new Set(ids).size, many.length);
  assert.equal(limit, 100_000);
  const { status } = await g.gateway.upload(g.caller, g.accountId, 'text/plain', Buffer.from('x'));
  assert.equal(status, 200);
});
