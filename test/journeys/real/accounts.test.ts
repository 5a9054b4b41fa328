import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Page } from 'playwright-core';
import { openDovecot, type Village } from '#village/dovecot.ts';
import { editorOf, inlineComposer, pressSend, sendNow, sentToast } from './composing.ts';
import { letter, mailbox, subjects } from './letters.ts';
import { accessibleEverywhere, focusOn, openReal, type Person, type Real, signIn, until, type Visit } from './world.ts';
import { picture } from '../pictures.ts';

/** Two accounts on two Dovecots: added, read, moved between, answered from, repaired and removed on the screen. */

const carla = { address: 'carla@hill.test', password: 'carla two' };

let hill: Village;
let real: Real;
let at: Visit;
before(async () => {
  hill = await openDovecot({ users: [carla] });
  real = await openReal({ domains: `hill.test=127.0.0.1:${hill.imapPort}:none,127.0.0.1:${hill.smtpPort}:none` });
  await real.village.deliver(real.alice.address, letter({ subject: 'Rowing on Friday' }));
  await hill.deliver(carla.address, letter({ from: real.bob.address, to: carla.address, subject: 'Snow on the hill' }));
  at = await real.visit();
  await signIn(real, at.page, real.alice);
});
after(async () => {
  await real[Symbol.asyncDispose]();
  await hill[Symbol.asyncDispose]();
});

const path = (page: Page): string => decodeURIComponent(new URL(page.url()).pathname);
const row = (page: Page, subject: string) => page.getByRole('row').filter({ hasText: subject });
const toAccounts = async (page: Page): Promise<void> => {
  await page.goto(`${real.url}/settings/accounts`);
  await page.getByRole('list', { name: 'Accounts', exact: true }).waitFor();
};

/** Another password from now on, for sending too, and the connections that stand are ended. */
const changePassword = async (password: string): Promise<void> => {
  carla.password = password;
  const file = join(dirname(hill.dovecot.logFile), 'users');
  const lines = readFileSync(file, 'utf8').split('\n');
  writeFileSync(
    file,
    lines
      .map((line) => (line.startsWith(`${carla.address}:`) ? `${carla.address}:{PLAIN}${password}` : line))
      .join('\n'),
  );
  // Dovecot looks whether the file has changed once a second.
  await sleep(1_100);
  hill.dovecot.doveadm('kick', carla.address);
};

test('G30 a further account is found, tried, named, and its inbox is there', async () => {
  const { page, errors } = at;
  await toAccounts(page);
  await page.getByRole('button', { name: 'Add account' }).click();
  await focusOn(page, /Email address/u);
  await page.keyboard.type(carla.address);
  await page.getByText('Settings of this Postern').waitFor();
  await page.getByLabel('Password', { exact: true }).fill('wrong');
  await page.keyboard.press('Enter');
  await page.getByText('did not accept this password').waitFor();
  await accessibleEverywhere(page, 'adding an account');
  await picture(page, 'real-add-refused');
  await page.getByLabel('Password', { exact: true }).fill(carla.password);
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: 'The account is here' }).waitFor();
  await page.getByLabel('Trash', { exact: true }).waitFor();
  await accessibleEverywhere(page, 'the account is here');
  await page.getByLabel('Name').fill('The hill');
  await page.getByRole('radio', { name: 'Plum' }).check({ force: true });
  await page.getByRole('button', { name: 'Open its inbox' }).click();
  await row(page, 'Snow on the hill').waitFor();
  assert.equal(path(page), '/a/carla@hill.test/inbox');
  const tree = page.getByRole('tree');
  await tree.getByRole('treeitem', { name: /The hill/u }).waitFor();
  await tree.getByRole('treeitem', { name: /village\.test/u }).waitFor();
  await picture(page, 'real-two-accounts');
  await accessibleEverywhere(page, 'two accounts');
  assert.deepEqual(errors, []);
});

