import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { baseSubject } from '../conversation/subject.ts';
import { openDatabase } from '../database.ts';
import { emailSql, emailsSql } from '../emails.ts';
import { IndexError } from '../errors.ts';
import { addMailbox, found, openTestIndex, query } from '../fixture.ts';
import type { Email, Filter, Index, MailboxId, Query, Sort, ThreadNumber } from '../types.ts';
import { waitingSql } from '../mirror.ts';
import { compile } from './compile.ts';
import { isTooHeavy, toNode } from './tree.ts';

type Is = Extract<Filter, { op: 'is' }>;

const words = ['alpha', 'beta', 'gamma', 'delta'];
const keywords = ['$seen', '$flagged', 'work'];

/** Sixty messages in three mailboxes, some with the same strong id in two. */
const fill = (index: Index): MailboxId[] => {
  const boxes = ['inbox', 'archive', 'trash'].map((name) => addMailbox(index, name, name as 'inbox'));
  const messages = Array.from({ length: 60 }, (_, i) =>
    found(i + 1, {
      keywords: keywords.filter((_, k) => (i + k * 7) % (k + 2) === 0),
      size: 1000 + ((i * 37) % 20) * 10,
      hasAttachment: i % 4 === 0,
      strongId: i % 6 === 0 ? `strong${i}` : null,
      envelope: {
        subject: `${i % 3 === 0 ? 'Re: ' : ''}${words[i % 4] ?? ''} ${words[(i * 5) % 3] ?? ''}`,
        from: [{ name: i % 5 === 0 ? null : `Name${i % 5}`, email: `${words[i % 4] ?? ''}@from.example` }],
        to: i % 7 === 0 ? [] : [{ name: `To${i % 3}`, email: `to${i % 3}@to.example` }],
        cc: i % 8 === 0 ? [{ name: null, email: 'gamma@cc.example' }] : [],
        bcc: i % 16 === 0 ? [{ name: 'delta', email: 'x@bcc.example' }] : [],
        references: i % 4 === 3 ? [`m${i}@example.org`] : [],
        inReplyTo: i % 4 === 3 ? [`m${i}@example.org`] : [],
        sentAt: i % 9 === 0 ? null : 1_700_000_000 - ((i * 13) % 50),
        listId: i % 10 === 0 ? 'list.example' : null,
      },
    }),
  );
  index.write((w) => {
    w.add(boxes[0] as MailboxId, messages.slice(0, 40));
    w.add(boxes[1] as MailboxId, messages.slice(30));
    w.add(
      boxes[2] as MailboxId,
      messages.slice(0, 20).filter(({ strongId }) => strongId !== null),
    );
  });
  return boxes;
};

const all = (index: Index, boxes: MailboxId[]): Email[] =>
  index.read((r) => {
    const lists = boxes.map((box) => r.query(query({ filter: { op: 'is', inMailbox: box }, limit: 1000 })).ids);
    return r.emails([...new Set(lists.flat())]).sort((a, b) => a.row - b.row);
  });

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

const name = (list: { name: string | null; email: string }[]): string =>
  (list[0]?.name ?? list[0]?.email ?? '').toLowerCase();
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

test('I12 anchors: before, after, beyond, and not there', () => {
  using t = openTestIndex();
  const [inbox] = fill(t.index) as [MailboxId];
  for (const collapseThreads of [false, true]) {
    for (const isAscending of [false, true]) {
      for (const filter of [
        { op: 'is', inMailbox: inbox },
        { op: 'is', inMailbox: inbox, minSize: 0 },
      ] satisfies Filter[]) {
        const base = query({ filter, collapseThreads, sort: [{ property: 'receivedAt', isAscending }], limit: 4 });
        const ids = t.index.read((r) => r.query({ ...base, limit: 1000 })).ids;
        const at = (anchorOffset: number): unknown =>
          t.index.read((r) => r.query({ ...base, anchor: ids[10]!, anchorOffset, position: 3 }));
        assert.deepEqual(at(0), { ids: ids.slice(10, 14), position: 10, total: null });
        assert.deepEqual(at(-2), { ids: ids.slice(8, 12), position: 8, total: null });
        assert.deepEqual(at(-50), { ids: ids.slice(0, 4), position: 0, total: null });
        assert.deepEqual(at(1), { ids: ids.slice(11, 15), position: 11, total: null });
      }
    }
  }
  const elsewhere = t.index.read((r) => r.query(query({ filter: { op: 'is', inMailbox: 2 as MailboxId } }))).ids[0]!;
  for (const anchor of [elsewhere, 12345 as typeof elsewhere]) {
    assert.throws(
      () => t.index.read((r) => r.query(query({ filter: { op: 'is', inMailbox: inbox }, anchor }))),
      (error) => error instanceof IndexError && error.code === 'index/anchor-not-found',
    );
  }
});

