import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { ImapFlow } from 'imapflow';
import type { Page } from 'playwright-core';
import { openDovecot, type Village } from '#village/dovecot.ts';
import { editorOf, inlineComposer, pressSend, sendNow, sentToast } from './composing.ts';
import { letter, mailbox, subjects } from './letters.ts';
import { accessibleEverywhere, openReal, type Person, type Real, signIn, until, type Visit } from './world.ts';
import { fourPictures } from '../pictures.ts';

/** The inboxes of two accounts on two Dovecots as one list. */

const carla = { address: 'carla@hill.test', password: 'carla two' };
/** Writes from within the hill, so that an answer finds the way. */
const dora = { address: 'dora@hill.test', password: 'dora one' };
const hour = 3_600_000;
/** Letters in each inbox; they came in turns, an hour apart. */
const each = 90;

let hill: Village;
let real: Real;
let at: Visit;

/** Lays letters into an inbox as if they had come then. */
const lay = async (village: Village, who: Person, letters: readonly { subject: string; date: Date }[]) => {
  const auth = { user: who.address, pass: who.password };
  const client = new ImapFlow({ host: village.host, port: village.imapPort, secure: false, auth, logger: false });
  await client.connect();
  for (const { subject, date } of letters)
    await client.append(
      'INBOX',
      letter({
        subject,
        date,
        from: `${subject.replace(' ', ' of ')} <${who === carla ? dora.address : real.bob.address}>`,
        to: who.address,
      }),
      [],
      date,
    );
  await client.logout();
};

const now = Date.now();
const laid = (name: string, offset: number) =>
  Array.from({ length: each }, (_, index) => ({
    subject: `${name} ${index}`,
    date: new Date(now - (2 * index + 1 + offset) * hour),
  })).toReversed();

before(async () => {
  hill = await openDovecot({ users: [carla, dora] });
  real = await openReal({ domains: `hill.test=127.0.0.1:${hill.imapPort}:none,127.0.0.1:${hill.smtpPort}:none` });
  await lay(real.village, real.alice, laid('River', 0));
  await lay(hill, carla, laid('Snow', 1));
  at = await real.visit();
  await signIn(real, at.page, real.alice);
});
after(async () => {
  await real[Symbol.asyncDispose]();
  await hill[Symbol.asyncDispose]();
});

const path = (page: Page): string => decodeURIComponent(new URL(page.url()).pathname);
const row = (page: Page, subject: string) =>
  page.getByRole('row').filter({ has: page.getByText(subject, { exact: true }) });
const inTree = (page: Page, name: RegExp) => page.getByRole('treeitem', { name });
const toAll = async (page: Page): Promise<void> => {
  await page.keyboard.press('g');
  await page.keyboard.press('0');
  await page.getByRole('heading', { name: 'All inboxes' }).waitFor();
};
/** The inbox of the first account. */
const toHis = async (page: Page): Promise<void> => {
  await page.keyboard.press('g');
  await page.keyboard.press('1');
  await page.getByRole('heading', { name: 'Inbox', exact: true }).waitFor();
};
/** Subjects of the rows in sight and around, by their place in the list. */
const shown = (page: Page): Promise<[number, string][]> =>
  page
    .getByRole('row')
    .evaluateAll((rows) =>
      rows.map((each): [number, string] => [
        Number(each.getAttribute('aria-rowindex')),
        each.querySelector('.subj .cut')?.textContent ?? '',
      ]),
    );
/** The subject that belongs at a place, counted from 1. */
const rightAt = (place: number): string => (place % 2 === 1 ? `River ${(place - 1) / 2}` : `Snow ${place / 2 - 1}`);

test('M12 one account has no All inboxes; a second one brings it', async () => {
  const { page, errors } = at;
  await row(page, 'River 0').waitFor();
  assert.equal(await inTree(page, /All inboxes/u).count(), 0);
  await page.goto(`${real.url}/all/inbox`);
  await page.getByRole('heading', { name: 'Inbox', exact: true }).waitFor();
  await page.goto(`${real.url}/settings/accounts`);
  await page.getByRole('button', { name: 'Add account' }).click();
  await page.getByRole('textbox', { name: 'Email address' }).fill(carla.address);
  await page.getByText('Settings of this Postern').waitFor();
  await page.getByLabel('Password', { exact: true }).fill(carla.password);
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: 'The account is here' }).waitFor();
  await page.getByLabel('Name').fill('The hill');
  await page.getByRole('radio', { name: 'Plum' }).check({ force: true });
  await page.getByRole('button', { name: 'Open its inbox' }).click();
  await row(page, 'Snow 0').waitFor();
  await inTree(page, new RegExp(`^All inboxes ${2 * each} unread`, 'u')).waitFor();
  assert.deepEqual(errors, []);
});

