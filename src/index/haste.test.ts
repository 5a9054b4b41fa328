import assert from 'node:assert/strict';
import { cpSync, existsSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { openDatabase } from './database.ts';
import { IndexError } from './errors.ts';
import { addMailbox, found, openTestIndex, type TestIndex } from './fixture.ts';
import { openIndex } from './open.ts';

const skip = !existsSync('/proc/sys/kernel/random/boot_id');

/** The file as it lies there now, after the machine was started again. */
const afterBoot = (t: TestIndex): string => {
  const copy = path.join(path.dirname(t.file), `copy-${Math.random()}`);
  for (const suffix of ['', '-wal']) if (existsSync(t.file + suffix)) cpSync(t.file + suffix, copy + suffix);
  const db = openDatabase(copy, t.key);
  db.run("UPDATE setting SET value = 'another boot' WHERE key = 'index hastened' AND value <> ''");
  db.close();
  return copy;
};

const isUnreadable = (error: unknown): boolean => error instanceof IndexError && error.code === 'index/unreadable';

test(
  'I43 written in haste: made again when the machine stopped, kept when only the process did',
  { skip },
  async () => {
    using t = openTestIndex();
    const inbox = addMailbox(t.index, 'INBOX', 'inbox');
    t.index.hasten();
    t.index.hasten();
    t.index.gather((w) => w.add(inbox, [found(1)]));
    t.index.settle();
    assert.throws(() => openIndex(afterBoot(t), t.key), isUnreadable);

    const crashed = `${t.file}-crashed`;
    for (const suffix of ['', '-wal']) cpSync(t.file + suffix, crashed + suffix);
    using again = openIndex(crashed, t.key);
    assert.equal(
      again.read((r) => r.mailbox(inbox)?.totalEmails),
      1,
    );

    t.index.gather((w) => w.add(inbox, [found(2)]));
    await t.index.calm();
    using calm = openIndex(afterBoot(t), t.key);
    assert.equal(
      calm.read((r) => r.mailbox(inbox)?.totalEmails),
      2,
    );
  },
);

test('I43 closing waits for the disk', { skip }, async () => {
  using t = openTestIndex();
  const inbox = addMailbox(t.index, 'INBOX', 'inbox');
  t.index.hasten();
  t.index.write((w) => w.add(inbox, [found(1)]));
  const { index } = t;
  const calm = index.calm();
  t.reopen();
  await calm;
  using other = openIndex(afterBoot(t), t.key);
  assert.equal(
    other.read((r) => r.mailbox(inbox)?.totalEmails),
    1,
  );
  t.index.hasten();
  await t.index.calm();
  await t.index.calm();
});
