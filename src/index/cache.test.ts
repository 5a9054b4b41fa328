import assert from 'node:assert/strict';
import { test } from 'node:test';
import { addMailbox, found, openTestIndex, query } from './fixture.ts';
import type { EmailRow } from './types.ts';

const rowsOf = (count: number, options: { bodies?: number; now?: () => number }) => {
  const t = openTestIndex(options);
  const drafts = addMailbox(t.index, 'Drafts', 'drafts');
  t.index.write((w) =>
    w.add(
      drafts,
      Array.from({ length: count }, (_, i) => found(i + 1)),
    ),
  );
  const emails = t.index.read((r) =>
    r.emails(r.query(query({ sort: [{ property: 'receivedAt', isAscending: true }] })).ids),
  );
  return { t, drafts, emails, rows: emails.map(({ row }) => row) };
};

test('I40 bodies are kept up to a size; the least recently used go, what an APPEND needs stays', () => {
  let now = 1_800_000_000_000;
  const { t, drafts, emails, rows } = rowsOf(12, { bodies: 10_000, now: () => now });
  using _ = t;
  const [needed] = emails;
  t.index.write((w) => {
    w.saveBody(rows[0] as EmailRow, 'raw', Buffer.alloc(1000, 1));
    w.append(needed!.number, { kind: 'append', mailbox: drafts, keywords: [], receivedAt: 0, replaces: null }, 0);
  });
  for (const row of rows.slice(1)) {
    now += 1000;
    if (t.index.read((r) => r.body(rows[1] as EmailRow, '1.2'))) now += 1;
    t.index.write((w) => w.saveBody(row, '1.2', Buffer.alloc(1000, 2)));
  }
  const kept = rows.map((row, i) => t.index.read((r) => r.body(row, i === 0 ? 'raw' : '1.2')) !== undefined);
  assert.deepEqual([kept[0], kept[1]], [true, true], 'needed, and read all the time');
  assert.deepEqual([kept[2], kept[3], kept.at(-1)], [false, false, true]);
  assert.ok(kept.filter(Boolean).length >= 8);
});

test('I40 a body saved again replaces; a body of an Email that is not there is not kept', () => {
  const { t, rows } = rowsOf(1, {});
  using _ = t;
  const [row] = rows as [EmailRow];
  t.index.write((w) => {
    w.saveBody(row, 'header', Buffer.from('one'));
    w.saveBody(row, 'header', Buffer.from('two'));
    w.saveBody(-5 as EmailRow, 'raw', Buffer.from('x'));
  });
  assert.equal(t.index.read((r) => r.body(row, 'header'))?.toString(), 'two');
  assert.equal(
    t.index.read((r) => r.body(-5 as EmailRow, 'raw')),
    undefined,
  );
});

test('J2 an upload is kept a day', () => {
  let now = 1_800_000_000_000;
  using t = openTestIndex({ now: () => now });
  t.index.write((w) => w.saveBlob('U1', 'text/plain', Buffer.from('x')));
  now += 23 * 3600_000;
  assert.deepEqual(
    t.reopen().read((r) => r.blob('U1')),
    { type: 'text/plain', bytes: Buffer.from('x') },
  );
  now += 2 * 3600_000;
  assert.equal(
    t.reopen().read((r) => r.blob('U1')),
    undefined,
  );
});

test('I41 correspondents: whom the user wrote to, then who wrote; by any word of name or address', () => {
  using t = openTestIndex();
  const { index } = t;
  const [inbox, sent, junk] = (['inbox', 'sent', 'junk'] as const).map((role) => addMailbox(index, role, role)) as [
    never,
    never,
    never,
  ];
  const person = (name: string | null, email: string) => [{ name, email }];
  index.write((w) => {
    w.add(inbox, [
      ...[1, 2, 3, 4].map((n) => found(n, { envelope: { from: person('Anna Often', 'anna@a.example') } })),
      found(5, { envelope: { from: person(null, 'zoë@z.example') } }),
      found(6, { envelope: { from: person('List', 'list@l.example'), bulk: 'list' } }),
    ]);
    w.add(junk, [found(1, { envelope: { from: person('Spam Anna', 'spam@s.example') } })]);
    w.add(sent, [
      found(1, { envelope: { to: person(null, 'Ängela.Merk@B.example'), cc: person('Anna Once', 'anna2@a.example') } }),
      found(2, { envelope: { to: person('Ängela M.', 'ängela.merk@b.example') } }),
      found(3, { envelope: { to: person('no address', 'undisclosed-recipients') } }),
    ]);
  });
  const ask = (prefix: string) => index.read((r) => r.correspondents(prefix, 3));
  assert.deepEqual(ask('ann'), [
    { email: 'anna2@a.example', name: 'Anna Once', letters: 1 },
    { email: 'anna@a.example', name: 'Anna Often', letters: 4 },
  ]);
  assert.deepEqual(ask('angela'), [{ email: 'ängela.merk@b.example', name: 'Ängela M.', letters: 2 }]);
  assert.deepEqual(ask('merk'), ask('angela'));
  assert.deepEqual(
    ask('oft anna').map(({ email }) => email),
    ['anna@a.example'],
  );
  assert.deepEqual(ask('').length, 3);
  assert.deepEqual([ask('list'), ask('spam'), ask('nna'), ask('% _')], [[], [], [], []]);
});
