import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Browser, Page } from 'playwright-core';
import { desktop, dist, openBrowser, openPage, phone } from './browser.ts';
import { openFake } from './fake-jmap.ts';
import { editorOf } from './real/composing.ts';
import { focusOn, until } from './real/world.ts';
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

test('W16 a letter beside the list has room for its tools and its sender, on tablets too', async () => {
  for (const width of [720, 768, 1100, 1180]) {
    await using at = await visit(browser, '/a/ada@lindqvist.example/inbox/c/Tplan', { width, height: 820 });
    const { page } = at;
    await page.getByRole('separator', { name: 'Width of the list' }).focus();
    for (let step = 0; step < 12; step += 1) await page.keyboard.press('ArrowRight');
    const name = page.locator('.msg-h b').first();
    await name.waitFor();
    const cut = await page.evaluate<string[]>(
      `[...document.querySelectorAll('.read .tools button, .read .msg-h :is(b, time, button)')]
        .filter((each) => each.checkVisibility() && !each.matches('.vh'))
        .filter((each) => each.getBoundingClientRect().right > innerWidth || each.getBoundingClientRect().height > 44)
        .map((each) => each.ariaLabel ?? each.textContent)`,
    );
    assert.deepEqual(cut, [], `${width} wide`);
    assert.ok(((await name.boundingBox())?.height ?? 99) < 24, `the name is one line, ${width} wide`);
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

test('W21 a page without TLS shows letters and writes them', async () => {
  await using fake = await openFake({ dist });
  const plain = await openBrowser('--host-resolver-rules=MAP mail.lan 127.0.0.1');
  try {
    const { page, errors } = await openPage(plain);
    await page.goto(fake.origin.replace('127.0.0.1', 'mail.lan'));
    assert.equal(await page.evaluate('isSecureContext'), false);
    await rowNamed(page, 'Two loans').click();
    await page.frameLocator('.conv iframe').getByText('Two loans are due').waitFor();
    await page.keyboard.press('r');
    const letter = page.locator('.comp.inline');
    await editorOf(letter).waitFor();
    await focusOn(page, /^iframe Text/u);
    await page.keyboard.type('I renew both');
    await letter.getByText(/^Saved/u).waitFor();
    assert.deepEqual(
      errors.filter((error) => !error.includes('Cross-Origin-Opener-Policy')),
      [],
    );
  } finally {
    await plain.close();
  }
});

test('E15 what is typed on the way to an answer comes there, though Firefox tells late what has the focus', async () => {
  await using at = await visit(browser, '/a/ada@lindqvist.example/inbox/c/Tloans');
  const { page } = at;
  await page.locator('.conv .msg').first().waitFor();
  await page.evaluate(`(() => {
    let leaving = false;
    const { get } = Object.getOwnPropertyDescriptor(Document.prototype, 'activeElement');
    Object.defineProperty(document, 'activeElement', { get: () => (leaving ? document.body : get.call(document)) });
    addEventListener('blur', ({ target }) => {
      if (target !== window) return;
      leaving = true;
      setTimeout(() => { leaving = false; });
    }, true);
  })()`);
  await page.keyboard.type('rI renew both');
  await until(
    'what was typed',
    () => editorOf(page.locator('.comp.inline')).innerText(),
    (now) => now.trim() === 'I renew both',
    10_000,
  );
});

/** Words whose line is lower than they are, or that a part of the page that does not scroll cuts off. */
const cramped = (page: Page): Promise<string[]> =>
  page.evaluate(`[...document.querySelectorAll('body *')].flatMap((each) => {
    const words = [...each.childNodes].filter(({ nodeType, data }) => nodeType === 3 && data.trim() !== '');
    if (words.length === 0 || !each.checkVisibility({ opacityProperty: true, visibilityProperty: true })) return [];
    const { fontSize, lineHeight } = getComputedStyle(each);
    const range = document.createRange();
    range.selectNodeContents(words[0]);
    const { top, bottom, height } = range.getBoundingClientRect();
    const around = each.closest('.row, .day, .box, .acct, .m-t')?.getBoundingClientRect();
    const isCut = around && (top < around.top - 4 || bottom > around.bottom + 4);
    return height > 4 && (parseFloat(lineHeight) < parseFloat(fontSize) || isCut) ? [words[0].data] : [];
  })`);

test('W27 with text twice as large no word covers or cuts another', async () => {
  await using large = await openBrowser('--blink-settings=defaultFontSize=32');
  for (const look of [desktop, phone]) {
    await using at = await visit(large, '/', look, { accounts: 3 });
    const { page, press } = at;
    await rowNamed(page, 'Margit').waitFor();
    const fine = async (what: string): Promise<void> =>
      assert.deepEqual(await cramped(page), [], `${what}, ${look.width} wide`);
    await fine('the list');
    assert.equal(await page.evaluate(`document.querySelector('.skip').getBoundingClientRect().bottom <= 0`), true);
    await press('j', 'x');
    await page.getByRole('toolbar', { name: 'Chosen conversations' }).waitFor();
    for (const name of ['Archive', 'Delete', 'Move to', 'More actions']) {
      const box = await page.locator('.picks').getByRole('button', { name }).boundingBox();
      assert.ok(box && box.x + box.width <= (look.width ?? 0), name);
    }
    await press('Escape');
    await rowNamed(page, 'Margit').click();
    await page.locator('.conv .msg').first().waitFor();
    await fine('a letter');
    await press('c');
    await page.locator('.comp').getByLabel('Subject').waitFor();
    await fine('writing');
    const away = await page.locator('.comp').getByRole('button', { name: 'Discard draft' }).boundingBox();
    assert.ok(away && away.x + away.width <= (look.width ?? 0));
    await page.goto(`${at.fake.origin}/settings/security`);
    await page.getByRole('heading', { name: 'Passkeys', exact: true }).waitFor();
    await fine('the settings');
    const [first, second] = await page.locator('.set-nav a').all();
    const [above, below] = [await first?.boundingBox(), await second?.boundingBox()];
    assert.ok(above && below && (below.y >= above.y + above.height || below.x >= above.x + above.width));
  }
});