test('I12 headers: what the envelope keeps', () => {
  using t = openTestIndex();
  const inbox = addMailbox(t.index, 'INBOX', 'inbox');
  const envelope = { from: [{ name: 'ÜBER Name', email: 'a@x.example' }], subject: '', inReplyTo: ['p@x.example'] };
  t.index.write((w) => w.add(inbox, [found(1, { envelope }), found(2)]));
  const hits = (...header: [string, string | null]): number =>
    t.index.read((r) => r.query(query({ filter: { op: 'is', header } }))).ids.length;
  assert.deepEqual([hits('From', 'über'), hits('FROM', '"name"'), hits('from', 'alice')], [1, 0, 1]);
  assert.deepEqual([hits('Subject', null), hits('Subject', 'SUBJ'), hits('In-Reply-To', null)], [1, 1, 1]);
  assert.deepEqual([hits('References', 'x'), hits('To', 'bob@'), hits('Cc', null)], [0, 2, 0]);
});

test('I12 a header that is not kept is said', () => {
  using t = openTestIndex();
  assert.throws(
    () => t.index.read((r) => r.query(query({ filter: { op: 'is', header: ['X-Mailer', null] } }))),
    (error) => error instanceof IndexError && error.code === 'index/unsupported-filter',
  );
});

test('I50 a query that looks up too much is refused; many mailboxes of one OR are one', () => {
  using t = openTestIndex();
  const boxes = fill(t.index);
  const ask = (op: 'AND' | 'OR' | 'NOT', conditions: Omit<Is, 'op'>[]): number | null =>
    t.index.read((r) =>
      r.query(query({ filter: { op, of: conditions.map((one) => ({ op: 'is', ...one })) }, calculateTotal: true })),
    ).total;
  const keywordsOf = (n: number): Omit<Is, 'op'>[] =>
    Array.from({ length: n }, (_, i) => ({ someInThreadHaveKeyword: `k${i}` }));
  assert.equal(ask('OR', keywordsOf(15)), 0);
  for (const many of [
    keywordsOf(16),
    Array.from({ length: 61 }, (_, i): Omit<Is, 'op'> => ({ text: `w${i}` })),
    Array.from({ length: 16 }, (): Omit<Is, 'op'> => ({ header: ['Subject', 'x'] })),
  ])
    assert.throws(
      () => ask('OR', many),
      (error) => error instanceof IndexError && error.code === 'index/unsupported-filter',
    );
  const everywhere = Array.from({ length: 400 }, (_, i): Omit<Is, 'op'> => ({
    inMailbox: boxes[i] ?? (i as MailboxId),
  }));
  const emails = all(t.index, boxes).length;
  assert.equal(ask('OR', everywhere), emails);
  assert.equal(ask('NOT', everywhere), 0);
  assert.equal(
    ask('OR', [...everywhere.slice(1), { hasKeyword: '$seen' }]),
    ask('OR', [{ hasKeyword: '$seen' }, { inMailbox: boxes[1]! }, { inMailbox: boxes[2]! }]),
  );
});

test('I9 deep pages follow new mail, moves and flags, and lists beyond the limit are dropped', () => {
  using t = openTestIndex({ lists: 1 });
  const { index } = t;
  const boxes = ['a', 'b'].map((box) => addMailbox(index, box)) as [MailboxId, MailboxId];
  const [a, b] = boxes;
  const mails = Array.from({ length: 1200 }, (_, i) =>
    found(i + 1, { envelope: { inReplyTo: i % 3 === 0 ? [] : [`m${i + 1 - (i % 3)}@example.org`] } }),
  );
  index.write((w) => w.add(a, mails.slice(0, 900)));
  const ids = (box: MailboxId, collapseThreads: boolean, position: number, limit: number) =>
    index.read((r) =>
      r.query(query({ filter: { op: 'is', inMailbox: box }, collapseThreads, position, limit, calculateTotal: true })),
    );
  const check = (): void => {
    for (const box of boxes) {
      for (const collapseThreads of [false, true]) {
        const whole = ids(box, collapseThreads, 0, 5000);
        assert.equal(whole.ids.length, whole.total);
        const generic = index.read((r) =>
          r.query(query({ filter: { op: 'is', inMailbox: box, minSize: 0 }, collapseThreads, limit: 5000 })),
        );
        assert.deepEqual(whole.ids, generic.ids);
        for (const position of [0, 130, 380, 399, 401, 700]) {
          assert.deepEqual(ids(box, collapseThreads, position, 20).ids, whole.ids.slice(position, position + 20));
        }
      }
    }
  };
  check();
  index.write((w) => w.add(a, mails.slice(900)));
  check();
  const [first, ...others] = ids(a, true, 0, 300).ids;
  index.write((w) => {
    for (const id of others) w.move(id, a, b, 0);
    w.destroy(first!, 0);
  });
  check();
});

