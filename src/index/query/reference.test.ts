import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { baseSubject } from '../conversation/subject.ts';
import { openTestIndex, query } from '../fixture.ts';
import type { Email, Filter, MailboxId, Query, Sort, ThreadNumber } from '../types.ts';
import { isTooHeavy, toNode } from './tree.ts';
import { all, fill, type Is, keywords } from './query.testkit.ts';

const name = (list: { name: string | null; email: string }[]): string =>
  (list[0]?.name ?? list[0]?.email ?? '').toLowerCase();

const box = fc.constantFrom(1, 2, 3) as fc.Arbitrary<MailboxId>;
const word = fc.constantFrom('alpha ', 'beta ', 'gamma delta ', 'name1 ', 'to2 ', 'nothing ', 'from ');
const date = fc.integer({ min: 1_700_000_000, max: 1_700_000_062 });
const size = fc.constantFrom(1000, 1050, 1100, 1200);
const keyword = fc.constantFrom(...keywords);
const is: fc.Arbitrary<Filter> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ op: fc.constant('is' as const), inMailbox: box }) },
  fc.record(
    {
      op: fc.constant('is' as const),
      inMailbox: box,
      inMailboxOtherThan: fc.uniqueArray(box),
      before: date,
      after: date,
      minSize: size,
      maxSize: size,
      hasKeyword: keyword,
      notKeyword: keyword,
      allInThreadHaveKeyword: keyword,
      someInThreadHaveKeyword: keyword,
      noneInThreadHaveKeyword: keyword,
      hasAttachment: fc.boolean(),
      text: word,
      from: word,
      to: word,
      cc: word,
      bcc: word,
      subject: word,
      header: fc.constantFrom<[string, string | null]>(
        ['List-Id', null],
        ['List-Id', 'list'],
        ['Message-ID', 'm7@example.org'],
      ),
    },
    { requiredKeys: ['op'] },
  ),
);
const { filter } = fc.letrec<{ filter: Filter }>((tie) => ({
  filter: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    is,
    is,
    fc.record({
      op: fc.constantFrom('AND' as const, 'OR' as const, 'NOT' as const),
      of: fc.array(tie('filter'), { maxLength: 3 }),
    }),
  ),
}));

const text = (list: { name: string | null; email: string }[]): string =>
  list.map(({ name, email }) => `${name ?? ''} ${email}`).join(' ');
const has = (where: string, wanted: string): boolean =>
  wanted
    .toLowerCase()
    .split(/\s+/u)
    .filter((word) => word !== '')
    .every((word) =>
      where
        .toLowerCase()
        .split(/[^a-z0-9]+/u)
        .includes(word),
    );

/** RFC 8621 §4.4.1 in plain words. Text conditions end with a blank here, so that no word is a beginning. */
const matches = (filter: Filter, email: Email, emails: Email[]): boolean => {
  if (filter.op === 'AND') return filter.of.every((one) => matches(one, email, emails));
  if (filter.op === 'OR') return filter.of.some((one) => matches(one, email, emails));
  if (filter.op === 'NOT') return !filter.of.some((one) => matches(one, email, emails));
  const { envelope } = email;
  const thread = emails.filter((other) => other.thread === email.thread);
  const every = [envelope.subject, ...[envelope.from, envelope.to, envelope.cc, envelope.bcc].map(text)].join(' ');
  const tests: { [K in keyof Is]-?: (value: NonNullable<Is[K]>) => boolean } = {
    op: () => true,
    inMailbox: (value) => email.mailboxes.includes(value),
    inMailboxOtherThan: (value) => email.mailboxes.some((box) => !value.includes(box)),
    before: (value) => email.receivedAt < value,
    after: (value) => email.receivedAt >= value,
    minSize: (value) => email.size >= value,
    maxSize: (value) => email.size < value,
    hasKeyword: (value) => email.keywords.includes(value),
    notKeyword: (value) => !email.keywords.includes(value),
    allInThreadHaveKeyword: (value) => thread.every((one) => one.keywords.includes(value)),
    someInThreadHaveKeyword: (value) => thread.some((one) => one.keywords.includes(value)),
    noneInThreadHaveKeyword: (value) => !thread.some((one) => one.keywords.includes(value)),
    hasAttachment: (value) => email.hasAttachment === value,
    text: (value) => has(every, value),
    from: (value) => has(text(envelope.from), value),
    to: (value) => has(text(envelope.to), value),
    cc: (value) => has(text(envelope.cc), value),
    bcc: (value) => has(text(envelope.bcc), value),
    subject: (value) => has(envelope.subject, value),
    body: () => false,
    header: ([name, value]) =>
      name === 'List-Id'
        ? envelope.listId !== null && envelope.listId.includes(value ?? '')
        : envelope.messageId === value,
  };
  const one = filter as Is;
  return (Object.keys(one) as (keyof Is)[]).every((name) => {
    const check = tests[name] as (value: unknown) => boolean;
    return one[name] === undefined || check(one[name]);
  });
};

