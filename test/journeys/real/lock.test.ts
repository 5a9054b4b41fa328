import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Page } from 'playwright-core';
import { editorOf, pressSend } from './composing.ts';
import { letter } from './letters.ts';
import { accessibleEverywhere, openReal, type Person, type Real, signIn, until, type Visit } from './world.ts';
import { fourPictures } from '../pictures.ts';

/** Postern locked and opened again, over a half-written letter, over a restart, and in every tab. */

let real: Real;
let at: Visit;
const sent: string[] = [];

before(async () => {
  real = await openReal({
    onMessage: ({ raw }) => {
      sent.push(raw.toString());
    },
  });
  await real.village.deliver(real.alice.address, letter({ subject: 'Rowing on Friday', body: 'Bring the blue boat.' }));
  at = await real.visit();
  await signIn(real, at.page, real.alice);
  await at.page.getByRole('row', { name: /Rowing on Friday/u }).waitFor();
});
after(() => real[Symbol.asyncDispose]());

const heading = (page: Page) => page.getByRole('heading', { name: 'Postern is locked' });
const lock = async (page: Page): Promise<void> => {
  const told = page.waitForResponse((answer) => answer.url().endsWith('/auth/lock'));
  await page.getByRole('button', { name: 'Lock Postern' }).click();
  await heading(page).waitFor();
  assert.equal((await told).status(), 204);
};
/** Another window is locked, so that the caret of this one stays where it is. */
const lockElsewhere = async (page: Page): Promise<void> => {
  const other = await at.context.newPage();
  await other.goto(real.url);
  await other.getByRole('row', { name: /Rowing on Friday/u }).waitFor();
  await lock(other);
  await page.bringToFront();
  await heading(page).waitFor();
  await other.close();
};
const open = async (page: Page, { password }: Person): Promise<void> => {
  await page.getByLabel('Mail password', { exact: true }).fill(password);
  await page.getByRole('button', { name: 'Open', exact: true }).click();
  await heading(page).waitFor({ state: 'detached' });
};
/** The text selected in the letter. */
const selected = (page: Page): Promise<string> =>
  page
    .frames()
    .find((frame) => frame.url().endsWith('/editor/'))
    ?.evaluate('String(getSelection())') as Promise<string>;

test('U11 D89 locked: nothing of the mail, no name, no address, no file of before; a wrong password opens nothing', async () => {
  const { page, errors } = at;
  await page.getByRole('row', { name: /Rowing on Friday/u }).click();
  await page
    .getByRole('region', { name: /From Bob/u })
    .getByText('Bring the blue boat.')
    .waitFor();
  const source = await page.evaluate<string>(`(async () => {
    const { accounts } = await (await fetch('/.well-known/jmap')).json();
    const [accountId] = Object.keys(accounts);
    const body = JSON.stringify({
      using: ['urn:ietf:params:jmap:core', 'urn:ietf:params:jmap:mail'],
      methodCalls: [['Email/query', { accountId, limit: 1 }, '']],
    });
    const asked = await fetch('/jmap/api', { method: 'POST', headers: { 'content-type': 'application/json' }, body });
    const [[, { ids }]] = (await asked.json()).methodResponses;
    return '/jmap/download/' + accountId + '/G' + ids[0].slice(1) + '/letter.eml';
  })()`);
  const statusOf = (path: string) =>
    page.evaluate<number>(`fetch('${path}').then(async (answer) => (await answer.text(), answer.status))`);
  assert.equal(await statusOf(source), 200);
  await lock(page);
  assert.equal(await statusOf(source), 423, 'the browser has kept nothing of it either');
  await accessibleEverywhere(page, 'locked');
  await fourPictures(page, 'locked');
  const shown = await page.content();
  for (const secret of ['Rowing on Friday', 'blue boat', real.alice.address])
    assert.ok(!shown.includes(secret), secret);
  assert.equal(new URL(page.url()).pathname, '/');
  assert.equal(await page.title(), 'Postern');
  const answer = await page.request.get(`${real.url}/.well-known/jmap`);
  assert.equal(answer.status(), 423, 'the server has no key either');
  await page.reload();
  await heading(page).waitFor();
  await page.getByLabel('Mail password', { exact: true }).fill('not this one');
  await page.getByRole('button', { name: 'Open', exact: true }).click();
  await page.locator('.trouble').waitFor();
  await open(page, real.alice);
  await page.getByRole('row', { name: /Rowing on Friday/u }).waitFor();
  assert.deepEqual(errors, []);
});

