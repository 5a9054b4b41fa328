import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { composer, editorOf } from './composing.ts';
import { letter } from './letters.ts';
import { openReal, type Person, type Real, signIn, type Visit } from './world.ts';

/** What a session outlives, and what ends it. */

let real: Real;
let at: Visit;

before(async () => {
  real = await openReal();
  await real.village.deliver(real.alice.address, letter({ subject: 'Before' }));
  at = await real.visit();
  await signIn(real, at.page, real.alice);
  await at.page.getByRole('row', { name: /Before/u }).waitFor();
});
after(() => real[Symbol.asyncDispose]());

test('Postern starts again: the page goes on, nobody types anything', async () => {
  const { page } = at;
  const unlocked = page.waitForResponse((answer) => answer.url().endsWith('/auth/unlock'));
  await real.restart();
  await real.village.deliver(real.alice.address, letter({ subject: 'After' }));
  assert.equal((await unlocked).status(), 200);
  await page.getByRole('row', { name: /After/u }).waitFor({ timeout: 40_000 });
  await page.reload();
  await page.getByRole('row', { name: /After/u }).waitFor();
});

test('a letter that is being written outlives the page', async () => {
  const { page } = at;
  // The line to the server is down: nothing of it is kept there.
  await page.route('**/jmap/api', (route) => route.abort());
  await page.keyboard.press('c');
  await composer(page, 'New message').getByLabel('Subject').fill('Half');
  const dialog = composer(page, 'Half');
  await editorOf(dialog).click();
  await page.keyboard.type('Half a sent');
  await editorOf(dialog).getByText('Half a sent').waitFor();
  await page.unroute('**/jmap/api');
  await page.reload();
  await editorOf(dialog).getByText('Half a sent').waitFor();
  await dialog.getByText(/^Saved/u).waitFor();
  await dialog.getByRole('button', { name: 'Discard draft' }).click();
  await page.keyboard.press('z');
  await editorOf(dialog).getByText('Half a sent').waitFor();
  await dialog.getByRole('button', { name: 'Save and close' }).click();
  await dialog.waitFor({ state: 'detached' });
});

test('signing out ends it in every tab, and for the cookies', async () => {
  const { page, context } = at;
  const second = await context.newPage();
  await second.goto(real.url);
  await second.getByRole('row', { name: /After/u }).waitFor();
  await page.getByRole('button', { name: /Sign out/u }).click();
  await page.getByRole('heading', { name: 'Open your mail' }).waitFor();
  await second.getByText('Your session has ended. Your drafts are kept.').waitFor();
  await second.reload();
  await second.getByRole('heading', { name: 'Open your mail' }).waitFor();
  assert.deepEqual(await context.cookies(real.url), []);
  const answer = await page.request.get(`${real.url}/.well-known/jmap`);
  assert.equal(answer.status(), 401);
});

test('W31 what somebody wrote until the sign-out is in Drafts, and on no screen of who signs in next', async () => {
  const { page } = at;
  const enter = async ({ address, password }: Person): Promise<void> => {
    await page.getByLabel('Email address').fill(address);
    await page.getByLabel('Password', { exact: true }).fill(password);
    await page.getByRole('button', { name: 'Sign in', exact: true }).click();
    await page.getByRole('button', { name: /^Compose/u }).waitFor();
  };
  const write = async (subject: string): Promise<void> => {
    await page.getByRole('button', { name: /^Compose/u }).click();
    await composer(page, 'New message').getByLabel('Subject').fill(subject);
  };
  await enter(real.alice);
  await write('Left at the door');
  await page.getByRole('button', { name: /Sign out/u }).click();
  await page.getByRole('heading', { name: 'Open your mail' }).waitFor();
  await enter(real.alice);
  await write('Ended in between');
  await composer(page, 'Ended in between').waitFor();
  // The session ends elsewhere, with a version that the server has not.
  await page.route('**/jmap/api', (route) => route.abort());
  await composer(page, 'Ended in between').getByLabel('Subject').fill('Ended before it was kept');
  await at.context.clearCookies();
  await page.unroute('**/jmap/api');
  await page.getByText('Your session has ended. Your drafts are kept.').waitFor({ timeout: 60_000 });
  await enter(real.bob);
  assert.equal(await page.locator('.comp, .comp-tab').count(), 0);
  await page.reload();
  await page.getByRole('button', { name: /^Compose/u }).waitFor();
  assert.equal(await page.locator('.comp, .comp-tab').count(), 0);
  await at.context.clearCookies();
  await page.reload();
  await enter(real.alice);
  await composer(page, 'Ended before it was kept')
    .getByText(/^Saved/u)
    .waitFor();
  await page.getByRole('treeitem', { name: /^Drafts/u }).click();
  await page.getByRole('row', { name: /Left at the door/u }).waitFor();
});
