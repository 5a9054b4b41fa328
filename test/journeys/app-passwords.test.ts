import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { parseXml } from '@rgrove/parse-xml';
import type { Browser, Page, Request } from 'playwright-core';
import qrcode from 'qrcode-generator';
import { openAppPasswordFake, phoneId, secret, type AppPasswordFake } from './app-passwords-fake.ts';
import { desktop, dist, type Look, openBrowser, openPage, phone } from './browser.ts';
import { type Fake, openFake } from './fake-jmap.ts';
import { accessibleEverywhere, focusOn, until } from './real/world.ts';

/** App passwords on screen, against a JMAP server in memory: every state, and what is said when the server refuses. */

let browser: Browser;
before(async () => {
  browser = await openBrowser();
});
after(() => browser.close());

interface Visit extends AsyncDisposable {
  kit: AppPasswordFake;
  fake: Fake;
  page: Page;
  errors: string[];
}

const visit = async (set: (kit: AppPasswordFake) => void = () => undefined, look: Look = desktop): Promise<Visit> => {
  const kit = openAppPasswordFake();
  set(kit);
  const fake = await openFake({ dist, accounts: 3, more: kit });
  const { context, page, errors } = await openPage(browser, look);
  await context.grantPermissions(['clipboard-read', 'clipboard-write']);
  await page.goto(`${fake.origin}/settings/app-passwords`);
  await page.getByRole('heading', { name: 'App passwords', level: 1 }).waitFor();
  return {
    kit,
    fake,
    page,
    errors,
    [Symbol.asyncDispose]: async () => {
      await context.close();
      await fake[Symbol.asyncDispose]();
    },
  };
};

const row = (page: Page, name: string) => page.getByRole('row').filter({ has: page.getByText(name, { exact: true }) });
const toast = (page: Page) => page.locator('.toast');
const question = (page: Page) => page.getByRole('alertdialog');
const menu = async (page: Page, name: string, entry: string): Promise<void> => {
  await page.getByRole('button', { name: `More for ${name}` }).click();
  await page.getByRole('menuitem', { name: entry }).click();
};
const make = async (page: Page, program: RegExp, name: string): Promise<void> => {
  await page.getByRole('button', { name: 'New app password' }).click();
  await page.getByRole('radio', { name: program }).check();
  await page.getByLabel('Name', { exact: true }).fill(name);
  await page.getByRole('button', { name: 'Make password' }).click();
};
const grouped = secret.replaceAll(/(.{4})(?!$)/gu, '$1 ');
const sets = (fake: Fake) => fake.calls.filter(([name]) => name === 'AppPassword/set').map(([, args]) => args);

test('the list: program, what it may do, when it was used; an old one is asked about; each account its own way', async () => {
  await using at = await visit();
  const { page, errors } = at;
  const table = page.getByRole('table', { name: 'App passwords of Lindqvist' });
  await table.waitFor();
  assert.deepEqual(await table.getByRole('columnheader').allInnerTexts(), [
    'Program',
    'May do',
    'Last used',
    'Actions',
  ]);
  const cells = async (name: string) =>
    (await row(page, name).locator('th, td').allInnerTexts()).slice(0, 3).map((text) => text.split(/\n+/u));
  assert.deepEqual(await cells('Phone'), [
    ['Phone', 'Apple Mail, made 3 March'],
    ['Read and send', 'IMAP and SMTP'],
    ['4 minutes ago', 'IMAP, 198.51.100.7'],
  ]);
  assert.deepEqual(await cells('mutt on the old server'), [
    ['mutt on the old server', 'Made 11 January'],
    ['Read only', 'IMAP'],
    ['7 months ago', 'Not used since April. Revoke it?'],
  ]);
  assert.match((await cells('Office scanner')).flat().join(' '), /Send only SMTP, from 192\.0\.2\.40 only/u);
  await page.getByText('You may have 25 app passwords; 4 are in use.').waitFor();
  await accessibleEverywhere(page, 'app passwords');

  await page.getByRole('tab', { name: /Lindqvist/u }).focus();
  await page.keyboard.press('ArrowRight');
  await page.keyboard.press('Enter');
  const there = page.getByRole('tabpanel', { name: /Gmail managed at Google/u });
  const link = there.getByRole('link', { name: /App passwords at Google/u });
  assert.equal(await link.getAttribute('href'), 'https://myaccount.google.com/apppasswords');
  assert.match((await link.getAttribute('rel')) ?? '', /noopener/u);
  assert.equal(await there.getByRole('listitem').count(), 3);
  assert.equal(await page.getByRole('button', { name: 'New app password' }).count(), 0);
  await accessibleEverywhere(page, 'managed at Google');
  await page.getByRole('tab', { name: /Rowing club one password only/u }).click();
  await page.getByText('This server knows one password only').waitFor();

  const own = page.getByRole('table', { name: 'Passwords that Postern uses' });
  assert.match(
    await own.getByRole('row', { name: /Gmail/u }).innerText(),
    /App password, saved 3 March[^]*Works[^]*Checked 2 minutes ago/u,
  );
  assert.match(await own.getByRole('row', { name: /Rowing/u }).innerText(), /Your main password, saved 9 May/u);
  assert.equal(
    await own.getByRole('button', { name: 'Replace: Lindqvist' }).count(),
    0,
    'Postern made that one itself',
  );
  assert.equal(await own.getByRole('button', { name: /^Replace/u }).count(), 2);
  assert.deepEqual(errors, []);
});

