import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Browser, Page } from 'playwright-core';
import { desktop, dist, openBrowser, openPage } from './browser.ts';
import { openDesk } from './composer-kit.ts';
import { openFake } from './fake-jmap.ts';
import { until } from './real/world.ts';
import { rowNamed, toastSays, visit } from './visit.ts';

/** Browsers that keep nothing, and lines that answer in another's name. */

let browser: Browser;
before(async () => {
  browser = await openBrowser();
});
after(async () => {
  await browser.close();
});

const signOut = (page: Page): Promise<void> => page.getByRole('button', { name: 'Sign out' }).click();
const outside = (page: Page): Promise<void> => page.getByRole('heading', { name: 'Open your mail' }).waitFor();

test('W31 nobody is told to be signed out before the server did it; letters are kept first', async () => {
  await using at = await openDesk(browser);
  const { page } = at;
  const url = '**/auth/sign-out';
  for (const status of [502, 200]) {
    await page.route(url, (route) => route.fulfill({ status, contentType: 'text/html', body: '<p>Welcome' }));
    await signOut(page);
    await toastSays(page, 'you are still signed in');
    await page.getByRole('button', { name: 'Dismiss' }).click();
    await page.unroute(url);
  }
  const letter = await at.begin();
  await letter.getByLabel('Subject').fill('Half');
  await signOut(page);
  await outside(page);
  assert.deepEqual(
    at.kept('drafts').map(({ subject }) => subject),
    ['Half'],
  );
  assert.equal(await page.locator('.comp').count(), 0);
  assert.deepEqual(at.errors, []);
});

test('W31 a sign-out keeps what was written in another tab', async () => {
  await using at = await openDesk(browser);
  const other = await at.page.context().newPage();
  await other.goto(at.page.url());
  await rowNamed(other, 'Margit').waitFor();
  const letter = await at.begin();
  await letter.getByLabel('Subject').fill('In the other');
  await signOut(other);
  await outside(other);
  await outside(at.page);
  assert.deepEqual(
    at.kept('drafts').map(({ subject }) => subject),
    ['In the other'],
  );
});

test('W31 who signs out is asked about a letter that could not be kept', async () => {
  await using at = await openDesk(browser);
  const { page } = at;
  const letter = await at.begin();
  at.fake.broken.set('Email/set', 'serverFail');
  await letter.getByLabel('Subject').fill('Nowhere else');
  await signOut(page);
  const question = page.getByRole('alertdialog', { name: 'Sign out without what you wrote?' });
  await question.getByRole('button', { name: 'Stay' }).click();
  assert.equal(await letter.getByLabel('Subject').inputValue(), 'Nowhere else');
  await signOut(page);
  await question.getByRole('button', { name: 'Sign out' }).click();
  await outside(page);
});

test('W31 from the locked screen, too, one is signed out when the server says so', async () => {
  await using at = await visit(browser);
  const { page } = at;
  await rowNamed(page, 'Margit').waitFor();
  await page.getByRole('button', { name: 'Lock' }).click();
  const instead = page.getByRole('button', { name: 'Sign out instead' });
  await instead.waitFor();
  await page.route('**/auth/sign-out', (route) => route.abort());
  await instead.click();
  await page.getByText('Postern does not answer.').waitFor();
  await page.unroute('**/auth/sign-out');
  await instead.click();
  await outside(page);
});

test('E17 behind a page that answers for the server, what was not sent is said in words', async () => {
  await using at = await openDesk(browser);
  const { page } = at;
  const letter = await at.begin();
  await page.keyboard.type('bo@alm.example,');
  await letter.getByLabel('Subject').fill('Half');
  await page.route('**/jmap/**', (route) => route.fulfill({ contentType: 'text/html', body: '<p>Welcome' }));
  await letter.getByRole('button', { name: 'Send' }).click();
  await letter.getByText('Not sent yet: “Half”. Postern’s answer broke off. It is kept on this device.').waitFor();
});

