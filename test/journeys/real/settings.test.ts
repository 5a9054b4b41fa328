import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Page } from 'playwright-core';
import type { SettingsPage } from '#model/route.ts';
import { phone } from '../browser.ts';
import { letter } from './letters.ts';
import { accessibleEverywhere, focused, focusOn, openReal, type Real, signIn, until, type Visit } from './world.ts';
import { picture } from '../pictures.ts';

/** Settings with real servers: sessions, tokens, appearance, identities; by keyboard where a keyboard would do it. */

let real: Real;
let at: Visit;
before(async () => {
  real = await openReal();
  await real.village.deliver(real.alice.address, letter({ subject: 'Rowing on Friday' }));
  at = await real.visit();
  await signIn(real, at.page, real.alice);
});
after(() => real[Symbol.asyncDispose]());

const path = (page: Page): string => new URL(page.url()).pathname;
const open = async (page: Page, name: SettingsPage): Promise<void> => {
  await page.goto(`${real.url}/settings/${name}`);
  await page.getByRole('heading', { level: 1 }).waitFor();
};

test('the gear opens the settings; each page has its URL; Escape and Back lead to the mail', async () => {
  const { page, errors } = at;
  await page.getByRole('button', { name: 'Settings' }).click();
  await focusOn(page, /^h1 Accounts/u);
  assert.equal(path(page), '/settings/accounts');
  assert.equal(await page.title(), 'Settings - Postern');
  await page.getByRole('link', { name: 'Appearance' }).click();
  assert.equal(path(page), '/settings/appearance');
  await page.goBack();
  await page.getByRole('heading', { name: 'Accounts', level: 1 }).waitFor();
  await page.keyboard.press('e');
  await page.keyboard.press('Escape');
  await page.getByRole('grid').waitFor();
  await focusOn(page, /^button Settings/u);
  assert.equal(path(page), '/');
  await open(page, 'sessions');
  await page.getByRole('button', { name: 'Back to the mail' }).click();
  await page.getByRole('grid').waitFor();
  assert.deepEqual(errors, []);
});

test('on a phone the page that is open is in sight in the line of pages, however one came there', async () => {
  const { page, errors } = at;
  await page.setViewportSize({ width: 390, height: 844 });
  await open(page, 'accounts');
  const line = page.locator('.set-groups');
  const here = page.getByRole('navigation', { name: 'Settings' }).locator('[aria-current="page"]');
  const inSight = (title: string): Promise<unknown> =>
    until(
      `${title} is in sight`,
      async () => {
        const [link, all] = await Promise.all([here.boundingBox(), line.boundingBox()]);
        const name = (await here.innerText()).trim();
        const main = await page.getByRole('main').boundingBox();
        const fits = link && all && link.x >= all.x - 1 && link.x + link.width <= all.x + all.width + 1;
        // The line moves, the window does not.
        return `${name} ${fits && main?.x === 0 ? 'whole' : `${link?.x} ${link?.width}, page at ${main?.x}`}`;
      },
      (now) => now === `${title} whole`,
      3_000,
    );
  await inSight('Accounts');
  assert.ok(
    await line.evaluate((element) => element.scrollWidth > element.clientWidth + 200),
    'longer than the screen',
  );
  const titles = ['Appearance', 'Accounts', 'Vault and recovery code', 'Identities and signatures', 'Sessions'];
  for (const title of titles) {
    await page.getByRole('link', { name: title }).dispatchEvent('click');
    await page.getByRole('heading', { name: title, level: 1 }).waitFor();
    await inSight(title);
  }
  for (const title of titles.slice(0, -1).toReversed()) {
    await page.goBack();
    await page.getByRole('heading', { name: title, level: 1 }).waitFor();
    await inSight(title);
  }
  await picture(page, 'settings-phone-nav');
  await page.setViewportSize({ width: 1440, height: 900 });
  assert.deepEqual(errors, []);
});

