import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ImapSession } from '#imap/session.ts';
import type { Mailbox } from '#index/types.ts';
import { draftKey, encodeDraft } from './draft.ts';
import { digest } from './digest.ts';
import type { Refusal } from './engine.ts';
import { inRole, signIn } from './test-account.ts';
import { VaultError } from '#vault/errors.ts';
import type { TestAccount } from './test-account.ts';
import { sealRecord } from '#vault/seal-record.ts';
import { recordBinding } from '#vault/associated.ts';
import { village, users, open, boxOf, message, noIntents, uidsAt } from './intents.testkit.ts';

test('S20 wishes for many messages reach the server, each kind by one command', async () => {
  const { account } = await open(40);
  await using _ = account;
  const [inbox, archive] = [boxOf(account, 'inbox'), boxOf(account, 'archive')];
  const emails = inRole(account, 'inbox');
  account.index.write((t) => {
    for (const email of emails) t.setKeywords(email.number, ['$seen', 'todo'], [], 0);
    for (const email of emails.slice(0, 30)) t.move(email.number, inbox.id, archive.id, 0);
  });
  assert.equal(inRole(account, 'archive').length, 30);
  account.engine.nudge();
  await noIntents(account);
  const client = await account.client();
  assert.equal((await uidsAt(client, archive)).length, 30);
  const { rows } = await client.fetchFlags({ newest: 30 });
  assert.ok(rows.every((row) => row.flags.includes('\\Seen') && row.flags.includes('todo')));
  assert.equal((await uidsAt(client, inbox)).length, 10);
  assert.deepEqual(
    inRole(account, 'archive').map((email) => email.number),
    emails.slice(0, 30).map((email) => email.number),
  );
});

test('S22 in a mailbox that was made anew the server does to each message what was wished of it, not to its old UID', async () => {
  const user = village.users[users];
  assert.ok(user);
  for (let n = 11; n <= 14; n += 1) village.put(user.address, 'Archive', message(n));
  const { account } = await open(1);
  await using _ = account;
  const [inbox, archive] = [boxOf(account, 'inbox'), boxOf(account, 'archive')];
  const client = await account.client();
  await client.create('Other');
  await client.select('Archive');
  for (const uid of [4, 3, 2, 1]) await client.copy([uid], 'Other');
  await client.unselect();
  await client.delete('Archive');
  await client.rename('Other', 'Archive');
  const [first, second, third] = inRole(account, 'archive').toReversed();
  assert.ok(first && second && third);
  account.index.write((t) => {
    t.setKeywords(first.number, ['$flagged'], [], 0);
    t.move(second.number, archive.id, inbox.id, 0);
    t.destroy(third.number, 0);
  });
  account.engine.nudge();
  await noIntents(account);
  const lies = async (box: Mailbox): Promise<string[]> => {
    await client.select(box.pathRaw, { readOnly: true });
    const { rows } = await client.fetchFlags({ newest: 9 });
    const found: string[] = [];
    for (const { uid, flags } of rows) {
      let raw = '';
      for await (const bytes of client.streamSection(uid, null)) raw += bytes.toString();
      found.push(`${/message \d+/.exec(raw)?.[0]}${flags.includes('\\Flagged') ? ', flagged' : ''}`);
    }
    return found.toSorted();
  };
  assert.deepEqual(await lies(archive), ['message 11, flagged', 'message 14']);
  assert.deepEqual(await lies(inbox), ['message 1', 'message 12']);
});

test('S24 what the server refuses is taken back and told in its words', async () => {
  const { account } = await open(2);
  await using _ = account;
  const refusals: Refusal[] = [];
  account.engine.onRefusal((refusal) => refusals.push(refusal));
  const inbox = boxOf(account, 'inbox');
  const [email] = inRole(account, 'inbox');
  assert.ok(email);
  const nowhere = account.index.write((t) => {
    const box = t.saveMailbox({
      ...boxOf(account, 'archive'),
      pathRaw: 'No such box',
      path: 'No such box',
      name: 'No such box',
      role: null,
      uidvalidity: 1,
    });
    t.move(email.number, inbox.id, box.id, 0);
    return box;
  });
  account.engine.nudge();
  await account.until(() => refusals.length > 0, 'the refusal');
  assert.deepEqual(
    [refusals[0]?.kind, refusals[0]?.emails, refusals[0]?.responseCode],
    ['move', [email.number], 'TRYCREATE'],
  );
  assert.match(refusals[0]?.words ?? '', /mailbox/i);
  assert.deepEqual(account.index.read((reader) => reader.byRow(email.row))?.mailboxes, [inbox.id]);
  assert.notEqual(nowhere.id, inbox.id);
});

