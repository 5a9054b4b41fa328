import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Browser, Page } from 'playwright-core';
import { findsGmail, openAccountsKit, quotaOf, wrongPassword, type AccountsKit } from './accounts-kit.ts';
import { violationsOf } from './axe.ts';
import { desktop, dist, openBrowser, openPage, phone, type Look } from './browser.ts';
import { openFake } from './fake-jmap.ts';
import { picture } from './pictures.ts';

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

const accessible = async (page: Page): Promise<void> => assert.deepEqual(await violationsOf(page), []);
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

const looks = [
  ['light', desktop],
  ['dark', { ...desktop, dark: true }],
  ['phone', phone],
  ['phone-dark', { ...phone, dark: true }],
] as const;

for (const [name, look] of looks)
  test(`G5 Gmail is led to an app password, which is tried as soon as its last letter is in: ${name}`, async () => {
    await using at = await visit('/settings/accounts', look);
    const { page, kit } = at;
    await page.getByRole('list', { name: 'Accounts', exact: true }).getByText('Rowing club').waitFor();
    await picture(page, `accounts-${name}`);
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
    await picture(page, `gmail-${name}`);
    assert.deepEqual(kit.asked, [], 'nothing is tried before it is whole');

    kit.problems.push(wrongPassword);
    await field.fill('kfzt wmqa yexx abcd');
    await page.getByText('imap.gmail.com did not accept this password.').waitFor();
    await accessible(page);
    await page.getByRole('button', { name: 'I cannot find app passwords at Google' }).click();
    await page.getByText('Advanced Protection is on.').waitFor();
    await accessible(page);
    await picture(page, `gmail-refused-${name}`);
    await field.fill('kfzt1');
    await page.getByText('made of letters only').waitFor();
    await field.fill('kfzt wmqa yexx abce');
    await page.getByRole('heading', { name: 'The account is here' }).waitFor();
    assert.deepEqual(kit.asked, ['POST /auth/accounts', 'POST /auth/accounts']);
    await page.getByLabel('Archive', { exact: true }).waitFor();
    await accessible(page);
    await page.getByLabel('Name').fill('Gmail');
    await page.getByRole('radio', { name: 'Plum' }).check({ force: true });
    const gathered = page.getByRole('checkbox', { name: 'Show in All inboxes' });
    assert.equal(await gathered.isChecked(), true);
    await gathered.uncheck();
    await picture(page, `finish-${name}`);
    await page.getByRole('button', { name: 'Open its inbox' }).click();
    await page.getByRole('grid').waitFor();
    assert.equal(new URL(page.url()).pathname, '/a/ada.lindqvist@gmail.example/inbox');
    assert.equal(kit.asked.at(-1), 'PATCH /auth/accounts/Agmail');
    const made = kit.list.find(({ id }) => id === 'Agmail');
    assert.deepEqual([made?.name, made?.colour, made?.inAllInboxes], ['Gmail', 'plum', false]);
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
  await picture(page, 'gmail-sign-in');
  assert.deepEqual(sent, []);
  await page.keyboard.press('Escape');
  await page.getByRole('button', { name: 'Gmail wants an app password' }).click();
  await page
    .getByRole('textbox', { name: 'App password for ada.lindqvist@gmail.example' })
    .and(page.locator(':focus'))
    .waitFor();
  await page.keyboard.type('kfzt wmqa yexx abcd');
  await page.getByRole('grid').waitFor();
  assert.deepEqual(sent, ['POST']);
  assert.deepEqual(at.errors, []);
});

const GB = 1024 ** 3;

for (const [name, look] of looks)
  test(`G40 how full each account is at its server, in words and as a meter: ${name}`, async () => {
    await using at = await visit('/settings/accounts', look);
    const { page, kit } = at;
    kit.quotas.set('Alindqvist', [quotaOf('octets', 3.2 * GB, 5 * GB), quotaOf('count', 9_400, 10_000)]);
    kit.quotas.set('Arowing', [
      quotaOf('octets', 1.02 * GB, GB, 'User quota'),
      quotaOf('octets', 2 * GB, 9 * GB, '#club'),
    ]);
    await page.reload();
    const rows = page.getByRole('list', { name: 'Accounts', exact: true });
    await rows.getByText('The mailbox is full').waitFor();
    await page.getByRole('button', { name: 'Edit Lindqvist' }).click();
    const space = page.getByRole('meter', { name: 'Space used' });
    await page.getByText('3.2 GB of 5 GB used').waitFor();
    assert.deepEqual(
      [await space.getAttribute('aria-valuetext'), await space.getAttribute('aria-valuenow')],
      ['3.2 GB of 5 GB used', '64'],
    );
    await page.getByText('9,400 of 10,000 messages').waitFor();
    await page.getByText('Nearly as many messages as the server takes.').waitFor();
    await page.getByRole('heading', { name: 'Room at the server' }).scrollIntoViewIfNeeded();
    await accessible(page);
    await picture(page, `quota-${name}`);
    await page.getByRole('button', { name: 'Edit Rowing club' }).click();
    await page.getByRole('meter', { name: 'Space used, User quota' }).waitFor();
    await page.getByText('Full: the server takes no new mail. What is here stays').waitFor();
    await page.getByRole('meter', { name: 'Space used, #club' }).waitFor();
    await page.getByRole('heading', { name: 'Room at the server' }).scrollIntoViewIfNeeded();
    await accessible(page);
    await picture(page, `quota-full-${name}`);
    assert.deepEqual(at.errors, []);
  });

test('G39 an account leaves All inboxes and comes back by undo; an only account has no such choice', async () => {
  await using at = await visit('/settings/accounts');
  const { page, kit } = at;
  await page.getByRole('button', { name: 'Edit Rowing club' }).click();
  const gathered = page.getByRole('checkbox', { name: 'Show in All inboxes' });
  assert.equal(await gathered.isChecked(), true);
  assert.equal(await page.getByRole('heading', { name: 'Room at the server' }).count(), 0, 'its server tells of none');
  await gathered.uncheck();
  await page.locator('.toast').getByText('Rowing club left All inboxes').waitFor();
  assert.equal(kit.list.find(({ id }) => id === 'Arowing')?.inAllInboxes, false);
  await picture(page, 'all-inboxes');
  await page.locator('.toast').getByRole('button', { name: 'Undo' }).click();
  await page.getByText('It is as it was').waitFor();
  assert.equal(await gathered.isChecked(), true);
  kit.list = kit.list.slice(0, 1);
  await page.reload();
  await page.getByRole('button', { name: 'Edit Lindqvist' }).click();
  await page.getByRole('radio', { name: 'Plum' }).waitFor();
  assert.equal(await gathered.count(), 0);
  assert.deepEqual(at.errors, []);
});
