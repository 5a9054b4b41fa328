import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { phone } from '../browser.ts';
import { addAuthenticator, byName, signInByName } from './authenticator.ts';
import { type KeysAlone, keysAlone } from './keys-alone.ts';
import { letter } from './letters.ts';
import { codeOn } from './unlocking.ts';
import { focused, focusOn, openReal, type Real, until, type Visit } from './world.ts';

/** The settings without a mouse: every step is a key, and the focus is never lost and always to be seen. */

let real: Real;
let at: Visit;
let keys: KeysAlone;

before(async () => {
  real = await openReal();
  for (const who of [real.alice, real.bob])
    await real.village.deliver(who.address, letter({ subject: 'Rowing on Friday' }));
  at = await real.visit();
  await addAuthenticator(at.page);
  await signInByName(real, at.page, real.alice);
  keys = keysAlone(at.page);
  await keys.press('j');
  await focusOn(at.page, /^row .*Rowing/u);
});
after(() => real[Symbol.asyncDispose]());

const heading = (name: string): Promise<void> => at.page.getByRole('heading', { name, level: 1 }).waitFor();
const toast = (text: string | RegExp): Promise<void> => at.page.locator('.toast').getByText(text).waitFor();
/** Another page of the settings, by its link; the focus stays on it. */
const toPage = async (name: string, by: 'Tab' | 'Shift+Tab' = 'Shift+Tab'): Promise<void> => {
  await keys.to(new RegExp(`^a ${name}`, 'u'), by);
  await keys.press('Enter');
  await heading(name);
  assert.equal(await focused(at.page), `a ${name}`);
};

test('F4 by keys to the settings; a password of Postern is set after a proof', async () => {
  const { page, errors } = at;
  await keys.to(/^button Settings/u, 'Shift+Tab');
  await keys.press('Enter');
  await focusOn(page, /^h1 Accounts/u);
  await toPage('Sign-in and passkeys');
  await keys.to(/^button Set a password/u);
  await keys.press('Enter');
  assert.match(await focused(page), /^input Name you sign in with/u);
  await keys.press('Control+a');
  await keys.type('Alice');
  await keys.press('Escape');
  await focusOn(page, /^h2 Password of Postern/u);
  await keys.to(/^button Set a password/u);
  await keys.press('Enter', 'Control+a');
  await keys.type('Alice');
  await keys.press('Tab');
  assert.match(await focused(page), /^input Password of Postern/u);
  await keys.type('four green ducks swim');
  await keys.press('Tab');
  assert.equal(await focused(page), 'button Show password');
  await keys.press('Space');
  assert.equal(await focused(page), 'button Hide password');
  await keys.press('Tab');
  assert.equal(await focused(page), 'button Set password');
  await keys.press('Enter');
  await focusOn(page, /^input Mail password/u);
  await keys.press('Escape');
  await focusOn(page, /^button Set password/u);
  await keys.press('Enter');
  await focusOn(page, /^input Mail password/u);
  await keys.type(real.alice.password);
  await keys.press('Enter');
  await toast('The password of Postern is set');
  await focusOn(page, /^h2 Password of Postern/u);
  await keys.to(/^button Remove the password of Postern/u);
  await keys.press('Enter');
  await focusOn(page, /^button Keep it/u);
  await keys.press('Escape');
  await focusOn(page, /^button Remove the password of Postern/u);
  assert.deepEqual(errors, []);
});

test('F4 by keys a passkey is made and renamed', async () => {
  const { page, errors } = at;
  await keys.to(/^button Passkey$/u, 'Shift+Tab');
  await keys.press('Enter');
  await focusOn(page, /^input Name of the new passkey/u);
  await keys.press('Escape');
  await focusOn(page, /^button Passkey$/u);
  await keys.press('Enter');
  await focusOn(page, /^input Name of the new passkey/u);
  await keys.press('Control+a');
  await keys.type('Laptop');
  await keys.press('Enter');
  await toast(/^The passkey “Laptop” opens your mail/u);
  await focusOn(page, /^button Passkey$/u);
  await keys.to(/^button Rename the passkey Laptop/u);
  await keys.press('Enter');
  await focusOn(page, /^input Name of the passkey/u);
  await keys.press('Escape');
  await focusOn(page, /^button Rename the passkey Laptop/u);
  await keys.press('Enter');
  await focusOn(page, /^input Name of the passkey/u);
  await keys.press('Control+a');
  await keys.type('Desk');
  await keys.press('Enter');
  await focusOn(page, /^button Rename the passkey Desk/u);
  assert.deepEqual(errors, []);
});

test('F4 by keys the second step is begun and left', async () => {
  const { page, errors } = at;
  await keys.to(/^button Set up/u);
  await keys.press('Enter');
  await focusOn(page, /^input Six digits/u);
  await keys.press('Escape');
  await focusOn(page, /^h2 Second step/u);
  await keys.to(/^button Set up/u);
  await keys.press('Enter');
  await focusOn(page, /^input Six digits/u);
  await keys.to(/^button Cancel/u);
  await keys.press('Enter');
  await focusOn(page, /^h2 Second step/u);
  assert.deepEqual(errors, []);
});

