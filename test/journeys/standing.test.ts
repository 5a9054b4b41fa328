import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Browser } from 'playwright-core';
import type { UTCDate } from '#jmap/ids.ts';
import { desktop, openBrowser } from './browser.ts';
import { rowNamed, visit } from './visit.ts';

/** How each of several accounts stands: below its name, in the status line, above the list. */

let browser: Browser;
before(async () => {
  browser = await openBrowser();
});
after(async () => {
  await browser.close();
});

const at = '2025-11-06T08:40:00Z' as UTCDate;
const whole = { known: 10, total: 10, reachesTo: null, done: true, searchable: 10, read: 10, readTo: null };

test('G1 G4 what is the matter with an account stands below its name, of any in the status line, above its own list only', async () => {
  const standing = {
    Alindqvist: { progress: { ...whole, total: 900, reachesTo: '2019-03-04T12:00:00Z' as UTCDate, done: false } },
    Agmail: { status: { at: 'refused', since: at, words: 'No.' } as const },
    Arowing: { status: { at: 'away', since: at, retryAt: at, code: 'net/silent', words: null } as const },
  };
  await using visited = await visit(browser, '/', desktop, { accounts: 3, standing });
  const { page, press } = visited;
  await rowNamed(page, 'Margit').waitFor();
  const below = (name: RegExp) => page.getByRole('treeitem', { name }).locator('small');
  assert.deepEqual(
    await Promise.all([/^Lindqvist/u, /^Gmail/u, /^Rowing club/u].map((name) => below(name).textContent())),
    ['Fetching 2019', 'needs its password', 'does not answer'],
  );
  await page.locator('.bar').getByText('Gmail needs its password again').waitFor();
  const banners = page.getByRole('note').filter({ hasText: /needs its password|does not answer/u });
  assert.deepEqual(await banners.allTextContents(), []);
  await press('g', '2');
  await banners.filter({ hasText: 'Gmail needs its password again.' }).waitFor();
  assert.equal(await banners.count(), 1);
  await press('g', '3');
  await banners.filter({ hasText: 'imap.ruder.example does not answer.' }).waitFor();
  assert.equal(await banners.count(), 1);
  await press('g', '1');
  await banners.waitFor({ state: 'detached' });
  assert.deepEqual(visited.errors, []);
});

test('G4 an account with which nothing is the matter has its address below its name', async () => {
  await using visited = await visit(browser, '/', desktop, { accounts: 3 });
  const { page } = visited;
  await page
    .getByRole('treeitem', { name: /^Rowing club/u })
    .getByText('treasurer@ruder.example')
    .waitFor();
});
