import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, test } from 'node:test';
import { openDovecot, type Village } from '#village/dovecot.ts';
import type { Browser } from './browser.ts';
import { type CuttingProxy, openCuttingProxy } from './cutting-proxy.ts';
import { openFolder } from './postern.ts';
import { eventually, type Serving, serve } from './process.ts';

/** A line that breaks in the middle of something costs a reconnect and nothing else. */
let village: Village;
let proxy: CuttingProxy;
let postern: Serving;
let browser: Browser;
let folder: ReturnType<typeof openFolder>;

const count = 1_500;
const alice = 'alice@village.test';
const large = `From: bob@village.test\r\nSubject: large\r\nMIME-Version: 1.0\r\nContent-Type: application/octet-stream\r\nContent-Transfer-Encoding: base64\r\n\r\n${randomBytes(6_000_000).toString('base64').replaceAll(/.{76}/g, '$&\r\n')}\r\n`;
const middling = `From: bob@village.test\r\nSubject: middling\r\n\r\n${'words and words\r\n'.repeat(20_000)}`;

before(async () => {
  folder = openFolder();
  village = await openDovecot();
  const mail = (n: number): string =>
    `From: bob@village.test\r\nTo: alice@village.test\r\nSubject: number ${n}\r\nMessage-ID: <n.${n}@x>\r\n\r\nbody ${n}\r\n${'x'.repeat(500)}\r\n`;
  for (let n = 0; n < count; n += 1) village.put(alice, 'INBOX', mail(n), { receivedAt: 1_700_000_000 + n });
  village.put(alice, 'Large', large, { receivedAt: 1_700_000_001 });
  village.put(alice, 'Large', middling, { receivedAt: 1_700_000_002 });
  proxy = await openCuttingProxy(village.imapPort);
  postern = await serve({ imapPort: proxy.port, smtpPort: village.smtpPort }, folder.path);
  browser = postern.browser;
});
after(async () => {
  await postern[Symbol.asyncDispose]();
  await proxy[Symbol.asyncDispose]();
  await village[Symbol.asyncDispose]();
  folder[Symbol.dispose]();
});

const query = async (filter: object): Promise<{ ids: string[]; total: number }> => {
  const [answer] = await browser.jmap([['Email/query', { filter, limit: 100, calculateTotal: true }]]);
  return answer as unknown as { ids: string[]; total: number };
};

const boxes = async (): Promise<Map<string, string>> => {
  const [answer] = await browser.jmap([['Mailbox/get', { properties: ['name'] }]]);
  return new Map(((answer?.['list'] ?? []) as { id: string; name: string }[]).map(({ id, name }) => [name, id]));
};

/** Emails of a mailbox, newest first. */
const emailsIn = async (name: string): Promise<string[]> =>
  (await query({ inMailbox: (await boxes()).get(name) ?? name })).ids;

const blobOf = async (id: string | undefined): Promise<string> => {
  const [answer] = await browser.jmap([['Email/get', { ids: [id], properties: ['blobId'] }]]);
  return ((answer?.['list'] ?? []) as { blobId: string }[])[0]?.blobId ?? '';
};

/** As a browser does that returns: whoever is here need not wait out the pauses that many cuts in a row bring. */
const comeBack = async (): Promise<void> => {
  assert.equal((await browser.post('/auth/unlock')).status, 200);
};

const flags = (search: string): string[] =>
  village.dovecot
    .doveadm('search', '-u', alice, ...search.split(' '))
    .split('\n')
    .filter(Boolean);

/** Cuts were made, and no more connections than one for each and the three an account may have. */
const costs = async (cuts: number, work: () => Promise<void>): Promise<void> => {
  const before = { logins: proxy.logins, cuts: proxy.cuts };
  await work();
  await eventually('the line was cut', () => proxy.cuts - before.cuts === cuts);
  const logins = proxy.logins - before.logins;
  assert.ok(logins <= cuts + 3, `${logins} LOGINs for ${cuts} cuts`);
};

test('S5 the first sync is cut three times in mid-FETCH and ends with every message', async () => {
  proxy.cut(/UID FETCH/i, 5_000, 3);
  const [user] = village.users;
  await costs(3, async () => {
    assert.equal((await browser.signIn(alice, user!.password)).status, 200);
    await eventually('all are listed', async () => (await query({})).total === count + 2, 60_000);
    assert.equal((await query({ inMailbox: (await boxes()).get('INBOX') })).total, count);
  });
});

