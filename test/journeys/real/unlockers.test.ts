import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import type { Page } from 'playwright-core';
import { addAuthenticator, type Authenticator, byName, prove, signInByName } from './authenticator.ts';
import { letter } from './letters.ts';
import { digitsOf } from './one-time-code.ts';
import { field, keepCode, openSettings, signOut } from './unlocking.ts';
import { accessibleEverywhere, openReal, type Real, until, type Visit } from './world.ts';
import { fourPictures } from '../pictures.ts';

/** What opens Postern besides a mail password, in a real browser with its virtual authenticator. */

let real: Real;
let at: Visit;
let device: Authenticator;

before(async () => {
  real = await openReal();
  for (const who of [real.alice, real.bob])
    await real.village.deliver(who.address, letter({ subject: 'Rowing on Friday' }));
  at = await real.visit();
  device = await addAuthenticator(at.page);
  await signInByName(real, at.page, real.alice);
});
after(() => real[Symbol.asyncDispose]());

const inside = (page: Page): Promise<void> => page.getByRole('row', { name: /Rowing on Friday/u }).waitFor();

test('U2 a passkey is made after a proof, and opens the mail without any password', async () => {
  const { page, errors } = at;
  await openSettings(real, page, 'security');
  await page.getByText('There is no passkey yet.').waitFor();
  await accessibleEverywhere(page, 'sign-in and passkeys');
  await fourPictures(page, 'security-empty');
  await page.getByRole('button', { name: 'Passkey', exact: true }).click();
  await field(page, 'Name of the new passkey').fill('Laptop');
  await page.getByRole('button', { name: 'Make passkey' }).click();
  await page.getByRole('dialog', { name: 'Show that it is you' }).waitFor();
  await accessibleEverywhere(page, 'the proof');
  await fourPictures(page, 'proof');
  await prove(page, real.alice);
  await page.getByRole('list', { name: 'Passkeys' }).getByText('Laptop').waitFor();
  assert.equal((await device.credentials()).length, 1);
  await signOut(real, page);
  await page.getByRole('button', { name: 'Use a passkey instead' }).click();
  await inside(page);
  await openSettings(real, page, 'security');
  await page
    .getByRole('list', { name: 'Passkeys' })
    .getByText(/used now/u)
    .waitFor();
  assert.deepEqual(errors, []);
});

test('U2 a passkey is renamed where it stands', async () => {
  const { page, errors } = at;
  await page.getByRole('button', { name: 'Rename the passkey Laptop' }).click();
  await field(page, 'Name of the passkey').fill('Ada’s laptop');
  await page.keyboard.press('Enter');
  // A new session has shown nothing yet but its sign-in.
  await page.getByRole('button', { name: 'Go on with a passkey' }).click();
  await page.getByRole('list', { name: 'Passkeys' }).getByText('Ada’s laptop').waitFor();
  assert.deepEqual(errors, []);
});

test('U11 a locked Postern opens with the passkey, where it was', async () => {
  const { page, errors } = at;
  await openSettings(real, page, 'sessions');
  await page.getByRole('button', { name: 'Lock now' }).click();
  await page.getByRole('heading', { name: 'Postern is locked' }).waitFor();
  const open = page.getByRole('button', { name: 'Open with a passkey' });
  await open.waitFor();
  await page.getByRole('button', { name: 'Use the mail password' }).waitFor();
  assert.equal(await page.getByRole('button', { name: 'Use the recovery code' }).count(), 0, 'there is none');
  await fourPictures(page, 'locked-passkey');
  await open.click();
  await page.getByRole('heading', { name: 'Sessions', level: 1 }).waitFor();
  await page.getByText('This browser, now').waitFor();
  assert.deepEqual(errors, []);
});

test('U3 a device without PRF is told plainly why it is not taken, and nothing was added', async () => {
  const visit = await real.visit();
  const { page } = visit;
  await addAuthenticator(page, { prf: false });
  await signInByName(real, page, real.alice);
  await openSettings(real, page, 'security');
  await page.getByRole('button', { name: 'Passkey', exact: true }).click();
  await page.getByRole('button', { name: 'Make passkey' }).click();
  await prove(page, real.alice);
  await page.getByText('This passkey cannot open your mail.').waitFor();
  await page.getByText(/does not support PRF/u).waitFor();
  await page.getByRole('button', { name: 'Cancel' }).click();
  assert.equal(await page.getByRole('list', { name: 'Passkeys' }).getByRole('listitem').count(), 1);
  assert.deepEqual(visit.errors, []);
  await visit.context.close();
});