const keyOf = ({ property, keyword = '' }: Sort, email: Email, emails: Email[]): number | string => {
  const thread = emails.filter((other) => other.thread === email.thread);
  switch (property) {
    case 'receivedAt':
      return 0 - email.row;
    case 'sentAt':
      return email.envelope.sentAt ?? 0;
    case 'size':
      return email.size;
    case 'from':
      return name(email.envelope.from);
    case 'to':
      return name(email.envelope.to);
    case 'subject':
      return baseSubject(email.subject);
    case 'hasKeyword':
      return Number(email.keywords.includes(keyword));
    case 'allInThreadHaveKeyword':
      return Number(thread.every((one) => one.keywords.includes(keyword)));
    case 'someInThreadHaveKeyword':
      return Number(thread.some((one) => one.keywords.includes(keyword)));
  }
};

const expected = (emails: Email[], { filter, sort, collapseThreads }: Query): Email[] => {
  const hits = emails.filter((email) => filter === null || matches(filter, email, emails));
  hits.sort((a, b) => {
    for (const one of sort) {
      const [x, y] = [keyOf(one, a, emails), keyOf(one, b, emails)];
      if (x !== y) return (x < y ? -1 : 1) * (one.isAscending ? 1 : -1);
    }
    return a.row - b.row;
  });
  const threads = new Set<ThreadNumber>();
  return collapseThreads ? hits.filter(({ thread }) => !threads.has(thread) && threads.add(thread)) : hits;
};

const sort: fc.Arbitrary<Sort> = fc.record({
  property: fc.constantFrom(
    'receivedAt',
    'receivedAt',
    'sentAt',
    'size',
    'from',
    'to',
    'subject',
    'hasKeyword',
    'allInThreadHaveKeyword',
    'someInThreadHaveKeyword',
  ),
  isAscending: fc.boolean(),
  keyword,
});

test('I9 I10 I11 any filter, any sort, collapsed or not, at any position: what the RFC says', () => {
  using t = openTestIndex();
  const emails = all(t.index, fill(t.index));
  assert.equal(emails.length, 60 - 2 + 2 + 8);
  const queries = fc.record({
    filter: fc.option(filter, { freq: 10 }),
    sort: fc.array(sort, { maxLength: 2 }),
    collapseThreads: fc.boolean(),
    position: fc.oneof(fc.constant(0), fc.nat({ max: 70 }), fc.integer({ min: -70, max: -1 })),
    limit: fc.oneof(fc.constant(1000), fc.nat({ max: 20 })),
    calculateTotal: fc.boolean(),
  });
  let hits = 0;
  fc.assert(
    fc.property(queries, (patch) => {
      const asked = query(patch);
      fc.pre(asked.filter === null || !isTooHeavy([toNode(asked.filter)]));
      const want = expected(emails, asked);
      const from = asked.position < 0 ? Math.max(0, want.length + asked.position) : asked.position;
      hits += want.length;
      assert.deepEqual(
        t.index.read((r) => r.query(asked)),
        {
          ids: want.slice(from, from + asked.limit).map(({ number }) => number),
          position: from,
          total: asked.calculateTotal ? want.length : null,
        },
      );
    }),
    { numRuns: 400 },
  );
  assert.ok(hits > 1000, 'the queries found something');
});