test('a text is cut in its middle: the same request answers with all of it', async () => {
  const [id] = await emailsIn('Large');
  proxy.cut(/BODY\.PEEK\[\]/i, 100_000);
  await costs(1, async () => {
    const [answer] = await browser.jmap([
      ['Email/get', { ids: [id], properties: ['bodyValues'], fetchTextBodyValues: true }],
    ]);
    const [mail] = (answer?.['list'] ?? []) as { bodyValues: Record<string, { value: string }> }[];
    assert.equal(
      Object.values(mail?.bodyValues ?? {})[0]?.value.length,
      20_000 * 16,
      JSON.stringify(answer).slice(0, 300),
    );
  });
});

test('D30 a long download is cut in its middle: it is seen to be cut, and the next one is whole', async () => {
  const [, id] = await emailsIn('Large');
  const blobId = await blobOf(id);
  const path = `/jmap/download/${browser.account}/${blobId}/large.eml`;
  await costs(1, async () => {
    proxy.cut(/BODY\.PEEK\[\]/i, 3_000_000);
    await assert.rejects(async () => {
      const cut = await browser.fetch(path);
      assert.equal(cut.status, 200);
      const bytes = Buffer.from(await cut.arrayBuffer());
      assert.ok(Buffer.from(large).equals(bytes), 'what ends well is whole');
    }, /terminated|fetch failed/);
    const whole = await browser.fetch(path);
    assert.equal(whole.status, 200);
    assert.ok(Buffer.from(large).equals(Buffer.from(await whole.arrayBuffer())));
  });
});

test('D30 a long download that is cut before its first byte is tried again, or refused in words', async () => {
  const [, id] = await emailsIn('Large');
  const blobId = await blobOf(id);
  proxy.cut(/BODY\.PEEK\[\]/i, 0);
  await costs(1, async () => {
    const cut = await browser.fetch(`/jmap/download/${browser.account}/${blobId}/large.eml`);
    const bytes = Buffer.from(await cut.arrayBuffer());
    if (cut.status === 200) assert.ok(Buffer.from(large).equals(bytes));
    else {
      assert.equal(cut.status, 502, bytes.toString().slice(0, 300));
      assert.equal(cut.headers.get('content-type'), 'application/problem+json');
    }
  });
});

test('S23 changes made while lines break reach the server, each once', async () => {
  await comeBack();
  const ids = await emailsIn('INBOX');
  const trash = (await boxes()).get('Trash') ?? '';
  assert.equal(ids.length, 100);
  const [flagged, moved] = [ids.slice(0, 50), ids.slice(50, 60)];
  await costs(2, async () => {
    // Once the server never hears of it, once it has heard and its answer is lost.
    proxy.cut(/UID STORE/i, 0);
    const update = Object.fromEntries(flagged.map((id) => [id, { 'keywords/$flagged': true }]));
    const [answer] = await browser.jmap([['Email/set', { update }]]);
    assert.equal(Object.keys((answer?.['updated'] ?? {}) as object).length, 50);
    await eventually('fifty are flagged', () => flags('mailbox INBOX FLAGGED').length === 50);
    proxy.cut(/UID MOVE/i, 1);
    const move = Object.fromEntries(moved.map((id) => [id, { mailboxIds: { [trash]: true } }]));
    await browser.jmap([['Email/set', { update: move }]]);
    await eventually('ten are moved', () => flags('mailbox Trash ALL').length === 10);
  });
  assert.equal(flags('mailbox INBOX ALL').length, count - 10);
  await eventually('the index agrees', async () => (await query({ inMailbox: trash })).total === 10);
  assert.equal((await query({ hasKeyword: '$flagged' })).total, 50);
  assert.equal((await query({})).total, count + 2, 'nothing is there twice, nothing is lost');
});

test('all lines break at once: the list is there all the while, new mail comes after', async () => {
  await comeBack();
  await costs(0, async () => {
    proxy.cutAll();
    assert.equal((await query({})).total, count + 2, 'the list asks nobody');
    await village.deliver(alice, 'From: bob@village.test\r\nSubject: afterwards\r\n\r\nx\r\n');
    await eventually('the new one is listed', async () => (await query({})).total === count + 3);
  });
  for (const line of postern.said.split('\n').slice(1))
    assert.doesNotMatch(line, /"where"|room\/defect/, 'no defect was noted');
});
