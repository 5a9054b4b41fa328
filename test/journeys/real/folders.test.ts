import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Page } from 'playwright-core';
import { composer, editorOf, pressSend, sendNow, sentToast } from './composing.ts';
import { letter, subjects } from './letters.ts';
import { accessibleEverywhere, openReal, type Real, signIn, until, type Visit } from './world.ts';
import { fourPictures } from '../pictures.ts';

/** Which folder is used for what, chosen in the settings, with a real Dovecot. */

let real: Real;
let at: Visit;
before(async () => {
  real = await openReal();
  const { village, alice } = real;
  for (const name of ['Dispatched', 'Old papers'])
    village.dovecot.doveadm('mailbox', 'create', '-s', '-u', alice.address, name);
  await village.deliver(alice.address, letter({ subject: 'Rowing on Friday' }));
  at = await real.visit();
  await signIn(real, at.page, alice);
});
after(() => real[Symbol.asyncDispose]());

const folder = (page: Page, role: string) => page.locator('.mapped').getByLabel(role, { exact: true });
const chosen = (page: Page, role: string, words: string): Promise<unknown> =>
  until(
    `${role} is ${words}`,
    () => folder(page, role).locator('option:checked').innerText(),
    (text) => text === words,
  );
const openFolders = async (page: Page): Promise<void> => {
  await page.goto(`${real.url}/settings/accounts`);
  await page.getByRole('button', { name: /^Edit / }).click();
  await folder(page, 'Sent').waitFor();
};
const send = async (page: Page, subject: string): Promise<void> => {
  await page.goto(real.url);
  await page.getByRole('row', { name: /Rowing on Friday/u }).waitFor();
  await page.keyboard.press('c');
  const fresh = composer(page, 'New message');
  await fresh.getByRole('combobox', { name: 'To' }).fill(`${real.bob.address},`);
  await fresh.getByLabel('Subject').fill(subject);
  const written = composer(page, subject);
  await editorOf(written).click();
  await page.keyboard.type('As agreed.');
  await pressSend(page, written);
  await sendNow(page);
  await sentToast(page);
};
const filed = (name: string, subject: string): Promise<unknown> =>
  until(
    `${subject} lies in ${name}`,
    () => subjects(real.village, real.alice, name),
    (list) => list.includes(subject),
  );

test('G36 the copy of what is sent goes into the folder that was chosen, after a restart too', async () => {
  const { page, errors } = at;
  await openFolders(page);
  await chosen(page, 'Archive', 'Found by the server: Archive');
  await folder(page, 'Sent').selectOption({ label: 'Dispatched' });
  await page.locator('.toast').getByText('Changed the folder for Sent').waitFor();
  await chosen(page, 'Sent', 'Dispatched');
  await accessibleEverywhere(page, 'folders of an account');
  await fourPictures(page, 'folders', () => page.getByRole('heading', { name: 'Folders' }).scrollIntoViewIfNeeded());
  await send(page, 'By the new way');
  await filed('Dispatched', 'By the new way');
  assert.deepEqual(await subjects(real.village, real.alice, 'Sent'), []);

  await real.restart();
  await openFolders(page);
  await chosen(page, 'Sent', 'Dispatched');
  await send(page, 'Once more');
  await filed('Dispatched', 'Once more');
  assert.deepEqual(errors, []);
});

test('G36 a choice is taken back by Undo, and by what the server found', async () => {
  const { page, errors } = at;
  await openFolders(page);
  await folder(page, 'Archive').selectOption({ label: 'Old papers' });
  const toast = page.locator('.toast').filter({ hasText: 'Changed the folder for Archive' });
  await chosen(page, 'Archive', 'Old papers');
  await toast.getByRole('button', { name: /Undo/u }).click();
  await chosen(page, 'Archive', 'Found by the server: Archive');
  await folder(page, 'Sent').selectOption({ index: 0 });
  await chosen(page, 'Sent', 'Found by the server: Sent');
  await send(page, 'By the old way');
  await filed('Sent', 'By the old way');
  assert.deepEqual(errors, []);
});
