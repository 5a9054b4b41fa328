import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Page } from 'playwright-core';
import { addAuthenticator, byName, prove, signInByName } from './authenticator.ts';
import { letter } from './letters.ts';
import { codeOn, field, keepCode, openSettings, signOut, useCode } from './unlocking.ts';
import { accessibleEverywhere, openReal, type Real, type Visit } from './world.ts';
import { fourPictures } from '../pictures.ts';

/** What changes in the vault of one person: another recovery code, new keys, the last way in. */

let real: Real;
let at: Visit;
/** The recovery code that is good now. */
let code = '';
const site = 'four green ducks swim';

before(async () => {
  real = await openReal();
  for (const { address } of real.village.users)
    await real.village.deliver(address, letter({ subject: 'Rowing on Friday' }));
  at = await real.visit();
  await addAuthenticator(at.page);
  await signInByName(real, at.page, real.alice);
});
after(() => real[Symbol.asyncDispose]());

const inside = (page: Page): Promise<void> => page.getByRole('row', { name: /Rowing on Friday/u }).waitFor();
const refused = (page: Page): Promise<void> =>
  page.getByRole('alert').getByText('This recovery code is not right.').waitFor();
const worked = (page: Page): Promise<void> =>
  page.getByRole('heading', { name: 'Vault and recovery code', level: 1 }).waitFor();
const signInSite = async (page: Page): Promise<void> => {
  await page.goto(byName(real).url);
  await page.getByRole('button', { name: 'Use a password of Postern' }).click();
  await field(page, 'Name').fill('alice');
  await field(page, 'Password of Postern').fill(site);
  await page.getByRole('button', { name: 'Sign in', exact: true }).click();
};

test('U5 a recovery code is replaced: the one before is good until the new one is confirmed, and void then', async () => {
  const { page, errors } = at;
  await openSettings(real, page, 'vault');
  await page.getByRole('button', { name: 'Make a code' }).click();
  await prove(page, real.alice);
  const first = await keepCode(page);
  await page.getByRole('button', { name: 'It is kept' }).click();
  await page.getByRole('list', { name: 'Recovery code' }).waitFor();

  // One that is looked at and left is nothing.
  await page.getByRole('button', { name: 'Replace' }).click();
  await page.getByText('The code you have now works until the new one is confirmed, and then no more.').waitFor();
  const left = await codeOn(page);
  await page.getByRole('button', { name: 'Cancel' }).click();
  await page.getByRole('list', { name: 'Recovery code' }).waitFor();
  const other = await real.visit();
  await useCode(real, other.page, left);
  await refused(other.page);

  await page.getByRole('button', { name: 'Replace' }).click();
  code = await keepCode(page);
  assert.equal(new Set([first, left, code]).size, 3);
  await fourPictures(page, 'recovery-replaced');
  await accessibleEverywhere(page, 'another recovery code');
  await page.getByRole('button', { name: 'It is kept' }).click();
  await page.getByText('The new code is good; the old one opens nothing any more').waitFor();
  await useCode(real, other.page, first);
  await refused(other.page);
  assert.equal(await page.getByRole('list', { name: 'Recovery code' }).getByRole('listitem').count(), 1);
  assert.deepEqual([...errors, ...other.errors], []);
  await other.context.close();
});

test('U5 the code before opens as long as the new one is not confirmed', async () => {
  const { page, errors } = at;
  await page.getByRole('button', { name: 'Replace' }).click();
  const next = await keepCode(page);
  // Typed wrong, nothing is confirmed.
  await page
    .getByLabel(/^The \w+ group$/u)
    .first()
    .fill('0000');
  await page.getByRole('button', { name: 'It is kept' }).click();
  await page
    .getByRole('alert')
    .getByText(/This is not what stood there/u)
    .waitFor();
  const other = await real.visit();
  await useCode(real, other.page, code);
  await worked(other.page);
  await other.page.getByText('There is no recovery code.').waitFor();
  await signOut(real, other.page);
  await useCode(real, other.page, next);
  await refused(other.page);
  assert.deepEqual([...errors, ...other.errors], []);
  await other.context.close();
});

