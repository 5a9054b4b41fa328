import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Page } from 'playwright-core';
import { toConfig } from '#config/config.ts';
import { readEnv } from '#config/env.ts';
import { toSecrets } from '#config/secrets.ts';
import { openWorld, type World } from '#world';
import { type Target, visit } from '../../../src/app-passwords/dialogue.ts';
import { servers, type TestDatabase, type TestServer } from '../../app-passwords/databases.ts';
import { mainUser, openDovecot, type TestDovecot } from '../../app-passwords/dovecot.ts';
import { openFolder } from '../../e2e/postern.ts';
import { dist, openBrowser } from '../browser.ts';
import { accessible, focusOn, until } from './world.ts';

/** App passwords with a real Dovecot that checks them in SQLite: made on screen, used over IMAP and SMTP, revoked on screen. */

const { address, password } = mainUser;

describe('app passwords, on screen and at Dovecot', { skip: process.getuid?.() !== 0 }, () => {
  const stack = new AsyncDisposableStack();
  let server: TestServer;
  let place: TestDatabase;
  let dovecot: TestDovecot;
  let world: World;
  let page: Page;
  const errors: string[] = [];

  before(async () => {
    server = stack.use(await servers.sqlite());
    place = await server.database();
    dovecot = stack.use(await openDovecot(place.dovecot));
    const folder = stack.use(openFolder());
    const env = readEnv({
      POSTERN_DATA: folder.path,
      POSTERN_PORT: '0',
      POSTERN_LOG: process.env['POSTERN_LOG'] ?? 'error',
      POSTERN_MAILROOMS: '1',
      POSTERN_KEEPER: 'inside',
      POSTERN_PRIVATE_SERVERS: '127.0.0.1',
      POSTERN_DOMAINS: `village.test=127.0.0.1:${dovecot.web}:none,127.0.0.1:${dovecot.submission}:none`,
      POSTERN_APP_PASSWORDS_URL: place.url,
      POSTERN_APP_PASSWORDS_DOVEADM: dovecot.doveadm.join(' '),
      POSTERN_APP_PASSWORDS_REQUIRED: '1',
      POSTERN_APP_PASSWORDS_SETUP: `imap=imap.village.test:993:tls,submission=smtp.village.test:465:tls`,
    });
    world = stack.use(await openWorld(toConfig(env), toSecrets(env), { dist }));
    const browser = stack.adopt(await openBrowser(), (each) => each.close());
    const context = await browser.newContext({
      viewport: { width: 1440, height: 900 },
      locale: 'en-GB',
      timezoneId: 'Europe/Stockholm',
      reducedMotion: 'reduce',
      permissions: ['clipboard-read', 'clipboard-write'],
    });
    context.setDefaultTimeout(25_000);
    context.on('weberror', (error) => errors.push(String(error.error())));
    page = await context.newPage();
    await page.goto(world.door.url);
    await page.getByLabel('Email address').fill(address);
    await page.getByLabel('Password', { exact: true }).fill(password);
    const inside = page.waitForResponse((answer) => answer.url().endsWith('/jmap/api'));
    await page.getByRole('button', { name: 'Sign in', exact: true }).click();
    await inside;
    await page.goto(`${world.door.url}/settings/app-passwords`);
    await page.getByRole('heading', { name: 'App passwords', level: 1 }).waitFor();
  });
  after(() => stack.disposeAsync());

  const imap = (): Target => ({ protocol: 'imap', host: '127.0.0.1', port: dovecot.imap, security: 'none' });
  const smtp = (): Target => ({
    protocol: 'submission',
    host: '127.0.0.1',
    port: dovecot.submission,
    security: 'none',
  });
  const login = async (secret: string, target = imap()): Promise<string> => {
    const { outcome, leave } = await visit(target, address, Buffer.from(secret));
    leave();
    return outcome;
  };
  const row = (name: string) => page.getByRole('row').filter({ has: page.getByText(name, { exact: true }) });

  /** Shows that it is Alice, if Postern asks. */
  const proveIfAsked = async (until: () => Promise<unknown>): Promise<void> => {
    const dialog = page.getByRole('dialog', { name: 'Show that it is you' });
    await Promise.race([until(), dialog.waitFor().catch(() => undefined)]);
    if (!(await dialog.isVisible())) return;
    await dialog.locator('input[type="password"]').fill(password);
    await dialog.getByRole('button', { name: 'Go on' }).click();
    await until();
  };
  const ready = () => page.getByRole('heading', { name: /is ready/u }).waitFor();
  /** The password as the screen shows it, and puts it away. */
  const take = async (): Promise<string> => {
    await page.getByRole('button', { name: 'Copy', exact: true }).click();
    await page.getByRole('button', { name: 'Copied' }).waitFor();
    const shown = (await page.locator('.ap-secret code').innerText()).replaceAll(/\s/gu, '');
    assert.match(shown, /^pst[2-9a-z]{33}$/u);
    assert.equal(await page.evaluate('navigator.clipboard.readText()'), shown);
    await page.getByRole('button', { name: 'I have saved it, close' }).click();
    return shown;
  };
  const make = async (program: RegExp, name: string): Promise<string> => {
    await page.getByRole('button', { name: 'New app password' }).click();
    await page.getByRole('radio', { name: program }).check();
    await page.getByLabel('Name', { exact: true }).fill(name);
    await page.getByRole('button', { name: 'Make password' }).click();
    await proveIfAsked(ready);
    return take();
  };
  const confirm = async (yes: string): Promise<void> =>
    page.getByRole('alertdialog').getByRole('button', { name: yes, exact: true }).click();

  test('made on screen, used over IMAP and SMTP, revoked on screen: refused at once, and what was open is cut', async () => {
    await page.getByText('There is none yet.').waitFor();
    await page.getByText('Every program but this one needs an app password').waitFor();
    assert.equal(await login(password), 'refused', 'the main password works on the web alone');
    await page.getByRole('button', { name: 'New app password' }).click();
    await page.getByRole('radio', { name: /iPhone and iPad/u }).check();
    await page.getByLabel('Name', { exact: true }).fill('Alice’s “phone”, <b>');
    await page.getByRole('button', { name: 'Make password' }).click();
    await proveIfAsked(ready);
    await page.getByText('Incoming imap.village.test, 993, TLS').waitFor();
    await page.getByText('Outgoing smtp.village.test, 465, TLS').waitFor();
    await accessible(page, 'the password, once');
    const secret = await take();
    await focusOn(page, /^h2 App passwords of/u);
    assert.ok(!(await page.content()).includes(secret.slice(9)), 'it is gone from the page');

    assert.equal(await login(secret), 'accepted');
    assert.equal(await login(secret, smtp()), 'accepted');
    await page.reload();
    await row('Alice’s “phone”, <b>').getByText('Just now').waitFor();
    await row('Alice’s “phone”, <b>')
      .getByText(/127\.0\.0\.1/u)
      .waitFor();

    const open = await visit(imap(), address, Buffer.from(secret));
    assert.equal(open.outcome, 'accepted');
    await page.getByRole('button', { name: 'Revoke: Alice’s “phone”, <b>' }).click();
    await confirm('Revoke');
    await page.locator('.toast').getByText('is revoked, and what was open is closed').waitFor();
    assert.equal(await login(secret), 'refused');
    assert.equal(await login(secret, smtp()), 'refused');
    await open.ended;
    await page.getByText('There is none yet.').waitFor();
    assert.deepEqual(errors, []);
  });

  test('a scanner only sends; paused it opens nothing, resumed it works again', async () => {
    const secret = await make(/A scanner/u, 'Scanner');
    assert.deepEqual([await login(secret, smtp()), await login(secret)], ['accepted', 'refused']);
    const entry = async (name: string): Promise<void> => {
      await page.getByRole('button', { name: 'More for Scanner' }).click();
      await page.getByRole('menuitem', { name }).click();
    };
    await entry('Pause');
    await row('Scanner').getByText('Paused, opens nothing').waitFor();
    assert.equal(await login(secret, smtp()), 'refused');
    await entry('Resume');
    await page.locator('.toast').getByText('“Scanner” works again').waitFor();
    assert.equal(await login(secret, smtp()), 'accepted');
    assert.deepEqual(errors, []);
  });

  test('a new password takes the place of the old one, which works on for a day; both can be ended', async () => {
    const old = await make(/^Thunderbird/u, 'Desk');
    await page.getByRole('button', { name: 'More for Desk' }).click();
    await page.getByRole('menuitem', { name: 'Make a new password' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Make a new password' }).click();
    await proveIfAsked(ready);
    await page.getByText(/The old one works until tomorrow/u).waitFor();
    const next = await take();
    assert.notEqual(next, old);
    assert.deepEqual([await login(old), await login(next)], ['accepted', 'accepted']);
    await page.getByRole('button', { name: 'End now: Desk' }).click();
    await confirm('Revoke');
    await until(
      'one is left',
      () => row('Desk').count(),
      (n) => n === 1,
    );
    assert.deepEqual([await login(old), await login(next)], ['refused', 'accepted']);
    await page.getByRole('button', { name: 'Revoke all' }).click();
    await confirm('Revoke all');
    await page.getByText('There is none yet.').waitFor();
    assert.equal(await login(next), 'refused');
    assert.deepEqual(errors, []);
  });
});
