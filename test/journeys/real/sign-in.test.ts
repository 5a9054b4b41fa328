import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { after, before, test } from 'node:test';
import type { Page } from 'playwright-core';
import { freePort } from '#cli/demo/ports.ts';
import { desktop, phone } from '../browser.ts';
import { letter } from './letters.ts';
import { accessibleEverywhere, focused, focusOn, openReal, type Real, signIn, until } from './world.ts';

/** The way in: found, by hand, and everything that may stand in it, in the words of the screen. */

let real: Real;

before(async () => {
  // Dovecot's own patience with guesses would be waited for otherwise.
  const extra = 'auth_failure_delay = 0\nservice anvil {\n  unix_listener anvil-auth-penalty {\n    mode = 0\n  }\n}\n';
  real = await openReal({ tls: true, trusted: false, extra });
  for (const { address } of real.village.users)
    await real.village.deliver(address, letter({ subject: 'Welcome', to: address }));
});
after(() => real[Symbol.asyncDispose]());

interface ByHand {
  host?: string;
  port: number;
  security: 'TLS' | 'STARTTLS' | 'None';
}

const fill = async (page: Page, password: string, imap: ByHand): Promise<void> => {
  const set = async (title: string, { host = '127.0.0.1', port, security }: ByHand): Promise<void> => {
    const block = page.getByRole('group', { name: title });
    await block.getByLabel('Encryption').selectOption({ label: security });
    await block.getByLabel('Server').fill(host);
    await block.getByLabel('Port').fill(String(port));
  };
  await set('Incoming mail (IMAP)', imap);
  await set('Outgoing mail (SMTP)', { port: real.village.smtpPort, security: 'None' });
  await page.getByLabel('Password', { exact: true }).fill(password);
  await page.keyboard.press('Enter');
};

const said = async (page: Page, title: string, detail: RegExp): Promise<void> => {
  const alert = page.getByRole('alert').filter({ hasText: title });
  await alert.waitFor();
  assert.match(await alert.innerText(), detail);
};

test('the servers are found while the password is typed; a wrong one is said and taken again', async () => {
  const { page, errors, context } = await real.visit();
  await page.goto(real.url);
  assert.equal(await focusOn(page, /Email address/u), 'input Email address');
  await accessibleEverywhere(page, 'empty');
  await page.keyboard.type(real.alice.address);
  await page.getByText('Settings of this Postern').waitFor();
  await page.getByText('Incoming: 127.0.0.1').waitFor();
  await accessibleEverywhere(page, 'found');
  await page.keyboard.press('Tab');
  await page.keyboard.press('Tab');
  assert.equal(await focused(page), 'input Password');
  await page.keyboard.type('wrong');
  await page.keyboard.press('Enter');
  await said(
    page,
    '127.0.0.1 did not accept this password.',
    /Nothing is wrong with the connection\. Check Caps Lock/u,
  );
  assert.equal(await focusOn(page, /^input Password/u), 'input Password');
  await accessibleEverywhere(page, 'wrong password');
  await page.keyboard.type(real.alice.password);
  await page.keyboard.press('Enter');
  await page.getByRole('grid').waitFor();
  assert.deepEqual(errors, []);
  await context.close();
});

