import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Browser } from 'playwright-core';
import { openBrowser } from './browser.ts';
import { chips, docked, openDesk, openMargit, saved, text, windows } from './composer-kit.ts';
import { editorOf } from './real/composing.ts';
import { focusOn, until } from './real/world.ts';

/** The windows of letters: what closing, discarding, a failed sending and loading again leave of them. */

let browser: Browser;
before(async () => {
  browser = await openBrowser();
});
after(async () => {
  await browser.close();
});

test('E4 letters in which nobody wrote close without a trace; the focus goes back', async () => {
  await using at = await openDesk(browser);
  const { page, press } = at;
  await at.begin();
  await press('Escape');
  await until(
    'no window',
    () => windows(page),
    (count) => count === 0,
  );
  await openMargit(at);
  for (const key of ['r', 'a']) {
    await press(key);
    await editorOf(page.locator('.comp.inline')).waitFor();
    await focusOn(page, /^iframe Text/u);
    await press('Escape');
    await until(
      'no window',
      () => windows(page),
      (count) => count === 0,
    );
  }
  const letter = await at.begin();
  await page.keyboard.type('zoe');
  await press('Escape');
  await page.locator('.comp-tab').waitFor();
  assert.equal(await letter.count(), 0, 'a half-typed name is not thrown away');
  assert.deepEqual(at.kept('drafts'), []);
  assert.deepEqual(at.errors, []);
});

test('E5 a discarded draft is in Trash at once, also when the page is loaded again; undo opens it', async () => {
  await using at = await openDesk(browser);
  const { page, press } = at;
  const letter = await at.begin();
  await letter.getByLabel('Subject').fill('Cars');
  await saved(at, 'drafts', 1);
  await letter.getByText(/^Saved/u).waitFor();
  await letter.getByRole('button', { name: 'Discard draft' }).click();
  await saved(at, 'trash', 1);
  await press('z');
  await saved(at, 'drafts', 1);
  await docked(page).getByRole('button', { name: 'Discard draft' }).click();
  await saved(at, 'trash', 1);
  const toast = page.locator('.toast', { hasText: 'Discarded the draft' });
  await toast.getByRole('button', { name: 'Undo' }).click();
  await toast.waitFor({ state: 'detached', timeout: 2_000 });
  await saved(at, 'drafts', 1);
  await docked(page).getByRole('button', { name: 'Discard draft' }).click();
  await saved(at, 'trash', 1);
  await page.reload();
  await page.locator('[role=row]', { hasText: 'Margit' }).waitFor();
  assert.deepEqual([at.kept('drafts').length, await windows(page)], [0, 0]);
});

test('E3 a plain draft that is opened again has its own last lines', async () => {
  await using at = await openDesk(browser);
  const { page, press } = at;
  const letter = await at.begin();
  await letter.getByRole('button', { name: 'Plain text' }).click();
  const plain = docked(page).getByRole('textbox', { name: 'Text of the letter' });
  const words = 'Hello\n\n-- \nAlice by hand\nPhone 123';
  await plain.fill(words);
  await letter.getByText(/^Saved/u).waitFor();
  await letter.getByRole('button', { name: 'Save and close' }).click();
  await press('g', 'd');
  await page.locator('[role=row]', { hasText: 'Hello' }).first().click();
  await plain.waitFor();
  assert.equal(await plain.inputValue(), words);
});

test('E2 Ctrl+Enter sends to the address that is still being typed', async () => {
  await using at = await openDesk(browser);
  const { page, press } = at;
  const letter = await at.begin();
  await letter.getByLabel('Subject').fill('Cars');
  await letter.getByRole('combobox', { name: 'To' }).focus();
  await page.keyboard.type('carla@x.test');
  await press('Control+Enter');
  await page.locator('.toast', { hasText: 'Sending in' }).waitFor();
  const [, args] = at.fake.calls.find(([name]) => name === 'EmailSubmission/set') ?? [];
  assert.match(JSON.stringify(args), /"rcptTo":\[\{"email":"carla@x.test"\}\]/u);
});

test('E8 rich text comes back from plain text, until that was changed', async () => {
  await using at = await openDesk(browser);
  const { page, press } = at;
  const letter = await at.begin();
  await editorOf(letter).click();
  await press('Control+b');
  await page.keyboard.type('Bold');
  await press('Control+b');
  const bold = (): Promise<string[]> => editorOf(letter).locator('b').allInnerTexts();
  const toPlain = (): Promise<void> => letter.getByRole('button', { name: 'Plain text' }).click();
  const toRich = (): Promise<void> => letter.getByRole('button', { name: 'Rich text' }).click();
  await until('bold', bold, (all) => all.join() === 'Bold');
  await toPlain();
  await toRich();
  await until('still bold', bold, (all) => all.join() === 'Bold');
  await toPlain();
  await letter.getByRole('textbox', { name: 'Text of the letter' }).fill('Bolder');
  await toRich();
  await editorOf(letter).getByText('Bolder').waitFor();
  assert.deepEqual(await bold(), []);
  await page.locator('.toast', { hasText: 'The formatting is gone' }).getByRole('button', { name: 'Undo' }).click();
  await until('bold again', bold, (all) => all.join() === 'Bold');
});

