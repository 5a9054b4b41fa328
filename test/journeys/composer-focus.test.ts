import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Browser } from 'playwright-core';
import { openBrowser } from './browser.ts';
import { docked, openDesk, openMargit, text, windows } from './composer-kit.ts';
import { editorOf } from './real/composing.ts';
import { focusOn, until } from './real/world.ts';

/** Where the focus and the caret are while letters are written, and what keys do there. */

let browser: Browser;
before(async () => {
  browser = await openBrowser();
});
after(async () => {
  await browser.close();
});

test('E7 the caret stays where it was from shape to shape', async () => {
  await using at = await openDesk(browser);
  const { page, press } = at;
  await openMargit(at);
  await press('r');
  const inline = page.locator('.comp.inline');
  await editorOf(inline).waitFor();
  await focusOn(page, /^iframe Text/u);
  await page.keyboard.type('first words');
  await press('ArrowLeft');
  await inline.getByRole('button', { name: 'Open in a window' }).click();
  await editorOf(docked(page)).getByText('first words').waitFor();
  await focusOn(page, /^iframe Text/u);
  await page.keyboard.type('XYZ');
  assert.equal((await text(docked(page))).trim(), 'first wordXYZs');
  await press('Escape');
  await page.locator('.comp-tab .grow').click();
  await editorOf(docked(page)).waitFor();
  await focusOn(page, /^iframe Text/u);
  await page.keyboard.type('!');
  assert.equal((await text(docked(page))).trim(), 'first wordXYZ!s');
  await docked(page).getByRole('button', { name: 'Plain text' }).click();
  const plain = docked(page).getByRole('textbox', { name: 'Text of the letter' });
  await plain.press('Control+Home');
  await page.keyboard.type('My ');
  await press('Escape');
  await page.locator('.comp-tab .grow').click();
  await focusOn(page, /^textarea Text/u);
  await page.keyboard.type('very ');
  assert.equal(await plain.inputValue(), 'My very first wordXYZ!s');
  await docked(page)
    .getByText(/^Saved/u)
    .waitFor();
  await docked(page).getByRole('button', { name: 'Save and close' }).click();
  await press('g', 'd');
  await page.locator('[role=row]', { hasText: 'My very' }).click();
  await focusOn(page, /^textarea Text/u);
  await page.keyboard.type('.');
  assert.equal(await plain.inputValue(), 'My very first wordXYZ!s.');
  assert.deepEqual(at.errors, []);
});

test('F3 F6 goes to the letter and on', async () => {
  await using at = await openDesk(browser);
  const { page, press } = at;
  const letter = await at.begin();
  await focusOn(page, /^combobox To/u);
  const here = (): Promise<boolean> =>
    letter.evaluate((own) => (own as unknown as { matches(of: string): boolean }).matches(':focus-within'));
  await press('Shift+F6');
  assert.equal(await here(), false);
  await press('F6');
  await focusOn(page, /^combobox To/u);
  await editorOf(letter).click();
  await page.keyboard.type('a');
  await press('F6');
  await until('the focus elsewhere', here, (now) => !now);
  await press('Shift+F6');
  await focusOn(page, /^iframe Text/u);
  await page.keyboard.type('b');
  await until(
    'the text',
    () => text(letter),
    (now) => now.trim() === 'ab',
    3_000,
  );
});

test('F7 nothing loses the focus; no tooltip is left behind', async () => {
  await using at = await openDesk(browser);
  const { page, press } = at;
  const letter = await at.begin();
  await letter
    .locator('input[type=file]')
    .setInputFiles(['a.txt', 'b.txt'].map((name) => ({ name, mimeType: 'text/plain', buffer: Buffer.from(name) })));
  await letter.getByRole('button', { name: 'Remove a.txt' }).focus();
  await press('Enter');
  await focusOn(page, /^button Remove b.txt/u);
  await press('Enter');
  await focusOn(page, /^button Attach files/u);
  await letter.getByLabel('Subject').fill('Cars');
  await letter.getByText(/^Saved/u).waitFor();
  const minimise = letter.getByRole('button', { name: 'Minimise' });
  await minimise.hover();
  await page.locator('.tip:popover-open').waitFor();
  await minimise.click();
  await page.locator('.comp-tab').waitFor();
  await page.waitForTimeout(700);
  assert.equal(await page.locator('.tip:popover-open').count(), 0);
  await page.getByRole('button', { name: 'Save and close Cars' }).focus();
  await press('Enter');
  await focusOn(page, /^row /u);
  assert.equal(await windows(page), 0);
  assert.deepEqual(at.errors, []);
});

