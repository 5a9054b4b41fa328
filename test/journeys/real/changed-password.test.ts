import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { Page } from 'playwright-core';
import { type RunningDovecot, startDovecot } from '#cli/demo/dovecot.ts';
import { addAuthenticator, byName, prove, signInByName } from './authenticator.ts';
import { letter } from './letters.ts';
import { accessibleEverywhere, openReal, type Person, type Real, type Visit } from './world.ts';
import { picture } from '../pictures.ts';

/** The mail password was changed at the server: one question, and ways on; nothing is lost without a word. */

let real: Real;
let alice: Visit;
let bob: Visit;
let changed: RunningDovecot;
let code = '';
const mail = mkdtempSync(join(tmpdir(), 'postern-changed-'));
const now = 'after the change';

const signOut = async (page: Page): Promise<void> => {
  await page.goto(byName(real).url);
  await page.getByRole('button', { name: /Sign out/u }).click();
  await page.getByRole('heading', { name: 'Open your mail' }).waitFor();
};
const signInAfter = async (page: Page, { address }: Person): Promise<void> => {
  await page.goto(byName(real).url);
  await page.getByLabel('Email address').fill(address);
  await page.getByLabel('Password', { exact: true }).fill(now);
  await page.getByRole('button', { name: 'Sign in', exact: true }).click();
  await page.getByRole('radio', { name: 'I know the password before' }).waitFor();
};

before(async () => {
  real = await openReal();
  for (const { address } of real.village.users) await real.village.deliver(address, letter({ subject: 'Before' }));
  alice = await real.visit();
  await addAuthenticator(alice.page);
  await signInByName(real, alice.page, real.alice);
  await alice.page.goto(`${byName(real).url}/settings/security`);
  await alice.page.getByRole('button', { name: 'Passkey', exact: true }).click();
  await alice.page.getByRole('button', { name: 'Make passkey' }).click();
  await prove(alice.page, real.alice);
  await alice.page.getByRole('list', { name: 'Passkeys' }).waitFor();
  await signOut(alice.page);

  bob = await real.visit();
  await signInByName(real, bob.page, real.bob);
  await bob.page.goto(`${byName(real).url}/settings/vault`);
  await bob.page.getByRole('button', { name: 'Make a code' }).click();
  await prove(bob.page, real.bob);
  code = (await bob.page.locator('code.vault-groups').innerText()).replaceAll(/\s+/gu, ' ').trim();
  await bob.page.getByRole('checkbox', { name: 'I have kept it' }).check();
  await bob.page.getByRole('button', { name: 'Continue' }).click();
  const groups = code.split(' ');
  const ordinals = ['first', 'second', 'third', 'fourth', 'fifth', 'sixth', 'seventh', 'eighth'];
  for (const [index, word] of ordinals.entries()) {
    const field = bob.page.getByLabel(`The ${word} group`);
    if ((await field.count()) > 0) await field.fill(groups[index] ?? '');
  }
  await bob.page.getByRole('button', { name: 'It is kept' }).click();
  await bob.page.getByRole('list', { name: 'Recovery code' }).waitFor();
  await signOut(bob.page);

  chmodSync(mail, 0o755);
  const { imapPort } = real.village;
  await real.village.dovecot[Symbol.asyncDispose]();
  const users = real.village.users.map((user) => ({ ...user, password: now }));
  changed = await startDovecot({ users, mail, imapPort });
});
after(async () => {
  await real[Symbol.asyncDispose]();
  await changed[Symbol.asyncDispose]();
  rmSync(mail, { recursive: true, force: true });
});

test('U15 a wrong former password is said, and a passkey goes on', async () => {
  const { page, errors } = alice;
  await signInAfter(page, real.alice);
  assert.equal(await page.getByRole('radio', { name: 'I have a recovery code' }).count(), 0, 'there is none');
  await accessibleEverywhere(page, 'the password was changed');
  await picture(page, 'changed');
  await page.getByLabel('The password before', { exact: true }).fill('not that one');
  await page.getByRole('button', { name: 'Open with it' }).click();
  await page.locator('.changed .set-wrong').waitFor();
  await page.getByRole('radio', { name: 'I have a passkey' }).check();
  await page.getByRole('button', { name: 'Show the passkey' }).click();
  await page.getByRole('button', { name: /Sign out/u }).waitFor();
  await signOut(page);
  await page.getByLabel('Email address').fill(real.alice.address);
  await page.getByLabel('Password', { exact: true }).fill(now);
  await page.getByRole('button', { name: 'Sign in', exact: true }).click();
  await page.getByRole('button', { name: /Sign out/u }).waitFor();
  assert.deepEqual(errors, []);
});

test('U15 the recovery code goes on', async () => {
  const { page, errors } = bob;
  await signInAfter(page, real.bob);
  await page.getByRole('radio', { name: 'I have a recovery code' }).check();
  await page.getByLabel('Recovery code', { exact: true }).fill(code);
  await page.getByRole('button', { name: 'Open with it' }).click();
  await page.getByRole('button', { name: /Sign out|Back to the mail/u }).waitFor();
  assert.deepEqual(errors, []);
});