test('one browser ends another: it is shown the sign-in at once', async () => {
  const { page, errors } = at;
  const other = await real.visit(phone);
  await signIn(real, other.page, real.alice);
  await open(page, 'sessions');
  const list = page.getByRole('list', { name: 'Sessions' });
  await list.getByText('This browser, now').waitFor();
  assert.equal(await list.getByRole('listitem').count(), 2);
  await list.getByText('Chrome, Linux').first().waitFor();
  await accessibleEverywhere(page, 'sessions');
  await picture(page, 'sessions');
  assert.equal(await page.getByRole('button', { name: 'End all others' }).count(), 1);
  await list.getByRole('button', { name: /^End the session of Chrome, Linux/u }).click();
  await page.locator('.toast').getByText('Session ended').waitFor();
  assert.equal(await focused(page), 'h2 Sessions');
  await other.page.getByLabel('Email address').waitFor();
  assert.equal(await list.getByRole('listitem').count(), 1);
  assert.equal(await page.getByRole('button', { name: 'End all others' }).count(), 0, 'nothing is left to end');
  assert.deepEqual([...errors, ...other.errors], []);
  await other.context.close();
});

test('a token is made, shown once, works at the API, and is dead after it is deleted', async () => {
  const { page, errors } = at;
  await open(page, 'sessions');
  await page.getByText('There is no token').waitFor();
  await page.getByRole('button', { name: 'New token' }).click();
  await focusOn(page, /Name/u);
  await page.keyboard.press('Enter');
  await page.getByText('Give it a name').waitFor();
  await page.keyboard.type('Desk calendar');
  await page.getByLabel('It may only read').check();
  await accessibleEverywhere(page, 'a new token');
  await page.getByRole('button', { name: 'Make token' }).click();
  await page.getByRole('heading', { name: 'Token “Desk calendar” is ready' }).waitFor();
  await focusOn(page, /^button Cop/u);
  await accessibleEverywhere(page, 'a token that is ready');
  await picture(page, 'token');
  const token = await page.locator('.set-secret code').innerText();
  assert.match(token, /^postern_[\w-]{43}$/u);

  const authorization = `Bearer ${token}`;
  const session = (await (await fetch(`${real.url}/.well-known/jmap`, { headers: { authorization } })).json()) as {
    accounts: Record<string, { isReadOnly: boolean }>;
  };
  const [accountId, account] = Object.entries(session.accounts)[0]!;
  assert.equal(account.isReadOnly, true);
  const call = () =>
    fetch(`${real.url}/jmap/api`, {
      method: 'POST',
      headers: { authorization, 'content-type': 'application/json' },
      body: JSON.stringify({
        using: ['urn:ietf:params:jmap:core', 'urn:ietf:params:jmap:mail'],
        methodCalls: [['Mailbox/get', { accountId, ids: null, properties: ['role'] }, 'c']],
      }),
    });
  const { methodResponses } = (await (await call()).json()) as {
    methodResponses: [string, { list: { role: string | null }[] }][];
  };
  assert.ok(methodResponses[0]![1].list.some(({ role }) => role === 'inbox'));

  await page.getByRole('button', { name: 'Put away' }).click();
  assert.equal(await page.getByText(token).count(), 0);
  await page.reload();
  await page.getByRole('list', { name: 'API tokens' }).getByText('May only read').waitFor();
  await page.getByText(/Last used now/u).waitFor();
  assert.equal(await page.getByText(token).count(), 0);
  await page.getByRole('button', { name: 'Delete the token Desk calendar' }).click();
  const question = page.getByRole('alertdialog', { name: 'Delete the token “Desk calendar”?' });
  await question.getByRole('button', { name: 'Delete token' }).click();
  await page.getByText('There is no token').waitFor();
  assert.equal((await call()).status, 401);
  assert.deepEqual(errors, []);
});

test('appearance is changed at once and kept', async () => {
  const { page, errors } = at;
  await open(page, 'appearance');
  await accessibleEverywhere(page, 'appearance');
  await picture(page, 'appearance');
  await page.getByRole('radio', { name: 'Night' }).check();
  await page.locator('html[data-theme="dark"]').waitFor();
  await picture(page, 'appearance-dark');
  await page.getByRole('radio', { name: 'One line' }).check();
  await page.locator('.set-preview.one').waitFor();
  await page.getByRole('checkbox', { name: /Single keys act/u }).uncheck();
  await page.reload();
  assert.equal(await page.getByRole('radio', { name: 'One line' }).isChecked(), true);
  assert.equal(await page.getByRole('checkbox', { name: /Single keys act/u }).isChecked(), false);
  await page.getByRole('radio', { name: 'As the system' }).check();
  await page.getByRole('checkbox', { name: /Single keys act/u }).check();
  await page.locator('html[data-theme="light"]').waitFor();
  assert.deepEqual(errors, []);
});