test('M11 g 0: the rows of both by date, each with its arch and its account in its name', async () => {
  const { page, errors } = at;
  await toAll(page);
  assert.equal(path(page), '/all/inbox');
  await row(page, 'River 0').waitFor();
  for (const [place, subject] of await shown(page)) assert.equal(subject, rightAt(place), `row ${place}`);
  const [river, snow] = [row(page, 'River 0'), row(page, 'Snow 0')];
  assert.match((await river.getAttribute('aria-label')) ?? '', /to village\.test$/u);
  assert.match((await snow.getAttribute('aria-label')) ?? '', /to The hill$/u);
  assert.equal(await snow.locator('.snip .arch').innerText(), 'T');
  assert.match((await snow.locator('.snip .arch').getAttribute('class')) ?? '', /g-plum/u);
  assert.match((await river.locator('.snip .arch').getAttribute('class')) ?? '', /g-(?!plum)/u);
  await inTree(page, /^All inboxes/u)
    .and(page.locator('[aria-current]'))
    .waitFor();
  await accessibleEverywhere(page, 'All inboxes');
  assert.deepEqual(errors, []);
});

test('M3 to the end and into the middle: the right rows', async () => {
  const { page, errors } = at;
  const grid = page.getByRole('grid');
  const right = async (): Promise<void> => {
    const rows = await until(
      'all rows are known',
      () => shown(page),
      (list) => list.length > 5 && list.every(([, subject]) => subject !== ''),
    );
    for (const [place, subject] of rows) assert.equal(subject, rightAt(place), `row ${place}`);
  };
  await grid.evaluate((box) => (box.scrollTop = box.scrollHeight));
  await row(page, `Snow ${each - 1}`).waitFor();
  await right();
  await grid.evaluate((box) => (box.scrollTop = box.scrollHeight / 2));
  await row(page, `River ${each / 2}`).waitFor();
  await right();
  await grid.evaluate((box) => (box.scrollTop = 0));
  await row(page, 'River 0').waitFor();
  await right();
  assert.deepEqual(errors, []);
});

