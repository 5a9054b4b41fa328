import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { Page } from 'playwright-core';
import type { TestCertificate } from '#village/tls.ts';
import { prove } from './authenticator.ts';
import { letter } from './letters.ts';
import { field } from './unlocking.ts';
import { accessibleEverywhere, openReal, type Real, until, type Visit } from './world.ts';
import { fourPictures } from '../pictures.ts';

/** A server that signed its own certificate: looked at, trusted, and noticed when it shows another one. */

let real: Real;
let at: Visit;
let first: X509Certificate;
let second: X509Certificate;

/** Dovecot shows another certificate from now on, to whoever comes anew. */
const show = async ({ cert, key }: TestCertificate): Promise<X509Certificate> => {
  const { authority, dovecot } = real.village;
  assert.ok(authority);
  writeFileSync(join(authority.folder, '1.pem'), cert);
  writeFileSync(join(authority.folder, '1.key'), key);
  dovecot.doveadm('reload');
  return new X509Certificate(cert);
};
const selfSigned = (): TestCertificate => {
  assert.ok(real.village.authority);
  return real.village.authority.selfSigned(['127.0.0.1', 'localhost']);
};
const day = (date: string): string => new Date(date).toISOString().slice(0, 10);
const signIns = (): number => real.village.dovecot.signIns().length;
const row = (page: Page, subject: string) => page.getByRole('row', { name: new RegExp(subject, 'u') });

/** What the details say, by their terms. */
const detailsOn = async (page: Page): Promise<Record<string, string>> => {
  await page.getByRole('button', { name: 'Show details' }).click();
  const [terms, facts] = [page.locator('.cert dt'), page.locator('.cert dd')];
  await terms.first().waitFor();
  const said = await facts.allInnerTexts();
  return Object.fromEntries((await terms.allInnerTexts()).map((term, i) => [term, said[i] ?? '']));
};
const fitting = (details: Record<string, string>, certificate: X509Certificate): void =>
  assert.deepEqual(details, {
    For: '127.0.0.1, localhost',
    'Signed by': '127.0.0.1',
    'Valid from': day(certificate.validFrom),
    'Valid until': day(certificate.validTo),
    'Fingerprint (SHA-256)': certificate.fingerprint256,
  });

before(async () => {
  real = await openReal({ tls: true, trusted: false });
  await real.village.deliver(real.alice.address, letter({ subject: 'Rowing on Friday' }));
  first = await show(selfSigned());
  at = await real.visit();
});
after(() => real[Symbol.asyncDispose]());

test('G38 V26 V27 a self-signed certificate is said, shown, trusted by its fingerprint, and the account works', async () => {
  const { page, errors } = at;
  const { alice, village } = real;
  await page.goto(real.url);
  await field(page, 'Email address').fill(alice.address);
  await page.getByRole('button', { name: 'Enter the servers by hand' }).click();
  const imap = page.getByRole('group', { name: 'Incoming mail (IMAP)' });
  await imap.getByLabel('Encryption').selectOption({ label: 'TLS' });
  await imap.getByLabel('Server').fill('127.0.0.1');
  await imap.getByLabel('Port').fill(String(village.imapsPort));
  await imap.getByLabel('User name').fill(alice.address);
  const smtp = page.getByRole('group', { name: 'Outgoing mail (SMTP)' });
  await smtp.getByLabel('Encryption').selectOption({ label: 'None' });
  await smtp.getByLabel('Server').fill('127.0.0.1');
  await smtp.getByLabel('Port').fill(String(village.smtpPort));
  await field(page, 'Password').fill(alice.password);
  await page.keyboard.press('Enter');
  const alert = page.getByRole('alert').filter({ hasText: 'Postern cannot be sure this is 127.0.0.1.' });
  await alert.waitFor();
  assert.match(
    await alert.innerText(),
    /Its certificate is signed by nobody Postern knows\. Your password was not sent\./u,
  );
  assert.equal(signIns(), 0, 'nothing was sent');
  fitting(await detailsOn(page), first);
  await accessibleEverywhere(page, 'a self-signed certificate');
  await fourPictures(page, 'certificate');
  await page.getByRole('button', { name: 'Trust this certificate' }).click();
  await row(page, 'Rowing on Friday').waitFor();
  await real.village.deliver(alice.address, letter({ subject: 'While it is trusted' }));
  await row(page, 'While it is trusted').waitFor();
  await page.reload();
  await row(page, 'While it is trusted').waitFor();
  assert.deepEqual(errors, []);
});

test('G38 V27 another certificate behind the pin: said in words, nothing is sent, what is here stays readable', async () => {
  const { page, errors } = at;
  second = await show(selfSigned());
  assert.notEqual(second.fingerprint256, first.fingerprint256);
  const before = signIns();
  real.village.dovecot.doveadm('kick', real.alice.address);
  await page
    .getByText('Postern cannot be sure this is 127.0.0.1', { exact: false })
    .filter({ visible: true })
    .first()
    .waitFor();
  await page
    .getByText(/It shows a certificate that Postern does not trust\. Your password was not sent/u)
    .first()
    .waitFor();
  await accessibleEverywhere(page, 'another certificate');
  await fourPictures(page, 'certificate-changed');
  await row(page, 'While it is trusted').click();
  await page.getByRole('region', { name: /^From/u }).first().waitFor();
  assert.equal(signIns(), before, 'no password left');
  assert.deepEqual(errors, []);
});

test('G38 V27 the new certificate is looked at in the settings, trusted, and the account works again', async () => {
  const { page, errors } = at;
  await page.goto(`${real.url}/settings/accounts`);
  await page
    .getByRole('button', { name: /^Edit/u })
    .or(page.getByRole('link', { name: /village\.test/u }))
    .first()
    .click();
  await page.getByText('Postern cannot be sure this is 127.0.0.1.').first().waitFor();
  await fourPictures(page, 'certificate-account');
  await page.getByRole('button', { name: 'Change servers' }).click();
  const form = page.getByRole('form', { name: /^Servers of/u });
  await field(form, 'Password of 127.0.0.1').fill(real.alice.password);
  await form.getByRole('button', { name: 'Save' }).click();
  await prove(page, real.alice);
  await form.getByText('Postern cannot be sure this is 127.0.0.1.').waitFor();
  fitting(await detailsOn(page), second);
  await accessibleEverywhere(page, 'the new certificate');
  await fourPictures(page, 'certificate-again');
  await form.getByRole('button', { name: 'Trust this certificate' }).click();
  await form.waitFor({ state: 'detached' });
  await real.village.deliver(real.alice.address, letter({ subject: 'Trusted again' }));
  await page.goto(real.url);
  await row(page, 'Trusted again').waitFor();
  await until(
    'nothing warns any more',
    () => page.getByText('Postern cannot be sure this is').count(),
    (count) => count === 0,
  );
  assert.deepEqual(errors, []);
});