test('F4 by keys a recovery code is made, kept and checked', async () => {
  const { page, errors } = at;
  await toPage('Vault and recovery code');
  await keys.to(/^button Make a code/u);
  await keys.press('Enter');
  await focusOn(page, /^button Copy/u);
  const groups = (await codeOn(page)).split(' ');
  await keys.to(/^input I have kept it/u);
  await keys.press('Space', 'Tab');
  assert.equal(await focused(page), 'button Continue');
  await keys.press('Enter');
  const ordinals = ['first', 'second', 'third', 'fourth', 'fifth', 'sixth', 'seventh', 'eighth'];
  for (const last of [false, true]) {
    const named = /^input The (\w+) group/u.exec(await focusOn(page, /^input The \w+ group/u))?.[1] ?? '';
    await keys.type((groups[ordinals.indexOf(named)] ?? '').toLowerCase());
    await keys.press(last ? 'Enter' : 'Tab');
  }
  await toast('The recovery code is good');
  await focusOn(page, /^h2 Recovery code/u);
  assert.deepEqual(errors, []);
});

test('F4 by keys another session is ended, and a token begun and left', async () => {
  const { page, errors } = at;
  const other = await real.visit(phone);
  await signInByName(real, other.page, real.alice);
  await toPage('Sessions');
  await keys.to(/^button End the session of/u);
  await keys.press('Enter');
  await toast('Session ended');
  assert.equal(await focused(page), 'h2 Sessions');
  await other.page.getByLabel('Email address').waitFor();
  await other.context.close();
  await keys.to(/^button New token/u);
  await keys.press('Enter');
  await focusOn(page, /^input Name/u);
  await keys.press('Escape');
  await focusOn(page, /^button New token/u);
  assert.deepEqual(errors, []);
});

test('F4 by keys an account is named, coloured, checked and moved; Escape closes it, and then the settings', async () => {
  const { page, errors } = at;
  const added = await page.request.post(`${byName(real).url}/auth/accounts`, {
    data: { ...real.bob },
    headers: { origin: byName(real).url },
  });
  assert.equal(added.status(), 201, await added.text());
  await toPage('Accounts');
  await keys.to(/^button Edit village\.test/u);
  await keys.press('Enter', 'Tab');
  assert.equal(await focused(page), 'button Check now');
  await keys.press('Enter');
  await page.getByText('Both servers took the password of village.test just now.').waitFor();
  assert.equal(await focused(page), 'button Check now');
  await keys.press('Tab');
  assert.match(await focused(page), /^input Name/u);
  await keys.press('Control+a');
  await keys.type('The village');
  await keys.press('Escape');
  assert.equal(await page.getByLabel('Name', { exact: true }).inputValue(), 'village.test', 'first the text goes back');
  await keys.press('Control+a');
  await keys.type('The village');
  await keys.press('Tab');
  await toast('Named alice@village.test “The village”');
  await keys.to(/^input (?:Patina|Slate|Plum|Clay|Moss|Ochre|Rose|Iris)/u);
  const colour = await focused(page);
  await keys.press('ArrowRight');
  await toast('Changed the colour of The village');
  assert.notEqual(await focused(page), colour);
  await keys.to(/^button Change servers/u);
  await keys.press('Enter');
  await page.getByRole('form', { name: 'Servers of The village' }).waitFor();
  assert.match(await focused(page), /^input /u);
  await keys.press('Escape');
  await focusOn(page, /^button Change servers/u);
  await keys.press('Enter');
  await keys.to(/^button Cancel/u);
  await keys.press('Enter');
  await focusOn(page, /^button Change servers/u);
  await keys.to(/^button Replace password/u, 'Shift+Tab');
  await keys.press('Enter');
  await focusOn(page, /^input Password/u);
  await keys.press('Escape');
  await focusOn(page, /^button Replace password/u);
  await keys.press('Escape');
  await focusOn(page, /^button Edit The village/u);
  assert.equal(await page.getByRole('button', { name: 'Check now' }).count(), 0);
  const first = page.getByRole('list', { name: 'Accounts', exact: true }).getByRole('listitem').first();
  await keys.press('Alt+ArrowDown');
  await first.getByText('bob@village.test').waitFor();
  await focusOn(page, /^button Edit The village/u);
  await keys.press('Alt+ArrowUp');
  await first.getByText('alice@village.test').waitFor();
  await focusOn(page, /^button Edit The village/u);
  await keys.press('Escape');
  await page.getByRole('grid').waitFor();
  await focusOn(page, /^button Settings/u);
  await until('the mail is there', () => page.getByRole('row', { name: /Rowing on Friday/u }).count());
  assert.deepEqual(errors, []);
});
