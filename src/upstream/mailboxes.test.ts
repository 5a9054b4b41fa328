import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { EmailNumber, MailboxId } from '#index/types.ts';
import { ImapError } from '#imap/errors.ts';
import { openDovecot } from '#village/dovecot.ts';
import { inRole, openTestAccount, signIn, type TestAccount } from './test-account.ts';
import { village, users, message, open, boxOf, noIntents, uidsAt } from './intents.testkit.ts';

test('R4 mailboxes are created, renamed, subscribed and removed', async () => {
  const { account } = await open(1);
  await using _ = account;
  const { engine } = account;
  const id = await engine.createMailbox('Käse & Brot', null, true);
  const under = await engine.createMailbox('Below', id, false);
  const at = (box: MailboxId) => account.index.read((reader) => reader.mailbox(box));
  assert.deepEqual(
    [at(id)?.path, at(id)?.subscribed, at(under)?.path, at(under)?.parent],
    ['Käse & Brot', true, 'Käse & Brot/Below', id],
  );
  await assert.rejects(engine.createMailbox('Käse & Brot', null, true), { code: 'mailbox/exists' });
  await assert.rejects(engine.createMailbox('a/b', null, true), { code: 'mailbox/refused' });
  await assert.rejects(engine.destroyMailbox(id, true), { code: 'mailbox/has-children' });
  await engine.renameMailbox(id, 'Wein', null);
  assert.deepEqual([at(id)?.path, at(under)?.path], ['Wein', 'Wein/Below']);
  await engine.destroyMailbox(under, true);
  await engine.destroyMailbox(id, true);
  assert.equal(at(id), undefined);
  assert.equal(await engine.mailboxFor('trash'), boxOf(account, 'trash').id);
});

test('R7 a mailbox goes only once what was moved out of it is out, and not with mail that the index has not seen', async () => {
  const { account, user } = await open(6);
  await using _ = account;
  const { engine, index } = account;
  const [inbox, archive] = [boxOf(account, 'inbox'), boxOf(account, 'archive')];
  const work = await engine.createMailbox('Work', null, true);
  index.write((w) => {
    for (const { number } of inRole(account, 'inbox')) w.move(number, inbox.id, work, 0);
  });
  engine.nudge();
  await noIntents(account);
  await account.until(() => index.read((reader) => reader.mailbox(work)?.totalEmails) === 6, 'six in Work');
  const there = index.read((reader) =>
    reader
      .mailboxes()
      .flatMap(({ id }) => (id === work ? reader.uids(id).map((uid) => reader.placement(id, uid)) : [])),
  );
  index.write((w) => {
    for (const place of there) {
      const email = place && index.read((reader) => reader.byRow(place.email));
      if (email) w.move(email.number, work, archive.id, 0);
    }
  });
  await engine.destroyMailbox(work, false);
  await noIntents(account);
  const client = await account.client();
  assert.equal((await uidsAt(client, archive)).length, 6);

  const quiet = await engine.createMailbox('Quiet', null, true);
  await village.deliver(user.address, message(99));
  village.dovecot.doveadm('move', '-u', user.address, 'Quiet', 'mailbox', 'INBOX', 'subject', 'message 99');
  await assert.rejects(engine.destroyMailbox(quiet, false), { code: 'mailbox/has-mail' });
  await engine.destroyMailbox(quiet, true);
});

/** A mailbox of our own, into which the two letters of the inbox went. */
const withWork = async (account: TestAccount): Promise<{ work: MailboxId; numbers: EmailNumber[] }> => {
  const { engine, index } = account;
  const inbox = boxOf(account, 'inbox');
  const work = await engine.createMailbox('Work', null, true);
  const numbers = inRole(account, 'inbox').map(({ number }) => number);
  index.write((w) => numbers.forEach((number) => w.move(number, inbox.id, work, 0)));
  engine.nudge();
  await noIntents(account);
  await account.until(() => index.read((reader) => reader.mailbox(work)?.totalEmails) === 2, 'two in Work');
  return { work, numbers };
};

