import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Browser, CDPSession, Locator, Page } from 'playwright-core';
import { openBrowser } from './browser.ts';
import { chips, openDesk } from './composer-kit.ts';
import { editorOf } from './real/composing.ts';
import { focusOn, until } from './real/world.ts';
import { focusIs, rowNamed, visit } from './visit.ts';

/** Writing with input methods and under keyboards of other scripts. */

let browser: Browser;
before(async () => {
  browser = await openBrowser();
});
after(async () => {
  await browser.close();
});

/** An input method as macOS shows it to a page: the keys it takes have their names, and the code 229. */
const inputMethod = async (page: Page) => {
  const devtools: CDPSession = await page.context().newCDPSession(page);
  const press = async (key: string, code: string, windowsVirtualKeyCode: number, modifiers: number): Promise<void> => {
    for (const type of ['rawKeyDown', 'keyUp'] as const)
      await devtools.send('Input.dispatchKeyEvent', { type, key, code, windowsVirtualKeyCode, modifiers });
  };
  return {
    /** Shows a text that is not decided yet. */
    compose: (text: string) =>
      devtools.send('Input.imeSetComposition', { text, selectionStart: text.length, selectionEnd: text.length }),
    commit: (text: string) => devtools.send('Input.insertText', { text }),
    /** Keys that the input method takes. */
    takes: async (...keys: string[]) => {
      for (const key of keys) await press(key, key, 229, 0);
    },
    /** A letter of another script; `modifiers` as of Input.dispatchKeyEvent (2: Ctrl, 8: Shift). */
    letter: (key: string, code: string, modifiers = 0) => press(key, code, code.charCodeAt(3), modifiers),
  };
};

test('W30 what an input method takes is no key of Postern: nothing is chosen, closed, run or sent', async () => {
  await using at = await openDesk(browser);
  const { page, press } = at;
  const { compose, commit, takes } = await inputMethod(page);
  const letter = await at.begin();

  const to = letter.getByRole('combobox', { name: 'To' });
  await compose('bo');
  await letter.getByRole('option', { name: /Bob Ek/u }).waitFor();
  await takes('ArrowDown', 'Enter', 'Tab', 'Escape', 'Backspace');
  await commit('bo');
  assert.deepEqual(await chips(letter), []);
  assert.equal(await to.inputValue(), 'bo');
  await press('Enter');
  await until(
    'Bo is taken by a key of his own',
    () => chips(letter),
    (all) => all.length === 1,
  );

  const subject = letter.getByLabel('Subject');
  await subject.focus();
  await compose('けん');
  await takes('Escape', 'Enter');
  await commit('件');
  assert.equal(await subject.inputValue(), '件');

  const texts: [string, () => Locator][] = [
    ['rich', () => editorOf(letter)],
    ['plain', () => letter.locator('.comp-plain')],
  ];
  for (const [mode, text] of texts) {
    if (mode === 'plain') await letter.getByRole('button', { name: 'Plain text' }).click();
    await text().click();
    await compose('ほん');
    await takes('Escape', 'Tab', 'Enter');
    await commit('本');
    assert.equal(await letter.count(), 1, mode);
    await focusOn(page, /Text of the letter/u);
  }
  assert.equal(await letter.locator('.comp-plain').inputValue(), '本本');
  await press('Escape');
  await page.locator('.comp-tab').waitFor();

  await press('Control+k');
  const palette = page.getByRole('combobox', { name: /command/iu });
  await palette.waitFor();
  await compose('しん');
  await takes('ArrowDown', 'Enter', 'Escape');
  await commit('新');
  assert.equal(await palette.inputValue(), '新');
  await press('Escape');
  assert.deepEqual(at.errors, []);
});

test('E28 what is composed in the place of a selection can be undone', async () => {
  await using at = await openDesk(browser);
  const { page, press } = at;
  const { compose, commit, takes } = await inputMethod(page);
  const letter = await at.begin();
  const text = editorOf(letter);
  await text.click();
  await page.keyboard.type('one');
  await press('Enter');
  await page.keyboard.type('two');
  await press('Control+a');
  // Windows, Linux and Android do not name the key.
  await takes('Process');
  await compose('か');
  await commit('蚊');
  assert.equal(await text.innerText(), '蚊');
  await press('Control+z');
  assert.equal(await text.innerText(), 'one\ntwo');
  await press('Control+y');
  assert.equal(await text.innerText(), '蚊');
  assert.deepEqual(at.errors, []);
});

test('W30 under a keyboard of another script, keys are what stands on them elsewhere', async () => {
  await using at = await visit(browser);
  const { page } = at;
  const { letter } = await inputMethod(page);
  await rowNamed(page, 'Margit').waitFor();
  await letter('о', 'KeyJ');
  await focusIs(page, 'Margit');
  await letter('о', 'KeyJ');
  await focusIs(page, 'Tomasz');
  await letter('л', 'KeyK');
  await focusIs(page, 'Margit');
  await letter('Г', 'KeyU', 8);
  await page.locator('.row.unread', { hasText: 'Margit' }).waitFor();
  await letter('ب', 'KeyC');
  const window = page.locator('.comp.docked');
  await window.getByRole('combobox', { name: 'To' }).waitFor();
  await letter('С', 'KeyC', 10);
  await window.getByRole('combobox', { name: 'Cc' }).waitFor();
  await editorOf(window).click();
  await page.keyboard.type('text');
  await letter('И', 'KeyB', 10);
  await window.getByRole('combobox', { name: 'Bcc' }).waitFor();
  await editorOf(window).click();
  await letter('л', 'KeyK', 2);
  await focusOn(page, /^input Where the link leads/u);
  assert.deepEqual(at.errors, []);
});

test('E29 Tab in a list leaves the text as it is', async () => {
  await using at = await openDesk(browser);
  const { page, press } = at;
  const letter = await at.begin();
  const text = editorOf(letter);
  await text.click();
  await page.keyboard.type('* one');
  await press('Enter', 'Control+]');
  const before = await text.innerHTML();
  assert.match(before, /<ul><li>.*<\/ul><\/ul>/u);
  await press('Tab');
  await focusOn(page, /^button Send/u);
  await press('Shift+Tab');
  await focusOn(page, /^iframe Text/u);
  await press('Shift+Tab');
  await focusOn(page, /^input Subject/u);
  assert.equal(await text.innerHTML(), before);
});
