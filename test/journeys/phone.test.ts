import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Browser, Page } from 'playwright-core';
import { openBrowser, phone } from './browser.ts';
import { holds, rowNamed, visit } from './visit.ts';

/** What a thumb does: the way back, long presses. */

let browser: Browser;
before(async () => {
  browser = await openBrowser();
});
after(async () => {
  await browser.close();
});

const chosen = (page: Page, n: number) => page.getByText(`${n} chosen`).first();

/** A finger on a row. */
const finger = async (page: Page, text: string) => {
  const box = await rowNamed(page, text).boundingBox();
  assert.ok(box);
  const client = await page.context().newCDPSession(page);
  const at = { x: box.x + 120, y: box.y + 30 };
  return {
    down: () => client.send('Input.dispatchTouchEvent', { type: 'touchStart', touchPoints: [at] }),
    move: (dy: number) =>
      client.send('Input.dispatchTouchEvent', { type: 'touchMove', touchPoints: [{ ...at, y: at.y + dy }] }),
    up: () => client.send('Input.dispatchTouchEvent', { type: 'touchEnd', touchPoints: [] }),
  };
};

test('F5 back closes the drawer, which takes the focus and gives it back', async () => {
  await using at = await visit(browser, '/', phone);
  const { page } = at;
  await rowNamed(page, 'Tomasz').waitFor();
  const before = at.where();
  await page.getByRole('button', { name: 'Folders' }).first().tap();
  await holds(page, `document.activeElement.closest('.side.open [role=tree]')`);
  await page.goBack();
  await page.locator('.side:not(.open)').waitFor({ state: 'attached' });
  await holds(page, `document.activeElement.getAttribute('aria-label') === 'Folders'`);
  assert.equal(at.where(), before);
  await page.getByRole('button', { name: 'Folders' }).first().tap();
  await holds(page, `document.querySelector('.side.open')`);
  await page.keyboard.press('Escape');
  await holds(page, `!document.querySelector('.side.open')`);
  await page.getByRole('button', { name: 'Folders' }).first().tap();
  await page.locator('.side.open').getByRole('treeitem', { name: 'Sent' }).tap();
  await page.getByRole('heading', { name: 'Sent' }).waitFor();
  await page.goBack();
  await page.getByRole('heading', { name: 'Inbox' }).waitFor();
  assert.deepEqual(at.errors, []);
});

test('F5 back puts a letter that is being written aside', async () => {
  await using at = await visit(browser, '/', phone);
  const { page } = at;
  await rowNamed(page, 'Tomasz').waitFor();
  await page.getByRole('button', { name: 'Compose' }).tap();
  await page.locator('.comp.docked, .comp.full').waitFor();
  await page.waitForTimeout(400);
  await page.goBack();
  await page.locator('.comp.docked, .comp.full').waitFor({ state: 'detached' });
  await rowNamed(page, 'Tomasz').waitFor();
});

test('F5 back puts one letter aside after the other, the one on top first', async () => {
  await using at = await visit(browser, '/', phone);
  const { page } = at;
  await rowNamed(page, 'Tomasz').waitFor();
  for (const name of ['First', 'Second']) {
    await page.getByRole('button', { name: 'Compose' }).tap();
    await page.locator('.comp').getByLabel('Subject').fill(name);
    await page
      .locator('.comp')
      .getByText(/^Saved/u)
      .waitFor();
    await page.locator('.comp').getByRole('button', { name: 'Minimise' }).tap();
    await page.locator('.comp').waitFor({ state: 'detached' });
  }
  await page.reload();
  await holds(page, `document.querySelectorAll('.comp-tab').length === 2`);
  assert.equal(await page.locator('.comp').count(), 0, 'E6: minimised they were, minimised they are');
  await page.locator('.comp-tab', { hasText: 'First' }).tap();
  await page.locator('.comp').getByLabel('Subject').press('Control+.');
  await holds(page, `document.querySelectorAll('.comp').length === 2`);
  const before = at.where();
  await page.waitForTimeout(400);
  for (const left of [1, 0]) {
    await page.goBack();
    await holds(page, `document.querySelectorAll('.comp').length === ${left}`);
    await page.waitForTimeout(200);
    assert.equal(at.where(), before);
    if (left === 1) assert.equal(await page.locator('.comp').getByLabel('Subject').inputValue(), 'First');
  }
  await rowNamed(page, 'Tomasz').waitFor();
});

test('F5 of a page that was loaded again no step of the way back leads nowhere', async () => {
  await using at = await visit(browser, '/', phone);
  const { page } = at;
  await rowNamed(page, 'Tomasz').waitFor();
  await page.getByRole('link', { name: 'Sent' }).tap();
  await page.getByRole('heading', { name: 'Sent' }).waitFor();
  await page.getByRole('button', { name: 'Compose' }).tap();
  await page.locator('.comp').getByLabel('Subject').fill('Cars');
  await page
    .locator('.comp')
    .getByText(/^Saved/u)
    .waitFor();
  await page.reload();
  await page.locator('.comp.docked').waitFor();
  await page.waitForTimeout(400);
  await page.goBack();
  await page.locator('.comp-tab').waitFor();
  await page.goBack();
  await page.getByRole('heading', { name: 'Inbox' }).waitFor();
  assert.deepEqual(at.errors, []);
});

