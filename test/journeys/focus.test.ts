import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Browser } from 'playwright-core';
import { desktop, openBrowser } from './browser.ts';
import { elsewhere, focusIs, holds, rowNamed, toastSays, visit } from './visit.ts';

/** Rule F1: what has the focus may go at any moment; the focus goes on, and never to `body`. */

let browser: Browser;
before(async () => {
  browser = await openBrowser();
});
after(async () => {
  await browser.close();
});

const inLetter = `document.activeElement?.closest('.conv')`;
const onHeading = (name: string): string =>
  `document.activeElement.localName === 'h1' && document.activeElement.textContent.includes('${name}')`;

test('F1 all of a list is archived: the letter closes, the heading has the focus, z brings both back', async () => {
  await using at = await visit(browser, '/', desktop, { conversations: 10 });
  const { page, press } = at;
  await rowNamed(page, 'Margit').waitFor();
  await press('j');
  await page.getByRole('heading', { name: 'Revised floor plan' }).waitFor();
  await press('Control+a', 'e');
  await page.getByText('Nothing is waiting.').waitFor();
  await holds(page, onHeading('Inbox'));
  await page.getByRole('heading', { name: 'Revised floor plan' }).waitFor({ state: 'detached' });
  assert.equal(at.where(), '/a/ada@lindqvist.example/inbox');
  await press('z');
  await rowNamed(page, 'Margit').waitFor();
  await holds(page, `document.activeElement.closest('[role=row]')`);
  await press('j');
  await holds(page, `document.activeElement.closest('[role=row]')`);
  assert.deepEqual(at.errors, []);
});

test('F1 the focused row is deleted elsewhere: the next has the focus and its letter is open', async () => {
  await using at = await visit(browser);
  const { page, press } = at;
  await rowNamed(page, 'Margit').waitFor();
  await press('j', 'j');
  await page.getByRole('heading', { name: 'Rowing camp' }).waitFor();
  await elsewhere(page, { update: { M3: { mailboxIds: { trash: true } } } });
  await focusIs(page, 'Inês');
  await page.getByRole('heading', { name: 'Proofs for chapter 6' }).waitFor();
  await press('Enter');
  await holds(page, inLetter);
  await elsewhere(page, { destroy: ['M4', 'M5', 'M6', 'M7', 'M8'] });
  await page.getByRole('heading', { name: 'Two loans are due' }).waitFor();
  await holds(page, inLetter);
  assert.deepEqual(at.errors, []);
});

test('F1 with an answer begun in the letter, what is archived from the list leaves the focus there', async () => {
  await using at = await visit(browser);
  const { page, press } = at;
  await rowNamed(page, 'Margit').waitFor();
  await press('j', 'j');
  await page.getByRole('heading', { name: 'Rowing camp' }).waitFor();
  await press('r');
  await holds(page, `document.activeElement.matches('.comp.inline iframe')`);
  await page.keyboard.type('I can');
  await rowNamed(page, 'Tomasz').click();
  await press('e');
  await page.getByRole('heading', { name: 'Proofs for chapter 6' }).waitFor();
  await focusIs(page, 'Inês');
  await holds(page, `document.activeElement.closest('[role=row]')`);
  assert.deepEqual(at.errors, []);
});

test('F1 folding the message that has the focus, and the next tab of the list, leave it on the page', async () => {
  await using at = await visit(browser);
  const { page, press } = at;
  await rowNamed(page, 'Inês').waitFor();
  await press('j', 'j', 'j');
  await page.getByRole('heading', { name: 'Proofs for chapter 6' }).waitFor();
  await press('Enter');
  await press(';', 'p', 'p');
  await holds(page, `document.activeElement.closest('.msg')`);
  await press(':');
  await holds(page, inLetter);
  await press('u');
  await holds(page, `document.activeElement.closest('[role=row]')`);
  await press('Enter');
  await page.getByRole('heading', { name: 'Proofs for chapter 6' }).waitFor();
  await holds(page, inLetter);
  await press('`');
  await page.locator('[role=tab][aria-selected=true]', { hasText: 'Unread' }).waitFor();
  await holds(page, `document.activeElement.closest('#list [role=row]')`);
});