test('U4 a password of Postern is set, signs in, and is changed with the others signed out', async () => {
  const { page, errors } = at;
  await openSettings(real, page, 'security');
  await page.getByRole('button', { name: 'Set a password' }).click();
  await field(page, 'Name you sign in with').fill('Alice');
  await field(page, 'Password of Postern').fill('four green ducks swim');
  await page.getByText('Strong').waitFor();
  await accessibleEverywhere(page, 'a password of Postern');
  await page.getByRole('button', { name: 'Set password' }).click();
  // Opening a lock proves nothing for what comes after.
  await page.getByRole('button', { name: 'Go on with a passkey' }).click();
  await page.getByRole('list', { name: 'Password of Postern' }).waitFor();
  await fourPictures(page, 'security');
  const other = await real.visit();
  await other.page.goto(byName(real).url);
  await other.page.getByRole('button', { name: 'Use a password of Postern' }).click();
  await accessibleEverywhere(other.page, 'signing in with a password of Postern');
  await fourPictures(other.page, 'sign-in-site');
  await field(other.page, 'Name').fill('alice');
  await field(other.page, 'Password of Postern').fill('four green ducks');
  await other.page.getByRole('button', { name: 'Sign in', exact: true }).click();
  await other.page
    .getByRole('alert')
    .getByText(/do not fit/u)
    .waitFor();
  await field(other.page, 'Password of Postern').fill('four green ducks swim');
  await other.page.getByRole('button', { name: 'Sign in', exact: true }).click();
  await inside(other.page);
  await page.getByRole('button', { name: 'Change the password of Postern' }).click();
  await field(page, 'New password of Postern').fill('five red geese walk home');
  assert.equal(await page.getByRole('checkbox', { name: /End all other sessions/u }).isChecked(), true);
  await page.getByRole('button', { name: 'Change password' }).click();
  await other.page.getByRole('heading', { name: 'Open your mail' }).waitFor();
  await other.page.getByRole('button', { name: 'Use a password of Postern' }).click();
  await field(other.page, 'Name').fill('alice');
  await field(other.page, 'Password of Postern').fill('five red geese walk home');
  await other.page.getByRole('button', { name: 'Sign in', exact: true }).click();
  await inside(other.page);
  assert.deepEqual([...errors, ...other.errors], []);
  await other.context.close();
});

test('U5 the recovery code: shown once, checked, opens once, and is then to be replaced', async () => {
  const { page, errors } = at;
  await openSettings(real, page, 'vault');
  await page.getByText('There is no recovery code.').waitFor();
  await accessibleEverywhere(page, 'the vault');
  await page.getByRole('button', { name: 'Make a code' }).click();
  await page.getByRole('checkbox', { name: 'I have kept it' }).waitFor();
  await accessibleEverywhere(page, 'a recovery code');
  await fourPictures(page, 'recovery-code');
  const saving = page.waitForEvent('download');
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  const saved = readFileSync(await (await saving).path(), 'utf8');
  const code = await keepCode(page);
  assert.ok(saved.includes(code) && saved.includes(real.alice.address));
  await page.getByRole('button', { name: 'It is kept' }).click();
  await page.getByRole('list', { name: 'Recovery code' }).waitFor();
  assert.equal(await page.getByText(code).count(), 0);
  const other = await real.visit();
  const use = async (): Promise<void> => {
    await other.page.goto(byName(real).url);
    await other.page.getByRole('button', { name: 'Use a recovery code' }).click();
    await field(other.page, 'Recovery code').fill(code.toLowerCase().replaceAll(' ', ''));
    await other.page.getByRole('button', { name: 'Sign in', exact: true }).click();
  };
  await use();
  await other.page.getByRole('heading', { name: 'Vault and recovery code', level: 1 }).waitFor();
  await other.page
    .getByText(/Your recovery code was used/u)
    .first()
    .waitFor();
  await other.page.getByText('There is no recovery code.').waitFor();
  await signOut(real, other.page);
  await use();
  await other.page.locator('.trouble').waitFor();
  assert.deepEqual([...errors, ...other.errors], []);
  await other.context.close();
});