test('a new one: defaults by the program, shown once in groups, copied without them', async () => {
  await using at = await visit();
  const { page, fake, errors } = at;
  await page.getByRole('button', { name: 'New app password' }).click();
  await focusOn(page, /Thunderbird/u);
  await page.getByRole('radio', { name: /A scanner/u }).check();
  assert.equal(await page.getByLabel('Name', { exact: true }).inputValue(), 'Scanner');
  const checked = () =>
    page
      .locator('.ap-protocols input')
      .evaluateAll((all) => all.map((each) => (each as unknown as { checked: boolean }).checked));
  assert.deepEqual(await checked(), [false, false, true, false]);
  await page.getByRole('radio', { name: /A script/u }).check();
  assert.deepEqual(await checked(), [true, false, false, false]);
  assert.equal(await page.getByLabel('Ends', { exact: true }).inputValue(), '365');
  await page.getByLabel('Name', { exact: true }).fill('Ada’s tablet');
  await page.getByRole('radio', { name: /iPhone and iPad/u }).check();
  assert.equal(
    await page.getByLabel('Name', { exact: true }).inputValue(),
    'Ada’s tablet',
    'a name that was typed stays',
  );
  await page.getByLabel('From where may it be used?').fill('198.51.100.7/24 office');
  await page.getByRole('button', { name: 'Make password' }).click();
  await page.getByText('“office” is no address or network.').waitFor();
  await focusOn(page, /From where may it be used/u);
  await page.getByLabel('From where may it be used?').fill('198.51.100.7/24');
  await page.getByText('Only from 198.51.100.0 to 198.51.100.255.').waitFor();
  await accessibleEverywhere(page, 'the form');
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: 'Password for “Ada’s tablet” is ready' }).waitFor();
  await focusOn(page, /^button Copy/u);
  assert.deepEqual(sets(fake), [
    {
      accountId: 'Alindqvist',
      create: {
        new: {
          name: 'Ada’s tablet',
          program: 'apple',
          protocols: ['imap', 'submission'],
          networks: ['198.51.100.0/24'],
          expiresAt: null,
        },
      },
    },
  ]);
  const code = page.locator('.ap-secret code');
  assert.equal((await code.innerText()).trim(), grouped);
  await page.getByText('Incoming imap.lindqvist.example, 993, TLS').waitFor();
  await page.getByText('Outgoing smtp.lindqvist.example, 465, TLS').waitFor();
  await accessibleEverywhere(page, 'the password');
  await page.getByRole('button', { name: 'Copy', exact: true }).click();
  await page.getByRole('button', { name: 'Copied' }).waitFor();
  assert.equal(await page.evaluate('navigator.clipboard.readText()'), secret);
  await page.evaluate(`getSelection().selectAllChildren(document.querySelector('.ap-secret code'))`);
  await page.keyboard.press('Control+C');
  assert.equal(await page.evaluate('navigator.clipboard.readText()'), secret, 'by hand too it has no spaces');
  await page.getByRole('button', { name: 'I have saved it, close' }).click();
  await focusOn(page, /^h2 App passwords of Lindqvist/u);
  assert.equal(await page.getByText(grouped).count(), 0);
  await row(page, 'Ada’s tablet').getByText('Never used').waitFor();
  assert.deepEqual(errors, []);
});

