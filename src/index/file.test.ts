import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { openDatabase } from './database.ts';
import { asIndexError, IndexError } from './errors.ts';
import { addMailbox, found, openTestIndex, query } from './fixture.ts';
import { openIndex, removeIndex } from './open.ts';
import { schema, schemaVersion } from './schema.ts';
import type { ChangeType } from './types.ts';

const isIndexError = (code: string) => (error: unknown) => error instanceof IndexError && error.code === code;

test('I1 a stolen file gives away nothing', () => {
  using t = openTestIndex();
  const { index } = t;
  const inbox = addMailbox(index, 'Needlebox', 'sent');
  const needles = [
    'needlesubject',
    'needlesender',
    'needleaddress',
    'needlepreview',
    'needlebody',
    'needleid',
    'Needlebox',
    'needleword',
    'needlevalue',
  ];
  index.write((w) => {
    w.add(inbox, [
      found(1, {
        keywords: ['needleword'],
        envelope: {
          subject: 'needlesubject',
          messageId: 'needleid@example.org',
          from: [{ name: 'needlesender', email: 'needleaddress@example.org' }],
          to: [{ name: null, email: 'needleaddress@example.org' }],
        },
      }),
    ]);
    const email = w.email(w.query(query()).ids[0]!)!;
    w.preview(email.row, 'needlepreview');
    w.bodyText(email.row, 'needlebody '.repeat(50));
    w.saveBody(email.row, 'raw', Buffer.from('needlebody '.repeat(2000)));
    w.saveBlob('U1', 'text/plain', Buffer.from('needlebody'));
    w.setValue('key', 'needlevalue');
    w.setKeywords(email.number, ['needleword2'], [], 0);
  });
  const search = (): void => {
    for (const suffix of ['', '-wal', '-shm']) {
      if (!existsSync(t.file + suffix)) continue;
      const bytes = readFileSync(t.file + suffix);
      for (const needle of needles) {
        assert.ok(!bytes.includes(needle) && !bytes.includes(Buffer.from(needle, 'utf16le')), `${needle} in ${suffix}`);
      }
    }
  };
  search();
  assert.ok(readFileSync(`${t.file}-wal`).length > 30_000);
  t.reopen();
  search();
  assert.notEqual(readFileSync(t.file).subarray(0, 15).toString(), 'SQLite format 3');
});

test('I1 the key stays the caller’s, and the index opens with an equal one', () => {
  using t = openTestIndex();
  assert.deepEqual(t.key, Buffer.alloc(32, 7));
  t.index.write((w) => w.setValue('a', 'b'));
  assert.equal(
    t.reopen().read((r) => r.value('a')),
    'b',
  );
});

test('I2 another key, damage and another schema are unreadable; removed, it is made again with another epoch', () => {
  using t = openTestIndex();
  t.index.write((w) => w.setValue('a', 'b'));
  const { epoch } = t.index;
  t.index[Symbol.dispose]();
  assert.throws(() => openIndex(t.file, Buffer.alloc(32, 8)), isIndexError('index/unreadable'));
  const bytes = readFileSync(t.file);

  const db = openDatabase(t.file, t.key);
  db.exec('PRAGMA user_version = 999');
  db.close();
  assert.throws(() => openIndex(t.file, t.key), isIndexError('index/unreadable'));

  writeFileSync(t.file, Buffer.from(bytes.map((byte, i) => (i % 97 === 5 ? byte ^ 255 : byte))));
  assert.throws(() => openIndex(t.file, t.key), isIndexError('index/unreadable'));
  writeFileSync(t.file, 'not a database at all, but long enough to look at '.repeat(200));
  assert.throws(() => openIndex(t.file, t.key), isIndexError('index/unreadable'));

  removeIndex(t.file);
  const again = t.reopen();
  assert.notEqual(again.epoch, epoch);
  assert.equal(
    again.read((r) => r.value('a')),
    undefined,
  );
});

test('I3 a write that throws leaves nothing behind, in the file or in memory', () => {
  using t = openTestIndex();
  const { index } = t;
  const inbox = addMailbox(index, 'INBOX', 'inbox');
  index.write((w) => w.add(inbox, [found(1)]));
  const look = () =>
    index.read((r) => ({
      mailboxes: r.mailboxes(),
      all: r.query(query({ calculateTotal: true })),
      list: r.query(query({ filter: { op: 'is', inMailbox: inbox }, collapseThreads: true, calculateTotal: true })),
      states: [r.state('Email'), r.state('Mailbox'), r.state('Thread')],
      intents: r.intentCount(),
      conversations: r.byMessageId('m2@example.org'),
    }));
  const before = look();
  const told: unknown[] = [];
  index.onChange((types) => told.push(types));
  assert.throws(
    () =>
      index.write((w) => {
        w.add(inbox, [found(2), found(3)]);
        w.setKeywords(before.all.ids[0]!, ['$seen'], [], 0);
        w.saveMailbox({ ...before.mailboxes[0]!, pathRaw: 'Other', name: 'Other' });
        assert.equal(w.mailbox(inbox)?.totalEmails, 3);
        assert.equal(w.query(query({ calculateTotal: true })).total, 3);
        w.afterCommit(() => told.push('task'));
        throw new RangeError('changed my mind');
      }),
    RangeError,
  );
  assert.deepEqual(look(), before);
  assert.deepEqual(told, []);
  index.write((w) => w.add(inbox, [found(2)]));
  assert.equal(look().all.total, 2);
  assert.deepEqual(told, [new Set<ChangeType>(['Mailbox', 'Email', 'Thread'])]);
});

