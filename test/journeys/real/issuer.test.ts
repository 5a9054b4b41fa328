import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Page } from 'playwright-core';
import { openPostern, openFolder } from '../../e2e/postern.ts';
import { type OAuthVillage, openOAuthVillage } from '../../e2e/oauth-world.ts';
import { desktop, dist, type Look, openBrowser, phone } from '../browser.ts';
import { letter } from './letters.ts';
import { accessibleEverywhere } from './world.ts';

/** Signing in at an issuer, in a browser, with a real Dovecot that takes its tokens; how they end, and how it goes on. */

const alice = 'alice@village.test';
let oauth: OAuthVillage;

before(async () => {
  oauth = await openOAuthVillage();
  await oauth.village.deliver(alice, letter({ subject: 'Welcome in', to: alice }));
});
after(() => oauth[Symbol.asyncDispose]());

const open = async (look: Look = desktop) => {
  const folder = openFolder();
  const postern = await openPostern(oauth.village, folder.path, oauth.environment, { dist });
  const browser = await openBrowser();
  const context = await browser.newContext({
    viewport: { width: look.width ?? 1440, height: look.height ?? 900 },
    hasTouch: look.touch ?? false,
    reducedMotion: 'reduce',
    ignoreHTTPSErrors: true,
  });
  context.setDefaultTimeout(25_000);
  const page = await context.newPage();
  const errors: string[] = [];
  page.on('pageerror', (error) => errors.push(error.message));
  return {
    postern,
    page,
    errors,
    context,
    [Symbol.asyncDispose]: async () => {
      await browser.close();
      await postern[Symbol.asyncDispose]();
      folder[Symbol.dispose]();
    },
  };
};

/** Types the address and goes through the issuer's own page. */
const comeIn = async (page: Page, url: string): Promise<void> => {
  await page.goto(url);
  await page.getByLabel('Email address').fill(alice);
  await page.getByRole('button', { name: 'Continue with House' }).click();
  await page.getByLabel('User').waitFor();
  assert.equal(await page.getByLabel('User').inputValue(), alice);
  await page.getByRole('button', { name: 'Allow' }).click();
};

test('in by the issuer, the mail is read; a token that ends is renewed; one taken back is told and connected again', async () => {
  await using world = await open();
  const { page, postern, errors } = world;
  await page.goto(postern.door.url);
  await page.getByLabel('Email address').fill(alice);
  await page.getByText('Password, or sign-in with House').waitFor();
  await accessibleEverywhere(page, 'issuer offered');
  await comeIn(page, postern.door.url);
  await page.getByText('Only this browser opens your Postern now.').first().waitFor();
  assert.equal(new URL(page.url()).pathname, '/settings/security');
  await page.goto(postern.door.url);
  await page.getByText('Welcome in').first().waitFor();

  oauth.issuer.expire();
  oauth.village.dovecot.doveadm('kick', '*');
  await oauth.village.deliver(alice, letter({ subject: 'After the end', to: alice }));
  await page.getByText('After the end').first().waitFor({ timeout: 60_000 });
  assert.ok(oauth.issuer.asked.some((form) => form.get('grant_type') === 'refresh_token'));

  oauth.issuer.revoke(alice);
  oauth.village.dovecot.doveadm('kick', '*');
  await page
    .getByText(/needs to be connected again/u)
    .first()
    .waitFor({ timeout: 60_000 });
  await page.getByText('Welcome in').first().waitFor();
  await page.goto(`${postern.door.url}/settings/accounts`);
  await page.getByText('Needs to be connected again.').first().waitFor();
  await page.getByRole('button', { name: /^Edit / }).click();
  await page
    .getByText(/The server said: the token was revoked/u)
    .first()
    .waitFor();
  await page.getByRole('button', { name: 'Connect again' }).click();
  await accessibleEverywhere(page, 'connect again');
  await page.getByRole('button', { name: 'Cancel' }).click();

  // The same from where the passwords of Postern itself are listed.
  await page.goto(`${postern.door.url}/settings/app-passwords`);
  await page.getByRole('button', { name: /^Connect again: / }).click();
  await page.getByRole('dialog', { name: /^Connect .+ again$/u }).waitFor();
  await page.getByRole('button', { name: 'Continue at the provider' }).click();
  await page.getByRole('button', { name: 'Allow' }).click();
  await page
    .getByText(/works again/u)
    .first()
    .waitFor();
  await oauth.village.deliver(alice, letter({ subject: 'Connected once more', to: alice }));
  await page.goto(postern.door.url);
  await page.getByText('Connected once more').first().waitFor({ timeout: 60_000 });
  assert.deepEqual(errors, []);
});

test('who does not allow it hears so, on a phone too, and nothing stays in the address bar', async () => {
  await using world = await open(phone);
  const { page, postern, errors } = world;
  await page.goto(postern.door.url);
  await page.getByLabel('Email address').fill(alice);
  await page.getByRole('button', { name: 'Continue with House' }).click();
  await page.getByLabel('User').waitFor();
  const state = new URL(page.url()).searchParams.get('state') ?? '';
  await page.goto(`${postern.door.url}/auth/oauth/callback?state=${state}&error=access_denied`);
  await page.getByText('House was not allowed to let Postern in.').waitFor();
  assert.equal(new URL(page.url()).pathname + new URL(page.url()).hash, '/');
  await accessibleEverywhere(page, 'not allowed');
  await page.getByRole('button', { name: 'Back' }).click();
  await page.getByLabel('Email address').waitFor();
  assert.deepEqual(errors, []);
});