test('AP2 leaving asks while it was not copied; once left it is gone from the page', async () => {
  await using at = await visit();
  const { page, errors } = at;
  await make(page, /^Thunderbird/u, 'Desk');
  await page.getByRole('heading', { name: /is ready/u }).waitFor();
  await page.getByRole('link', { name: 'Appearance' }).click();
  await question(page).getByText('It was not copied').waitFor();
  await question(page).getByRole('button', { name: 'Stay' }).click();
  assert.match(page.url(), /app-passwords$/u);
  assert.equal((await page.locator('.ap-secret code').innerText()).trim(), grouped);
  await page.keyboard.press('Escape');
  await question(page).getByRole('button', { name: 'Stay' }).click();
  await page.getByRole('tab', { name: /Gmail/u }).click();
  await page.getByRole('link', { name: 'Appearance' }).click();
  await question(page).getByRole('button', { name: 'Leave' }).click();
  await page.getByRole('heading', { name: 'Appearance', level: 1 }).waitFor();
  await page.goBack();
  await row(page, 'Desk').waitFor();
  assert.equal(await page.locator('.ap-secret').count(), 0);
  assert.ok(!(await page.content()).includes(secret.slice(0, 4)));
  await make(page, /^Thunderbird/u, 'Desk 2');
  await page.getByRole('button', { name: 'Copy', exact: true }).click();
  await page.getByRole('button', { name: 'Copied' }).waitFor();
  await page.getByRole('link', { name: 'Appearance' }).click();
  await page.getByRole('heading', { name: 'Appearance', level: 1 }).waitFor();
  assert.deepEqual(errors, []);
});

/** The modules that the path of a drawn code covers, as rows of 0 and 1. */
const drawn = (path: string, size: number): string[] => {
  const rows = Array.from({ length: size }, () => Array<number>(size).fill(0));
  for (const [, x, y, run] of path.matchAll(/M(\d+) (\d+)h(\d+)v1h-\d+z/gu))
    rows[Number(y)]!.fill(1, Number(x), Number(x) + Number(run));
  return rows.map((each) => each.join(''));
};
const expected = (text: string): string[] => {
  const code = qrcode(0, 'M');
  code.addData(text, 'Byte');
  code.make();
  const count = code.getModuleCount();
  const at = (row: number, column: number): number =>
    row >= 4 && column >= 4 && row < count + 4 && column < count + 4 && code.isDark(row - 4, column - 4) ? 1 : 0;
  return Array.from({ length: count + 8 }, (_, row) =>
    Array.from({ length: count + 8 }, (__, column) => at(row, column)).join(''),
  );
};

test('AP4 the codes say the password; the files are made here, and no request holds it', async () => {
  await using at = await visit();
  const { page, errors, fake } = at;
  await make(page, /iPhone/u, 'Ada’s <tablet> & "more"');
  const asked: Request[] = [];
  page.on('request', (request) => asked.push(request));
  await page.getByRole('button', { name: 'Show setup code' }).click();
  const qr = page.getByRole('img', { name: 'The password as a code' });
  await qr.waitFor();
  const modules = async (name: string): Promise<string[]> => {
    const image = page.getByRole('img', { name });
    const size = Number((await image.getAttribute('viewBox'))?.split(' ')[2]);
    return drawn((await image.locator('path').getAttribute('d')) ?? '', size);
  };
  assert.deepEqual(await modules('The password as a code'), expected(secret));
  await page.getByRole('radio', { name: 'Thunderbird and K-9 on Android' }).check();
  const format = JSON.stringify([
    1,
    [1, 1],
    [0, 'imap.lindqvist.example', 993, 3, 1, 'ada@lindqvist.example', 'Lindqvist', secret],
    [
      [
        [0, 'smtp.lindqvist.example', 465, 3, 1, 'ada@lindqvist.example', secret],
        ['ada@lindqvist.example', 'Ada Lindqvist'],
      ],
    ],
  ]);
  assert.deepEqual(await modules('Setup code for Thunderbird and K-9 on Android'), expected(format));
  await accessibleEverywhere(page, 'the setup code');

  const saved = async (button: string): Promise<{ name: string; text: string }> => {
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name: button }).click(),
    ]);
    return { name: download.suggestedFilename(), text: readFileSync(await download.path(), 'utf8') };
  };
  const thunderbird = await saved('Settings for Thunderbird');
  assert.equal(thunderbird.name, 'lindqvist.example.xml');
  assert.equal(parseXml(thunderbird.text).root?.name, 'clientConfig');
  assert.ok(!thunderbird.text.includes(secret));
  const apple = await saved('Profile for iPhone, iPad and Mac');
  assert.equal(apple.name, 'ada@lindqvist.example.mobileconfig');
  assert.match(parseXml(apple.text).root?.text ?? '', /com\.apple\.mail\.managed/u);
  assert.ok(apple.text.includes(`<string>${secret}</string>`));
  const told = asked.map((request) => `${request.method()} ${request.url()} ${request.postData() ?? ''}`);
  assert.ok(
    told.some((each) => /GET .*\/assets\/app-passwords-code/u.test(each)),
    'the drawing of codes is fetched',
  );
  for (const each of told) {
    assert.match(each, new RegExp(`^(GET|POST) (blob:)?${fake.origin}/`, 'u'));
    assert.ok(!each.includes(secret), each);
  }
  await page.getByRole('link', { name: 'Appearance' }).click();
  await page.getByRole('heading', { name: 'Appearance', level: 1 }).waitFor();
  assert.deepEqual(errors, []);
});

