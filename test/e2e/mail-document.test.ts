import assert from 'node:assert/strict';
import { get } from 'node:http';
import { after, before, test } from 'node:test';
import { openDovecot, type Village } from '#village/dovecot.ts';
import { type Browser, problemOf } from './browser.ts';
import { openFolder, openPostern } from './postern.ts';

const png = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';
const html = [
  'From: Bob <bob@village.test>',
  'To: alice@village.test',
  'Subject: picture',
  'Message-ID: <picture@village.test>',
  'Date: Sun, 22 Nov 2026 08:00:00 +0000',
  'MIME-Version: 1.0',
  'Content-Type: multipart/related; boundary=b',
  '',
  '--b',
  'Content-Type: text/html; charset=utf-8',
  '',
  '<p>Look <a href="https://example.org/?a=1&amp;b=2">here</a> <img src="cid:pic@x"> <img src="https://tracker.example/x.png"><script>alert(1)</script></p>',
  '--b',
  'Content-Type: image/png',
  'Content-ID: <pic@x>',
  'Content-Transfer-Encoding: base64',
  'Content-Disposition: inline; filename=pic.png',
  '',
  png,
  '--b--',
  '',
].join('\r\n');

let village: Village;
before(async () => {
  village = await openDovecot();
  await village.deliver('alice@village.test', html);
});
after(() => village[Symbol.asyncDispose]());

const idsOf = (answer: Record<string, unknown> | undefined): string[] => (answer?.['ids'] ?? []) as string[];

const firstEmail = async (browser: Browser): Promise<string> => {
  const [query] = await browser.until(
    () => browser.jmap([['Email/query', {}]]),
    ([found]) => idsOf(found).length > 0,
  );
  return idsOf(query)[0] ?? '';
};

test('D27 D89 H8 a mail is a document of its own: sanitised, walled, its images signed, its links explained', async () => {
  using folder = openFolder();
  await using postern = await openPostern(village, folder.path);
  const { browser } = postern;
  await browser.signIn(village.users[0]!.address, village.users[0]!.password);
  const path = `/mail/${browser.account}/${await firstEmail(browser)}`;
  const measure = 'abcdefghijklmnopqrst';
  const answer = await browser.fetch(`${path}?images=0&dark=0&measure=${measure}&frame=600`);
  assert.equal(answer.status, 200, await answer.clone().text());
  const text = await answer.text();
  const policy = answer.headers.get('content-security-policy') ?? '';
  assert.match(policy, /^sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'/);
  assert.doesNotMatch(policy, /script-src|allow-scripts|allow-same-origin/);
  assert.doesNotMatch(text, /<script|alert|tracker\.example/);
  assert.equal(answer.headers.get('x-postern-blocked-images'), '1');

  const image = /src="([^"]+\/mail\/img\/[^"]+)"/.exec(text)?.[1] ?? '';
  assert.ok(
    policy.includes(image.slice(0, image.lastIndexOf('/') + 1)),
    'the policy allows this message’s images only',
  );
  const shown = await fetch(image);
  assert.equal(shown.status, 200, 'no cookie is needed');
  assert.equal(shown.headers.get('content-type'), 'image/png');
  assert.equal(shown.headers.get('cross-origin-resource-policy'), 'cross-origin');
  assert.equal(shown.headers.get('cache-control'), 'private, no-store');
  assert.deepEqual(Buffer.from(await shown.arrayBuffer()), Buffer.from(png, 'base64'));
  assert.equal(
    (await fetch(image.replace(/.(\/\d+[_\d]*)$/, (all, end: string) => `${all.startsWith('A') ? 'Q' : 'A'}${end}`)))
      .status,
    404,
    'nobody else signs',
  );

  const link = (/href="([^"]+\/out\?[^"]+)"/.exec(text)?.[1] ?? '').replaceAll(/&amp;|&#x26;/g, '&');
  const out = await browser.fetch(link);
  assert.equal(out.status, 200);
  assert.equal(out.headers.get('refresh'), '1; url=https://example.org/?a=1&b=2');
  assert.match(await out.text(), /<h1>This link leads to example\.org<\/h1>/);
  assert.equal((await browser.fetch(link.replace('example.org', 'evil.example'))).status, 404);

  const waiting = browser.fetch(`/mail/height/${measure}`);
  const height = (token: string, band: string) => fetch(`${browser.url}/mail/m/${token}/${band}`);
  const gif = await height(measure, '30');
  const image200 = [gif.status, 'image/gif', 'private, no-store', null];
  const facts = ({ status, headers }: Response): unknown[] => [
    status,
    ...['content-type', 'cache-control', 'set-cookie'].map((name) => headers.get(name)),
  ];
  assert.deepEqual(facts(gif), image200);
  for (const [token, band] of [['abcdefghijklmnopqrsu', '30'] as const, [measure, 'x'] as const]) {
    const other = await height(token, band);
    assert.deepEqual(facts(other), image200, 'nothing is learned from the answer');
  }
  const told = (await (await waiting).json()) as { frame: number; height: number };
  assert.equal(told.frame, 600);
  assert.ok(told.height > 0 && told.height < 600);

  assert.deepEqual(await problemOf(await browser.fetch(`${path}?measure=short`)), [400, 'malformed']);
  assert.deepEqual(await problemOf(await browser.fetch(`/mail/${browser.account}/Mnone`)), [404, 'not-found']);
  assert.deepEqual(await problemOf(await fetch(`${browser.url}${path}`)), [401, 'unauthenticated']);
});

test('D28 with a second origin mails are shown there, and nothing else is', async () => {
  using folder = openFolder();
  await using postern = await openPostern(village, folder.path, { POSTERN_MAIL_ORIGIN: 'http://body.localhost:1' });
  const { browser } = postern;
  await browser.signIn(village.users[0]!.address, village.users[0]!.password);
  const moved = await browser.fetch(`/mail/${browser.account}/${await firstEmail(browser)}?images=0`);
  assert.equal(moved.status, 302);
  const there = new URL(moved.headers.get('location') ?? '');
  assert.equal(there.origin, 'http://body.localhost:1');
  const ask = (path: string) =>
    new Promise<[number, string]>((resolve, reject) => {
      get(new URL(path, browser.url), { headers: { host: 'body.localhost:1' } }, (answer) => {
        let text = '';
        answer.on('data', (chunk: Buffer) => (text += chunk.toString()));
        answer.on('end', () => resolve([answer.statusCode ?? 0, text]));
      }).on('error', reject);
    });
  const [status, text] = await ask(there.pathname);
  assert.equal(status, 200);
  assert.match(text, /body\.localhost:1\/mail\/img\//);
  assert.ok(text.includes(`href="${browser.url}/out?`), 'links go through the app’s own page');
  for (const path of ['/', '/auth/session', '/jmap/api', there.pathname.replace('/mail/document', '/mail/x')])
    assert.equal((await ask(path))[0], 404, path);
});