test('I11 a kept result is not older than the last change', () => {
  using t = openTestIndex();
  const [inbox] = fill(t.index) as [MailboxId];
  const asked = query({ filter: { op: 'is', inMailbox: inbox, notKeyword: '$flagged' }, calculateTotal: true });
  const before = t.index.read((r) => r.query(asked));
  t.index.write((w) => w.setKeywords(before.ids[0]!, ['$flagged'], [], 0));
  const after = t.index.read((r) => r.query(asked));
  assert.deepEqual(after.ids, before.ids.slice(1));
  t.index.write((w) => {
    w.setKeywords(after.ids[0]!, ['$flagged'], [], 0);
    assert.deepEqual(w.query(asked).ids, before.ids.slice(2), 'within the write too');
  });
});

/** EXPLAIN QUERY PLAN of the statements that a page of a list or of a search is made of. */
test('plans of hot queries use their index and sort nothing', () => {
  using t = openTestIndex();
  fill(t.index);
  const db = openDatabase(t.file, t.key);
  try {
    const plan = (sql: string, values: readonly (string | number | bigint | Buffer | null)[]): string[] =>
      db.all<{ detail: string }>(`EXPLAIN QUERY PLAN ${sql}`, ...values).map(({ detail }) => detail);
    const compiled = (asked: Filter): string[] => {
      const { sql, values } = compile(asked, []);
      return plan(sql, values);
    };
    const inMailbox = 1 as MailboxId;
    const page = [
      'SEARCH j VIRTUAL',
      'SEARCH e USING INTEGER PRIMARY KEY (rowid=?)',
      'SEARCH v USING INTEGER PRIMARY KEY (rowid=?)',
    ];
    assert.deepEqual(
      plan(emailsSql, ['[]']).map((detail) => (/ VIRTUAL TABLE/u.test(detail) ? 'SEARCH j VIRTUAL' : detail)),
      page,
    );
    assert.deepEqual(plan(emailSql, [1]), page.slice(1));
    assert.deepEqual(compiled({ op: 'is', inMailbox }), ['SEARCH m USING PRIMARY KEY (mailbox=?)']);
    assert.deepEqual(compiled({ op: 'is', inMailbox, notKeyword: '$seen' }), [
      'SEARCH m USING COVERING INDEX member_unseen (mailbox=?)',
    ]);
    assert.deepEqual(compiled({ op: 'is', inMailbox, hasKeyword: '$flagged' }), [
      'SEARCH m USING COVERING INDEX member_flagged (mailbox=?)',
    ]);
    assert.deepEqual(compiled({ op: 'is', inMailbox, after: 5 }), [
      'SEARCH m USING PRIMARY KEY (mailbox=? AND email<?)',
    ]);
    assert.deepEqual(compiled({ op: 'is', inMailbox, hasAttachment: true }), [
      'SEARCH m USING PRIMARY KEY (mailbox=?)',
      'SEARCH e USING INTEGER PRIMARY KEY (rowid=?)',
    ]);
    const search = (asked: Omit<Extract<Filter, { op: 'is' }>, 'op'>): string[] =>
      compiled({ op: 'is', inMailbox, ...asked }).map((detail) => detail.replace(/ VIRTUAL TABLE.*/u, ''));
    const inMailboxToo = [
      'SEARCH e USING INTEGER PRIMARY KEY (rowid=?)',
      'SEARCH x EXISTS USING PRIMARY KEY (mailbox=? AND email=?)',
    ];
    assert.deepEqual(search({ subject: 'alpha beta' }), ['SCAN fts_head', ...inMailboxToo]);
    assert.deepEqual(search({ text: 'alpha' }), [
      'CO-ROUTINE f',
      'MERGE (UNION)',
      'LEFT',
      'SCAN fts_head',
      'RIGHT',
      'SCAN fts_whole',
      'SCAN f',
      ...inMailboxToo,
    ]);
    assert.ok(!search({ text: 'alpha beta', from: 'gamma' }).some((detail) => /TEMP B-TREE FOR ORDER/u.test(detail)));
    for (const [sql, values, want] of [
      [
        'SELECT email FROM member WHERE mailbox = ? ORDER BY email LIMIT ?',
        [1, 50],
        'SEARCH member USING PRIMARY KEY (mailbox=?)',
      ],
      [
        'SELECT id FROM email WHERE thread = ? AND hidden = 0 ORDER BY id DESC',
        [1],
        'SEARCH email USING COVERING INDEX email_thread (thread=? AND hidden=?)',
      ],
      [
        'SELECT mailbox, uid, email FROM placement WHERE email = ? ORDER BY mailbox, uid',
        [1],
        'SEARCH placement USING COVERING INDEX placement_email (email=?)',
      ],
      [waitingSql, [1], 'SEARCH placement USING COVERING INDEX placement_waiting (since<?)'],
    ] as const) {
      assert.deepEqual(plan(sql, values), [want], sql);
    }
  } finally {
    db.close();
  }
});