test('rename, pause and resume, a new password with 24 hours of overlap', async () => {
  await using at = await visit();
  const { page, fake, errors } = at;
  await menu(page, 'Phone', 'Rename');
  const rename = page.getByRole('dialog', { name: 'Rename' });
  await rename.getByLabel('Name').fill('  ');
  await page.keyboard.press('Enter');
  await rename.getByText('Give it a name').waitFor();
  await rename.getByLabel('Name').fill('Old phone');
  await page.keyboard.press('Enter');
  await row(page, 'Old phone').waitFor();
  await focusOn(page, /More for Old phone/u);
  await menu(page, 'Old phone', 'Pause');
  await row(page, 'Old phone').getByText('Paused, opens nothing').waitFor();
  await toast(page).getByText('“Old phone” is paused and opens nothing').waitFor();
  await menu(page, 'Old phone', 'Resume');
  await row(page, 'Old phone').getByText('4 minutes ago').waitFor();
  await menu(page, 'Old phone', 'Make a new password');
  await page
    .getByRole('dialog', { name: 'A new password for “Old phone”' })
    .getByRole('button', { name: 'Make a new password' })
    .click();
  await page.getByRole('heading', { name: 'New password for “Old phone” is ready' }).waitFor();
  await page.getByText('The old one works until tomorrow 09:50').waitFor();
  await page.getByText('Still works until tomorrow 09:50').waitFor();
  await focusOn(page, /^button Copy/u);
  assert.equal(await row(page, 'Old phone').count(), 2);
  await accessibleEverywhere(page, 'a rotated one');
  assert.deepEqual(
    sets(fake).map((args) => (args['update'] as Record<string, unknown>)[phoneId]),
    [{ name: 'Old phone' }, { state: 'paused' }, { state: 'active' }, { rotate: true }],
  );
  await page.getByRole('button', { name: 'End now: Old phone' }).click();
  await question(page).getByRole('button', { name: 'Revoke' }).click();
  await until(
    'one is left',
    () => row(page, 'Old phone').count(),
    (n) => n === 1,
  );
  assert.deepEqual(errors, []);
});