test('I4 a full disk is said, rolls back, and the index is read on', () => {
  using t = openTestIndex();
  const inbox = addMailbox(t.index, 'INBOX', 'inbox');
  t.index.write((w) => w.add(inbox, [found(1)]));
  t.index[Symbol.dispose]();
  const index = openIndex(t.file, t.key, { mostPages: 100 });
  try {
    const told: unknown[] = [];
    index.onChange((types) => told.push(types));
    assert.throws(
      () => index.write((w) => w.saveBlob('U1', 'text/plain', Buffer.alloc(1_000_000, 1))),
      isIndexError('index/full'),
    );
    assert.throws(
      () =>
        index.write((w) =>
          w.add(
            inbox,
            Array.from({ length: 2000 }, (_, i) => found(i + 2)),
          ),
        ),
      isIndexError('index/full'),
    );
    assert.deepEqual(told, []);
    assert.equal(
      index.read((r) => r.mailbox(inbox)?.totalEmails),
      1,
    );
    index.write((w) => w.add(inbox, [found(5000)]));
    assert.equal(
      index.read((r) => r.query(query({ calculateTotal: true })).total),
      2,
    );
  } finally {
    index[Symbol.dispose]();
  }
});

test('I4 a file that shrinks under it is an error of ours, not of SQLite', () => {
  using t = openTestIndex();
  const inbox = addMailbox(t.index, 'INBOX', 'inbox');
  t.index.write((w) =>
    w.add(
      inbox,
      Array.from({ length: 3000 }, (_, i) => found(i + 1)),
    ),
  );
  let told = 0;
  t.reopen({ damaged: () => (told += 1) });
  truncateSync(t.file, 40_960);
  assert.throws(
    () =>
      t.index.read((r) => r.query(query({ calculateTotal: true, sort: [{ property: 'size', isAscending: true }] }))),
    isIndexError('index/unreadable'),
  );
  assert.equal(told, 1, 'who opened it knows');
});

test('I4 what SQLite calls its errors', () => {
  class SqliteError extends Error {
    readonly code: string;
    constructor(code: string) {
      super(code);
      this.code = code;
    }
  }
  const codeOf = (code: string): unknown => {
    const error = asIndexError(new SqliteError(code));
    return error instanceof IndexError ? error.code : 'other';
  };
  for (const [code, want] of Object.entries({
    SQLITE_FULL: 'index/full',
    SQLITE_IOERR_WRITE: 'index/io',
    SQLITE_IOERR_SHORT_READ: 'index/unreadable',
    SQLITE_CANTOPEN: 'index/io',
    SQLITE_READONLY: 'index/io',
    SQLITE_CORRUPT_VTAB: 'index/unreadable',
    SQLITE_NOTADB: 'index/unreadable',
    SQLITE_BUSY_SNAPSHOT: 'index/busy',
    SQLITE_CONSTRAINT_UNIQUE: 'other',
  })) {
    assert.equal(codeOf(code), want, code);
  }
  const own = new RangeError('x');
  assert.equal(asIndexError(own), own);
});

test('I5 listeners hear of types after the commit; one that throws harms nobody', () => {
  const lines: string[] = [];
  using t = openTestIndex({ log: (level, event, facts) => lines.push(`${level} ${event} ${String(facts?.['code'])}`) });
  const { index } = t;
  const inbox = addMailbox(index, 'INBOX', 'inbox');
  const told: string[] = [];
  index.onChange(() => {
    throw new RangeError('mine');
  });
  const stop = index.onChange((types) => told.push([...types].sort().join(' ')));
  const result = index.write((w) => {
    w.afterCommit(() => told.push(`task ${index.read((r) => r.mailbox(inbox)?.totalEmails) ?? ''}`));
    w.add(inbox, [found(1)]);
    w.note('Identity', 'I1', 'updated');
    return 7;
  });
  assert.equal(result, 7);
  assert.deepEqual(told, ['task 1', 'Email Identity Mailbox Thread']);
  assert.deepEqual(lines, ['error index/listener RangeError']);
  index.write((w) => w.setValue('quiet', 'yes'));
  stop();
  index.write((w) => w.add(inbox, [found(2)]));
  assert.equal(told.length, 2);
});

test('I53 an index made anew has the same mailbox ids, whatever the order; the id of one that went is no other one’s', () => {
  using t = openTestIndex();
  const paths = ['INBOX', 'Archive', 'Käse & Brot', 'a/b/c'];
  const idsOf = (order: readonly string[]) => new Map(order.map((path) => [path, addMailbox(t.index, path, null)]));
  const before = idsOf(paths);
  t.index[Symbol.dispose]();
  removeIndex(t.file);
  t.reopen();
  const after = idsOf(paths.toReversed());
  assert.deepEqual(after, new Map(before));
  assert.deepEqual(
    t.index.read((r) => r.mailboxes()).map(({ path }) => path),
    ['INBOX', 'Archive', 'Käse & Brot', 'a/b/c'],
  );
  const [gone, moved] = [after.get('Archive')!, after.get('a/b/c')!];
  t.index.write((w) => {
    w.removeMailbox(gone);
    w.patchMailbox(moved, { pathRaw: 'elsewhere', path: 'elsewhere' });
  });
  const again = idsOf(['Archive', 'a/b/c']);
  assert.ok(![gone, moved].includes(again.get('Archive')!) && ![gone, moved].includes(again.get('a/b/c')!));
});

test('I6 the schema is the one of its version', () => {
  const hash = createHash('sha256').update(schema).digest('hex').slice(0, 12);
  assert.deepEqual([schemaVersion, hash], [9, 'ca8abfe2ab14']);
});