test('E9 the keys of Gmail format, make a link, and go from letter to letter', async () => {
  await using at = await openDesk(browser);
  const { page, press } = at;
  const letter = await at.begin();
  const editor = editorOf(letter);
  const holds = (selector: string, words: string): Promise<unknown> =>
    until(
      `${selector} with ${words}`,
      () => editor.locator(selector).allInnerTexts(),
      (all) => all.some((each) => each.trim() === words),
      5_000,
    );
  await editor.click();
  await page.keyboard.type('one');
  await press('Control+Shift+Digit8');
  await holds('ul li', 'one');
  await press('Control+Shift+Digit7');
  await holds('ol li', 'one');
  await press('Control+Shift+E');
  await holds('[style*="center"]', 'one');
  await press('Control+a', 'Alt+Shift+Digit5');
  await holds('s', 'one');
  await press('Control+Backslash');
  await until(
    'no formatting',
    () => editor.locator('s').count(),
    (count) => count === 0,
  );
  await press('Control+a', 'Control+k');
  await focusOn(page, /^input Where the link leads/u);
  await press('Escape');
  await focusOn(page, /^iframe Text/u);
  assert.equal(await letter.getByLabel('Where the link leads').count(), 0, 'Escape takes back the question alone');
  await press('Control+k');
  await focusOn(page, /^input Where the link leads/u);
  await page.keyboard.type('ek.example/boats');
  await press('Enter');
  await holds('a[href="https://ek.example/boats"]', 'one');

  await press('Escape');
  await page.locator('.comp-tab').waitFor();
  const second = await at.begin();
  await second.getByLabel('Subject').fill('Second');
  await press('Control+,');
  await until(
    'both',
    () => page.locator('.comp.docked').count(),
    (count) => count === 2,
  );
  await focusOn(page, /^iframe Text/u);
  await page.keyboard.type('!');
  await until(
    'the first',
    () => text(page.locator('.comp.docked').first()),
    (now) => now.includes('!'),
  );
  await press('Control+.');
  const inLetter = `document.activeElement.closest('.comp')?.getAttribute('aria-label')`;
  await until(
    'the focus in the second',
    () => page.evaluate<string>(inLetter),
    (title) => title === 'Second',
  );
  assert.deepEqual(at.errors, []);
});

test('E15 nothing that is typed on the way to an answer is lost, or a command', async () => {
  await using at = await openDesk(browser);
  const { page } = at;
  await openMargit(at);
  const words = 'e# cz abcdefgh\nijklmnopqrstuvwxyz';
  for (const delay of [0, 15, 15, 30]) {
    await page.keyboard.type(`r${words}`, { delay });
    await until(
      'every letter',
      () => text(page.locator('.comp.inline')),
      (now) => now.replaceAll('\u00A0', ' ').trim() === words,
      5_000,
    );
    assert.equal(await windows(page), 1);
    await page.keyboard.press('Control+Shift+D');
    await until(
      'no window',
      () => windows(page),
      (count) => count === 0,
    );
    await focusOn(page, /^(?:row|article)/u);
  }
});

test('E7 whoever goes to a field before the text is there stays in it', async () => {
  await using at = await openDesk(browser);
  const { page } = at;
  await openMargit(at);
  await page.keyboard.press('r');
  const reply = page.locator('.comp.inline');
  await editorOf(reply).waitFor();
  await focusOn(page, /^iframe Text/u);
  const held = Promise.withResolvers<void>();
  await page.route('**/editor/', async (route) => {
    await held.promise;
    await route.continue();
  });
  await reply.getByRole('button', { name: 'Open in a window' }).click();
  await docked(page).getByLabel('Subject').click();
  held.resolve();
  await editorOf(docked(page)).waitFor();
  await page.keyboard.type('Cars', { delay: 100 });
  assert.match(await docked(page).getByLabel('Subject').inputValue(), /Cars/u);
  assert.equal((await text(docked(page))).trim(), '');
  await page.keyboard.press('Tab');
  await focusOn(page, /^iframe Text/u);
});

test('E7 a letter that is brought back has the caret in its text, however late the text is there', async () => {
  await using at = await openDesk(browser);
  const { page } = at;
  const letter = await at.begin();
  await editorOf(letter).click();
  await page.keyboard.type('Cars');
  await page.keyboard.press('Escape');
  await page.locator('.comp-tab').waitFor();
  const held = Promise.withResolvers<void>();
  await page.route('**/editor/', async (route) => {
    await held.promise;
    await route.continue();
  });
  await page.locator('.comp-tab button').first().click();
  await docked(page).getByLabel('Subject').waitFor();
  held.resolve();
  await focusOn(page, /^iframe Text/u);
});