test('F1 F8 a button of the toast goes with it; `.` and Escape lead back', async () => {
  await using at = await visit(browser);
  const { page, press } = at;
  await rowNamed(page, 'Margit').waitFor();
  await press('j', 'j');
  await page.getByRole('heading', { name: 'Rowing camp' }).waitFor();
  await press('e');
  await toastSays(page, 'Archived');
  await page.locator('.toast button').focus();
  await press('Enter');
  await toastSays(page, 'Undone');
  await focusIs(page, 'Tomasz');
  await page.getByRole('heading', { name: 'Rowing camp' }).waitFor();
  await holds(page, `document.activeElement.closest('[role=row]')`);
  await press('.');
  await page.getByRole('menu').waitFor();
  await press('Escape');
  await holds(page, `document.activeElement.closest('[role=row]')`);
});

test('after a reload j goes on from the letter that is open', async () => {
  await using at = await visit(browser, '/a/ada@lindqvist.example/inbox/c/Tcamp');
  const { page, press } = at;
  await page.getByRole('heading', { name: 'Rowing camp' }).waitFor();
  await rowNamed(page, 'Inês').waitFor();
  await press('j');
  await focusIs(page, 'Inês');
});

test('Escape drops the picks; a range gives back what it no longer holds', async () => {
  await using at = await visit(browser);
  const { page, press } = at;
  await rowNamed(page, 'Margit').waitFor();
  await press('j', 'x', 'Shift+ArrowDown', 'Shift+ArrowDown');
  await page.getByText('3 chosen').first().waitFor();
  await press('Shift+ArrowUp');
  await page.getByText('2 chosen').first().waitFor();
  await press('Escape');
  await page.getByRole('tablist').waitFor();
  await focusIs(page, 'Tomasz');
});

test('W23 keys act on the row to which Tab led, before any was opened', async () => {
  await using at = await visit(browser);
  const { page, press } = at;
  await rowNamed(page, 'Margit').waitFor();
  const onRow = `document.activeElement?.getAttribute('role') === 'row'`;
  for (let tabs = 0; tabs < 40 && !(await page.evaluate(onRow)); tabs += 1) await press('Tab');
  await focusIs(page, 'Margit');
  await press('x');
  await page.getByRole('toolbar', { name: 'Chosen conversations' }).waitFor();
  await focusIs(page, 'Margit');
  await press('Escape', 's');
  await focusIs(page, 'starred');
  assert.equal(await page.locator('.conv').count(), 0);
  assert.deepEqual(at.errors, []);
});

test('W24 in forced colours a line tells what has the focus and what is chosen, a dot what is unread', async () => {
  await using at = await visit(browser);
  const { page, press } = at;
  await page.emulateMedia({ forcedColors: 'active' });
  await rowNamed(page, 'Margit').waitFor();
  const drawn = (of: string): string => `(() => {
    const { outlineStyle, outlineWidth } = getComputedStyle(${of});
    return outlineStyle === 'solid' && outlineWidth === '2px';
  })()`;
  await press('j', 'j');
  await focusIs(page, 'Tomasz');
  await page.getByRole('heading', { name: 'Rowing camp' }).waitFor();
  await holds(page, drawn('document.activeElement'));
  const colours = await page.evaluate<string[]>(`[
    getComputedStyle(document.querySelector('.row.unread .u')).backgroundColor,
    getComputedStyle(document.querySelector('.row.open'), '::before').backgroundColor,
    getComputedStyle(document.body).backgroundColor,
  ]`);
  assert.equal(new Set(colours).size, 3);
  for (const keys of ['Control+k', '.', 'v']) {
    await press(keys);
    const chosen = `document.querySelector('dialog[open] [aria-selected=true], [role=menu] :focus')`;
    await holds(page, `${chosen} && ${drawn(chosen)}`);
    await press('Escape');
  }
});