test('U16 new keys: what is shown and the mail password stay, the rest is named and opens no more', async () => {
  const { page, errors } = at;
  await openSettings(real, page, 'security');
  await page.getByRole('button', { name: 'Passkey', exact: true }).click();
  await field(page, 'Name of the new passkey').fill('Laptop');
  await page.getByRole('button', { name: 'Make passkey' }).click();
  await page.getByRole('list', { name: 'Passkeys' }).getByText('Laptop').waitFor();
  await page.getByRole('button', { name: 'Set a password' }).click();
  await field(page, 'Name you sign in with').fill('alice');
  await field(page, 'Password of Postern').fill(site);
  await page.getByRole('button', { name: 'Set password' }).click();
  await page.getByRole('list', { name: 'Password of Postern' }).waitFor();
  await openSettings(real, page, 'vault');
  await page.getByRole('button', { name: 'Make a code' }).click();
  code = await keepCode(page);
  await page.getByRole('button', { name: 'It is kept' }).click();
  await page.getByRole('list', { name: 'Recovery code' }).waitFor();
  const other = await real.visit();
  await signInSite(other.page);
  await inside(other.page);

  await page.getByRole('button', { name: 'Renew the keys' }).click();
  const dialog = page.getByRole('dialog', { name: 'Renew the keys' });
  await dialog.getByText(/What you show now stays, and so do the mail passwords that Postern keeps\./u).waitFor();
  await accessibleEverywhere(page, 'new keys');
  await fourPictures(page, 'new-keys');
  await dialog.getByRole('button', { name: 'Renew with a passkey' }).click();
  await dialog.waitFor({ state: 'detached' });
  const told = page.getByRole('status').filter({ hasText: 'The keys are new.' });
  await told.waitFor();
  const words = await told.innerText();
  assert.match(words, /To be added again: .*password of Postern/u);
  assert.match(words, /recovery code/u);
  assert.doesNotMatch(words, /Laptop|mail password/u);
  await fourPictures(page, 'new-keys-told');
  await page.getByText('There is no recovery code.').waitFor();
  await other.page.getByRole('heading', { name: 'Open your mail' }).waitFor();

  await page.goto(byName(real).url);
  await inside(page);
  await page.reload();
  await inside(page);
  await signInSite(other.page);
  await other.page
    .getByRole('alert')
    .getByText(/do not fit/u)
    .waitFor();
  await useCode(real, other.page, code);
  await refused(other.page);
  await signInByName(real, other.page, real.alice);
  await inside(other.page);
  assert.deepEqual([...errors, ...other.errors], []);
  await other.context.close();
});

test('U16 after new keys the mail opens over a restart, by the session, the passkey and the mail password', async () => {
  const { page, errors } = at;
  await real.restart();
  await page.goto(byName(real).url);
  await inside(page);
  await page.getByRole('row', { name: /Rowing on Friday/u }).click();
  await page.getByRole('region', { name: /^From/u }).first().waitFor();
  await signOut(real, page);
  await page.getByRole('button', { name: 'Use a passkey instead' }).click();
  await inside(page);
  await signOut(real, page);
  await signInByName(real, page, real.alice);
  await inside(page);
  assert.deepEqual(errors, []);
});

test('U17 the last way in is not removed, and the words say what to do', async () => {
  const visit = await real.visit();
  const { page } = visit;
  await addAuthenticator(page);
  await signInByName(real, page, real.bob);
  await openSettings(real, page, 'security');
  await page.getByRole('button', { name: 'Passkey', exact: true }).click();
  await field(page, 'Name of the new passkey').fill('Only one');
  await page.getByRole('button', { name: 'Make passkey' }).click();
  await prove(page, real.bob);
  await page.getByRole('list', { name: 'Passkeys' }).getByText('Only one').waitFor();
  await page.getByRole('button', { name: `Remove the mail password ${real.bob.address}` }).click();
  const sure = page.getByRole('alertdialog');
  await sure.getByText(/mail/u).first().waitFor();
  await fourPictures(page, 'remove-mail-password');
  await sure.getByRole('button', { name: 'Remove mail password' }).click();
  await page.getByText('No mail password opens Postern.').waitFor();
  await page.getByRole('button', { name: 'Remove the passkey Only one' }).click();
  await sure.getByRole('button', { name: 'Remove passkey' }).click();
  const trouble = page.getByRole('alert').filter({ hasText: 'This is the last key' });
  await trouble.waitFor();
  assert.match(await trouble.innerText(), /Add another one first\. Nothing was removed\./u);
  await accessibleEverywhere(page, 'the last key');
  await fourPictures(page, 'last-key');
  assert.equal(await page.getByRole('list', { name: 'Passkeys' }).getByRole('listitem').count(), 1);
  // The mail password alone says so, and leads to the passkey.
  await signOut(real, page);
  await field(page, 'Email address').fill(real.bob.address);
  await field(page, 'Password').fill(real.bob.password);
  await page.getByRole('button', { name: 'Sign in', exact: true }).click();
  await page.getByText('This mailbox opens by your Postern sign-in.').waitFor();
  await page.getByRole('radio', { name: 'I have a passkey' }).waitFor();
  assert.equal(await page.getByRole('radio', { name: 'I know the password before' }).count(), 0);
  await fourPictures(page, 'opens-otherwise');
  await signInWithPasskey(page);
  await inside(page);
  assert.deepEqual(visit.errors, []);
  await visit.context.close();
});

const signInWithPasskey = async (page: Page): Promise<void> => {
  await page.getByRole('button', { name: 'Use a passkey instead' }).click();
};
