import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Email, Mailbox, MailboxId } from '#index/types.ts';
import type { ImapSession } from '#imap/session.ts';
import { openDovecot } from '#village/dovecot.ts';
import type { Village } from '#village/dovecot.ts';
import { draftKey, encodeDraft } from './draft.ts';
import { digest } from './digest.ts';
import type { Refusal } from './engine.ts';
import { VaultError } from '#vault/errors.ts';
import { openTestAccount, signIn } from './test-account.ts';
import type { TestAccount } from './test-account.ts';
import { sealRecord } from '#vault/seal-record.ts';
import { recordBinding } from '#vault/associated.ts';

let village: Village;
let users = 0;

before(async () => {
  const people = Array.from({ length: 12 }, (_, n) => ({ address: `i${n}@village.test`, password: `pass ${n}` }));
  village = await openDovecot({ users: people });
});
after(() => village[Symbol.asyncDispose]());

const message = (n: number): string =>
  `From: Bob <bob@elsewhere.test>\r\nTo: alice@village.test\r\nSubject: message ${n}\r\nMessage-ID: <i${n}@elsewhere.test>\r\nDate: ${new Date(1_700_000_000_000 + n * 60_000).toUTCString()}\r\n\r\nText ${n}.\r\n`;

const open = async (count: number, instead: Partial<Parameters<typeof openTestAccount>[0]> = {}) => {
  const user = village.users[users++];
  assert.ok(user);
  for (let n = 1; n <= count; n += 1)
    village.put(user.address, 'INBOX', message(n), { receivedAt: 1_700_000_000 + n * 60 });
  const account = await openTestAccount({ imapPort: village.imapPort, user, ...instead });
  await account.until(
    () => account.engine.progress.done && inRole(account, 'inbox').length === count,
    'the first sync',
  );
  return { user, account };
};

const boxOf = (account: TestAccount, role: string): Mailbox => {
  const box = account.index.read((reader) => reader.mailboxes()).find((one) => one.role === role);
  assert.ok(box, role);
  return box;
};

const inRole = (account: TestAccount, role: string): Email[] =>
  account.index.read((reader) => {
    const box = reader.mailboxes().find((one) => one.role === role);
    const page = {
      sort: [],
      collapseThreads: false,
      position: 0,
      anchor: null,
      anchorOffset: 0,
      limit: 500,
      calculateTotal: false,
    };
    return box === undefined
      ? []
      : reader.emails(reader.query({ filter: { op: 'is', inMailbox: box.id }, ...page }).ids);
  });

const noIntents = (account: TestAccount) =>
  account.until(() => account.index.read((reader) => reader.intentCount()) === 0, 'the intents');

const uidsAt = async (client: ImapSession, box: Mailbox): Promise<number[]> => {
  await client.select(box.pathRaw, { readOnly: true });
  return client.uidSearchAll();
};

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

test('R7 nor does one whose letters were moved out before their places in it are known', async () => {
  const { account } = await open(2);
  await using _ = account;
  const { engine, index } = account;
  const [inbox, archive] = [boxOf(account, 'inbox'), boxOf(account, 'archive')];
  const work = await engine.createMailbox('Work', null, true);
  const numbers = inRole(account, 'inbox').map(({ number }) => number);
  index.write((w) => numbers.forEach((number) => w.move(number, inbox.id, work, 0)));
  engine.nudge();
  await noIntents(account);
  await account.until(() => index.read((reader) => reader.mailbox(work)?.totalEmails) === 2, 'two in Work');
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
  assert.equal((await client.list()).find((box) => box.path === 'Archive')?.specialUse, 'archive');
});