test('by hand: what does not answer, what is no IMAP server, what has no TLS, what may not be reached', async () => {
  const { page, context } = await real.visit();
  await page.goto(real.url);
  await page.getByLabel('Email address').fill('alice@elsewhere.invalid');
  await page.getByRole('button', { name: 'Enter the servers by hand' }).click();
  await focusOn(page, /^input Server/u);
  await accessibleEverywhere(page, 'by hand');
  await page.getByLabel('Server', { exact: true }).first().fill('imap.lindqvist.example');
  await page.getByLabel('Port', { exact: true }).first().fill('65535');
  for (const { width = 0, height = 0 } of [phone, desktop]) {
    await page.setViewportSize({ width, height });
    const cut = await page.evaluate<string[]>(`[...document.querySelectorAll('.by-hand input')]
      .filter(({ scrollWidth, clientWidth }) => scrollWidth > clientWidth)
      .map(({ value }) => value)`);
    assert.deepEqual(cut, [], `what stands in the fields is seen whole, ${width} wide`);
  }
  const { password } = real.alice;

  await fill(page, password, { port: await freePort(), security: 'None' });
  await said(page, '127.0.0.1 does not answer.', /Check the name and port \d+, or try again\./u);
  await accessibleEverywhere(page, 'unreachable');

  await fill(page, password, { port: real.village.smtpPort, security: 'None' });
  await said(page, '127.0.0.1 is no IMAP server', /Check name and port\. Your password was not sent\./u);

  const plain = createServer((socket) => {
    socket.write('* OK [CAPABILITY IMAP4rev1] no TLS here\r\n');
    socket.on('data', (line) => socket.write(`${line.toString().split(' ')[0]} BAD no\r\n`));
    socket.on('error', () => undefined);
  });
  await new Promise<void>((resolve) => plain.listen(0, '127.0.0.1', resolve));
  await fill(page, password, { port: (plain.address() as AddressInfo).port, security: 'STARTTLS' });
  await said(page, '127.0.0.1 offers no encryption', /Your password was not sent\./u);
  plain.close();

  await fill(page, password, { host: '10.9.8.7', port: 993, security: 'TLS' });
  await said(page, 'This Postern may not connect to 10.9.8.7.', /private address.*Your password was not sent\./u);
  await context.close();
});

test('a certificate that nobody knows: shown, compared, trusted, pinned', async () => {
  const { page, context, errors } = await real.visit();
  const { alice, village } = real;
  await page.goto(real.url);
  await page.getByLabel('Email address').fill(alice.address);
  await page.getByRole('button', { name: 'Enter the servers by hand' }).click();
  await page.getByRole('group', { name: 'Incoming mail (IMAP)' }).getByLabel('User name').fill(alice.address);
  await fill(page, alice.password, { port: village.imapsPort, security: 'TLS' });
  await said(
    page,
    'Postern cannot be sure this is 127.0.0.1.',
    /signed by nobody Postern knows\. Your password was not sent\./u,
  );
  assert.equal(
    await page.getByRole('button', { name: 'Trust this certificate' }).count(),
    0,
    'not before it was looked at',
  );
  await page.getByRole('button', { name: 'Show details' }).click();
  await page.getByText('Postern test authority').waitFor();
  assert.match(await page.locator('.cert .mono').innerText(), /^[0-9A-F]{2}(:[0-9A-F]{2}){31}$/u);
  await accessibleEverywhere(page, 'certificate');
  await page.getByRole('button', { name: 'Trust this certificate' }).click();
  await page.getByRole('grid').waitFor();
  assert.equal(await page.evaluate<number>('scrollY'), 0);
  await page.reload();
  await page.getByRole('grid').waitFor();
  assert.deepEqual(errors, []);
  await context.close();
});

test('no Postern, no session: said plainly, and the way back is open', async () => {
  const { page, context } = await real.visit();
  await signIn(real, page, real.bob);
  await page.getByRole('button', { name: /Sign out/u }).click();
  await page.getByRole('heading', { name: 'Open your mail' }).waitFor();
  await page.getByLabel('Email address').fill(real.bob.address);
  await page.getByText('Incoming: 127.0.0.1').waitFor();
  await real.stop();
  await page.getByLabel('Password', { exact: true }).fill(real.bob.password);
  await page.keyboard.press('Enter');
  await said(page, 'Postern does not answer.', /Check the connection of this device/u);
  await real.restart();
  await page.getByRole('button', { name: 'Sign in', exact: true }).click();
  await page.getByRole('grid').waitFor();
  await until(
    'cookies are out of reach of scripts',
    () => page.evaluate<string>('document.cookie'),
    (text) => text === '',
  );
  await context.close();
});