test('AP1 revoking asks first; a row goes when the server has done it, and never when it refused', async () => {
  await using at = await visit((kit) => {
    kit.refuse.set(phoneId, { type: 'unconfirmed', description: 'Dovecot does not answer.' });
    kit.refuse.set('Pmutted', { type: 'serverFail', description: 'The database is read-only.' });
  });
  const { page, kit, errors } = at;
  const revoke = async (name: string): Promise<void> => {
    await page.getByRole('button', { name: `Revoke: ${name}` }).click();
    await question(page).getByRole('button', { name: 'Revoke', exact: true }).click();
  };
  await page.getByRole('button', { name: 'Revoke: Office scanner' }).click();
  await question(page).getByText('This cannot be undone.').waitFor();
  await question(page).getByRole('button', { name: 'Keep it' }).click();
  await focusOn(page, /Revoke: Office scanner/u);
  await revoke('Office scanner');
  await toast(page).getByText('“Office scanner” is revoked').waitFor();
  assert.equal(await row(page, 'Office scanner').count(), 0);
  await focusOn(page, /^h2 App passwords of Lindqvist/u);

  await revoke('mutt on the old server');
  await toast(page).getByText('The database is read-only.').waitFor();
  assert.equal(await row(page, 'mutt on the old server').count(), 1);
  await revoke('Phone');
  await toast(page).getByText('may still work').waitFor();
  await row(page, 'Phone').getByText('Revoking, may still work').waitFor();
  await accessibleEverywhere(page, 'one that is not confirmed');
  kit.refuse.clear();
  await page.getByRole('button', { name: 'Try again: Phone' }).click();
  await toast(page).getByText('“Phone” is revoked').waitFor();
  assert.equal(await row(page, 'Phone').count(), 0);

  kit.away = true;
  await revoke('Desk at home');
  await toast(page).getByText('Your mail works on').waitFor();
  assert.equal(
    await toast(page)
      .getByText(/is revoked/u)
      .count(),
    0,
  );
  assert.deepEqual(errors, []);
});

test('AP7 the database is away: said clearly, and tried again', async () => {
  await using at = await visit((kit) => {
    kit.away = true;
  });
  const { page, kit, errors } = at;
  const said = page.getByRole('alert').filter({ hasText: 'Your mail works on.' });
  await said.waitFor();
  assert.equal(await page.getByRole('button', { name: 'New app password' }).count(), 0);
  await page.getByRole('table', { name: 'Passwords that Postern uses' }).waitFor();
  await accessibleEverywhere(page, 'the database is away');
  kit.away = false;
  await said.getByRole('button', { name: 'Try again' }).click();
  await row(page, 'Phone').waitFor();
  assert.deepEqual(errors, []);
});

test('what the server will not make is said in the form, and nothing is shown', async () => {
  await using at = await visit((kit) =>
    kit.refuse.set('create', { type: 'overQuota', description: 'The operator allows 4.' }),
  );
  const { page, kit, errors } = at;
  await make(page, /^Thunderbird/u, 'Fifth');
  await page.getByRole('alert').filter({ hasText: 'The operator allows 4.' }).waitFor();
  assert.equal(await page.locator('.ap-secret').count(), 0);
  kit.refuse.set('create', {
    type: 'invalidProperties',
    properties: ['name'],
    description: 'The name cannot be shown safely.',
  });
  await page.getByRole('button', { name: 'Make password' }).click();
  await page.getByText('The name cannot be shown safely.').waitFor();
  await focusOn(page, /^input Name/u);
  await page.locator('.ap-protocols input').first().uncheck();
  await page.getByRole('checkbox', { name: /Send mail/u }).uncheck();
  await page.getByRole('button', { name: 'Make password' }).click();
  await page.getByText('Choose at least one').waitFor();
  await page.keyboard.press('Escape');
  await focusOn(page, /^button New app password/u);
  assert.deepEqual(errors, []);
});

test('AP3 making asks for an unlocker; without one nothing is made', async () => {
  await using at = await visit((kit) => {
    kit.proofNeeded = true;
    kit.http = (_, path) =>
      path === '/auth/unlockers'
        ? {
            status: 200,
            value: {
              unlockers: [
                { id: 'u', kind: 'mail-password', name: null, account: null, createdAt: null, lastUsedAt: null },
              ],
              siteName: null,
              totp: false,
            },
          }
        : null;
  });
  const { page, kit, errors } = at;
  await make(page, /^Thunderbird/u, 'Desk');
  const proof = page.getByRole('dialog', { name: 'Show that it is you' });
  await proof.waitFor();
  await page.keyboard.press('Escape');
  await proof.waitFor({ state: 'detached' });
  assert.equal(await page.locator('.ap-secret').count(), 0);
  assert.equal(kit.list.length, 4);
  assert.equal(await page.getByLabel('Name', { exact: true }).inputValue(), 'Desk', 'what was filled in stays');
  assert.deepEqual(errors, []);
});

