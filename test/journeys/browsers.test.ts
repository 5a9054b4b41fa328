import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Browser } from 'playwright-core';
import { desktop, openBrowser, phone } from './browser.ts';
import { focusOn } from './real/world.ts';
import { rowNamed, visit } from './visit.ts';

/** What Firefox and systems with wide scrollbars do otherwise, played in Chromium. */

let browser: Browser;
before(async () => {
  browser = await openBrowser();
});
after(async () => {
  await browser.close();
});

test('W16 the page itself never scrolls: only its parts do', async () => {
  for (const look of [desktop, phone])
    for (const path of ['/', '/a/ada@lindqvist.example/inbox/c/Tloans', '/settings/appearance']) {
      await using at = await visit(browser, path, look);
      await at.page
        .locator(path === '/' ? '[role=row]' : 'h1:visible, h2:visible')
        .first()
        .waitFor();
      const over = await at.page.evaluate<number[]>(
        '[document.documentElement.scrollHeight - innerHeight, document.documentElement.scrollWidth - innerWidth]',
      );
      assert.deepEqual(over, [0, 0], `${path}, ${look.width} wide`);
    }
});

test('W17 a menu that a right-click opened stays when the button is released', async () => {
  await using at = await visit(browser);
  const { page } = at;
  for (const opener of [rowNamed(page, 'Tomasz'), page.getByRole('treeitem', { name: /Receipts/u })]) {
    await opener.hover();
    // As Firefox does where a right-click is told of while the button is down: it closes popovers before `pointerup`.
    await page.evaluate(
      `addEventListener('pointerup', () => document.querySelector('[role=menu]').hidePopover(), { capture: true, once: true })`,
    );
    await page.mouse.down({ button: 'right' });
    await page.getByRole('menu').waitFor();
    await page.mouse.up({ button: 'right' });
    await page.waitForTimeout(200);
    await focusOn(page, /^menuitem/u);
    await page.keyboard.press('Escape');
    await page.getByRole('menu').waitFor({ state: 'detached' });
  }
});
