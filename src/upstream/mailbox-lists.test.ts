import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Mailbox } from '#index/types.ts';
import { dovecotDialect, openDovecot } from '#village/dovecot.ts';
import { openScriptedImap } from '#village/scripted-imap.ts';
import { handClock, openTestAccount, signIn } from './test-account.ts';
import type { TestAccount } from './test-account.ts';

const boxes = (account: TestAccount): Mailbox[] => account.index.read((reader) => reader.mailboxes());
const named = (account: TestAccount, path: string): Mailbox | undefined =>
  boxes(account).find((box) => box.path === path);
/** Path, id of it and of the one above, in the order of paths. */
const tree = (account: TestAccount) =>
  boxes(account)
    .map(({ path, id, parent }) => [path, id, parent])
    .toSorted(([a], [b]) => (String(a) < String(b) ? -1 : 1));

/** A server that lists these names and nothing more, whatever it is told to make of them. */
const openLister = async (names: readonly string[]) => {
  const says = { names, lists: 0 };
  const server = await openScriptedImap({
    onCommand: ({ name, args, tag, connection }) => {
      if (name !== 'LIST' || args.startsWith('"" ""')) return false;
      says.lists += 1;
      connection.send(says.names.map((one) => `* LIST () "/" ${one}\r\n`).join(''));
      connection.ok(tag);
      return true;
    },
  });
  const { clock, pass } = handClock(2_000);
  const account = await openTestAccount({ imapPort: server.port, user: { address: 'a', password: 'b' }, clock });
  await account.until(() => account.engine.progress.done && boxes(account).length === names.length, 'the mailboxes');
  return {
    account,
    says,
    pass,
    server,
    /** One more list that the sync asks for by itself, when so much time has passed. */
    async listAfter(ms: number) {
      const before = says.lists;
      pass(ms);
      await account.until(() => says.lists > before, 'a list');
      await account.engine.readQuota();
    },
    [Symbol.asyncDispose]: async () => {
      await account[Symbol.asyncDispose]();
      await server[Symbol.asyncDispose]();
    },
  };
};

test('S59 S65 a list that is older than our own RENAME is not believed, and asked for again', async () => {
  const before = ['INBOX', 'Trash', 'Work', 'Work/Plans'];
  const after = ['INBOX', 'Trash', 'Trash/Work', 'Trash/Work/Plans'];
  await using it = await openLister(before);
  const { account, says } = it;
  const [inbox, trash, work, plans] = before.map((path) => named(account, path)!.id);
  assert.ok(inbox && trash && work && plans);
  const [atHome, inTrash] = [before, after].map((paths, at) => [
    [paths[0], inbox, null],
    [paths[1], trash, null],
    [paths[2], work, at === 0 ? null : trash],
    [paths[3], plans, work],
  ]);

  await account.engine.renameMailbox(work, 'Work', trash);
  assert.deepEqual(tree(account), inTrash, 'the list shows the old names');
  says.names = [...before, ...after.slice(2)];
  await it.listAfter(2_500);
  assert.deepEqual(tree(account), inTrash, 'it shows both');
  says.names = after;
  await it.listAfter(2_500);
  assert.deepEqual(tree(account), inTrash);
  const { lists } = says;
  it.pass(2_500);
  await account.engine.readQuota();
  assert.equal(says.lists, lists, 'no doubt is left');

  await account.engine.renameMailbox(work, 'Work', null);
  assert.deepEqual(tree(account), atHome, 'back, and the list shows it where it was');
  says.names = before;
  await it.listAfter(2_500);
  says.names = [...before, 'Trash/Work'];
  await it.listAfter(60_000);
  assert.deepEqual(
    tree(account).map(([path]) => path),
    ['INBOX', 'Trash', 'Trash/Work', 'Work', 'Work/Plans'],
    'after a while another client may have made it',
  );
});

test('S59 a list that is older than our own DELETE does not bring the mailbox back; CREATE does', async () => {
  await using it = await openLister(['INBOX', 'Old', 'Stays']);
  const { account, says } = it;
  const old = named(account, 'Old')!.id;
  await account.engine.destroyMailbox(old, true);
  await account.engine.createMailbox('New', null, false);
  assert.deepEqual(
    tree(account).map(([path]) => path),
    ['INBOX', 'New', 'Stays'],
    'the list has neither change',
  );
  const made = await account.engine.createMailbox('Old', null, false);
  assert.deepEqual([named(account, 'Old')?.id, made === old], [made, false]);
  says.names = ['INBOX', 'Old', 'Stays'];
  await it.listAfter(30_000);
  await it.listAfter(2_500);
  await account.until(() => named(account, 'New') === undefined, 'what is not listed for long is not there');
  assert.equal(named(account, 'Old')?.id, made);
});

test('S12 S65 a mailbox that is missing is looked for again soon, and then gone', async () => {
  await using it = await openLister(['INBOX', 'Gone', 'Stays']);
  const { account, says } = it;
  says.names = ['INBOX', 'Stays'];
  await it.listAfter(60_000);
  assert.ok(named(account, 'Gone'), 'one list may be wrong');
  await it.listAfter(2_500);
  await account.until(() => named(account, 'Gone') === undefined, 'the removal');
});

