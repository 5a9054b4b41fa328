import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openDovecot } from '#village/dovecot.ts';
import { inRole, openTestAccount } from './test-account.ts';

/** The same changes on servers that can do less and less: CONDSTORE alone, and neither that nor MOVE, UIDPLUS, SPECIAL-USE. */
const message = (n: number): string =>
  `From: Bob <bob@elsewhere.test>\r\nTo: alice@village.test\r\nSubject: message ${n}\r\nMessage-ID: <v${n}@elsewhere.test>\r\nDate: ${new Date(1_700_000_000_000 + n * 60_000).toUTCString()}\r\n\r\nText ${n}.\r\n`;

for (const variant of ['condstore', 'plain'] as const) {
  test(`S13 S14 R2 S26 changes elsewhere and here, server variant ${variant}`, async (t) => {
    await using village = await openDovecot({ variant });
    const [user] = village.users;
    assert.ok(user);
    for (let n = 1; n <= 8; n += 1)
      village.put(user.address, 'INBOX', message(n), { receivedAt: 1_700_000_000 + n * 60 });
    await using account = await openTestAccount({ imapPort: village.imapPort, user });
    await account.until(() => account.engine.progress.done && inRole(account, 'inbox').length === 8, 'the first sync');
    const find = (role: string, n: number) => inRole(account, role).find((email) => email.subject === `message ${n}`);
    const inbox = account.index.read((reader) => reader.mailboxes()).find((box) => box.role === 'inbox');
    const archive = account.index.read((reader) => reader.mailboxes()).find((box) => box.role === 'archive');
    assert.ok(inbox && archive);
    const client = await account.client();
    await client.select(inbox.pathRaw);

    await t.test('flags', async () => {
      await client.store([3], ['\\Flagged'], []);
      await account.until(() => find('inbox', 3)?.keywords.includes('$flagged'), 'a flag');
    });
    await t.test('removal', async () => {
      await client.expunge([4]);
      await account.until(() => find('inbox', 4) === undefined, 'the removal');
    });
    await t.test('arrival', async () => {
      await village.deliver(user.address, message(20));
      await account.until(() => find('inbox', 20), 'new mail');
    });
    await t.test('our own keyword, move and destroy', async () => {
      const [seen, moved, dead] = [find('inbox', 1), find('inbox', 2), find('inbox', 5)];
      assert.ok(seen && moved && dead);
      account.index.write((w) => {
        w.setKeywords(seen.number, ['$seen'], [], 0);
        w.move(moved.number, inbox.id, archive.id, 0);
        w.destroy(dead.number, 0);
      });
      account.engine.nudge();
      await account.until(() => account.index.read((reader) => reader.intentCount()) === 0, 'the intents');
      await account.until(
        () =>
          account.index
            .read((reader) => reader.placements(moved.row))
            .some((place) => place.mailbox === archive.id && place.uid !== null),
        'the new place',
      );
      assert.equal(find('archive', 2)?.number, moved.number);
      await client.select(archive.pathRaw);
      assert.equal((await client.uidSearchAll()).length, 1);
      await client.select(inbox.pathRaw);
      // Without UIDPLUS nothing is expunged while others are \\Deleted (S26): marked is all it can be.
      const { rows } = await client.fetchFlags({ uids: [2, 5] });
      assert.ok(rows.every((row) => row.flags.includes('\\Deleted')));
      assert.equal(find('inbox', 5), undefined);
      assert.equal(find('inbox', 2), undefined);
    });
    await t.test('what we moved and another client removed at once', async () => {
      for (const n of [30, 31, 32]) await client.append(inbox.pathRaw, Buffer.from(message(n)), [], null);
      await account.until(() => [30, 31, 32].every((n) => find('inbox', n)), 'three letters');
      account.index.write((w) => {
        for (const n of [30, 31, 32]) w.move(find('inbox', n)?.number ?? (0 as never), inbox.id, archive.id, 0);
      });
      account.engine.nudge();
      await account.until(() => account.index.read((reader) => reader.intentCount()) === 0, 'the move');
      await client.select(archive.pathRaw);
      const there = await client.uidSearchAll();
      assert.equal(there.length, 4);
      await client.expunge(there.slice(-2));
      await account.until(() => {
        account.engine.look(archive.id);
        return inRole(account, 'archive').length === 2;
      }, 'what is left');
    });
  });
}