test('my phone was stolen: what was on it is chosen, revoked, and what else to do is told', async () => {
  await using at = await visit((kit) =>
    kit.refuse.set('Pdeskad', { type: 'unconfirmed', description: 'Dovecot does not answer.' }),
  );
  const { page, kit, errors } = at;
  await page.getByRole('button', { name: 'My phone was stolen' }).click();
  const dialog = page.getByRole('dialog', { name: 'My phone was stolen' });
  assert.equal(await dialog.getByRole('checkbox', { name: /^Phone/u }).isChecked(), true);
  assert.equal(await dialog.getByRole('checkbox', { name: /^Desk at home/u }).isChecked(), false);
  await accessibleEverywhere(page, 'what was on the phone');
  await dialog.getByRole('checkbox', { name: /^Desk at home/u }).check();
  await dialog.getByRole('button', { name: 'Revoke 2 passwords' }).click();
  const done = page.getByRole('dialog', { name: 'What was revoked, and what else to do' });
  await done.getByText('Only 1 of 2 app passwords is revoked.').waitFor();
  await done.getByText('may still work').waitFor();
  assert.deepEqual(
    kit.list.map(({ state }) => state),
    ['revoking', 'active', 'active'],
  );
  await accessibleEverywhere(page, 'after the phone');
  assert.deepEqual(errors, []);
  await done.getByRole('button', { name: 'Show the sessions' }).click();
  await page.getByRole('heading', { name: 'Sessions', level: 1 }).waitFor();
});

test('revoke all, and the question after the main password has changed', async () => {
  await using at = await visit((kit) => {
    kit.question = { changedAt: '2025-11-05T10:00:00Z' as never };
    kit.list = [
      ...kit.list,
      { ...kit.list[0]!, id: 'Pownown' as never, name: 'Postern', program: 'postern', own: true },
    ];
  });
  const { page, kit, errors } = at;
  const asked = page.getByRole('region', { name: 'Your main password has changed' });
  await asked.getByText('It was noticed on 5 November.').waitFor();
  await accessibleEverywhere(page, 'the question');
  await asked.getByRole('button', { name: 'Keep them' }).click();
  await asked.waitFor({ state: 'detached' });
  assert.equal(kit.list.length, 5);
  assert.equal(
    await page.getByRole('button', { name: 'More for Postern' }).count(),
    0,
    'its own can be revoked, nothing else',
  );
  await page.getByRole('button', { name: 'Revoke all' }).click();
  await question(page).getByText('Revoke 4 app passwords?').waitFor();
  await question(page).getByRole('button', { name: 'Revoke all' }).click();
  await until(
    'only its own is left',
    () => page.getByRole('table', { name: 'App passwords of Lindqvist' }).getByRole('row').count(),
    (n) => n === 2,
  );
  kit.question = { changedAt: '2025-11-05T10:00:00Z' as never };
  await page.reload();
  await asked.getByRole('button', { name: 'Revoke all' }).click();
  await asked.waitFor({ state: 'detached' });
  assert.deepEqual(
    kit.list.map(({ own }) => own),
    [true],
  );
  assert.deepEqual(errors, []);
});

test('what another tab or the server changes comes by push', async () => {
  await using at = await visit();
  const { page, kit, fake, errors } = at;
  await row(page, 'Phone').waitFor();
  kit.list = kit.list.map((each) => (each.id === phoneId ? { ...each, state: 'paused' } : each));
  fake.deliver({ subject: 'News' });
  await row(page, 'Phone').getByText('Paused, opens nothing').waitFor();
  assert.deepEqual(errors, []);
});

test('on a phone everything has room, and targets are 44 px', async () => {
  await using at = await visit(undefined, phone);
  const { page, errors } = at;
  await row(page, 'Phone').waitFor();
  const small = await page.evaluate<string[]>(
    `[...document.querySelectorAll('.set-main button, .set-main a')].filter((each) => each.checkVisibility() && each.getBoundingClientRect().height < 43.5).map((each) => each.outerHTML.slice(0, 120))`,
  );
  assert.deepEqual(small, []);
  await make(page, /Android/u, 'Pixel');
  await page.getByRole('button', { name: 'Show setup code' }).click();
  await page.getByRole('img', { name: /Setup code for Thunderbird/u }).waitFor();
  const wide = await page.evaluate<number>(`document.querySelector('.set-main').scrollWidth`);
  assert.ok(wide <= 390, `the page is ${wide} wide`);
  assert.deepEqual(errors, []);
});
