import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { closeSync, globSync, openSync, statSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { openDovecot } from '#village/dovecot.ts';
import type { Browser } from './browser.ts';
import { openFolder } from './postern.ts';
import { serve } from './process.ts';

const count = 300;

/** Writes nonsense into each so many pages of the file, but not where it says what it is. */
const damage = (file: string, each: number): void => {
  const page = 4096;
  const fd = openSync(file, 'r+');
  for (let at = 20 * page; at < statSync(file).size; at += each * page)
    writeSync(fd, randomBytes(100), 0, 100, at + 1_000);
  closeSync(fd);
};

/** How many letters are listed, shown, and found by a word of their text. */
const seen = async (browser: Browser): Promise<unknown[]> => {
  const asked = browser.request([
    ['Email/query', { calculateTotal: true }],
    ['Email/get', { '#ids': { resultOf: 'c0', name: 'Email/query', path: '/ids' }, properties: ['subject'] }],
    ['Email/query', { filter: { body: 'heron' }, calculateTotal: true }],
  ]);
  const answer = await browser.post('/jmap/api', asked);
  const text = await answer.text();
  if (answer.status !== 200) return [answer.status];
  const { methodResponses } = JSON.parse(text) as { methodResponses: [string, Record<string, unknown>][] };
  return methodResponses.map(([, { total, list, type }]) => total ?? (list as unknown[] | undefined)?.length ?? type);
};

const all = [count, count, count];
const isAll = (found: unknown[]): boolean => String(found) === String(all);

test('D25 an index in which pages are damaged, many or a few, is made anew and asks nobody for anything', async () => {
  await using village = await openDovecot();
  using folder = openFolder();
  const { address, password } = village.users[0]!;
  for (let n = 0; n < count; n += 1) {
    const letter = `From: bob@village.test\r\nSubject: letter ${n}\r\nMessage-ID: <${n}@village.test>\r\n\r\n`;
    village.put(address, 'INBOX', `${letter}${'a grey heron in the reeds '.repeat(100)}\r\n`, {
      receivedAt: 1_700_000_000 + n,
    });
  }
  let browser: Browser;
  {
    await using postern = await serve(village, folder.path);
    browser = postern.browser;
    assert.equal((await browser.signIn(address, password)).status, 200);
    await browser.until(() => seen(browser), isAll, 60_000);
    await postern.stop();
  }
  for (const each of [3, 97]) {
    const [file = ''] = globSync(join(folder.path, 'index', '*.db'));
    assert.ok(statSync(file).size > 4096 * 150, 'the damage hits something');
    damage(file, each);
    await using postern = await serve(village, folder.path, { env: { POSTERN_LOG: 'warn' } });
    browser = browser.at(postern.url);
    assert.equal((await browser.post('/auth/unlock')).status, 200);
    await browser.until(() => seen(browser), isAll, 60_000);
    await browser.until(
      async () => {
        await seen(browser);
        return postern.said;
      },
      (said) => said.includes('index rebuilt'),
      30_000,
    );
    await browser.until(() => seen(browser), isAll, 60_000);
    await postern.stop();
    assert.doesNotMatch(postern.said, /heron|"level":"error"/);
  }
});
