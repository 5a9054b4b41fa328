import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { editorOf, inlineComposer, sentToast } from './composing.ts';
import { letter, mailbox } from './letters.ts';
import { focused, focusOn, openReal, type Real, until } from './world.ts';

let real: Real;

before(async () => {
  real = await openReal();
  const { village, alice } = real;
  for (const subject of ['First', 'Second', 'Third']) await village.deliver(alice.address, letter({ subject }));
});
after(() => real[Symbol.asyncDispose]());

test('the whole way without a mouse: sign in, read, archive, answer, send; the focus is never lost', async () => {
  const { page, errors } = await real.visit();
  const { alice, bob, village } = real;
  const press = async (...keys: string[]): Promise<void> => {
    for (const key of keys) await page.keyboard.press(key);
  };
  await page.goto(real.url);
  await focusOn(page, /^input Email address/u);
  await page.keyboard.type(alice.address);
  await press('Tab');
  assert.match(await focused(page), /^button Which password do I need/u);
  await press('Tab');
  assert.match(await focused(page), /^input Password/u);
  await page.keyboard.type(alice.password);
  await press('Tab');
  assert.match(await focused(page), /^button Show password/u);
  await press('Tab');
  assert.match(await focused(page), /^button Sign in/u);
  await press('Enter');
  await page.getByRole('row', { name: /First/u }).waitFor();

  await press('j');
  await focusOn(page, /^row .*Third/u);
  await press('j');
  await focusOn(page, /^row .*Second/u);
  await page.locator('.conv').getByRole('heading', { name: 'Second' }).waitFor();
  await press('e');
  await focusOn(page, /^row .*First/u);
  await press('k');
  await focusOn(page, /^row .*Third/u);
  await press('#');
  await focusOn(page, /^row .*First/u);
  await page.locator('.conv').getByRole('heading', { name: 'First' }).waitFor();

  await press('r');
  const reply = inlineComposer(page);
  await focusOn(page, /^iframe Text of the letter/u);
  await page.keyboard.type('By hand, without a mouse.');
  await editorOf(reply).getByText('By hand, without a mouse.').waitFor();
  await press('Shift+Tab');
  await focusOn(page, /Reply to Bob Burns|Open in a window/u);
  await press('Tab');
  await focusOn(page, /^iframe Text of the letter/u);
  await press('Tab');
  await focusOn(page, /^button .*(Send|quoted text)/u);
  await press('Control+Enter');
  await page
    .locator('.toast')
    .getByText(/^Sending in/u)
    .waitFor();
  await focusOn(page, /^row .*First/u);
  await press('z');
  await editorOf(page.getByRole('dialog', { name: 'Re: First' }))
    .getByText('By hand')
    .waitFor();
  await focusOn(page, /^iframe Text of the letter/u);
  await press('Control+Enter');
  await page
    .locator('.toast')
    .getByText(/^Sending in/u)
    .waitFor();
  await focusOn(page, /^row .*First/u);
  await sentToast(page);
  const [got] = await until(
    'bob has it',
    () => mailbox(village, bob, 'INBOX'),
    (all) => all.length === 1,
  );
  assert.match(got?.source.toString() ?? '', /By hand, without a mouse\./u);

  // Escape folds a window up and gives the focus back; what was written stays.
  await press('c');
  await focusOn(page, /^combobox To/u);
  await press('Tab', 'Tab', 'Tab');
  assert.match(await focused(page), /^input Subject/u);
  await page.keyboard.type('Later');
  await press('Escape');
  await page.getByRole('button', { name: 'Later', exact: true }).waitFor();
  await focusOn(page, /^row .*First/u);
  await page.keyboard.press('Escape');
  assert.deepEqual(errors, []);
});