test('S72 a keyword is kept by its own name, whatever that is', async () => {
  const { account } = await open(1);
  await using _ = account;
  const [email] = inRole(account, 'inbox');
  assert.ok(email);
  account.index.write((t) => t.setKeywords(email.number, ['constructor', '__proto__', '$seen'], [], 0));
  account.engine.nudge();
  await noIntents(account);
  const client = await account.client();
  const kept = await client.select('INBOX').then(() => client.fetchFlags({ newest: 1 }));
  assert.deepEqual(
    ['constructor', '__proto__', '\\Seen'].filter((flag) => !kept.rows[0]?.flags.includes(flag)),
    [],
  );
  await account.restart();
  assert.deepEqual(
    new Set(account.index.read((reader) => reader.byRow(email.row))?.keywords),
    new Set(['$seen', '__proto__', 'constructor']),
  );
});

test('S25 wishes made while the server is away are carried out after a restart', async () => {
  const { account } = await open(2);
  await using _ = account;
  await account.restart({ connect: () => Promise.reject(new Error('away')) });
  const [email] = inRole(account, 'inbox');
  assert.ok(email);
  account.index.write((t) => t.setKeywords(email.number, ['$flagged'], [], 0));
  account.engine.nudge();
  assert.ok(account.index.read((reader) => reader.byRow(email.row))?.keywords.includes('$flagged'));
  await account.restart();
  await noIntents(account);
  const client = await account.client();
  await client.select('INBOX');
  assert.equal((await client.search({ keyword: '$nothing' })).length, 0);
  assert.deepEqual((await client.fetchFlags({ newest: 1 })).rows[0]?.flags.includes('\\Flagged'), true);
});

/** A session whose `method` really happens, and then the line breaks before the answer is seen. */
const breaking = (session: ImapSession, method: 'move' | 'append', after: () => void): ImapSession =>
  new Proxy(session, {
    get: (target, key) => {
      const value: unknown = Reflect.get(target, key, target);
      if (typeof value !== 'function') return value;
      if (key !== method) return value.bind(target) as unknown;
      return async (...args: unknown[]) => {
        await (value as (...all: unknown[]) => Promise<unknown>).apply(target, args);
        after();
        await target.close();
        throw target.ended ?? new Error('closed');
      };
    },
  });

test('S23 a move whose answer was lost is not made twice, and the Email is the same', async () => {
  let broken = 0;
  const user = village.users[users];
  assert.ok(user);
  const { account } = await open(3, {
    connect: async () => {
      const session = await signIn(village.imapPort, user);
      return broken === 0 ? breaking(session, 'move', () => (broken += 1)) : session;
    },
  });
  await using _ = account;
  const [inbox, archive] = [boxOf(account, 'inbox'), boxOf(account, 'archive')];
  const [email] = inRole(account, 'inbox');
  assert.ok(email);
  account.index.write((t) => t.move(email.number, inbox.id, archive.id, 0));
  account.engine.nudge();
  await noIntents(account);
  assert.equal(broken, 1);
  const client = await account.client();
  assert.equal((await uidsAt(client, archive)).length, 1);
  assert.equal((await uidsAt(client, inbox)).length, 2);
  assert.deepEqual(
    inRole(account, 'archive').map((one) => one.number),
    [email.number],
  );
});

const draftText = (id: string, text: string): Buffer =>
  Buffer.from(
    `From: alice@village.test\r\nTo: bob@village.test\r\nSubject: draft\r\nMessage-ID: <${id}@village.test>\r\n\r\n${text}\r\n`,
  );

/** What the gateway does for a new draft. */
const saveDraft = async (account: TestAccount, raw: Buffer, id: string) => {
  const box = boxOf(account, 'drafts');
  const facts = {
    mailbox: box.pathRaw,
    keywords: ['$draft', '$seen'],
    receivedAt: 1_700_000_000,
    messageId: `${id}@village.test`,
  };
  const row = {
    id: `record-${id}`,
    user: account.account.user,
    account: account.account.id,
    purpose: 'draft' as const,
    generation: 1,
    updatedAt: 0,
  };
  await account.store.saveRecord({
    ...row,
    ...(await sealRecord(account.keeper, recordBinding(row), encodeDraft(facts, raw))),
  });
  return account.index.write((t) => {
    const number = t.addLocal(box.id, {
      ...digest(raw),
      keywords: facts.keywords,
      deleted: false,
      receivedAt: facts.receivedAt,
    });
    const email = t.email(number);
    assert.ok(email);
    t.saveBody(email.row, 'raw', raw);
    t.setValue(draftKey(email.row), row.id);
    t.append(
      number,
      { kind: 'append', mailbox: box.id, keywords: facts.keywords, receivedAt: facts.receivedAt, replaces: null },
      0,
    );
    return email;
  });
};

