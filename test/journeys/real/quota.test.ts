import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Page } from 'playwright-core';
import { quotaOf } from '#village/dovecot.ts';
import { desktop, phone } from '../browser.ts';
import { composer, editorOf } from './composing.ts';
import { letter } from './letters.ts';
import { accessibleEverywhere, openReal, type Real, signIn, until, type Visit } from './world.ts';
import { fourPictures } from '../pictures.ts';

/** A mailbox that fills up, with the quota of a real Dovecot. */

let real: Real;
let at: Visit;
before(async () => {
  real = await openReal({ extra: quotaOf({ storage: '100k', messages: 50 }) });
  await real.village.deliver(real.alice.address, letter({ subject: 'Rowing on Friday' }));
  at = await real.visit();
  await signIn(real, at.page, real.alice);
});
after(() => real[Symbol.asyncDispose]());

const space = (page: Page) => page.getByRole('meter', { name: 'Space used' });
const percent = async (page: Page): Promise<number> => Number(await space(page).getAttribute('aria-valuenow'));
/** Nothing lies over what is told. */
const uncovered = (page: Page): Promise<boolean> =>
  page.locator('.toast').evaluate((toast) => {
    const { left, top, width, height } = toast.getBoundingClientRect();
    return toast.contains(toast.ownerDocument.elementFromPoint(left + width / 2, top + height / 2));
  });
const openAccount = async (page: Page): Promise<void> => {
  await page.goto(`${real.url}/settings/accounts`);
  await page.getByRole('button', { name: /^Edit / }).click();
  await space(page).waitFor();
};

/** A letter of about so many octets comes in. */
const fill = (octets: number): Promise<void> =>
  real.village.deliver(
    real.alice.address,
    letter({ subject: 'Large', body: `${'x'.repeat(76)}\r\n`.repeat(octets / 78) }),
  );

test('G40 how full the account is stands in its settings, and Check now reads it anew', async () => {
  const { page, errors } = at;
  await openAccount(page);
  const before = await percent(page);
  assert.ok(before < 10, String(before));
  assert.match((await space(page).getAttribute('aria-valuetext')) ?? '', /^\d.* kB of 100 kB used$/u);
  await page.getByText('1 of 50 messages').waitFor();
  await accessibleEverywhere(page, 'room at the server');
  await fill(92_000);
  await page.getByRole('button', { name: 'Check now' }).click();
  await page.getByText('Nearly full. Once it is full, the server takes no new mail.').waitFor();
  assert.ok((await percent(page)) >= 90);
  await page.getByText('2 of 50 messages').waitFor();
  await fourPictures(page, 'quota-near');
  assert.deepEqual(errors, []);
});

test('G41 a letter that does not fit is told of, stays here, and goes to the server once there is room', async () => {
  const { page, errors } = at;
  await page.goto(real.url);
  await page.getByRole('row', { name: /Rowing on Friday/u }).waitFor();
  await page.keyboard.press('c');
  const fresh = composer(page, 'New message');
  await fresh.getByLabel('Subject').fill('Minutes of the meeting');
  const written = composer(page, 'Minutes of the meeting');
  await editorOf(written).click();
  await page.keyboard.insertText('A long report. '.repeat(1_500));
  await page
    .locator('.toast')
    .getByText(/has no room for “Minutes of the meeting”\. It is kept here and tried again every 15 minutes\./u)
    .waitFor();
  await fourPictures(page, 'quota-told');
  for (const { width = 0, height = 0 } of [phone, desktop]) {
    await page.setViewportSize({ width, height });
    assert.ok(await uncovered(page), `the words are seen while one writes, ${width} wide`);
  }
  await page.keyboard.press('Escape');
  const { dovecot } = real.village;
  const inDrafts = (): string => dovecot.doveadm('search', '-u', real.alice.address, 'mailbox', 'Drafts', 'all');
  assert.equal(inDrafts().trim(), '');
  await page.getByRole('treeitem', { name: /^Drafts/u }).click();
  await page.getByRole('row', { name: /Minutes of the meeting/u }).waitFor();
  dovecot.doveadm('expunge', '-u', real.alice.address, 'mailbox', 'INBOX', 'subject', 'Large');
  await openAccount(page);
  await page.getByRole('button', { name: 'Check now' }).click();
  await until(
    'there is room',
    () => percent(page),
    // The draft, which waits for it, may be there before.
    (now) => now < 90,
  );
  await until('the draft is at the server', inDrafts, (found) => found.trim() !== '');
  await until(
    'and counts',
    () => percent(page),
    (now) => now >= 10,
  );
  assert.deepEqual(errors, []);
});