test('name, reply address and signature are saved when one leaves the field, and taken back with Undo', async () => {
  const { page, errors } = at;
  await open(page, 'identities');
  const name = page.getByLabel('Your name');
  await name.fill('Alice Andersson');
  await name.press('Tab');
  await page.locator('.toast').getByText('Saved the name of alice@village.test').waitFor();
  await page.getByLabel('Answers go to').fill('nobody');
  await page.getByLabel('Answers go to').press('Tab');
  await page.getByText('This is no address. It was not saved.').waitFor();
  await page.getByLabel('Answers go to').fill('desk@village.test');
  await page.getByLabel('Signature').fill('Alice\nVillage 1');
  await page.getByRole('heading', { level: 1 }).click();
  await page.locator('.toast').getByText('Saved the signature of alice@village.test').waitFor();
  await accessibleEverywhere(page, 'identities');
  await picture(page, 'identities');
  await page.setViewportSize({ width: 390, height: 844 });
  await picture(page, 'identities-phone');
  await page.goto(`${real.url}/settings/sessions`);
  await page.getByText('This browser, now').waitFor();
  await picture(page, 'sessions-phone');
  await page.setViewportSize({ width: 1440, height: 900 });
  await open(page, 'identities');
  assert.equal(await name.inputValue(), 'Alice Andersson');
  assert.equal(await page.getByLabel('Answers go to').inputValue(), 'desk@village.test');
  assert.equal(await page.getByLabel('Signature').inputValue(), 'Alice\nVillage 1');

  await name.fill('Somebody Else');
  await name.press('Enter');
  await page.locator('.toast').getByText('Saved the name').waitFor();
  await page.locator('.toast').getByRole('button', { name: /Undo/u }).click();
  await until(
    'the name is back',
    () => name.inputValue(),
    (value) => value === 'Alice Andersson',
  );
  await page.reload();
  assert.equal(await name.inputValue(), 'Alice Andersson');
  assert.deepEqual(errors, []);
});

test('a server that is away is said, and tried again on request', async () => {
  const { page, errors } = at;
  const asked: unknown[] = [];
  // The answer of Postern with another word in it, until the mail app asks for another try.
  await page.route('**/jmap/api', async (route) => {
    const { methodCalls } = route.request().postDataJSON() as { methodCalls: [string, { update?: unknown }][] };
    const set = methodCalls.find(([name]) => name === 'MailAccount/set');
    if (set) asked.push(set[1].update);
    const answer = await route.fetch();
    const json = (await answer.json()) as { methodResponses: [string, { list?: { status?: unknown }[] }][] };
    const since = new Date(Date.now() - 7_200_000).toISOString().replace(/\.\d+/u, '');
    const status = { at: 'away', since, retryAt: since, code: 'net/unreachable', words: 'shutting down' };
    for (const [name, { list }] of json.methodResponses)
      if (name === 'MailAccount/get' && asked.length === 0 && list?.[0]?.status) list[0].status = status;
    await route.fulfill({ response: answer, json });
  });
  await open(page, 'accounts');
  await page.getByText(/^127\.0\.0\.1 does not answer, next try/u).waitFor();
  await page.getByRole('button', { name: /^Edit / }).click();
  await page.getByText('The server said: shutting down').waitFor();
  await accessibleEverywhere(page, 'an account that is away');
  await picture(page, 'away');
  // Postern itself stands well with both servers, and is asked what they say now.
  await page.getByRole('button', { name: 'Check now' }).click();
  await page.getByText('Both servers took the password of').waitFor();
  assert.deepEqual(asked, []);
  await page.goto(real.url);
  const again = page.getByRole('button', { name: 'Try now' });
  await again.click();
  await again.waitFor({ state: 'detached' });
  await page.unrouteAll({ behavior: 'ignoreErrors' });
  assert.deepEqual(asked, [{ singleton: { status: { at: 'connecting' } } }]);
  assert.deepEqual(errors, []);
});