test('M12 letters are opened, stepped through and loaded again along the list; back works', async () => {
  const { page, errors } = at;
  await row(page, 'River 0').click();
  await page.getByRole('heading', { name: 'River 0' }).waitFor();
  assert.match(path(page), /^\/all\/inbox\/c\/alice@village\.test\//u);
  await page.keyboard.press('j');
  await page.getByRole('heading', { name: 'Snow 0' }).waitFor();
  await until(
    'the address names the other account',
    () => path(page),
    (now) => now.startsWith('/all/inbox/c/carla@hill.test/'),
  );
  await page.getByText('2 of 180').waitFor();
  await fourPictures(page, 'all-inboxes-open');
  await accessibleEverywhere(page, 'a letter in All inboxes');
  await page.reload();
  await page.getByRole('heading', { name: 'Snow 0' }).waitFor();
  await page.locator('.row.open').and(row(page, 'Snow 0')).waitFor();
  await page.locator('.subject').getByText('The hill').waitFor();
  await page.keyboard.press('g');
  await page.keyboard.press('2');
  await page.waitForURL(/\/a\/carla@hill\.test\/inbox$/u);
  await page.goBack();
  await page.getByRole('heading', { name: 'Snow 0' }).waitFor();
  assert.match(path(page), /^\/all\/inbox\/c\/carla@hill\.test\//u);
  assert.deepEqual(errors, []);
});

test('M11 an answer leaves by the account that received the letter', async () => {
  const { page, errors } = at;
  await toAll(page);
  await row(page, 'Snow 1').click();
  await page.getByRole('heading', { name: 'Snow 1' }).waitFor();
  await page.keyboard.press('r');
  const answer = inlineComposer(page);
  await editorOf(answer).click();
  await page.keyboard.type('How deep is it?');
  await pressSend(page, answer);
  await sendNow(page);
  await sentToast(page);
  const [got] = await until(
    'it lies in her Sent',
    () => mailbox(hill, carla, 'Sent'),
    (list) => list.length > 0,
  );
  assert.match(String(got?.source), /^From: .*carla@hill\.test/mu);
  assert.deepEqual(errors, []);
});

test('M9 M10 archived over both accounts with one toast, and brought back with one z', async () => {
  const { page, errors } = at;
  await toHis(page);
  await row(page, 'River 2').waitFor();
  await toAll(page);
  for (const subject of ['River 2', 'Snow 2', 'River 3'])
    await row(page, subject).getByRole('checkbox').click({ force: true });
  await page.getByText('3 chosen', { exact: true }).first().waitFor();
  await page.keyboard.press('v');
  await page.locator('.toast').getByText('These are of several accounts.').waitFor();
  assert.equal(await page.getByRole('dialog').count(), 0);
  await page.keyboard.press('e');
  await page.locator('.toast').getByText('Archived 3 conversations').waitFor();
  assert.equal(await row(page, 'River 2').count(), 0);
  await until(
    'his archive',
    () => subjects(real.village, real.alice, 'Archive'),
    (list) => list.join() === 'River 2,River 3',
  );
  await until(
    'her archive',
    () => subjects(hill, carla, 'Archive'),
    (list) => list.join() === 'Snow 2',
  );
  await toHis(page);
  await row(page, 'River 1').waitFor();
  assert.equal(await row(page, 'River 2').count(), 0);
  await page.keyboard.press('z');
  await page.locator('.toast').getByText('Undone: archived 3 conversations').waitFor();
  await row(page, 'River 2').waitFor();
  await toAll(page);
  for (const subject of ['River 2', 'Snow 2', 'River 3']) await row(page, subject).waitFor();
  await until(
    'his archive is empty',
    () => subjects(real.village, real.alice, 'Archive'),
    (list) => list.length === 0,
  );
  await until(
    'her archive is empty',
    () => subjects(hill, carla, 'Archive'),
    (list) => list.length === 0,
  );
  for (const [place, subject] of await shown(page)) assert.equal(subject, rightAt(place), `row ${place}`);
  assert.deepEqual(errors, []);
});

test('M5 new mail of either account comes in at the top', async () => {
  const { page, errors } = at;
  await toAll(page);
  await hill.deliver(carla.address, letter({ to: carla.address, subject: 'Thaw' }));
  await row(page, 'Thaw').waitFor();
  await real.village.deliver(real.alice.address, letter({ subject: 'Flood' }));
  await row(page, 'Flood').waitFor();
  const [first, second] = (await shown(page)).toSorted(([a], [b]) => a - b).map(([, subject]) => subject);
  assert.deepEqual(new Set([first, second]), new Set(['Thaw', 'Flood']));
  assert.deepEqual(errors, []);
});

test('M14 M15 tabs of the list, what is starred in both, and a search over both', async () => {
  const { page, errors } = at;
  await toAll(page);
  await page.getByRole('tab', { name: 'Starred' }).click();
  await page.getByText('No starred mail here.').waitFor();
  assert.match(page.url(), /\/all\/inbox\?show=starred$/u);
  await page.getByRole('button', { name: 'Show all' }).click();
  for (const subject of ['Thaw', 'Flood']) {
    await row(page, subject).getByRole('checkbox').click({ force: true });
  }
  await page.keyboard.press('s');
  await page.locator('.toast').getByText('Starred 2 conversations').waitFor();
  await page.keyboard.press('*');
  await page.keyboard.press('n');
  await page.getByRole('tab', { name: 'Starred' }).click();
  await row(page, 'Thaw').waitFor();
  await row(page, 'Flood').waitFor();
  await inTree(page, /^Starred/u).click();
  await page.waitForURL(/\/all\/starred$/u);
  await row(page, 'Thaw').waitFor();
  await row(page, 'Flood').waitFor();
  await page.getByRole('searchbox').fill('subject:"River 7" OR subject:"Snow 7"');
  await page.keyboard.press('Enter');
  await row(page, 'Snow 7').click();
  await page.getByRole('heading', { name: /^Snow 7 /u }).waitFor();
  assert.match(decodeURIComponent(page.url()), /of=carla@hill\.test/u);
  await row(page, 'River 7').waitFor();
  assert.deepEqual(errors, []);
});

test('M12 on a phone: the pills, the arch, back from a letter', async () => {
  const { page, errors } = at;
  await page.setViewportSize({ width: 390, height: 844 });
  await page.goto(`${real.url}/a/${carla.address}/inbox`);
  const pills = page.getByRole('navigation', { name: 'Accounts' });
  await pills.getByRole('link', { name: 'All' }).click();
  await row(page, 'Flood').waitFor();
  await pills.locator('[aria-current]').getByText('All').waitFor();
  assert.equal(path(page), '/all/inbox');
  assert.ok(await row(page, 'Thaw').locator('.snip .arch').isVisible());
  await fourPictures(page, 'all-inboxes-list');
  await page.setViewportSize({ width: 390, height: 844 });
  await row(page, 'Thaw').click();
  await page.getByRole('heading', { name: 'Thaw' }).waitFor();
  await page.getByRole('button', { name: 'Back to the list' }).click();
  await row(page, 'Flood').waitFor();
  await page.setViewportSize({ width: 1440, height: 900 });
  assert.deepEqual(errors, []);
});

test('M7 an account that cannot be fetched is named, the rows of the other stand; mended, its rows come', async () => {
  const { page, errors } = at;
  const session = (await (await page.request.get(`${real.url}/.well-known/jmap`)).json()) as {
    accounts: Record<string, { name: string }>;
  };
  const [hers] = Object.entries(session.accounts).find(([, { name }]) => name === carla.address) ?? [''];
  await page.route('**/jmap/api', async (route) => {
    const answer = await route.fetch();
    const { methodResponses, ...rest } = (await answer.json()) as {
      methodResponses: [string, { accountId?: string }, string][];
    };
    const failing = methodResponses.map(([name, given, id]) =>
      name === 'Email/query' && given.accountId === hers ? ['error', { type: 'serverFail' }, id] : [name, given, id],
    );
    await route.fulfill({ response: answer, json: { ...rest, methodResponses: failing } });
  });
  await page.goto(`${real.url}/all/inbox`);
  const note = page.getByRole('note').filter({ hasText: 'The hill is missing here.' });
  await note.waitFor();
  await row(page, 'Flood').waitFor();
  assert.equal(await row(page, 'Thaw').count(), 0);
  await accessibleEverywhere(page, 'an account is missing');
  await fourPictures(page, 'all-inboxes-missing');
  await page.unroute('**/jmap/api');
  await note.getByRole('button', { name: 'Try again' }).click();
  await row(page, 'Thaw').waitFor();
  await note.waitFor({ state: 'detached' });
  assert.deepEqual(errors, []);
});

test('G1 M7 an account whose password was refused is said above the list; its rows stay readable', async () => {
  const { page, errors } = at;
  await toAll(page);
  const users = join(dirname(hill.dovecot.logFile), 'users');
  const others = readFileSync(users, 'utf8')
    .split('\n')
    .filter((line) => !line.startsWith(carla.address));
  writeFileSync(users, [`${carla.address}:{PLAIN}carla anew`, ...others].join('\n'));
  // Dovecot looks whether the file has changed once a second.
  await sleep(1_100);
  hill.dovecot.doveadm('kick', carla.address);
  await page.getByRole('note').filter({ hasText: 'The hill needs its password again.' }).waitFor();
  await row(page, 'Thaw').click();
  await page.getByRole('heading', { name: /^Thaw/u }).waitFor();
  await real.village.deliver(real.alice.address, letter({ subject: 'Ebb' }));
  await row(page, 'Ebb').waitFor();
  assert.deepEqual(errors, []);
});

test('M12 G39 an account whose choice is against it is not in the list; then there is nothing to gather', async () => {
  const { page, errors } = at;
  await page.goto(`${real.url}/settings/accounts`);
  await page.getByRole('button', { name: 'Edit The hill' }).click();
  await page.getByLabel(/All inboxes/u).uncheck();
  await page.getByRole('button', { name: 'Back to the mail' }).click();
  await row(page, 'Flood').waitFor();
  await inTree(page, /^All inboxes/u).waitFor({ state: 'detached' });
  assert.deepEqual(errors, []);
});
