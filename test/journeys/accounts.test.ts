import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { AxeBuilder } from '@axe-core/playwright';
import type { Browser, Page } from 'playwright-core';
import { findsGmail, openAccountsKit, wrongPassword, type AccountsKit } from './accounts-kit.ts';
import { desktop, dist, openBrowser, openPage, phone, type Look } from './browser.ts';
import { openFake } from './fake-jmap.ts';

/** Several accounts on the screen: their settings, and a further one that wants an app password. */

let browser: Browser;
before(async () => {
  browser = await openBrowser();
});
after(() => browser.close());

interface Visit extends AsyncDisposable {
  kit: AccountsKit;
  page: Page;
  errors: string[];
}

const visit = async (path: string, look: Look = desktop, signedOut = false): Promise<Visit> => {
  const kit = openAccountsKit();
  const fake = await openFake({ dist, accounts: 3, more: kit, signedOut });
  const { context, page, errors } = await openPage(browser, look);
  await findsGmail(page);
  await page.goto(fake.origin + path);
  return {
    kit,
    page,
    errors,
    [Symbol.asyncDispose]: async () => {
      await context.close();
      await fake[Symbol.asyncDispose]();
    },
  };
};

/** ACCOUNTS_SHOTS names a folder that gets pictures, to be looked at. */
const shot = async (page: Page, name: string): Promise<void> => {
  const folder = process.env['ACCOUNTS_SHOTS'];
  if (folder) await page.screenshot({ path: `${folder}/${name}.png` });
};
const accessible = async (page: Page): Promise<void> => {
  const { violations } = await new AxeBuilder({ page }).analyze();
  assert.deepEqual(
    violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).join(' | ')}`),
    [],
  );
};
const focused = (page: Page): Promise<string> =>
  page.evaluate<string>(
    `(() => { const at = document.activeElement; return (at.getAttribute('aria-label') ?? at.textContent).trim(); })()`,
  );

const toGuide = async (page: Page): Promise<void> => {
  await page.getByRole('button', { name: 'Add account' }).click();
  await page.getByLabel('Email address').fill('ada.lindqvist@gmail.example');
  await page.getByRole('button', { name: 'Continue' }).click();
  await page.getByRole('heading', { name: 'Gmail wants an app password' }).waitFor();
};

for (const [name, look] of [
  ['light', desktop],
  ['dark', { ...desktop, dark: true }],
  ['phone', phone],
  ['phone-dark', { ...phone, dark: true }],
] as const)
  test(`G5 Gmail is led to an app password, which is tried as soon as its last letter is in: ${name}`, async () => {
    await using at = await visit('/settings/accounts', look);
    const { page, kit } = at;
    await page.getByRole('list', { name: 'Accounts', exact: true }).getByText('Rowing club').waitFor();
    await shot(page, `accounts-${name}`);
    await accessible(page);
    await toGuide(page);
    await accessible(page);
    const field = page.getByRole('textbox', { name: 'App password for ada.lindqvist@gmail.example' });
    assert.equal(await focused(page), 'App password for ada.lindqvist@gmail.example');
    assert.equal(
      await page.getByRole('link', { name: /Make a password/u }).getAttribute('href'),
      'https://myaccount.google.com/apppasswords',
    );
    await page.keyboard.type('KFZT wmqa ye');
    assert.equal(await field.inputValue(), 'kfztwmqaye');
    await page.getByText('10 of 16 letters. Postern checks it as soon as the last one is in.').waitFor();
    await shot(page, `gmail-${name}`);
    assert.deepEqual(kit.asked, [], 'nothing is tried before it is whole');

    kit.problems.push(wrongPassword);
    await field.fill('kfzt wmqa yexx abcd');
    await page.getByText('imap.gmail.com did not accept this password.').waitFor();
    await accessible(page);
    await page.getByRole('button', { name: 'I cannot find app passwords at Google' }).click();
    await page.getByText('Advanced Protection is on.').waitFor();
    await accessible(page);
    await shot(page, `gmail-refused-${name}`);
    await field.fill('kfzt1');
    await page.getByText('made of letters only').waitFor();
    await field.fill('kfzt wmqa yexx abce');
    await page.getByRole('heading', { name: 'The account is here' }).waitFor();
    assert.deepEqual(kit.asked, ['POST /auth/accounts', 'POST /auth/accounts']);
    await page.getByLabel('Archive', { exact: true }).waitFor();
    await accessible(page);
    await page.getByLabel('Name').fill('Gmail');
    await page.getByRole('radio', { name: 'Plum' }).check({ force: true });
    await shot(page, `finish-${name}`);
    await page.getByRole('button', { name: 'Open its inbox' }).click();
    await page.getByRole('grid').waitFor();
    assert.equal(new URL(page.url()).pathname, '/a/ada.lindqvist@gmail.example/inbox');
    assert.equal(kit.asked.at(-1), 'PATCH /auth/accounts/Agmail');
    assert.deepEqual(at.errors, []);
  });

test('G6 at the sign-in too: the ordinary password does not leave for a server that would refuse it', async () => {
  await using at = await visit('/', desktop, true);
  const { page } = at;
  const sent: string[] = [];
  page.on('request', (request) => {
    if (request.url().endsWith('/auth/sign-in')) sent.push(request.method());
  });
  await page.getByLabel('Email address').fill('ada.lindqvist@gmail.example');
  await page.getByText('Settings of Gmail').waitFor();
  await page.getByLabel('Password', { exact: true }).fill('my usual pass-word 1');
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: 'Gmail wants an app password' }).waitFor();
  await accessible(page);
  await shot(page, 'gmail-sign-in');
  assert.deepEqual(sent, []);
  await page.keyboard.press('Escape');
  await page.getByRole('button', { name: 'Gmail wants an app password' }).click();
  await page.keyboard.type('kfzt wmqa yexx abcd');
  await page.getByRole('grid').waitFor();
  assert.deepEqual(sent, ['POST']);
  assert.deepEqual(at.errors, []);
});
