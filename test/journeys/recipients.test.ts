import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Browser, Locator } from 'playwright-core';
import { openBrowser } from './browser.ts';
import { chips, openDesk, type Desk } from './composer-kit.ts';

/** Who a letter goes to is who was meant: what is typed, pasted, chosen. */

let browser: Browser;
let at: Desk;
let letter: Locator;
before(async () => {
  browser = await openBrowser();
  at = await openDesk(browser);
  letter = await at.begin();
});
after(async () => {
  await at[Symbol.asyncDispose]();
  await browser.close();
});

/** What the field says after `keys`, which leave it empty. */
const entered = async (type: () => Promise<void>): Promise<string[]> => {
  const to = letter.getByRole('combobox', { name: 'To' });
  await to.focus();
  await type();
  const found = await chips(letter);
  await to.fill('');
  for (let left = found.length; left > 0; left -= 1) await letter.locator('.pill-x').first().click();
  return found;
};
const typed = (text: string): Promise<void> => at.page.keyboard.type(text);
const offered = (): Promise<void> => letter.getByRole('option', { name: /Bob Ek/u }).waitFor();

test('E1 an address that is typed on after suggestions came is the one that was typed', async () => {
  const found = await entered(async () => {
    await typed('bob');
    await offered();
    await typed('by@other.test');
    await at.press('Enter');
    await letter.locator('.pill-x').waitFor();
  });
  assert.deepEqual(found, ['bobby@other.test']);
});

test('E1 an address that begins a known one can be entered; the arrows take the known one', async () => {
  const begins = async (): Promise<void> => {
    await typed('bob@demo.te');
    await offered();
  };
  for (const key of ['Enter', 'Tab'])
    assert.deepEqual(
      await entered(async () => {
        await begins();
        await at.press(key);
        await letter.locator('.pill-x').waitFor();
      }),
      ['bob@demo.te'],
    );
  assert.deepEqual(
    await entered(async () => {
      await begins();
      await at.press('ArrowDown', 'Enter');
      await letter.locator('.pill-x').waitFor();
    }),
    ['Bob Ek'],
  );
});

test('E1 Enter on a name takes the first suggestion, also before it is there', async () => {
  assert.deepEqual(
    await entered(async () => {
      await typed('bob');
      await at.press('Enter');
      await letter.locator('.pill-x').waitFor();
    }),
    ['Bob Ek'],
  );
});

test('E2 a column of addresses is as many people; a name may have a comma', async () => {
  const paste = (text: string): Promise<void> =>
    letter.getByRole('combobox', { name: 'To' }).evaluate((input, given) => {
      const { DataTransfer, ClipboardEvent } = globalThis as unknown as {
        DataTransfer: new () => { setData(type: string, text: string): void };
        ClipboardEvent: new (type: string, init: object) => Event;
      };
      const clipboardData = new DataTransfer();
      clipboardData.setData('text/plain', given);
      (input as unknown as EventTarget).dispatchEvent(
        new ClipboardEvent('paste', { clipboardData, bubbles: true, cancelable: true }),
      );
    }, text);
  assert.deepEqual(
    await entered(async () => {
      await paste('one@x.test\ntwo@x.test\r\nfriends: a@x.test, "Al \\"Ace\\" Fox" <al@x.test>;');
      await letter.locator('.pill-x').nth(3).waitFor();
    }),
    ['one@x.test', 'two@x.test', 'a@x.test', 'Al "Ace" Fox'],
  );
  assert.deepEqual(
    await entered(async () => {
      await typed('"Doe, John" <doe@x.test>,Roe, Ann <roe@x.test>');
      await at.press('Enter');
      await letter.locator('.pill-x').nth(1).waitFor();
    }),
    ['Doe, John', 'Roe, Ann'],
  );
  assert.deepEqual(at.errors, []);
});
