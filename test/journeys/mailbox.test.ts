import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Browser, Page } from 'playwright-core';
import type { UTCDate } from '#jmap/ids.ts';
import { violationsOf } from './axe.ts';
import { desktop, openBrowser, phone, type Look } from './browser.ts';
import type { Fake } from './fake-jmap.ts';
import { until } from './real/world.ts';
import { focusIs, holds, rowNamed, toastSays, visit as visitWith, type Visit } from './visit.ts';

/** The browser app against a JMAP server in memory: what the keyboard does, where the focus is, what is said. */

let browser: Browser;
before(async () => {
  browser = await openBrowser();
});
after(async () => {
  await browser.close();
});

const visit = (
  ...given: Parameters<typeof visitWith> extends [Browser, ...infer Rest] ? Rest : never
): Promise<Visit> => visitWith(browser, ...given);

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
  await page.waitForTimeout(100);
  assert.deepEqual(Object.keys(fake.email('M3')?.mailboxIds ?? {}), ['inbox']);
  assert.deepEqual(Object.keys(fake.email('M8')?.mailboxIds ?? {}), ['trash']);
});

test('a change the server refuses comes back, and is said', async () => {
  await using at = await visit();
  const { page, press, fake } = at;
  await rowNamed(page, 'Tomasz').waitFor();
  fake.refuse.set('M3', 'folder Archive is read-only');
  await press('j', 'j', 'e');
  await toastSays(
    page,
    '“Rowing camp: who can drive?” is back in Inbox. The server did not allow it: folder Archive is read-only',
  );
  await rowNamed(page, 'Tomasz').waitFor();
  await holds(page, `document.querySelector('[role=alert]')?.textContent?.includes('is back in Inbox')`);
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

test('C7 marks stacked on letters cover neither sender nor subject', async () => {
  await using at = await visit();
  const { page, press } = at;
  await rowNamed(page, 'Margit').waitFor();
  await press('j');
  await page.locator('.msg .body p').first().waitFor();
  const stack = (selector: string): Promise<void> =>
    page
      .locator(selector)
      .first()
      .evaluate(
        (each, marks) => {
          (each as unknown as { textContent: string }).textContent = `Z${marks}`;
        },
        String.fromCodePoint(...Array.from({ length: 400 }, (_, index) => 0x300 + (index % 0x50))),
      );
  const sender = page.locator('.msg .who').first();
  const before = await sender.screenshot();
  await stack('.msg .body p');
  assert.ok(before.equals(await sender.screenshot()));
  const subject = page.locator('.conv .subject');
  const title = await subject.screenshot();
  await stack('.msg .who b');
  assert.ok(title.equals(await subject.screenshot()));
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

test('a conversation: folding, quoted text, details, attachments, source', async () => {
  await using at = await visit('/a/ada@lindqvist.example/inbox/c/Tproofs');
  const { page } = at;
  await page.getByText('3 more messages').click();
  assert.equal(await page.locator('.fold').count(), 4);
  await page.getByRole('button', { name: 'Show quoted text, 61 lines' }).click();
  await page.locator('blockquote').first().waitFor();
  await page.getByRole('button', { name: 'to you' }).click();
  await page.locator('.details', { hasText: 'Thursday, 6 November 2025, 08:57' }).waitFor();
  await page.getByRole('button', { name: 'More for this message' }).click();
  const source = page.getByRole('menuitem', { name: 'Download source' });
  assert.equal(
    await source.getAttribute('href'),
    '/jmap/download/Alindqvist/G8/Proofs%20for%20chapter%206.eml?type=message%2Frfc822',
  );
  await page.keyboard.press('Escape');
  assert.match(await at.focus(), /More for this message/);
});

test('C5 HTML mail stands in a frame without scripts, as tall as it says', async () => {
  await using at = await visit('/a/ada@lindqvist.example/inbox/c/Tloans');
  const frame = at.page.locator('iframe');
  await frame.waitFor();
  assert.equal(await frame.getAttribute('sandbox'), 'allow-popups allow-popups-to-escape-sandbox');
  assert.equal(await frame.getAttribute('title'), 'Message from Uppsala City Library');
  await holds(at.page, `document.querySelector('.frame-clip')?.getBoundingClientRect().height === 260`);
  await at.page
    .getByText('1 remote image is blocked, so Uppsala City Library cannot see that you opened this.')
    .waitFor();
  assert.deepEqual(at.errors, []);
});

test('C5 H9 HTML mail that does not say how tall it is scrolls in 70 % of the window', async () => {
  await using at = await visit();
  const { page } = at;
  await page.route('**/mail/**', (route) =>
    route.continue({ url: route.request().url().replace('measure=', 'unheard=') }),
  );
  await page.goto(`${at.fake.origin}/a/ada@lindqvist.example/inbox/c/Tloans`);
  const heightOf = (part: string): string => `document.querySelector('${part}')?.getBoundingClientRect().height`;
  await holds(page, `${heightOf('.frame-clip')} === 320`);
  await holds(page, `${heightOf('.frame-clip')} === innerHeight * 0.7`);
  await holds(page, `${heightOf('iframe.frame')} === innerHeight * 0.7`);
});

test('a body that cannot be fetched says so and can be tried again', async () => {
  await using at = await visit();
  const { page, press, fake } = at;
  await rowNamed(page, 'Jonas').waitFor();
  await page.route('**/jmap/api', (route) =>
    route.request().postData()?.includes('fetchTextBodyValues')
      ? route.fulfill({
          json: {
            methodResponses: (
              JSON.parse(route.request().postData() ?? '{}') as { methodCalls: [string, unknown, string][] }
            ).methodCalls.map(([, , id]) => ['error', { type: 'serverFail' }, id]),
            sessionState: 's',
          },
        })
      : route.continue(),
  );
  await press('j');
  await page.getByText('This message could not be fetched.').waitFor();
  await page.unroute('**/jmap/api');
  await page.getByRole('button', { name: 'Try again' }).click();
  await page.getByText('Hello Ada').waitFor();
  assert.equal(fake.broken.size, 0);
});

test('without a line: status, banner, and what was done is sent later', async () => {
  await using at = await visit();
  const { page, press, fake } = at;
  await rowNamed(page, 'Tomasz').waitFor();
  await page.waitForTimeout(300);
  fake.down = true;
  await press('j', 'j', 's');
  await page.getByText(/Offline since/).waitFor();
  await page.getByText('You are offline. What is here can be read').waitFor();
  fake.down = false;
  // The app tries by itself as well, and the button goes when it was quicker.
  const pressed = page.getByRole('button', { name: 'Try now' }).click();
  await Promise.any([pressed, page.getByText('All mail up to date').waitFor()]);
  pressed.catch(() => undefined);
  await page.getByText('All mail up to date').waitFor();
  assert.ok(fake.email('M3')?.keywords['$flagged']);
});

test('a locked session is opened again without anybody noticing', async () => {
  await using at = await visit();
  const { page, press, fake } = at;
  await rowNamed(page, 'Tomasz').waitFor();
  fake.locked = true;
  await press('j', 'j', 'e');
  await toastSays(page, 'Archived “Rowing camp');
  await page.waitForTimeout(200);
  assert.deepEqual(Object.keys(fake.email('M3')?.mailboxIds ?? {}), ['archive']);
});

test('a list that cannot be fetched says so inside its pane', async () => {
  await using at = await visit('/a/ada@lindqvist.example/sent');
  const { page, fake } = at;
  await rowNamed(page, 'Inês').waitFor();
  fake.broken.set('Email/query', 'serverFail');
  await page.getByRole('treeitem', { name: 'Receipts' }).click();
  await page.getByText('This list could not be fetched.').waitFor();
  fake.broken.clear();
  await page.getByRole('button', { name: 'Try again' }).click();
  await page.getByText('No mail here.').waitFor();
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

test('W20 what could not be fetched comes when the line is back, and the page is not loaded again', async () => {
  await using at = await visit();
  const { page, press } = at;
  const help = '**/assets/help-*.js*';
  let asked = 0;
  await page.route(help, (route) => {
    asked += 1;
    return route.abort();
  });
  await page.reload();
  await rowNamed(page, 'Margit').waitFor();
  await press('?');
  await until(
    'asked for again',
    async () => asked,
    (times) => times > 2,
  );
  assert.equal(await page.locator('dialog').count(), 0);
  const missing = page.getByRole('alert').filter({ hasText: 'This part of Postern could not be loaded.' });
  await missing.getByRole('button', { name: 'Load anew' }).waitFor();
  await page.unroute(help);
  await page.getByLabel('Single keys act').waitFor();
  assert.equal(await missing.count(), 0);
});

test('W20 what could not be fetched comes with its style', async () => {
  await using at = await visit('/settings/appearance');
  const { page } = at;
  const heading = page.getByRole('heading', { name: 'Appearance' });
  await heading.waitFor();
  const place = await heading.boundingBox();
  const settings = '**/assets/*.css';
  let asked = 0;
  await page.route(settings, (route) => {
    asked += 1;
    return route.request().url().includes('/index-') ? route.continue() : route.abort();
  });
  await page.reload();
  await until(
    'asked for again',
    async () => asked,
    (times) => times > 3,
  );
  assert.equal(await heading.count(), 0);
  await page.unroute(settings);
  await heading.waitFor();
  assert.deepEqual(await heading.boundingBox(), place);
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
  await page.waitForTimeout(200);
  assert.deepEqual(Object.keys(fake.email('M3')?.mailboxIds ?? {}), ['archive']);
});

const looks: [string, Look][] = [
  ['desktop, day', desktop],
  ['desktop, night', { ...desktop, dark: true }],
  ['phone, day', phone],
  ['phone, night', { ...phone, dark: true }],
];
const screens: [string, string, (page: Page, fake: Fake) => Promise<unknown>][] = [
  ['list', '/', (page) => rowNamed(page, 'Margit').waitFor()],
  ['letter', '/a/ada@lindqvist.example/inbox/c/Tplan', (page) => page.getByText('Hello Ada').waitFor()],
  ['HTML letter', '/a/ada@lindqvist.example/inbox/c/Tloans', (page) => page.locator('iframe').waitFor()],
  [
    'empty folder',
    '/a/ada@lindqvist.example/receipts',
    (page) =>
      page
        .getByText(/no such folder|No mail here/)
        .first()
        .waitFor(),
  ],
  ['search without a find', '/search?q=zebra+from:x', (page) => page.getByText('No mail matches.').waitFor()],
  [
    'chosen rows',
    '/',
    async (page) => {
      await rowNamed(page, 'Margit').waitFor();
      await page.keyboard.press('j');
      await page.keyboard.press('x');
      await page.getByText('1 chosen').first().waitFor();
    },
  ],
  [
    'help',
    '/',
    async (page) => {
      await rowNamed(page, 'Margit').waitFor();
      await page.keyboard.press('?');
      await page.getByRole('dialog').waitFor();
    },
  ],
  [
    'menu',
    '/a/ada@lindqvist.example/inbox/c/Tplan',
    async (page) => {
      await page.getByText('Hello Ada').waitFor();
      await page.getByRole('button', { name: 'More actions' }).click();
      await page.getByRole('menu').waitFor();
    },
  ],
];

for (const [screen, path, ready] of screens)
  test(`axe finds nothing: ${screen}`, async () => {
    for (const [name, look] of looks) {
      await using at = await visit(path, look);
      await ready(at.page, at.fake);
      await at.page.waitForTimeout(100);
      assert.deepEqual(await violationsOf(at.page, { exclude: ['iframe'] }), [], `${screen}, ${name}`);
    }
  });