test('G2 keys go between the accounts; new mail of both comes; each acts in its own', async () => {
  const { page, errors } = at;
  await page.keyboard.press('g');
  await page.keyboard.press('1');
  await row(page, 'Rowing on Friday').waitFor();
  assert.equal(path(page), `/a/${real.alice.address}/inbox`);
  assert.equal(await row(page, 'Snow on the hill').count(), 0);
  await hill.deliver(carla.address, letter({ from: real.bob.address, to: carla.address, subject: 'More snow' }));
  await page.getByRole('treeitem', { name: /^Inbox 2 unread/u }).waitFor();
  await page.keyboard.press('g');
  await page.keyboard.press('2');
  await row(page, 'More snow').waitFor();
  await row(page, 'More snow').click();
  await page.getByRole('heading', { name: 'More snow' }).waitFor();
  await page.keyboard.press('e');
  await page.locator('.toast').getByText('Archived “More snow”').waitFor();
  await page
    .getByRole('treeitem', { name: /Archive/u })
    .first()
    .waitFor();
  await until(
    'the letter lies in her archive',
    () => subjects(hill, carla, 'Archive'),
    (list) => list.includes('More snow'),
  );
  await page.keyboard.press('z');
  await row(page, 'More snow').waitFor();
  await page.getByRole('searchbox').fill('snow');
  await page.keyboard.press('Enter');
  await page.getByText('2 found').waitFor();
  assert.match(page.url(), /in=carla/u);
  assert.deepEqual(errors, []);
});

test('G17 an answer leaves by the account that received the letter; Ctrl+Shift+F takes the other', async () => {
  const { page, errors } = at;
  await page.goto(`${real.url}/a/${carla.address}/inbox`);
  await row(page, 'Snow on the hill').click();
  await page.getByRole('heading', { name: 'Snow on the hill' }).waitFor();
  await page.keyboard.press('r');
  const answer = inlineComposer(page);
  await editorOf(answer).waitFor();
  await answer.getByRole('button', { name: /Reply to/u }).click();
  const from = answer.getByLabel('From');
  const chosen = (by: Person): Promise<unknown> =>
    until(
      `it goes from ${by.address}`,
      () => from.locator('option:checked').innerText(),
      (text) => text.includes(by.address),
    );
  await chosen(carla);
  await editorOf(answer).click();
  await page.keyboard.type('How deep is it?');
  await page.keyboard.press('Control+Shift+F');
  await chosen(real.alice);
  await page.keyboard.press('Control+Shift+F');
  await chosen(carla);
  await from.selectOption({ label: await from.locator('option', { hasText: 'alice@village.test' }).innerText() });
  await picture(page, 'real-from');
  await pressSend(page, answer);
  await sendNow(page);
  await sentToast(page);
  const [got] = await until(
    'bob has the answer',
    () => mailbox(real.village, real.bob, 'INBOX'),
    (list) => list.length > 0,
  );
  const source = String(got?.source);
  assert.match(source, /^From: .*alice@village\.test/mu);
  assert.match(source, /How deep is it\?/u);
  await until(
    'the letter is marked as answered where it lies',
    () => mailbox(hill, carla, 'INBOX'),
    (list) => list.some(({ subject, flags }) => subject === 'Snow on the hill' && flags.includes('\\Answered')),
  );
  await until(
    'carla keeps no draft of it',
    () => subjects(hill, carla, 'Drafts'),
    (list) => list.length === 0,
  );
  assert.deepEqual(errors, []);
});