test('S23 J23 an APPEND whose answer was lost leaves one draft, and its durable copy goes', async () => {
  let broken = 0;
  const user = village.users[users];
  assert.ok(user);
  const { account } = await open(1, {
    connect: async () => {
      const session = await signIn(village.imapPort, user);
      return broken === 0 ? breaking(session, 'append', () => (broken += 1)) : session;
    },
  });
  await using _ = account;
  const email = await saveDraft(account, draftText('d1', 'first'), 'd1');
  account.engine.nudge();
  await noIntents(account);
  assert.equal(broken, 1);
  const client = await account.client();
  assert.equal((await uidsAt(client, boxOf(account, 'drafts'))).length, 1);
  assert.deepEqual(
    inRole(account, 'drafts').map((one) => one.number),
    [email.number],
  );
  await account.until(async () => (await account.store.record('record-d1')) === null, 'the durable copy to go');
  await account.until(
    () => account.index.read((reader) => reader.value(draftKey(email.row))) === undefined,
    'the index to forget it',
  );
});

test('S25 a draft that only the store has comes back into a new index, and to the server, by the next connection at the latest', async (t) => {
  const { account } = await open(1);
  await using _ = account;
  const raw = draftText('d2', 'second');
  const box = boxOf(account, 'drafts');
  const facts = { mailbox: box.pathRaw, keywords: ['$draft'], receivedAt: 1_700_000_000, messageId: 'd2@village.test' };
  const row = {
    id: 'record-d2',
    user: account.account.user,
    account: account.account.id,
    purpose: 'draft' as const,
    generation: 1,
    updatedAt: 0,
  };
  await account.store.saveRecord({
    ...row,
    ...(await sealRecord(account.keeper, recordBinding(row), encodeDraft(facts, raw))),
  });
  // What is full or away when it is read for the first time, may not be later.
  let refusals = 0;
  const { openKey } = account.keeper;
  t.mock.method(account.keeper, 'openKey', (...asked: Parameters<typeof openKey>) =>
    (refusals += 1) === 1 ? Promise.reject(new VaultError('keeper/away', 'not now')) : openKey(...asked),
  );
  await account.restart();
  await account.until(() => refusals === 1, 'the refusal');
  await account.sessions.at(-1)?.close();
  await account.until(() => inRole(account, 'drafts').length === 1, 'the draft');
  await noIntents(account);
  const client = await account.client();
  assert.equal((await uidsAt(client, box)).length, 1);
  await account.until(async () => (await account.store.record('record-d2')) === null, 'the durable copy to go');
});

test('S23 what another client removed in the same moment is not shown where it was to go', async () => {
  const { account } = await open(3);
  await using _ = account;
  const { engine, index } = account;
  const [inbox, junk] = [boxOf(account, 'inbox'), boxOf(account, 'junk')];
  const client = await account.client();
  await client.select(inbox.pathRaw);
  const [first, second, third] = await client.uidSearchAll();
  const numbers = inRole(account, 'inbox').map(({ number }) => number);
  await client.expunge([first ?? 0, second ?? 0]);
  index.write((w) => numbers.forEach((number) => w.move(number, inbox.id, junk.id, 0)));
  engine.nudge();
  await noIntents(account);
  assert.deepEqual(
    inRole(account, 'junk').map(({ subject }) => subject),
    [`message ${third}`],
  );
});

test('I49 of two copies in one mailbox both leave', async () => {
  const { account, user } = await open(1);
  await using _ = account;
  const { engine, index } = account;
  const [inbox, archive] = [boxOf(account, 'inbox'), boxOf(account, 'archive')];
  village.dovecot.doveadm('copy', '-u', user.address, 'Archive', 'mailbox', 'INBOX', 'uid', '1');
  village.dovecot.doveadm('copy', '-u', user.address, 'INBOX', 'mailbox', 'Archive', 'all');
  await account.until(
    () => index.read((reader) => [reader.uids(inbox.id).length, reader.uids(archive.id).length].join()) === '2,1',
    'two copies here, one there',
  );
  const [email, ...others] = inRole(account, 'inbox');
  assert.ok(email);
  assert.deepEqual([others.length, index.read((reader) => reader.placements(email.row)).length], [0, 3]);
  index.write((w) => w.leave(email.number, inbox.id, 0));
  engine.nudge();
  await noIntents(account);
  const client = await account.client();
  assert.deepEqual(await uidsAt(client, inbox), []);
  assert.equal((await uidsAt(client, archive)).length, 1);
});
