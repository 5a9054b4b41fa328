import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Page } from 'playwright-core';
import type { UTCDate } from '#jmap/ids.ts';
import { desktop, phone } from './browser.ts';
import { focusIs, holds, liesIn, rowNamed, toastSays, openVisits } from './visit.ts';

/** The browser app against a JMAP server in memory: what the keyboard does, where the focus is, what is said. */

const visit = openVisits();

test('the inbox opens; j, k and the letter beside it', async () => {
  await using at = await visit();
  const { page, press } = at;
  await rowNamed(page, 'Margit').waitFor();
  assert.equal(await page.title(), 'Inbox - Postern');
  assert.equal(await page.getByRole('grid').getAttribute('aria-rowcount'), '1284');
  await press('j');
  await focusIs(page, 'Margit');
  await press('j', 'j');
  await focusIs(page, 'Inês');
  await press('k');
  await focusIs(page, 'Tomasz');
  await page.getByRole('heading', { name: 'Rowing camp' }).waitFor();
  assert.equal(at.where(), '/a/ada@lindqvist.example/inbox/c/Tcamp');
  await page.locator('.row.open:not(.unread)', { hasText: 'Tomasz' }).waitFor();
  assert.deepEqual(at.errors, []);
});

test('F8 archive, undo, delete: the focus goes to the next row, and back to the one that comes back', async () => {
  await using at = await visit();
  const { page, press, fake } = at;
  await rowNamed(page, 'Margit').waitFor();
  await press('j', 'j', 'e');
  await focusIs(page, 'Inês');
  await toastSays(page, 'Archived “Rowing camp: who can drive?”');
  assert.equal(await rowNamed(page, 'Tomasz').count(), 0);
  await holds(page, `document.querySelector('[role=status]')?.textContent?.includes('Undo with Z.')`);
  await press('z');
  await focusIs(page, 'Tomasz');
  await press('j', '#');
  await toastSays(page, 'Deleted “Proofs for chapter 6”');
  await focusIs(page, 'Uppsala');
  await liesIn(fake, 'M8', 'trash');
  await liesIn(fake, 'M3', 'inbox');
});

test('choosing by keyboard: x, Shift with arrows, all 1,284', async () => {
  await using at = await visit();
  const { page, press } = at;
  await rowNamed(page, 'Margit').waitFor();
  await press('j', 'x', 'Shift+ArrowDown', 'Shift+ArrowDown');
  await page.getByText('3 chosen').first().waitFor();
  assert.equal(await page.locator('[role=row][aria-selected=true]').count(), 3);
  await page.getByRole('button', { name: 'Select all 1,284' }).click();
  await page.getByText('1,284 chosen').first().waitFor();
  await press('*', 'n');
  await page.getByRole('tablist').waitFor();
  await press('*', 'u');
  await page.getByText('7 chosen').first().waitFor();
});

test('the end of a long list and back; the focused row is always there', async () => {
  await using at = await visit();
  const { page, press } = at;
  await rowNamed(page, 'Margit').waitFor();
  await press('j', 'End');
  await focusIs(page, 'Letter number 1275');
  await press('PageUp');
  await holds(page, `/Letter number 12[56]\\d/.test(document.activeElement?.getAttribute('aria-label') ?? '')`);
  await press('Home');
  await focusIs(page, 'Margit');
  assert.ok((await page.locator('[role=row]').count()) < 40);
});

test('W28 a row that is drawn again and again listens as it did at first', async () => {
  await using at = await visit();
  const { page, press } = at;
  const client = await page.context().newCDPSession(page);
  const listeners = async (): Promise<number> => {
    const { result } = await client.send('Runtime.evaluate', {
      expression: `document.querySelector('[aria-rowindex="1"]')`,
    });
    return (await client.send('DOMDebugger.getEventListeners', { objectId: result.objectId ?? '' })).listeners.length;
  };
  await rowNamed(page, 'Margit').waitFor();
  await press('j', 'x', 'x');
  await focusIs(page, 'Margit');
  const first = await listeners();
  for (let n = 0; n < 10; n += 1) await press('x', 'x', 'ArrowDown', 'ArrowUp');
  await focusIs(page, 'Margit');
  assert.equal(await listeners(), first);
});

test('Right and Left walk the cells of a row; Enter opens; u goes back', async () => {
  await using at = await visit();
  const { page, press } = at;
  await rowNamed(page, 'Margit').waitFor();
  await press('j', 'j', 'ArrowRight');
  await focusIs(page, 'Select Rowing camp');
  await press('ArrowRight');
  await focusIs(page, 'Archive');
  await press('ArrowLeft', 'ArrowLeft');
  await focusIs(page, 'Tomasz');
  await press('Enter');
  await holds(page, `document.activeElement?.classList.contains('conv')`);
  await press('u');
  assert.equal(at.where(), '/a/ada@lindqvist.example/inbox');
});

