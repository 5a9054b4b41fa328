import assert from 'node:assert/strict';
import { test } from 'node:test';
import Sqlite from 'better-sqlite3-multiple-ciphers';
import fc from 'fast-check';
import { BulkInsert } from './bulk-insert.ts';
import { hash48 } from './conversation/keys.ts';
import { Database } from './database.ts';
import { HashTable } from './hash-table.ts';
import { KeyMap } from './key-map.ts';

const emptyDatabase = (): Database => {
  const db = new Database(new Sqlite(':memory:'));
  db.exec(`CREATE TABLE ref(key INTEGER PRIMARY KEY, thread INTEGER NOT NULL) STRICT;
    CREATE TABLE ref_late(id INTEGER PRIMARY KEY, pairs BLOB NOT NULL) STRICT`);
  return db;
};

const step = fc.record({
  /** Entries written at once, from `from` on. */
  from: fc.nat(6000),
  count: fc.oneof(fc.nat(30), fc.nat(300), fc.integer({ min: 2000, max: 5000 })),
  value: fc.integer({ min: -(2 ** 52), max: 2 ** 52 }),
  next: fc.constantFrom('go on', 'hasten', 'order a step', 'calm', 'open again', 'roll back'),
});

test('I46 a table of hashes holds what was put into it last, whatever the size of the batches', () => {
  fc.assert(
    fc.property(fc.array(step, { minLength: 1, maxLength: 12 }), (steps) => {
      const db = emptyDatabase();
      let table = new HashTable(db, 'ref', 'thread');
      let wanted = new Map<number, number>();
      for (const { from, count, value, next } of steps) {
        const before = new Map(wanted);
        const entries = new Map(Array.from({ length: count }, (_, i) => [hash48(`${from + i}@x`), value]));
        db.run('BEGIN');
        table.load(entries.keys());
        for (const [key, each] of entries) {
          table.set(key, each);
          assert.equal(table.at(key), each);
          wanted.set(key, each);
        }
        table.flush();
        if (next === 'roll back') {
          db.run('ROLLBACK');
          table.forget();
          wanted = before;
        } else db.run('COMMIT');
        if (next === 'hasten') table.hasten(true);
        if (next === 'order a step') table.order();
        if (next === 'calm') {
          while (table.order());
          table.hasten(false);
          assert.equal(db.value('SELECT count(*) FROM ref_late'), 0);
        }
        if (next === 'open again') table = new HashTable(db, 'ref', 'thread');
        const keys = Array.from({ length: 400 }, (_, i) => hash48(`${from - 200 + i}@x`));
        const expected = keys.filter((key) => wanted.has(key)).map((key) => [key, wanted.get(key)]);
        table.load(keys);
        assert.deepEqual(
          keys.filter((key) => table.at(key) !== undefined).map((key) => [key, table.at(key)]),
          expected,
        );
      }
      db.close();
    }),
    { numRuns: 60 },
  );
});

test('I46 a map of keys has each with its last value, and no other', () => {
  const map = new KeyMap();
  // Those beyond 2^32 share their lower bits with others.
  const keys = Array.from({ length: 60_000 }, (_, i) =>
    i % 3 === 0 ? i : i % 3 === 1 ? i + 2 ** 40 : hash48(`in ${i}`),
  );
  for (const [i, key] of keys.entries()) map.set(key, i);
  for (const [i, key] of keys.entries()) map.set(key, -i);
  assert.equal(map.size, new Set(keys).size);
  const wanted = new Map(keys.map((key, i) => [key, -i]));
  for (const [key, value] of wanted) assert.equal(map.get(key), value);
  for (let i = 0; i < 60_000; i += 1) assert.equal(map.get(hash48(`out ${i}`)), undefined);
});

test('rows inserted many at a time arrive in their order, each once', () => {
  const db = new Database(new Sqlite(':memory:'));
  db.exec('CREATE TABLE t(id INTEGER PRIMARY KEY, a TEXT, b INTEGER) STRICT');
  const rows = new BulkInsert(db, 'INSERT INTO t(a, b)', 2, 'ON CONFLICT DO NOTHING');
  const all = Array.from({ length: 53 }, (_, i) => [`a${i}`, i % 7 === 0 ? null : i] as const);
  for (const row of all.slice(0, 20)) rows.add(...row);
  rows.flush();
  rows.add('lost', 1);
  rows.forget();
  for (const row of all.slice(20)) rows.add(...row);
  rows.flush();
  rows.flush();
  assert.deepEqual(
    db.rows('SELECT a, b FROM t ORDER BY id'),
    all.map((row) => [...row]),
  );
  db.close();
});