test('U7 the second step: scanned, confirmed, asked for after the password, and turned off', async () => {
  const { page, errors } = at;
  await openSettings(real, page, 'security');
  await page.getByRole('button', { name: 'Set up' }).click();
  await page.getByRole('img', { name: 'Code for the authenticator app' }).waitFor();
  await accessibleEverywhere(page, 'the second step');
  await fourPictures(page, 'totp');
  const secret = (await page.locator('.unl-key').innerText()).replaceAll(/\s/gu, '');

  await field(page, 'Six digits from your authenticator app').fill(digitsOf(secret, Date.now()));
  await page.getByText(/On: after a password/u).waitFor();
  const other = await real.visit();
  await other.page.goto(byName(real).url);
  await field(other.page, 'Email address').fill(real.alice.address);
  await field(other.page, 'Password').fill(real.alice.password);
  await other.page.getByRole('button', { name: 'Sign in', exact: true }).click();
  const digits = field(other.page, 'Six digits from your authenticator app');
  await digits.waitFor();
  await fourPictures(other.page, 'sign-in-totp');
  await digits.fill('000000');
  await other.page.locator('.trouble').waitFor();
  // A code serves once: the next window of thirty seconds has another.
  await until('a code that is taken', async () => {
    await digits.fill(digitsOf(secret, Date.now() + 30_000));
    return other.page
      .getByRole('grid')
      .waitFor({ timeout: 4_000 })
      .then(
        () => true,
        () => false,
      );
  });
  await page.getByRole('button', { name: 'Turn off' }).click();
  await page.getByRole('alertdialog').getByRole('button', { name: 'Turn off' }).click();
  await page.getByText(/Postern can ask for six digits/u).waitFor();
  assert.deepEqual([...errors, ...other.errors], []);
  await other.context.close();
});

test('U8 what happened stands in plain words', async () => {
  const { page, errors } = at;
  await openSettings(real, page, 'sessions');
  const list = page.getByRole('list', { name: 'What happened lately' });
  await page.getByRole('button', { name: /^Show all/u }).click();
  await list
    .getByText(/Added: passkey/u)
    .first()
    .waitFor();
  await list.getByText('Recovery code used').first().waitFor();
  await accessibleEverywhere(page, 'sessions');
  await fourPictures(page, 'sessions');
  assert.deepEqual(errors, []);
});

test('U2 what is removed opens no more; the last way in stays', async () => {
  const { page, errors } = at;
  await openSettings(real, page, 'security');
  await page.getByRole('button', { name: 'Remove the passkey Ada’s laptop' }).click();
  await page.getByRole('alertdialog').getByRole('button', { name: 'Remove passkey' }).click();
  const go = page.getByRole('button', { name: 'Go on with a passkey' });
  await Promise.race([go.waitFor(), page.getByText('There is no passkey yet.').waitFor()]);
  if ((await go.count()) > 0) await go.click();
  await page.getByText('There is no passkey yet.').waitFor();
  await signOut(real, page);
  await page.getByRole('button', { name: 'Use a passkey instead' }).click();
  await page.getByRole('alert').getByText('This passkey does not open anything here.').waitFor();
  assert.deepEqual(errors, []);
});

test('U9 the vault in three steps, with a passphrase where there is no passkey', async () => {
  const visit = await real.visit();
  const { page } = visit;
  await signInByName(real, page, real.bob);
  await openSettings(real, page, 'vault');
  await page.getByText('Set up your vault in three steps').waitFor();
  await fourPictures(page, 'vault');
  await page.getByRole('button', { name: 'Set up', exact: true }).click();
  const dialog = page.getByRole('dialog', { name: 'Set up your vault' });
  await accessibleEverywhere(page, 'the first step');
  await fourPictures(page, 'vault-key');
  await dialog.getByRole('radio', { name: /Passphrase/u }).check();
  await field(dialog, 'Password of Postern').fill('four green ducks swim');
  await dialog.getByRole('button', { name: 'Set password' }).click();
  await prove(page, real.bob);
  await keepCode(page);
  await dialog.getByRole('button', { name: 'It is kept' }).click();
  await dialog.getByText(/Only when I am here: mail you schedule waits/u).waitFor();
  await dialog.getByRole('radio', { name: /Only when I am here/u }).waitFor();
  await accessibleEverywhere(page, 'the third step');
  await fourPictures(page, 'vault-away');
  await dialog.getByRole('button', { name: 'Done' }).click();
  assert.equal(await page.getByText('Set up your vault in three steps').count(), 0);
  assert.deepEqual(visit.errors, []);
  await visit.context.close();
});
