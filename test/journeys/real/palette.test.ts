import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Locator, Page } from 'playwright-core';
import { fourPictures } from '../pictures.ts';
import { letter, subjects } from './letters.ts';
import { accessibleEverywhere, focusOn, openReal, type Real, signIn, until, type Visit } from './world.ts';

/** The command palette, with a real Dovecot. */

let real: Real;
let at: Visit;
before(async () => {
  real = await openReal();
  const { village, alice } = real;
  village.dovecot.doveadm('mailbox', 'create', '-s', '-u', alice.address, 'Rowing');
  for (const subject of ['First', 'Second', 'Third']) await village.deliver(alice.address, letter({ subject }));
  at = await real.visit();
  await signIn(real, at.page, alice);
  await row(at.page, 'Third').waitFor();
});
after(() => real[Symbol.asyncDispose]());

const row = (page: Page, subject: string): Locator => page.getByRole('row', { name: new RegExp(subject, 'u') });
const palette = (page: Page): Locator => page.getByRole('dialog', { name: 'Commands' });
const option = (page: Page, name: string): Locator => palette(page).getByRole('option', { name });
const run = async (page: Page, typed: string, name: string): Promise<void> => {
  await page.keyboard.press('Control+k');
  await page.keyboard.type(typed);
  await palette(page).locator('[aria-selected="true"]').getByText(name).waitFor();
  await page.keyboard.press('Enter');
  await palette(page).waitFor({ state: 'hidden' });
};

test('W9 Ctrl+K names what it acts on, shows keys, and gives the focus back', async () => {
  const { page } = at;
  await page.keyboard.press('j');
  await focusOn(page, /^row .*Third/u);
  await page.keyboard.press('Control+k');
  await focusOn(page, /^combobox Commands/u);
  await palette(page).getByText('On “Third”').waitFor();
  await option(page, 'Archive E').waitFor();
  await accessibleEverywhere(page, 'the command palette');
  await fourPictures(page, 'palette');
  await page.keyboard.type('nothing has this name');
  await option(page, 'Search all mail for “nothing has this name”').waitFor();
  assert.equal(await palette(page).getByRole('option').count(), 1);
  await page.keyboard.press('Escape');
  await focusOn(page, /^row .*Third/u);
});

test('W9 it moves, undoes, goes to folders and people', async () => {
  const { page } = at;
  await run(page, 'rowi', 'Move to Rowing');
  await until(
    'Third lies in Rowing',
    () => subjects(real.village, real.alice, 'Rowing'),
    (list) => list.includes('Third'),
  );
  await run(page, 'undo', 'Undo');
  await row(page, 'Third').waitFor();
  await run(page, '#rowing', 'Rowing');
  await page.getByRole('heading', { name: 'Rowing', level: 1 }).waitFor();
  await run(page, '@burns', 'Bob Burns');
  await page.waitForURL(/\/search\?q=from%3Abob%40village\.test/u);
  await row(page, 'First').waitFor();
  await page.getByRole('button', { name: 'Commands' }).click();
  await option(page, 'Inbox').click();
  await page.getByRole('heading', { name: 'Inbox', level: 1 }).waitFor();
});

test('W9 in the settings it acts on no mail; it leads to a page and to the night', async () => {
  const { page, errors } = at;
  await page.keyboard.press('j');
  await run(page, 'app pass', 'App passwords');
  await page.getByRole('heading', { name: 'App passwords' }).first().waitFor();
  await page.keyboard.press('Control+k');
  await palette(page).waitFor();
  assert.equal(await palette(page).getByText('This conversation').count(), 0);
  assert.equal(await palette(page).getByText('This list').count(), 0);
  await page.keyboard.type('night');
  await page.keyboard.press('Enter');
  await page.locator('html[data-theme="dark"]').waitFor();
  assert.deepEqual(errors, []);
});