test('F6 goes round the window, each part where it was left', async () => {
  await using at = await visit('/a/ada@lindqvist.example/inbox/c/Tplan');
  const { page, press } = at;
  await page.getByRole('heading', { name: 'Revised floor plan' }).waitFor();
  await press('j');
  await focusIs(page, 'Tomasz');
  await press('F6');
  await holds(page, `document.activeElement?.closest('.read') !== null`);
  await press('F6');
  await holds(page, `document.activeElement?.getAttribute('role') === 'treeitem'`);
  await press('F6');
  await focusIs(page, 'Search mail');
  await press('F6');
  await focusIs(page, 'Tomasz');
  await press('Shift+F6');
  await focusIs(page, 'Search mail');
});

test('the tree: arrows, typing, folding, Enter', async () => {
  await using at = await visit('/', desktop, { accounts: 3 });
  const { page, press } = at;
  await rowNamed(page, 'Margit').waitFor();
  await page.getByRole('treeitem', { name: 'Inbox 7 unread' }).focus();
  await press('ArrowDown');
  assert.equal(await at.focus(), 'treeitem Sent');
  await press('r', 'e');
  assert.equal(await at.focus(), 'treeitem Receipts');
  await press('ArrowLeft');
  assert.match(await at.focus(), /^treeitem .*Lindqvist/);
  await press('ArrowLeft');
  assert.equal(await page.getByRole('treeitem', { name: 'Receipts' }).count(), 2);
  await press('ArrowRight', 'ArrowRight', 'End');
  await press('Enter');
});

test('moving: v, a few letters, Enter', async () => {
  await using at = await visit();
  const { page, press } = at;
  await rowNamed(page, 'Margit').waitFor();
  await press('j', 'j', 'v');
  await holds(page, `document.activeElement.getAttribute('role') === 'combobox'`);
  assert.equal(await at.focus(), 'combobox Folder');
  await page.keyboard.type('row');
  await press('Enter');
  await toastSays(page, 'Moved “Rowing camp: who can drive?” to Rowing club');
  await focusIs(page, 'Inês');
});

/** Keeps what is fetched by this name on its way, until the function is called. */
const holdBack = async (page: Page, name: string): Promise<() => void> => {
  let arrive = (): void => undefined;
  const way = new Promise<void>((resolve) => (arrive = resolve));
  await page.route(name, async (route) => {
    await way;
    await route.continue();
  });
  return () => arrive();
};

test('moving: letters typed while the dialog is on its way are the name of the folder, and no commands', async () => {
  await using at = await visit();
  const { page, press } = at;
  const arrive = await holdBack(page, '**/move-*.js');
  await page.reload();
  await rowNamed(page, 'Margit').waitFor();
  await press('j', 'j', 'v', 'r', 'o');
  assert.equal(await page.locator('dialog[open]').count(), 0);
  arrive();
  await holds(page, `document.activeElement.getAttribute('role') === 'combobox'`);
  await page.keyboard.type('w');
  assert.equal(await page.getByRole('combobox', { name: 'Folder' }).inputValue(), 'row');
  await press('Enter');
  await toastSays(page, 'Moved “Rowing camp: who can drive?” to Rowing club');
});

test('W7 moving: Escape while the dialog is on its way gives it up, and what was typed', async () => {
  await using at = await visit();
  const { page, press } = at;
  const arrive = await holdBack(page, '**/move-*.js');
  await page.reload();
  await rowNamed(page, 'Margit').waitFor();
  await press('j', 'j', 'v', 'r', 'Escape');
  await focusIs(page, 'Tomasz');
  const arrived = page.waitForResponse('**/move-*.js');
  arrive();
  await (await arrived).finished();
  await press('j');
  await focusIs(page, 'Inês');
  await page.waitForTimeout(100);
  assert.equal(await page.locator('dialog').count(), 0);
  await press('v');
  await holds(page, `document.activeElement.getAttribute('role') === 'combobox'`);
  assert.equal(await page.getByRole('combobox', { name: 'Folder' }).inputValue(), '');
  await press('Escape');
  await focusIs(page, 'Inês');
  assert.deepEqual(at.errors, []);
});

test('search: operators, chips, nothing found', async () => {
  await using at = await visit();
  const { page, press } = at;
  await rowNamed(page, 'Margit').waitFor();
  await press('/');
  await page.keyboard.type('from:margit permits');
  await press('Enter');
  await rowNamed(page, 'Permits').waitFor();
  assert.equal(at.where(), '/search?q=from%3Amargit+permits');
  await page.getByText('2 found').first().waitFor();
  await page.getByRole('button', { name: 'Remove from:margit' }).click();
  assert.equal(at.where(), '/search?q=permits');
  await press('/');
  await page.keyboard.press('Control+a');
  await page.keyboard.type('zebra has:attachment before:soon');
  await press('Enter');
  await page.getByText('No mail matches.').waitFor();
  await page.getByText('before:soon is not a date.').waitFor();
  await page.goBack();
  await rowNamed(page, 'Permits').waitFor();
});

test('search says what it does not cover yet', async () => {
  const progress = { known: 9000, total: 9000, searchable: 9000, read: 400, readTo: '2019-05-07T12:00:00Z' as UTCDate };
  await using at = await visit('/search?q=permits', desktop, { progress });
  await rowNamed(at.page, 'Permits').waitFor();
  await at.page
    .getByText('Search covers subjects, senders and beginnings of all messages; whole texts back to May 2019.')
    .waitFor();
});

