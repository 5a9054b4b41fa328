import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openDatabase } from '../database.ts';
import { emailSql, emailsSql } from '../emails.ts';
import { IndexError } from '../errors.ts';
import { addMailbox, found, openTestIndex, query } from '../fixture.ts';
import type { Filter, MailboxId } from '../types.ts';
import { waitingSql } from '../mirror.ts';
import { compile } from './compile.ts';
import { type Is, fill, all } from './query.testkit.ts';

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
  assert.deepEqual([hits('In-Reply-To', '<p@X.example>'), hits('In-Reply-To', '<x.example>')], [1, 0]);
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