test('W32 a browser that keeps no cookie is told so, also where it refuses everything else', async () => {
  await using fake = await openFake({ dist, signedOut: true });
  const { context, page, errors } = await openPage(browser, desktop);
  // As Firefox does: no channel, no storage. The server lets one in, and does not know one afterwards.
  await context.addInitScript(`
    const refused = () => { throw new DOMException('The operation is insecure.', 'SecurityError'); };
    window.BroadcastChannel = class { constructor() { refused(); } };
    Object.defineProperty(window, 'localStorage', { get: refused });
  `);
  await page.route('**/auth/sign-in', (route) => route.fulfill({ json: { user: {}, accounts: [] } }));
  await page.goto(fake.origin);
  await page.getByLabel('Email address').fill('ada@lindqvist.example');
  await page.getByLabel('Password', { exact: true }).fill('secret');
  await page.getByRole('button', { name: 'Sign in', exact: true }).click();
  await page.getByText('Your browser does not keep the cookie of Postern.').waitFor();
  assert.equal(await page.getByLabel('Password', { exact: true }).inputValue(), 'secret');
  assert.deepEqual(errors, []);
  await context.close();
});

test('W34 a sign-in that nothing answers ends in words', async () => {
  await using fake = await openFake({ dist, signedOut: true });
  const { context, page } = await openPage(browser, desktop);
  // A minute in a second.
  await context.addInitScript(`{
    const { timeout } = AbortSignal;
    AbortSignal.timeout = (ms) => timeout.call(AbortSignal, ms / 60);
  }`);
  await page.route('**/auth/**', () => undefined);
  await page.goto(fake.origin);
  await page.getByLabel('Email address').fill('ada@lindqvist.example');
  await page.getByLabel('Password', { exact: true }).fill('secret');
  await page.getByRole('button', { name: 'Sign in', exact: true }).click();
  await page.getByText('Postern does not answer.').waitFor();
  assert.equal(await page.getByLabel('Password', { exact: true }).inputValue(), 'secret');
  await context.close();
});

test('W33 a page that found nobody looks again by itself when the line is back', async () => {
  await using at = await visit(browser);
  const { page } = at;
  await rowNamed(page, 'Margit').waitFor();
  await page.route('**/.well-known/jmap', (route) => route.abort());
  await page.reload();
  await page.getByText('Postern does not answer.').waitFor();
  await page.unroute('**/.well-known/jmap');
  await page.context().setOffline(true);
  await page.context().setOffline(false);
  await rowNamed(page, 'Margit').waitFor();
});

test('P1 where no event stream comes through, new mail is looked for', async () => {
  await using at = await visit(browser);
  const { page, fake } = at;
  await page.route('**/jmap/eventsource*', (route) => route.abort());
  await page.reload();
  await rowNamed(page, 'Margit').waitFor();
  fake.deliver({ subject: 'First news' });
  await rowNamed(page, 'First news').waitFor();
});

test('E37 where the browser stores nothing letters are written all the same, and one that is kept nowhere holds the page', async () => {
  for (const refuse of [
    `Object.defineProperty(window, 'localStorage', { get() { throw new DOMException('No.', 'SecurityError'); } })`,
    `Object.defineProperty(window, 'localStorage', { get() { return null; } })`,
    `Storage.prototype.setItem = () => { throw new DOMException('Full.', 'QuotaExceededError'); }`,
  ]) {
    await using at = await openDesk(browser);
    const { page } = at;
    await page.addInitScript(refuse);
    await page.reload();
    await rowNamed(page, 'Margit').waitFor();
    const letter = await at.begin();
    await page.keyboard.type('bo@alm.example,');
    await page.route('**/jmap/api', (route) => route.abort());
    await letter.getByLabel('Subject').fill('Half');
    let asked = 0;
    page.on('dialog', (dialog) => {
      asked += 1;
      void dialog.dismiss();
    });
    await page.close({ runBeforeUnload: true });
    await until(
      'asked before the page goes',
      () => asked,
      (times) => times === 1,
    );
    await page.unroute('**/jmap/api');
    await letter.getByRole('button', { name: 'Save and close' }).click();
    await until(
      'kept',
      () => at.kept('drafts'),
      (all) => all.some(({ subject }) => subject === 'Half'),
      40_000,
    );
    assert.deepEqual(at.errors, []);
  }
});