test('W8 a search over several accounts says what it does not cover yet', async () => {
  const progress = { known: 1000, total: 3000, done: false };
  await using at = await visit('/search?q=permits', desktop, { progress, accounts: 3 });
  await rowNamed(at.page, 'Permits').waitFor();
  await at.page.getByText('Search covers the 3,000 of 9,000 messages that are here so far.').waitFor();
});

test('W25 new mail is told of to those who hear the page, several together, and not while keys are pressed', async () => {
  await using at = await visit();
  const { page, fake } = at;
  await rowNamed(page, 'Margit').waitFor();
  const status = page.locator('.vh[role=status]');
  const first = status.getByText('New mail from Vera Blom');
  // What listens comes after the first list: of what came before it nothing is said.
  for (let tries = 0; tries < 3 && (await first.count()) === 0; tries += 1) {
    fake.deliver({ subject: 'First news' });
    await first.waitFor({ state: 'attached', timeout: 6_000 }).catch(() => undefined);
  }
  const whileTyping = page.evaluate<string>(`new Promise((done) => {
    let left = 30;
    const timer = setInterval(() => {
      dispatchEvent(new KeyboardEvent('keydown', { key: 'Shift' }));
      left -= 1;
      if (left > 0) return;
      clearInterval(timer);
      done(document.querySelector('.vh[role=status]').textContent);
    }, 100);
  })`);
  fake.deliver({ subject: 'Second news' });
  fake.deliver({ subject: 'Third news' });
  assert.match(await whileTyping, /Vera Blom/u);
  await status.getByText('2 new messages').waitFor({ state: 'attached' });
});

test('new mail comes by itself: at the top it comes in, below it is counted', async () => {
  await using at = await visit();
  const { page, press, fake } = at;
  await rowNamed(page, 'Margit').waitFor();
  await page.waitForTimeout(200);
  fake.deliver({ subject: 'First news' });
  await rowNamed(page, 'First news').waitFor();
  await press('j', 'PageDown', 'PageDown', 'PageDown');
  await page.waitForTimeout(300);
  const before = await page.evaluate<unknown[]>(
    `[document.activeElement?.getAttribute('aria-label'), document.activeElement?.getBoundingClientRect().top]`,
  );
  fake.deliver({ subject: 'Second news' });
  await page.getByRole('button', { name: '1 new' }).waitFor();
  const now = await page.evaluate<unknown[]>(
    `[document.activeElement?.getAttribute('aria-label'), document.activeElement?.getBoundingClientRect().top]`,
  );
  assert.deepEqual(now, before);
  await page.getByRole('button', { name: '1 new' }).click();
  await rowNamed(page, 'Second news').waitFor();
});

test('single keys can be turned off', async () => {
  await using at = await visit();
  const { page, press } = at;
  await rowNamed(page, 'Margit').waitFor();
  await press('?');
  await page.getByLabel('Single keys act').uncheck();
  await press('Escape', 'j');
  await page.waitForTimeout(300);
  assert.equal(await page.locator('.row.open').count(), 0);
  await page.reload();
  await rowNamed(page, 'Margit').waitFor();
  await press('?');
  assert.equal(await page.locator('dialog').count(), 0);
});

test('tabs of the list are real: unread only', async () => {
  await using at = await visit();
  const { page } = at;
  await rowNamed(page, 'Margit').waitFor();
  await page.getByRole('tab', { name: 'Unread' }).click();
  await holds(page, `document.querySelector('[role=grid]')?.getAttribute('aria-rowcount') === '7'`);
  assert.equal(at.where(), '/a/ada@lindqvist.example/inbox?show=unread');
  await page.goBack();
  await holds(page, `document.querySelector('[role=grid]')?.getAttribute('aria-rowcount') === '1284'`);
});

test('a phone: one pane, back by the browser, swipe archives', async () => {
  await using at = await visit('/', phone);
  const { page, fake } = at;
  await rowNamed(page, 'Tomasz').tap();
  await page.getByRole('heading', { name: 'Rowing camp' }).waitFor();
  assert.equal(await page.getByRole('grid').isVisible(), false);
  await page.goBack();
  await rowNamed(page, 'Tomasz').waitFor();
  const box = await rowNamed(page, 'Tomasz').boundingBox();
  assert.ok(box);
  const client = await page.context().newCDPSession(page);
  const touch = (type: 'touchStart' | 'touchMove' | 'touchEnd', x: number) =>
    client.send('Input.dispatchTouchEvent', { type, touchPoints: type === 'touchEnd' ? [] : [{ x, y: box.y + 30 }] });
  await touch('touchStart', 40);
  for (let x = 60; x <= 300; x += 30) await touch('touchMove', x);
  await touch('touchEnd', 300);
  await toastSays(page, 'Archived “Rowing camp: who can drive?”');
  await liesIn(fake, 'M3', 'archive');
});