test('W18 letters that are minimised leave the bar at the bottom to the thumb', async () => {
  await using at = await visit(browser, '/', phone);
  const { page } = at;
  await rowNamed(page, 'Tomasz').waitFor();
  for (const name of ['First', 'Second']) {
    await page.getByRole('button', { name: 'Compose' }).tap();
    await page.locator('.comp').getByLabel('Subject').fill(name);
    await page.locator('.comp').getByRole('button', { name: 'Minimise' }).tap();
    await page.locator('.comp-tab', { hasText: name }).waitFor();
  }
  const free = (buttons: string): Promise<void> =>
    holds(
      page,
      `[...document.querySelectorAll('${buttons}')].every((each) => {
        const { left, right, top, bottom } = each.getBoundingClientRect();
        return [top + 1, bottom - 1].every((y) => each.contains(document.elementFromPoint((left + right) / 2, y)));
      })`,
    );
  await free('.m-b :is(a, .fab), .comp-tab');
  await rowNamed(page, 'Tomasz').tap();
  await page.getByRole('heading', { name: 'Rowing camp' }).waitFor();
  await free('.letter-bar button, .comp-tab');
});

test('5.13 a long press picks; a finger that moves, or leaves early, does not', async () => {
  await using at = await visit(browser, '/', phone);
  const { page } = at;
  await rowNamed(page, 'Tomasz').waitFor();
  const row = await finger(page, 'Tomasz');
  await row.down();
  await chosen(page, 1).waitFor();
  await row.up();
  await page.waitForTimeout(150);
  assert.equal(await page.getByRole('menu').count(), 0);
  assert.equal(await page.getByRole('grid').isVisible(), true);
  const other = await finger(page, 'Margit');
  await other.down();
  await other.move(40);
  await page.waitForTimeout(700);
  await other.up();
  await chosen(page, 1).waitFor();
  await rowNamed(page, 'Margit').tap();
  await chosen(page, 2).waitFor();
});

test('W26 the first stop of the page leads to what is there: the list, the letter that fills the window', async () => {
  await using at = await visit(browser, '/', phone);
  const { page, press } = at;
  await rowNamed(page, 'Tomasz').waitFor();
  const skip = async (name: string): Promise<void> => {
    await page.evaluate('document.activeElement.blur()');
    await page.locator('.skip').focus();
    await page.getByRole('link', { name, exact: true }).waitFor();
    await press('Enter');
  };
  await skip('Skip to the list');
  await holds(page, `document.activeElement.matches('#list [role=row]')`);
  await rowNamed(page, 'Tomasz').tap();
  await page.locator('.conv .msg').first().waitFor();
  await skip('Skip to the letter');
  await holds(page, `document.activeElement.matches('.conv')`);
  await page.setViewportSize({ width: 1440, height: 900 });
  await skip('Skip to the list');
  await holds(page, `document.activeElement.matches('#list [role=row]')`);
  await page.goto(`${at.fake.origin}/search?q=nobodyhasthis`);
  await page.getByText('No mail matches.').waitFor();
  await skip('Skip to the list');
  await holds(page, `document.activeElement.closest('#list-pane')?.checkVisibility()`);
});

test('C9 a subject of any length leaves the letter in sight, and is read to its end by keys', async () => {
  await using at = await visit(browser, '/', phone);
  const { page, press, fake } = at;
  await rowNamed(page, 'Tomasz').waitFor();
  for (const word of ['Wort', 'Words of a subject ']) {
    const subject = `${word.repeat(300).slice(0, 980)} and its end`;
    fake.deliver({ subject });
    await page.getByRole('row', { name: word.trim() }).first().tap();
    const heading = page.getByRole('heading', { level: 1 });
    await page.locator('.conv .msg').first().waitFor();
    assert.equal((await heading.textContent())?.includes(subject), true);
    const box = await page.locator('.conv .msg').first().boundingBox();
    assert.ok(box && box.y + 100 < 844, JSON.stringify(box));
    await page.locator('.conv').focus();
    await press('Tab', 'End');
    await holds(
      page,
      `(({ scrollTop, clientHeight, scrollHeight }) => scrollTop > 300 && scrollTop + clientHeight + 2 > scrollHeight)(document.querySelector('h1.subject'))`,
    );
    await page.emulateMedia({ media: 'print' });
    const whole = `(({ clientHeight, scrollHeight }) => clientHeight + 2 > scrollHeight)(document.querySelector('h1.subject'))`;
    assert.ok(await page.evaluate(whole));
    await page.emulateMedia({ media: null });
    await page.goBack();
    await rowNamed(page, 'Tomasz').waitFor();
  }
  assert.deepEqual(at.errors, []);
});
