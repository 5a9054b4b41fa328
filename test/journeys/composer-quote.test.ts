import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Browser, Locator } from 'playwright-core';
import { must } from '#base/must.ts';
import { openBrowser } from './browser.ts';
import { chips, openDesk, saved, text } from './composer-kit.ts';
import { editorOf } from './real/composing.ts';
import { focusOn, until } from './real/world.ts';

/** What stands below the text and around it: quotes, many recipients, directions. */

let browser: Browser;
before(async () => {
  browser = await openBrowser();
});
after(async () => {
  await browser.close();
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
