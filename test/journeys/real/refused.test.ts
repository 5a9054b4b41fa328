import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { composer, editorOf, pressSend, sendNow, sentToast } from './composing.ts';
import { letter, subjects } from './letters.ts';
import { openReal, type Real, signIn, until, type Visit } from './world.ts';

/** A letter that the server refuses is not sent, is not lost, and the person knows. */

let real: Real;
let at: Visit;

before(async () => {
  real = await openReal();
  const { village, alice } = real;
  await village.deliver(alice.address, letter({ subject: 'Rowing on Friday' }));
  at = await real.visit();
  await signIn(real, at.page, alice);
  await at.page.getByRole('row', { name: /Rowing on Friday/u }).waitFor();
});
after(() => real[Symbol.asyncDispose]());

test('a refused letter is back in Drafts, and the person is told in the words of the server', async () => {
  const { page, errors } = at;
  const { village, alice } = real;
  await page.keyboard.press('c');
  await composer(page, 'New message').getByRole('combobox', { name: 'To' }).fill('nobody@village.test,');
  await composer(page, 'New message').getByLabel('Subject').fill('To nobody');
  const dialog = composer(page, 'To nobody');
  await editorOf(dialog).click();
  await page.keyboard.type('Is anybody there?');
  await pressSend(page, dialog);
  await sendNow(page);
  const toast = page.locator('.toast');
  await toast
    .getByText(/^Not sent yet: “To nobody”\. The server said: .*nobody@village\.test.* It is kept in your drafts\.$/u)
    .waitFor();
  await page
    .getByRole('alert')
    .getByText(/^Not sent yet/u)
    .waitFor();
  await until(
    'it lies in Drafts',
    () => subjects(village, alice, 'Drafts'),
    (all) => all.includes('To nobody'),
  );
  assert.ok(!(await subjects(village, alice, 'Sent')).includes('To nobody'));

  await toast.getByRole('button', { name: 'Edit' }).click();
  await editorOf(dialog).getByText('Is anybody there?').waitFor();
  await dialog.getByRole('button', { name: 'Remove nobody@village.test' }).click();
  await dialog.getByRole('combobox', { name: 'To' }).fill('alice@village.test,');
  await pressSend(page, dialog);
  await sendNow(page);
  await sentToast(page);
  await until(
    'it has come',
    () => subjects(village, alice, 'INBOX'),
    (all) => all.includes('To nobody'),
  );
  await until(
    'no draft is left',
    () => subjects(village, alice, 'Drafts'),
    (all) => all.length === 0,
  );
  assert.deepEqual(errors, []);
});

test('a letter that failed while nobody looked is told of at the next visit, once', async () => {
  const { page } = at;
  await page.keyboard.press('c');
  await composer(page, 'New message').getByRole('combobox', { name: 'To' }).fill('no-one@village.test,');
  await composer(page, 'New message').getByLabel('Subject').fill('Nobody looks');
  const dialog = composer(page, 'Nobody looks');
  await pressSend(page, dialog);
  await page.goto('about:blank');
  const { alice, village } = real;
  await until(
    'the server has refused it',
    () => subjects(village, alice, 'Drafts'),
    (all) => all.includes('Nobody looks'),
    40_000,
  );
  await page.goto(real.url);
  await page
    .locator('.toast')
    .getByText(/^Not sent yet: “Nobody looks”/u)
    .waitFor();
  await page.locator('.toast').getByRole('button', { name: 'Edit' }).click();
  await composer(page, 'Nobody looks').getByRole('button', { name: 'Remove no-one@village.test' }).waitFor();
  await page.reload();
  await page.getByRole('row').first().waitFor();
  assert.equal(await page.locator('.toast').count(), 0);
});