test('U11 an answer below its letter comes back with every character, its selection and the focus', async () => {
  const { page, errors } = at;
  await page.getByRole('row', { name: /Rowing on Friday/u }).click();
  await page
    .getByRole('region', { name: /From Bob/u })
    .getByText('Bring the blue boat.')
    .waitFor();
  await page.keyboard.press('r');
  const answer = page.getByRole('region', { name: /Re: Rowing/u });
  const text = editorOf(answer);
  await text.click();
  await page.keyboard.type('Dear crew, half a sentence about the bl');
  await page.keyboard.press('Shift+Home');
  await until(
    'the selection',
    () => selected(page),
    (now) => now === 'Dear crew, half a sentence about the bl',
  );
  const path = new URL(page.url()).pathname;
  await lockElsewhere(page);
  assert.ok(!(await page.content()).includes('half a sentence'));
  await open(page, real.alice);
  await until(
    'the place',
    async () => new URL(page.url()).pathname,
    (now) => now === path,
  );
  await editorOf(answer).getByText('Dear crew, half a sentence about the bl').waitFor();
  await until(
    'the selection is back',
    () => selected(page),
    (now) => now === 'Dear crew, half a sentence about the bl',
  );
  await page.keyboard.press('ArrowRight');
  await page.keyboard.type('ue boat');
  await editorOf(answer).getByText('Dear crew, half a sentence about the blue boat').waitFor();
  await answer.getByText(/^Saved/u).waitFor();
  await answer.getByRole('button', { name: 'Discard draft' }).click();
  assert.deepEqual(errors, []);
});

test('U11 a docked letter: half-typed recipient, subject, text and attachment, over a restart of the server', async () => {
  const { page, errors } = at;
  await page.goto(real.url);
  await page.getByRole('row', { name: /Rowing on Friday/u }).waitFor();
  await page.keyboard.press('c');
  const dialog = page.locator('.comp.docked');
  await dialog.getByLabel('Subject').fill('Oars');
  await dialog.locator('input[type=file]').setInputFiles({
    name: 'list.txt',
    mimeType: 'text/plain',
    buffer: Buffer.from('eight oars'),
  });
  await dialog.getByText('list.txt').waitFor();
  await editorOf(dialog).click();
  await page.keyboard.type('Eight oars, and a half-written thou');
  await dialog.getByRole('combobox', { name: 'To', exact: true }).click();
  await page.keyboard.type('bo');
  await dialog.getByText(/^Saved/u).waitFor();
  await lockElsewhere(page);
  await real.restart();
  await open(page, real.alice);
  await editorOf(dialog).getByText('Eight oars, and a half-written thou').waitFor();
  assert.equal(await dialog.getByLabel('Subject').inputValue(), 'Oars');
  await dialog.getByText('list.txt').waitFor();
  const to = dialog.getByRole('combobox', { name: 'To', exact: true });
  await until(
    'what was half typed',
    () => to.inputValue(),
    (value) => value === 'bo',
  );
  await to.fill(`${real.bob.address},`);
  await editorOf(dialog).click();
  await page.keyboard.press('Control+End');
  await page.keyboard.type('ght');
  await dialog.getByText(/^Saved/u).waitFor();
  await pressSend(page, dialog);
  await until(
    'the letter at the server',
    () => sent.find((each) => each.includes('a half-written thought')),
    Boolean,
    60_000,
  );
  assert.ok(sent.some((each) => each.includes('list.txt') && each.includes('Oars')));
  assert.deepEqual(errors, []);
});

test('U12 all tabs lock and open together', async () => {
  const { page, context, errors } = at;
  await page.goto(real.url);
  await page.getByRole('row', { name: /Rowing on Friday/u }).waitFor();
  const second = await context.newPage();
  await second.goto(real.url);
  await second.getByRole('row', { name: /Rowing on Friday/u }).waitFor();
  await lock(second);
  await heading(page).waitFor();
  await open(page, real.alice);
  await second.getByRole('row', { name: /Rowing on Friday/u }).waitFor();
  await second.close();
  assert.deepEqual(errors, []);
});

test('U10 after five minutes without a touch it locks itself; “Lock now” in the settings; the keys g k', async () => {
  const { page, errors } = at;
  await page.goto(`${real.url}/settings/sessions`);
  await page.getByLabel('Lock by itself after').selectOption('5 minutes');
  await page.getByRole('button', { name: 'Lock now' }).click();
  await heading(page).waitFor();
  await open(page, real.alice);
  await page.getByRole('heading', { name: 'Sessions', level: 1 }).waitFor();
  await page.keyboard.press('Escape');
  await page.getByRole('row', { name: /Rowing on Friday/u }).waitFor();
  await page.keyboard.press('g');
  await page.keyboard.press('k');
  await heading(page).waitFor();
  await open(page, real.alice);
  const idle = await at.context.newPage();
  await idle.clock.install();
  await idle.goto(real.url);
  await idle.getByRole('row', { name: /Rowing on Friday/u }).waitFor();
  await page.close();
  await idle.clock.runFor(4 * 60_000);
  assert.equal(await heading(idle).count(), 0);
  await idle.clock.runFor(2 * 60_000);
  await heading(idle).waitFor();
  assert.deepEqual(errors, []);
});