test('E6 letters that were open open again when the page is loaded again', async () => {
  await using at = await openDesk(browser);
  const { page } = at;
  const letter = await at.begin();
  await letter.getByRole('combobox', { name: 'To' }).fill('carla@x.test,');
  await letter.getByLabel('Subject').fill('Cars');
  await letter.getByText(/^Saved/u).waitFor();
  await page.reload();
  await until(
    'its subject',
    () => docked(page).getByLabel('Subject').inputValue(),
    (now) => now === 'Cars',
  );
  assert.deepEqual(await chips(docked(page)), ['carla@x.test']);
  await docked(page).getByRole('button', { name: 'Save and close' }).click();
  await docked(page).waitFor({ state: 'detached' });
  await page.reload();
  await page.locator('[role=row]', { hasText: 'Margit' }).waitFor();
  await page.waitForTimeout(300);
  assert.equal(await windows(page), 0);
});

test('W19 a file that is dropped beside the letter does not take the place of the page', async () => {
  await using at = await openDesk(browser);
  const { page } = at;
  const letter = await at.begin();
  const drop = (where: string): Promise<boolean> =>
    page.evaluate<boolean>(`(() => {
      const dataTransfer = new DataTransfer();
      dataTransfer.items.add(new File(['a'], 'a.txt', { type: 'text/plain' }));
      const events = ['dragover', 'drop'].map((type) => new DragEvent(type, { bubbles: true, cancelable: true, dataTransfer }));
      for (const event of events) document.querySelector('${where}').dispatchEvent(event);
      return events.every((event) => event.defaultPrevented);
    })()`);
  for (const where of ['#list', '.read', '.side', 'body']) await until(where, () => drop(where));
  assert.equal(await letter.getByText('a.txt').count(), 0);
  assert.equal(await drop('.comp-f'), true);
  await letter.getByText('a.txt').waitFor();
});

test('E13 W11 a letter that could not be sent says so when its window is away', async () => {
  await using at = await openDesk(browser);
  const { page, press } = at;
  const letter = await at.begin();
  await page.keyboard.type('bob@demo.test,');
  await letter.getByLabel('Subject').fill('Cars');
  await letter.getByText(/^Saved/u).waitFor();
  at.fake.broken.set('EmailSubmission/set', 'forbidden');
  const asked = Promise.withResolvers<void>();
  const answered = Promise.withResolvers<void>();
  await page.route('**/jmap/api', async (route) => {
    if (route.request().postData()?.includes('EmailSubmission/set') === true) {
      asked.resolve();
      await answered.promise;
    }
    await route.continue();
  });
  await press('Control+Enter');
  await asked.promise;
  await letter.getByRole('button', { name: 'Discard draft' }).click();
  await page.locator('.toast', { hasText: 'It is being sent' }).waitFor();
  await letter.getByRole('button', { name: 'Save and close' }).click();
  await page.locator('.comp-tab').waitFor();
  answered.resolve();
  await page.locator('.toast', { hasText: 'Not sent yet: “Cars”' }).getByRole('button', { name: 'Edit' }).click();
  await docked(page).getByText('Not sent yet: “Cars”').waitFor();
  assert.equal(await page.locator('.toast').count(), 0);
  assert.deepEqual(at.kept('trash'), []);
});

test('E18 an editor that cannot be loaded is told of; what was typed for it is kept', async () => {
  await using at = await openDesk(browser);
  const { page } = at;
  const [composer, editor] = ['**/assets/composer-*.js*', '**/editor/'];
  await page.route(composer, (route) => route.abort());
  const toast = page.locator('.toast', { hasText: 'The composer could not be loaded.' });
  await page.keyboard.press('c');
  await toast.waitFor();
  await page.keyboard.press('j');
  await page.keyboard.press('e');
  await toast.waitFor({ state: 'detached' });
  await page.keyboard.press('c');
  await toast.waitFor();
  await page.unroute(composer);
  await page.route(editor, (route) => route.abort());
  await page.locator('[role=row]', { hasText: 'Two loans' }).click();
  await page.getByRole('heading', { name: 'Two loans' }).waitFor();
  await page.keyboard.type('rI renew both');
  const letter = page.locator('.comp.inline');
  const again = letter.getByRole('button', { name: 'Try again' });
  await again.waitFor();
  await focusOn(page, /^button Try again/u);
  await letter.getByRole('button', { name: 'Send' }).click();
  await letter.getByText('The editor did not load').waitFor();
  await letter.getByText(/^Saved/u).waitFor();
  await again.click();
  await again.waitFor({ state: 'detached' });
  await again.waitFor();
  await page.unroute(editor);
  await again.click();
  await focusOn(page, /^iframe Text/u);
  await page.keyboard.type(' today');
  await until(
    'what was typed',
    () => text(letter),
    (now) => now.trim() === 'I renew both today',
  );
  await page.keyboard.press('Control+Enter');
  await page.locator('.toast', { hasText: 'Sending' }).waitFor();
  assert.deepEqual(at.errors, []);
});

test('E26 a letter whose page went while it was kept and discarded is not in Drafts', async () => {
  await using at = await openDesk(browser);
  const { page } = at;
  const letter = await at.begin();
  await page.route('**/jmap/api', async (route) => {
    // No answer: the page goes before.
    await (route.request().postData()?.includes('messageId') === true ? route.fetch() : route.continue());
  });
  await letter.getByLabel('Subject').fill('Cars');
  await saved(at, 'drafts', 1);
  await letter.getByRole('button', { name: 'Discard' }).click();
  await letter.waitFor({ state: 'detached' });
  await page.reload();
  await saved(at, 'trash', 1);
  assert.deepEqual([at.kept('drafts'), await windows(page)], [[], 0]);
  await until('nothing on this device', () =>
    page.evaluate(`!Object.keys(localStorage).some((key) => key.startsWith('postern.letter.'))`),
  );
});
