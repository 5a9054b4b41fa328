import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Page } from 'playwright-core';
import { composer, editorOf, pressSend } from './composing.ts';
import { letter } from './letters.ts';
import { accessibleEverywhere, focusOn, openReal, type Real, signIn, type Visit } from './world.ts';

/** Letters that have not left are seen, with why, and can be taken back; with a real submission server. */

let real: Real;
let at: Visit;
let full = true;
before(async () => {
  real = await openReal({
    onMessage: () => {
      if (full) throw Object.assign(new Error('4.2.2 the spool is full'), { responseCode: 452 });
    },
  });
  await real.village.deliver(real.alice.address, letter({ subject: 'Rowing on Friday' }));
  at = await real.visit();
  await signIn(real, at.page, real.alice);
  await at.page.getByRole('row', { name: /Rowing on Friday/u }).waitFor();
});
after(() => real[Symbol.asyncDispose]());

const outbox = (page: Page) => page.getByRole('tree').getByRole('treeitem', { name: /^Outbox/u });

const write = async (page: Page, subject: string): Promise<void> => {
  await page.keyboard.press('c');
  await composer(page, 'New message').getByRole('combobox', { name: 'To' }).fill(`${real.bob.address},`);
  await composer(page, 'New message').getByLabel('Subject').fill(subject);
  const dialog = composer(page, subject);
  await editorOf(dialog).click();
  await page.keyboard.type('As agreed.');
  await pressSend(page, dialog);
};

test('O19 while it may still be undone a letter stands in the outbox; taken back it is written on', async () => {
  const { page } = at;
  assert.equal(await outbox(page).count(), 0);
  await write(page, 'Cars and boats');
  await outbox(page).getByText('1 waiting').waitFor();
  await page.keyboard.press('g');
  await page.keyboard.press('o');
  const dialog = page.getByRole('dialog', { name: 'Outbox' });
  await dialog.getByText('Cars and boats').waitFor();
  await dialog.getByText(/^It leaves at \d\d:\d\d\.$/u).waitFor();
  await dialog.getByRole('button', { name: 'Edit Cars and boats' }).click();
  await editorOf(composer(page, 'Cars and boats')).getByText('As agreed.').waitFor();
  await outbox(page).waitFor({ state: 'detached' });
  await composer(page, 'Cars and boats')
    .getByRole('button', { name: /^Discard/u })
    .click();
});

test('O9 O19 what the server put off stands there with its words and the next time', async () => {
  const { page, errors } = at;
  await write(page, 'Minutes');
  await page.getByRole('button', { name: 'Send now' }).click();
  await page
    .locator('.toast')
    .getByText(/the spool is full/u)
    .waitFor();
  await outbox(page).click();
  const dialog = page.getByRole('dialog', { name: 'Outbox' });
  await dialog.getByText(/^The server said: the spool is full\. Trying again at \d\d:\d\d\.$/u).waitFor();
  await accessibleEverywhere(page, 'the outbox');
  await page.keyboard.press('Escape');
  await focusOn(page, /^row /u);
  full = false;
  await page.reload();
  await outbox(page).getByText('1 waiting').waitFor();
  assert.deepEqual(errors, []);
});