for (const [who, destroy] of [
  ['here', (account: TestAccount, id: MailboxId) => account.engine.destroyMailbox(id, true)],
  [
    'by another program',
    async (account: TestAccount) => {
      // Dovecot makes a mailbox anew that is opened while it is deleted.
      await account.until(() => account.index.read((reader) => reader.withoutText(1)).length === 0, 'their texts');
      const client = await account.client();
      await client.delete('Large');
      // Lists the mailboxes; one that is missing is looked for once more.
      await account.engine.createMailbox('Other', null, false);
    },
  ],
] as const)
  test(`S87 while a large mailbox goes, destroyed ${who}, others in the thread have their turn`, async () => {
    const user = village.users[users];
    assert.ok(user);
    for (let n = 1; n <= 450; n += 1) village.put(user.address, 'Large', message(n));
    const { account } = await open(0);
    await using _ = account;
    const { index } = account;
    const large = index.read((reader) => reader.mailboxes()).find(({ name }) => name === 'Large');
    assert.ok(large);
    const left = (): number | undefined => index.read((reader) => reader.mailbox(large.id)?.totalEmails);
    await account.until(() => left() === 450, 'all of it');
    const seen: number[] = [];
    const destroyed = destroy(account, large.id);
    for (let at = left(); at !== undefined; at = left()) {
      seen.push(at);
      await new Promise((resolve) => setImmediate(resolve));
    }
    await destroyed;
    assert.deepEqual([...new Set(seen)], [450, 250, 50]);
  });

test('R7 nor does one whose letters were moved out before their places in it are known', async () => {
  const { account } = await open(2);
  await using _ = account;
  const { engine, index } = account;
  const archive = boxOf(account, 'archive');
  const { work, numbers } = await withWork(account);
  index.write((w) => {
    w.remap(work, w.mailbox(work)?.uidvalidity ?? 0);
    numbers.forEach((number) => w.move(number, work, archive.id, 0));
  });
  const destroyed = engine.destroyMailbox(work, true);
  engine.look(work);
  await destroyed;
  const client = await account.client();
  assert.equal((await uidsAt(client, archive)).length, 2);
});

test('R7 nor one whose letters cannot be moved out now, though its mail was to go with it', async () => {
  let busy = false;
  const user = village.users[users];
  assert.ok(user);
  const { account } = await open(2, {
    connect: async () => {
      const session = await signIn(village.imapPort, user);
      const { move } = session;
      return Object.assign(session, {
        move: (...args: Parameters<typeof move>) =>
          busy ? Promise.reject(new ImapError('imap/refused', { responseCode: 'INUSE' })) : move.apply(session, args),
      });
    },
  });
  await using _ = account;
  const { engine, index } = account;
  const archive = boxOf(account, 'archive');
  const { work, numbers } = await withWork(account);
  busy = true;
  index.write((w) => numbers.forEach((number) => w.move(number, work, archive.id, 0)));
  await assert.rejects(engine.destroyMailbox(work, true), { code: 'mailbox/refused' });
  const client = await account.client();
  assert.equal((await client.status('Work')).messages, 2);
});

test('R4 a missing mailbox of a role is made with its attribute, once', async () => {
  await using bare = await openDovecot({ extra: 'namespace inbox {\n  mailbox Archive {\n    auto = no\n  }\n}' });
  const [user] = bare.users;
  assert.ok(user);
  await using account = await openTestAccount({ imapPort: bare.imapPort, user });
  await account.until(() => account.engine.progress.done, 'the first sync');
  assert.equal(
    account.index.read((reader) => reader.mailboxes()).some((box) => box.role === 'archive'),
    false,
  );
  const [first, second] = await Promise.all([
    account.engine.mailboxFor('archive'),
    account.engine.mailboxFor('archive'),
  ]);
  assert.equal(first, second);
  assert.deepEqual(
    [boxOf(account, 'archive').id, boxOf(account, 'archive').path, boxOf(account, 'archive').subscribed],
    [first, 'Archive', true],
  );
  const client = await account.client();
  assert.ok((await client.list()).find((box) => box.path === 'Archive')?.flags.includes('\\Archive'));
});
