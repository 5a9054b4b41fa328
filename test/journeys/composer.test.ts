import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Browser, Locator, Page } from 'playwright-core';
import { must } from '#base/must.ts';
import { openBrowser } from './browser.ts';
import { chips, openDesk, type Desk } from './composer-kit.ts';
import { editorOf } from './real/composing.ts';
import { focusOn, until } from './real/world.ts';

/** The windows of letters: what closing, minimising and loading again leave of them, and where the focus and caret are. */

let browser: Browser;
before(async () => {
  browser = await openBrowser();
});
after(async () => {
  await browser.close();
});

const docked = (page: Page): Locator => page.locator('.comp.docked');
const windows = (page: Page): Promise<number> => page.locator('.comp, .comp-tab').count();
const openMargit = async ({ page }: Desk): Promise<void> => {
  await page.locator('[role=row]', { hasText: 'Margit' }).click();
  await page.locator('.conv .msg').first().waitFor();
};
const saved = (at: Desk, mailbox: string, count: number): Promise<unknown> =>
  until(
    `${count} in ${mailbox}`,
    () => at.kept(mailbox),
    (all) => all.length === count,
  );
const text = (letter: Locator): Promise<string> => editorOf(letter).innerText();

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

test('E22 a quote that is edited before the editor is there is not lost', async () => {
  await using at = await openDesk(browser);
  const { page } = at;
  let release = (): void => undefined;
  const held = new Promise<void>((done) => void (release = done));
  await page.route('**/editor/', async (route) => {
    await held;
    await route.continue();
  });
  await page.locator('[role=row]', { hasText: 'Two loans' }).click();
  await page.getByRole('heading', { name: 'Two loans' }).waitFor();
  await page.keyboard.press('r');
  const letter = page.locator('.comp');
  await letter.getByRole('button', { name: 'Edit' }).click();
  release();
  await until(
    'the quote in the text',
    () => text(letter),
    (now) => /wrote:[\s\S]*Two loans are due/u.test(now),
  );
  assert.equal(await letter.locator('.comp-quote').count(), 0);
  await editorOf(letter).locator('blockquote').click();
  await page.keyboard.press('End');
  await page.keyboard.type(' indeed');
  await until(
    'the draft',
    () => at.kept('drafts'),
    ([draft]) => /wrote:\n> Two loans are due\n> .* indeed\n/u.test(draft?.text ?? ''),
  );
});

test('E21 a quote that is edited covers nothing of what is written above it', async () => {
  await using at = await openDesk(browser);
  const { page } = at;
  await page.route('**/jmap/api', async (route) => {
    const answer = await route.fetch();
    const body = (await answer.text())
      .replaceAll('background:#eee', 'position:fixed!important;inset:0;background:red')
      .replaceAll(
        'Two loans are due',
        'Two loans are due</p><div style=\\"width:3000px\\">Far<br></div><pre>' + 'x '.repeat(2_000) + '</pre><p>',
      );
    await route.fulfill({ response: answer, body });
  });
  await page.locator('[role=row]', { hasText: 'Two loans' }).click();
  await page.getByRole('heading', { name: 'Two loans' }).waitFor();
  await page.keyboard.press('r');
  await page.locator('.comp').getByRole('button', { name: 'Edit' }).click();
  const text = page.locator('.comp').frameLocator('.editor-frame').locator('.editor');
  await text.getByText('Two loans are due').waitFor({ state: 'attached' });
  assert.match(await text.innerHTML(), /position:\s*fixed/u);
  assert.equal(
    await text.evaluate((at) => at.ownerDocument.elementFromPoint(9, 9)?.closest('blockquote') ?? null),
    null,
  );
  const widths: boolean[] = [];
  for (const part of ['pre', 'blockquote', ':scope'])
    widths.push(
      await text
        .locator(part)
        .first()
        .evaluate((at) => at.scrollWidth > at.clientWidth),
    );
  assert.deepEqual(widths, [false, true, false], 'what is wider is reached by scrolling the quote');
});

test('E24 however many a letter goes to, and however low the window, its text and its buttons are in reach', async () => {
  const many = Array.from({ length: 200 }, (_, index) => `p${index}@x.test`).join(' ');
  for (const [width, height] of [
    [1440, 900],
    [320, 256],
  ] as const) {
    await using at = await openDesk(browser);
    const { page, press } = at;
    await page.setViewportSize({ width, height });
    const letter = await at.begin();
    await page.keyboard.insertText(`${many},`);
    await until(
      'everybody',
      async () => (await chips(letter)).length,
      (count) => count === 200,
    );
    await editorOf(letter).click();
    await page.keyboard.type('Dear all');
    await until(
      'the text',
      () => text(letter),
      (now) => now.trim() === 'Dear all',
    );
    await letter.getByRole('button', { name: 'Send' }).click({ trial: true });
    await press('Shift+Tab');
    await focusOn(page, /^input/u);
    assert.ok(await letter.locator('.comp-subject').evaluate((field) => field.getBoundingClientRect().top > 0));
    await press('Control+Enter');
    await page.locator('.toast', { hasText: 'Sending' }).waitFor();
  }
});

interface Styled {
  computedStyleMap(): { get(name: string): unknown };
}

test('E25 a quote with a background of its own can be read while it is edited at night', async () => {
  await using at = await openDesk(browser);
  const { page, press } = at;
  await page.emulateMedia({ colorScheme: 'dark' });
  await page.locator('[role=row]', { hasText: 'Two loans' }).click();
  await page.getByRole('heading', { name: 'Two loans' }).waitFor();
  await press('r');
  await page.locator('.comp').getByRole('button', { name: 'Edit' }).click();
  const editor = editorOf(page.locator('.comp'));
  await editor.getByText('The Summer Book').waitFor();
  const colour = (of: Locator): Promise<string> =>
    of.evaluate((at) => String((at as unknown as Styled).computedStyleMap().get('color')));
  assert.equal(await colour(editor.getByText('The Summer Book')), 'rgb(20, 33, 30)');
  assert.notEqual(await colour(editor), 'rgb(20, 33, 30)');
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

test('E27 what is written from right to left is shown so by a reader that knows only what HTML says', async () => {
  await using at = await openDesk(browser);
  const { page, press, fake } = at;
  const letter = await at.begin();
  await letter.getByLabel('Subject').fill('Cars');
  await editorOf(letter).click();
  const lines = async (...all: string[]): Promise<void> => {
    for (const line of all) {
      await page.keyboard.type(line);
      await press('Enter');
    }
  };
  await lines('שלום, Ada', 'Dear Ada, שלום');
  await press('Control+Shift+8');
  await lines('מכוניות', 'سيارات');
  await saved(at, 'drafts', 1);
  await until(
    'all lines',
    () => at.kept('drafts')[0]?.text ?? '',
    (all) => all.includes('سيارات'),
  );
  const { bodyValues } = must(fake.email(at.kept('drafts')[0]?.id ?? ''), 'it was kept');
  const written = must((bodyValues as Record<string, { value: string }>)['html'], 'it is rich').value;
  const reader = await page.context().newPage();
  await reader.setContent(written);
  const shown = await reader.evaluate<string[]>(`[...document.querySelectorAll('div, li')]
    .filter(({ firstChild }) => firstChild?.nodeType === 3)
    .map((each) => getComputedStyle(each).direction + ' ' + each.textContent)`);
  assert.deepEqual(shown, ['rtl שלום, Ada', 'ltr Dear Ada, שלום', 'rtl מכוניות', 'rtl سيارات'], written);
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
