import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openDatabase } from '../database.ts';
import { addMailbox, found, openTestIndex, query } from '../fixture.ts';
import type { Index, Uid } from '../types.ts';
import { piecesOf } from './merge.ts';

const pieces = ({ file, key }: { file: string; key: Buffer }, table: 'fts_head' | 'fts_whole'): number => {
  const db = openDatabase(file, key);
  const count = piecesOf(db, table);
  // As FTS5 itself lists them.
  assert.equal(count, db.value(`SELECT count(DISTINCT segid) FROM ${table}_idx`));
  db.close();
  return count;
};

/** So many Emails, their rows in ascending order. */
const filled = (count: number) => {
  const t = openTestIndex();
  const inbox = addMailbox(t.index, 'INBOX', 'inbox');
  const uids = Array.from({ length: count }, (_, at) => (at + 1) as Uid);
  const messages = uids.map((uid) => found(uid));
  t.index.write((w) => w.add(inbox, messages));
  const rows = t.index.read((r) => uids.map((uid) => r.placement(inbox, uid)!.email).sort((a, b) => a - b));
  return { t, index: t.index, rows };
};

const search = (index: Index, text: string): unknown[] =>
  index.read((r) => r.query(query({ filter: { op: 'is', text } })).ids);

test('I37 previews and texts of thousands of Emails go into one write', () => {
  // FTS5 takes 2,000 pieces.
  const { t, index, rows } = filled(2_100);
  using _ = t;
  index.write((w) => {
    for (const [at, row] of rows.entries()) w.preview(row, `preview${at}`);
    for (const [at, row] of rows.entries()) w.bodyText(row, `text${at}`);
  });
  for (const text of ['"preview0"', '"text0"', '"preview2099"', '"text2099"'])
    assert.equal(search(index, text).length, 1, text);
  assert.ok(pieces(t, 'fts_head') <= 10, `${pieces(t, 'fts_head')} pieces`);
  assert.equal(pieces(t, 'fts_whole'), 1);
});

test('I37 pieces do not become too many, however little a write brings', () => {
  const { t, index, rows } = filled(700);
  using _ = t;
  let most = 0;
  for (const [at, row] of rows.entries()) {
    index.write((w) => w.bodyText(row, `text${at} falcon`));
    while (index.write((w) => w.mergeText('many')));
    if (at > 590) most = Math.max(most, pieces(t, 'fts_whole'));
  }
  assert.ok(most >= 590 && most <= 600, `${most} pieces at the most`);
  assert.ok(pieces(t, 'fts_whole') < 200);
  while (index.write((w) => w.mergeText()));
  assert.ok(pieces(t, 'fts_whole') < 8 && pieces(t, 'fts_head') < 8);
  assert.deepEqual([search(index, '"text7"').length, search(index, '"text699"').length], [1, 1]);
});