test('S81 INBOX is there, and read, whatever the lists say', async () => {
  await using it = await openLister(['INBOX', 'Stays']);
  const { account, says, server } = it;
  const before = named(account, 'INBOX')?.id;
  says.names = ['Stays'];
  await it.listAfter(60_000);
  server.script.messages = [letter(1)];
  await it.listAfter(60_000);
  await it.listAfter(60_000);
  assert.equal(named(account, 'INBOX')?.id, before);
  assert.equal(named(account, 'INBOX')?.role, 'inbox');
  await account.until(() => named(account, 'INBOX')?.totalEmails === 1, 'the letter');
});

const letter = (n: number): Buffer =>
  Buffer.from(`From: b@x.test\r\nSubject: letter ${n}\r\nMessage-ID: <l${n}@x.test>\r\n\r\ntext\r\n`);

/** Connections to a village that say how often mailboxes were listed, and whether the server will tell of changes. */
const watched = (imapPort: number, user: { address: string; password: string }) => {
  const seen = { lists: 0, listens: false };
  const connect = async () => {
    const session = await signIn(imapPort, user);
    const { list, idle } = session;
    session.list = () => {
      seen.lists += 1;
      return list();
    };
    session.idle = async () => {
      await idle();
      seen.listens = true;
    };
    return session;
  };
  return { connect, seen };
};

for (const layout of ['fs', 'Maildir++'] as const) {
  test(`S58 a mailbox deleted elsewhere that has others below it is empty, layout ${layout}`, async () => {
    const folder = mkdtempSync(join(tmpdir(), 'postern-layout-'));
    chmodSync(folder, 0o777);
    try {
      const fs = {
        '2.3': `mail_location = maildir:${folder}/%u:LAYOUT=fs`,
        '2.4': `mail_path = ${folder}/%{user}\nmail_index_path =\nmailbox_list_layout = fs`,
      };
      const extra = layout === 'fs' ? { extra: fs[dovecotDialect()] } : {};
      await using village = await openDovecot(extra);
      const user = village.users[0]!;
      await using client = await signIn(village.imapPort, user);
      await client.create('Above');
      await client.create('Above/Below');
      for (const n of [1, 2]) await client.append('Above', letter(n), [], null);
      const { connect, seen } = watched(village.imapPort, user);
      await using account = await openTestAccount({ imapPort: village.imapPort, user, connect });
      /** Dovecot may refuse, or end a connection, while the mailbox that one meets there comes or goes. */
      const insist = (done: () => Promise<unknown>, what: string): Promise<unknown> =>
        account.until(
          () =>
            done()
              .then(() => true)
              .catch(() => false),
          what,
        );
      await account.until(() => seen.listens && named(account, 'Above')?.totalEmails === 2, 'the letters');
      // Dovecot makes a mailbox anew that is opened while it is deleted.
      await account.until(() => account.index.read((reader) => reader.withoutText(1)).length === 0, 'their texts');
      const before = named(account, 'Above');
      assert.ok(before);
      await client.delete('Above');
      // Lists the mailboxes.
      await insist(() => account.engine.createMailbox('One', null, false), 'another mailbox');
      const closed = await account.until(() => {
        const box = named(account, 'Above');
        return box?.noselect === true && box;
      }, 'the mailbox to be closed');
      const held = account.index.read((reader) => reader.uids(before.id));
      assert.deepEqual([closed.id, closed.totalEmails, closed.exists, held], [before.id, 0, 0, []]);
      assert.equal(named(account, 'Above/Below')?.parent, before.id);
      await client.create('Above');
      await insist(() => client.append('Above', letter(3), [], null), 'the letter to be taken');
      await insist(() => account.engine.createMailbox('Two', null, false), 'a second mailbox');
      const again = await account.until(() => {
        const box = named(account, 'Above');
        return box?.totalEmails === 1 && box;
      }, 'a letter in it again');
      assert.deepEqual([again.id, again.noselect], [before.id, false]);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
}

test('S57 many mailboxes renamed at once by another client cost one list or two, and keep their ids', async () => {
  await using village = await openDovecot();
  const user = village.users[0]!;
  const { connect, seen } = watched(village.imapPort, user);
  await using client = await signIn(village.imapPort, user);
  await client.create('P');
  for (let n = 0; n < 30; n += 1) await client.create(`P/c${n}`);
  await using account = await openTestAccount({ imapPort: village.imapPort, user, connect });
  const below = (top: string): number[] =>
    boxes(account)
      .filter(({ path }) => path.startsWith(`${top}/`))
      .map(({ id }) => id);
  await account.until(() => seen.listens && account.engine.progress.done && below('P').length === 30, 'the mailboxes');
  const ids = below('P');
  seen.lists = 0;
  await client.rename('P', 'Q');
  await account.until(() => below('Q').length === 30 && below('P').length === 0, 'the new names');
  assert.deepEqual(new Set(below('Q')), new Set(ids));
  assert.ok(seen.lists <= 3, `${seen.lists} lists`);
});
