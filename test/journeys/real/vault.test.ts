import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Page } from 'playwright-core';
import { addAuthenticator, byName, prove, signInByName } from './authenticator.ts';
import { letter } from './letters.ts';
import { digitsOf } from './one-time-code.ts';
import { field, keepCode, openSettings, signOut } from './unlocking.ts';
import { accessibleEverywhere, openReal, type Person, type Real, until } from './world.ts';
import { fourPictures } from '../pictures.ts';

/** The vault set up by a passkey, and the second step turned on, answered wrong, and turned off again. */

let real: Real;

before(async () => {
  real = await openReal();
  for (const { address } of real.village.users)
    await real.village.deliver(address, letter({ subject: 'Rowing on Friday' }));
});
after(() => real[Symbol.asyncDispose]());

const inside = (page: Page): Promise<void> => page.getByRole('row', { name: /Rowing on Friday/u }).waitFor();
const signInAnew = async (page: Page, { address, password }: Person): Promise<void> => {
  await page.goto(byName(real).url);
  await field(page, 'Email address').fill(address);
  await field(page, 'Password').fill(password);
  await page.getByRole('button', { name: 'Sign in', exact: true }).click();
};

test('U9 the vault in three steps by a passkey, which opens the mail afterwards', async () => {
  const { page, errors, context } = await real.visit();
  const device = await addAuthenticator(page);
  await signInByName(real, page, real.alice);
  await openSettings(real, page, 'vault');
  await page.getByText('Set up your vault in three steps').waitFor();
  await page.getByRole('button', { name: 'Set up', exact: true }).click();
  const dialog = page.getByRole('dialog', { name: 'Set up your vault' });
  const step = (name: string): Promise<void> =>
    dialog.getByRole('list', { name: 'Steps' }).locator('[aria-current="step"]').getByText(name).waitFor();
  await step('Key');
  assert.equal(await dialog.getByRole('radio', { name: /Passkey on this device/u }).isChecked(), true);
  await dialog.getByRole('button', { name: 'Make passkey' }).click();
  await prove(page, real.alice);
  await step('Recovery code');
  assert.equal((await device.credentials()).length, 1);
  await accessibleEverywhere(page, 'the second step of the vault');
  await fourPictures(page, 'vault-passkey');
  await keepCode(page);
  await dialog.getByRole('button', { name: 'It is kept' }).click();
  await step('While I am away');
  assert.equal(await dialog.getByRole('radio', { name: /Only when I am here/u }).isChecked(), true);
  await accessibleEverywhere(page, 'the third step of the vault');
  await dialog.getByRole('button', { name: 'Done' }).click();
  await page.getByText('Your vault is set up').waitFor();
  assert.equal(await page.getByText('Set up your vault in three steps').count(), 0);
  await page.reload();
  await page.getByRole('list', { name: 'Recovery code' }).waitFor();
  assert.equal(await page.getByText('Set up your vault in three steps').count(), 0, 'it is not offered again');
  await signOut(real, page);
  await page.getByRole('button', { name: 'Use a passkey instead' }).click();
  await inside(page);
  assert.deepEqual(errors, []);
  await context.close();
});

test('U7 the second step: a wrong code is said, and turned off the password alone opens', async () => {
  const { page, errors, context } = await real.visit();
  await signInByName(real, page, real.bob);
  await openSettings(real, page, 'security');
  await page.getByRole('button', { name: 'Set up' }).click();
  await prove(page, real.bob);
  await page.getByRole('img', { name: 'Code for the authenticator app' }).waitFor();
  const secret = (await page.locator('.unl-key').innerText()).replaceAll(/\s/gu, '');
  const digits = field(page, 'Six digits from your authenticator app');
  const wrong = page.getByRole('alert').filter({ hasText: 'This code is not right.' });
  // As good as never the right one; nothing is on until it was.
  await digits.fill('000000');
  await wrong.waitFor();
  await fourPictures(page, 'totp-wrong');
  await digits.fill(digitsOf(secret, Date.now()));
  await page.getByText(/On: after a password/u).waitFor();

  const other = await real.visit();
  await signInAnew(other.page, real.bob);
  await other.page.getByText('The password was right. Your second step is on.').waitFor();
  const asked = field(other.page, 'Six digits from your authenticator app');
  await asked.fill('000000');
  const said = other.page.getByRole('alert').filter({ hasText: 'This code is not right.' });
  await said.waitFor();
  assert.match(await said.innerText(), /Each code serves once, and for half a minute\./u);
  assert.equal(await asked.inputValue(), '', 'the next code can be typed');
  await accessibleEverywhere(other.page, 'a wrong code');
  await fourPictures(other.page, 'sign-in-totp-wrong');
  await until('a code that is taken', async () => {
    if ((await asked.count()) > 0) await asked.fill(digitsOf(secret, Date.now() + 30_000));
    return inside(other.page).then(
      () => true,
      () => false,
    );
  });
  await signOut(real, other.page);

  await page.getByRole('button', { name: 'Turn off' }).click();
  const sure = page.getByRole('alertdialog');
  await sure.getByText('A password alone opens your mail here again. Passkeys are not affected.').waitFor();
  await sure.getByRole('button', { name: 'Turn off' }).click();
  await page.getByText('The second step is off').waitFor();
  await page.getByText(/Postern can ask for six digits/u).waitFor();
  await signInAnew(other.page, real.bob);
  await inside(other.page);
  assert.equal(await field(other.page, 'Six digits from your authenticator app').count(), 0);
  assert.deepEqual([...errors, ...other.errors], []);
  await other.context.close();
  await context.close();
});
