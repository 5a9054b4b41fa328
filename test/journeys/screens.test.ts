import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Page } from 'playwright-core';
import { violationsOf } from './axe.ts';
import { desktop, phone, type Look } from './browser.ts';
import type { Fake } from './fake-jmap.ts';
import { openVisits, rowNamed } from './visit.ts';

/** What axe finds on each screen, by day and night, on a desk and a phone. */

const visit = openVisits();

const looks: [string, Look][] = [
  ['desktop, day', desktop],
  ['desktop, night', { ...desktop, dark: true }],
  ['phone, day', phone],
  ['phone, night', { ...phone, dark: true }],
];
const screens: [string, string, (page: Page, fake: Fake) => Promise<unknown>][] = [
  ['list', '/', (page) => rowNamed(page, 'Margit').waitFor()],
  ['letter', '/a/ada@lindqvist.example/inbox/c/Tplan', (page) => page.getByText('Hello Ada').waitFor()],
  ['HTML letter', '/a/ada@lindqvist.example/inbox/c/Tloans', (page) => page.locator('iframe').waitFor()],
  [
    'empty folder',
    '/a/ada@lindqvist.example/receipts',
    (page) =>
      page
        .getByText(/no such folder|No mail here/)
        .first()
        .waitFor(),
  ],
  ['search without a find', '/search?q=zebra+from:x', (page) => page.getByText('No mail matches.').waitFor()],
  [
    'chosen rows',
    '/',
    async (page) => {
      await rowNamed(page, 'Margit').waitFor();
      await page.keyboard.press('j');
      await page.keyboard.press('x');
      await page.getByText('1 chosen').first().waitFor();
    },
  ],
  [
    'help',
    '/',
    async (page) => {
      await rowNamed(page, 'Margit').waitFor();
      await page.keyboard.press('?');
      await page.getByRole('dialog').waitFor();
    },
  ],
  [
    'menu',
    '/a/ada@lindqvist.example/inbox/c/Tplan',
    async (page) => {
      await page.getByText('Hello Ada').waitFor();
      await page.getByRole('button', { name: 'More actions' }).click();
      await page.getByRole('menu').waitFor();
    },
  ],
];

for (const [screen, path, ready] of screens)
  test(`axe finds nothing: ${screen}`, async () => {
    for (const [name, look] of looks) {
      await using at = await visit(path, look);
      await ready(at.page, at.fake);
      await at.page.waitForTimeout(100);
      assert.deepEqual(await violationsOf(at.page, { exclude: ['iframe'] }), [], `${screen}, ${name}`);
    }
  });
