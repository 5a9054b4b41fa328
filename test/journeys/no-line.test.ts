import assert from 'node:assert/strict';
import { test } from 'node:test';
import { until } from './real/world.ts';
import { holds, liesIn, rowNamed, toastSays, openVisits } from './visit.ts';

/** What the browser app does and says when the server refuses, is away, or does not give it all. */

const visit = openVisits();

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
  await liesIn(fake, 'M3', 'archive');
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

test('W20 a part whose code is slow says so, and comes without a further key', async () => {
  await using at = await visit();
  const { page, press } = at;
  const help = '**/assets/help-*.js*';
  const { promise: answered, resolve: answer } = Promise.withResolvers<void>();
  await page.route(help, async (route) => {
    await answered;
    await route.continue();
  });
  await page.reload();
  await rowNamed(page, 'Margit').waitFor();
  await press('?');
  const slow = page.getByRole('status').filter({ hasText: 'This part of Postern is being loaded.' });
  await slow.getByRole('button', { name: 'Load anew' }).waitFor();
  await page.setViewportSize({ width: 390, height: 844 });
  assert.ok(((await slow.boundingBox())?.height ?? 844) < 100, 'on a phone it covers no list');
  answer();
  await page.getByLabel('Single keys act').waitFor();
  assert.equal(await slow.count(), 0);
});

test('W20 whoever is signed out after an update is led to the sign-in of the new code', async () => {
  await using at = await visit();
  const { page, fake } = at;
  await rowNamed(page, 'Margit').waitFor();
  // The code of before is gone.
  await page.route('**/assets/sign-in-*.js*', (route) => route.fulfill({ status: 404 }));
  await fetch(`${fake.origin}/auth/sign-out`, { method: 'POST' });
  await page.keyboard.press('e');
  const missing = page.getByRole('alert').filter({ hasText: 'after an update, load the page anew' });
  await missing.getByRole('button', { name: 'Load anew' }).waitFor();
  await page.unroute('**/assets/sign-in-*.js*');
  await missing.getByRole('button', { name: 'Load anew' }).click();
  await page.getByRole('textbox', { name: 'Email address' }).waitFor();
});
