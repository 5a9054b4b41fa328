import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { after, before, test } from 'node:test';
import type { Page } from 'playwright-core';
import { byName, prove, signInByName } from './authenticator.ts';
import { letter } from './letters.ts';
import { field, openSettings, signOut } from './unlocking.ts';
import { accessibleEverywhere, openReal, type Person, type Real, type Visit } from './world.ts';
import { fourPictures } from '../pictures.ts';

/** The mail password was changed at the server and nothing of before is known: starting afresh, and what it leaves. */

let real: Real;
let alice: Visit;
let bob: Visit;
const site = 'four green ducks swim';
const now = 'after the change';

/** The same Dovecot with the same mail takes other passwords, and those alone. */
const changePasswords = (): void => {
  const file = join(dirname(real.village.dovecot.configFile), 'users');
  const lines = readFileSync(file, 'utf8').replaceAll(/^([^:]+):\{SSHA512\}[^:\n]*/gmu, `$1:{PLAIN}${now}`);
  assert.ok(lines.includes(now));
  writeFileSync(file, lines);
};
const signInWith = async (page: Page, { address }: Person, password: string): Promise<void> => {
  await page.goto(byName(real).url);
  await field(page, 'Email address').fill(address);
  await field(page, 'Password').fill(password);
  await page.getByRole('button', { name: 'Sign in', exact: true }).click();
};
const inside = (page: Page): Promise<void> => page.getByRole('row', { name: /Before the change/u }).waitFor();
const askAfresh = async (page: Page, who: Person): Promise<string> => {
  await signInWith(page, who, now);
  await page.getByText('The password of this account was changed.').waitFor();
  await page.getByRole('radio', { name: 'I have none of these' }).check();
  const said = page.locator('.changed p').filter({ hasText: 'Starting afresh' });
  await said.waitFor();
  return said.innerText();
};
const events = async (page: Page): Promise<string[]> => {
  await openSettings(real, page, 'sessions');
  const list = page.getByRole('list', { name: 'What happened lately' });
  await list.getByRole('listitem').first().waitFor();
  return list.getByRole('listitem').allInnerTexts();
};

before(async () => {
  real = await openReal();
  for (const { address } of real.village.users)
    await real.village.deliver(address, letter({ subject: 'Before the change' }));
  alice = await real.visit();
  await signInByName(real, alice.page, real.alice);
  await inside(alice.page);
  await openSettings(real, alice.page, 'security');
  await alice.page.getByRole('button', { name: 'Set a password' }).click();
  await field(alice.page, 'Name you sign in with').fill('alice');
  await field(alice.page, 'Password of Postern').fill(site);
  await alice.page.getByRole('button', { name: 'Set password' }).click();
  await prove(alice.page, real.alice);
  await alice.page.getByRole('list', { name: 'Password of Postern' }).waitFor();
  await signOut(real, alice.page);
  bob = await real.visit();
  for (let times = 0; times < 2; times += 1) {
    await signInByName(real, bob.page, real.bob);
    await inside(bob.page);
    await signOut(real, bob.page);
  }
  changePasswords();
});
after(() => real[Symbol.asyncDispose]());

test('U15 afresh with nothing else that opens: the words say what goes, and the mail of the server is there', async () => {
  const { page, errors } = bob;
  const words = await askAfresh(page, real.bob);
  assert.match(words, /gives up what only this Postern had: drafts not yet on your server/u);
  assert.match(words, /other mail accounts you added/u);
  assert.match(words, /Mail on your servers stays\./u);
  await accessibleEverywhere(page, 'starting afresh');
  await fourPictures(page, 'afresh');
  await page.getByRole('button', { name: 'Start afresh' }).click();
  await inside(page);
  const told = await events(page);
  assert.equal(told.filter((each) => each.includes('Signed out')).length, 0, told.join(' | '));
  await signOut(real, page);
  await signInWith(page, real.bob, now);
  await inside(page);
  assert.deepEqual(errors, []);
});

test('U15 D69 afresh beside a password of Postern: the words say so, and both can be opened', async () => {
  const { page, errors } = alice;
  const words = await askAfresh(page, real.alice);
  assert.match(words, /What was kept here before stays beside it/u);
  assert.match(words, /sign in with your password of Postern to open it/u);
  assert.doesNotMatch(words, /gives up/u);
  await fourPictures(page, 'afresh-beside');
  await page.getByRole('button', { name: 'Start afresh' }).click();
  await inside(page);
  await openSettings(real, page, 'security');
  await page.getByRole('list', { name: 'Mail passwords' }).getByText(real.alice.address).waitFor();
  assert.equal(await page.getByRole('list', { name: 'Password of Postern' }).count(), 0, 'it is a new one');
  await signOut(real, page);

  await page.getByRole('button', { name: 'Use a password of Postern' }).click();
  await field(page, 'Name').fill('alice');
  await field(page, 'Password of Postern').fill(site);
  await page.getByRole('button', { name: 'Sign in', exact: true }).click();
  // What was kept before is all there; its saved password is refused, and asked for.
  await inside(page);
  await page
    .getByText(/needs its password/u)
    .first()
    .waitFor();
  await fourPictures(page, 'afresh-before');
  await openSettings(real, page, 'security');
  await page.getByRole('list', { name: 'Password of Postern' }).getByText('alice').waitFor();
  await page.getByText('No mail password opens Postern.').waitFor();
  await signOut(real, page);
  await signInWith(page, real.alice, now);
  await inside(page);
  assert.deepEqual(errors, []);
});