test('G1 G33 a password changed at one server: said where it is, repaired in place, the other account undisturbed', async () => {
  const { page, errors } = at;
  await page.goto(`${real.url}/a/${carla.address}/inbox`);
  await row(page, 'Snow on the hill').waitFor();
  await changePassword('carla anew');
  const banner = page.getByRole('note').filter({ hasText: 'The hill needs its password again.' });
  await banner.waitFor();
  await banner
    .getByText(/The server refused the saved one at \d\d:\d\d\. Mail already here stays readable\./u)
    .waitFor();
  await page
    .getByRole('treeitem', { name: /The hill/u })
    .getByText('needs its password')
    .waitFor();
  await accessibleEverywhere(page, 'a refused password');
  await picture(page, 'real-refused');
  await page.keyboard.press('g');
  await page.keyboard.press('1');
  await row(page, 'Rowing on Friday').waitFor();
  assert.equal(await banner.count(), 0, 'the other account has nothing to do with it');
  await real.village.deliver(real.alice.address, letter({ subject: 'The others go on' }));
  await row(page, 'The others go on').waitFor();
  await toAccounts(page);
  await page.getByText('Needs its password again.').waitFor();
  await page.goto(`${real.url}/a/${carla.address}/inbox`);
  await banner.getByRole('button', { name: 'Enter password' }).click();
  await focusOn(page, /Password/u);
  await page.keyboard.type('not this');
  await page.keyboard.press('Enter');
  await page.getByText('did not accept this password').waitFor();
  await page.getByLabel('Password', { exact: true }).fill('carla anew');
  await page.keyboard.press('Enter');
  await page.locator('.toast').getByText('The hill works again').waitFor();
  await banner.waitFor({ state: 'detached' });
  await hill.deliver(carla.address, letter({ from: real.bob.address, to: carla.address, subject: 'Thaw' }));
  await row(page, 'Thaw').waitFor();
  assert.deepEqual(errors, []);
});

test('G11 G12 G14 accounts are named, ordered, checked; one is removed, its mail stays on its server', async () => {
  const { page, errors } = at;
  await toAccounts(page);
  await page.getByRole('button', { name: 'Edit The hill' }).click();
  await page.getByRole('button', { name: 'Check now' }).click();
  await page.getByText('Both servers took the password of The hill just now.').waitFor();
  await accessibleEverywhere(page, 'an account');
  await picture(page, 'real-edit');
  await page.setViewportSize({ width: 390, height: 844 });
  await picture(page, 'real-edit-phone');
  await page.setViewportSize({ width: 1440, height: 900 });
  await page.getByLabel('Name').fill('Hilltop');
  await page.getByLabel('Name').press('Tab');
  await page.locator('.toast').getByText('Named carla@hill.test “Hilltop”').waitFor();
  await page.getByRole('button', { name: 'Move Hilltop up' }).click();
  const first = page.getByRole('list', { name: 'Accounts', exact: true }).getByRole('listitem').first();
  await first.getByText('Hilltop').waitFor();
  await page.getByRole('radio', { name: /Also while I am away/u }).check();
  await page.locator('.toast').getByText('Hilltop: “Also while I am away”').waitFor();
  await page.getByRole('button', { name: 'Remove account' }).click();
  await page.getByText('Your mail stays on').waitFor();
  await accessibleEverywhere(page, 'removing an account');
  await picture(page, 'real-remove');
  await page.getByRole('alertdialog').getByRole('button', { name: 'Remove account' }).click();
  const proof = page.getByRole('dialog').filter({ has: page.getByLabel(/password/iu) });
  await proof
    .getByLabel(/password/iu)
    .first()
    .fill(real.alice.password);
  await page.keyboard.press('Enter');
  await page.locator('.toast').getByText('Hilltop is removed from Postern').waitFor();
  assert.equal(await page.getByRole('list', { name: 'Accounts', exact: true }).getByRole('listitem').count(), 1);
  await page.getByRole('button', { name: 'Back to the mail' }).click();
  await row(page, 'Rowing on Friday').waitFor();
  assert.equal(await page.getByRole('treeitem', { name: /Hilltop/u }).count(), 0);
  assert.ok(hill.dovecot.doveadm('search', '-u', carla.address, 'mailbox', 'INBOX', 'all').trim() !== '');
  assert.deepEqual(errors, []);
});

test('G35 with the only account goes all that is kept of the user; he is signed out, and his mail stays', async () => {
  const { page, errors } = at;
  await toAccounts(page);
  await page.getByRole('button', { name: /^Edit / }).click();
  await page.getByRole('button', { name: 'Leave this Postern' }).click();
  await page.getByText('It is your only account').waitFor();
  await page.getByRole('alertdialog').getByRole('button', { name: 'Delete everything here' }).click();
  await page.getByLabel('Email address').waitFor();
  assert.ok(real.village.dovecot.doveadm('search', '-u', real.alice.address, 'mailbox', 'INBOX', 'all').trim() !== '');
  await signIn(real, page, real.alice);
  await row(page, 'Rowing on Friday').waitFor();
  assert.deepEqual(errors, []);
});
