import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Locator, Page } from 'playwright-core';
import { desktop, phone } from '../browser.ts';
import { letter, mailbox } from './letters.ts';
import { accessibleEverywhere, focusOn, openReal, type Real, signIn, until, type Visit } from './world.ts';

/** Folders made, named, moved, deleted and emptied, and rows dragged onto them, with a real Dovecot. */

let real: Real;
let at: Visit;
before(async () => {
  real = await openReal();
  const { village, alice } = real;
  for (const subject of ['First', 'Second', 'Third', 'Fourth', 'Fifth', 'Sixth'])
    await village.deliver(alice.address, letter({ subject }));
  at = await real.visit();
  await signIn(real, at.page, alice);
  await row(at.page, 'Sixth').waitFor();
});
after(() => real[Symbol.asyncDispose]());

const row = (page: Page, subject: string): Locator => page.getByRole('row', { name: new RegExp(subject, 'u') });
const branch = (page: Page, name: string): Locator =>
  page.getByRole('tree').getByRole('treeitem', { name: new RegExp(`^${name}\\b`, 'u') });
const menu = async (page: Page, name: string, item: RegExp | string): Promise<void> => {
  await branch(page, name).click({ button: 'right' });
  await page.getByRole('menuitem', { name: item }).click();
};
const nameIt = async (page: Page, name: string): Promise<void> => {
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Name').fill(name);
  await page.keyboard.press('Enter');
  await dialog.waitFor({ state: 'hidden' });
};
const toast = (page: Page, words: string): Promise<void> => page.locator('.toast').getByText(words).waitFor();

/** In the tree letters look for a folder: what was done there is taken back by the toast. */
const undo = (page: Page): Promise<void> => page.locator('.toast').getByRole('button', { name: 'Undo' }).click();

const listed = (): string[] =>
  real.village.dovecot.doveadm('mailbox', 'list', '-u', real.alice.address).trim().split('\n').toSorted();
const onServer = (names: readonly string[]): Promise<unknown> =>
  until(`the server has ${names.join()}`, listed, (all) => names.every((name) => all.includes(name)));
const notOnServer = (name: string): Promise<unknown> =>
  until(`the server has no ${name}`, listed, (all) => !all.includes(name));
const subjectsIn = (name: string, ...wanted: string[]): Promise<unknown> =>
  until(
    `${wanted.join()} in ${name}`,
    () => mailbox(real.village, real.alice, name),
    (all) => wanted.every((subject) => all.some((each) => each.subject === subject)) && all.length === wanted.length,
  );

const over = async (page: Page, to: Locator): Promise<void> => {
  const box = await to.boundingBox();
  assert.ok(box);
  await page.mouse.move(box.x + 50, box.y + box.height / 2, { steps: 6 });
  // The mouse of a test is only there when it moves.
  await page.mouse.move(box.x + 52, box.y + box.height / 2);
};
const drag = async (page: Page, from: Locator, to: Locator): Promise<void> => {
  const box = await from.boundingBox();
  assert.ok(box);
  await page.mouse.move(box.x + 120, box.y + 30);
  await page.mouse.down();
  await page.mouse.move(box.x + 90, box.y + 34, { steps: 3 });
  await over(page, to);
};

test('T1 T2 a folder is made by right-click, another in it by keys; a name that is taken is said in the form', async () => {
  const { page } = at;
  await menu(page, 'village.test', /^New folder/u);
  const dialog = page.getByRole('dialog', { name: 'New folder' });
  await dialog.getByLabel('Name').fill('Archive');
  await page.keyboard.press('Enter');
  await dialog.getByRole('alert').getByText('There is a folder “Archive” already.').waitFor();
  await accessibleEverywhere(page, 'the form of a folder');
  await nameIt(page, 'Rowing');
  await toast(page, 'Made the folder “Rowing”');
  await onServer(['Rowing']);

  await branch(page, 'Rowing').focus();
  await page.keyboard.press('.');
  await focusOn(page, /^menuitem New folder in Rowing/u);
  await page.keyboard.press('Enter');
  await focusOn(page, /^input Name/u);
  await page.keyboard.type('Camp');
  await page.keyboard.press('Enter');
  await focusOn(page, /^treeitem Rowing/u);
  await onServer(['Rowing/Camp']);
  await undo(page);
  await notOnServer('Rowing/Camp');
});

test('T3 T5 a folder is renamed and moved, and is as it was by undo', async () => {
  const { page } = at;
  await menu(page, 'village.test', /^New folder/u);
  await nameIt(page, 'Boats');
  await branch(page, 'Boats').focus();
  await page.keyboard.press('.');
  await page.getByRole('menuitem', { name: /Rename/u }).click();
  await page.getByRole('dialog').getByLabel('Inside').selectOption({ label: 'Rowing' });
  await nameIt(page, 'Our boats');
  await onServer(['Rowing/Our boats']);
  await focusOn(page, /^treeitem Our boats/u);
  await undo(page);
  await onServer(['Boats']);
  await notOnServer('Rowing/Our boats');
});

test('T2 v makes the folder that is named, and moves there', async () => {
  const { page } = at;
  await row(page, 'Sixth').click();
  await page.locator('.conv').getByRole('heading', { name: 'Sixth' }).waitFor();
  await page.keyboard.press('v');
  await page.getByRole('combobox', { name: 'Folder' }).fill('Receipts');
  await page.getByRole('option', { name: 'Make the folder “Receipts” and move there' }).waitFor();
  await page.keyboard.press('Enter');
  await branch(page, 'Receipts').waitFor();
  await subjectsIn('Receipts', 'Sixth');
});

test('T9 rows are dragged onto a folder, all that are picked; a folder that cannot take them does not light up', async () => {
  const { page } = at;
  await row(page, 'Fourth').getByRole('checkbox').click();
  await row(page, 'Third').getByRole('checkbox').click();
  await drag(page, row(page, 'Third'), branch(page, 'Drafts'));
  await page.locator('.nav .over').waitFor({ state: 'detached' });
  await over(page, branch(page, 'Rowing'));
  await page.locator('.nav .over').getByText('Rowing').waitFor();
  await page.mouse.up();
  await toast(page, 'Moved 2 conversations to Rowing');
  await subjectsIn('Rowing', 'Third', 'Fourth');
  await page.keyboard.press('z');
  await row(page, 'Fourth').waitFor();
  await drag(page, row(page, 'Fifth'), branch(page, 'Rowing'));
  await page.mouse.up();
  await subjectsIn('Rowing', 'Fifth');
});

test('T4 T5 T10 deleting takes a folder to Trash, with the focus kept, and undo brings it back', async () => {
  const { page } = at;
  await branch(page, 'Rowing').focus();
  await page.keyboard.press('.');
  await page.getByRole('menuitem', { name: 'Delete folder' }).click();
  await toast(page, 'Moved the folder “Rowing” to Trash');
  await onServer(['Trash/Rowing']);
  await focusOn(page, /^treeitem Rowing/u);
  await undo(page);
  await onServer(['Rowing']);
  await subjectsIn('Rowing', 'Fifth');
});

test('T7 a whole folder is marked read and unread again', async () => {
  const { page } = at;
  const unread = (): Promise<number> =>
    mailbox(real.village, real.alice, 'INBOX').then(
      (all) => all.filter(({ flags }) => !flags.includes('\\Seen')).length,
    );
  // An open letter becomes read by itself: none is open, and what was is told.
  await page.goto(`${real.url}/a/${real.alice.address}/inbox`);
  await row(page, 'Second').waitFor();
  let before = -1;
  await until('nothing moves', async () => {
    const last = before;
    before = await unread();
    await page.waitForTimeout(700);
    return before === last;
  });
  assert.ok(before > 0);
  await page.getByRole('button', { name: 'This list' }).click();
  await page.getByRole('menuitem', { name: 'Mark all read' }).click();
  await until('all is read', unread, (n) => n === 0);
  await page.keyboard.press('z');
  await until('as before', unread, (n) => n === before);
});

test('T6 T8 Trash is emptied with the folders in it; an email that also lies in Archive stays there', async () => {
  const { page, errors } = at;
  await menu(page, 'Receipts', 'Delete folder');
  await onServer(['Trash/Receipts']);
  await row(page, 'Second').click();
  await page.keyboard.press('#');
  await subjectsIn('Trash', 'Second');
  real.village.dovecot.doveadm('copy', '-u', real.alice.address, 'Archive', 'mailbox', 'Trash', 'subject', 'Second');
  await branch(page, 'Archive').click();
  await row(page, 'Second').waitFor();
  await menu(page, 'Trash', /^Empty Trash/u);
  const asked = page.getByRole('alertdialog', { name: 'Empty Trash?' });
  await asked.getByText(/^2 letters and \d folders? will be removed/u).waitFor();
  await asked.getByRole('button', { name: 'Empty Trash' }).click();
  await toast(page, 'Emptied Trash');
  await subjectsIn('Trash');
  await notOnServer('Trash/Receipts');
  await subjectsIn('Archive', 'Second');
  await row(page, 'Second').waitFor();
  assert.deepEqual(errors, []);
});

test('J21 what lies in Archive already is archived out of the inbox, and comes back by undo', async () => {
  const { page } = at;
  real.village.dovecot.doveadm('copy', '-u', real.alice.address, 'INBOX', 'mailbox', 'Archive', 'subject', 'Second');
  await branch(page, 'Inbox').click();
  await row(page, 'Second').click();
  await page.locator('.conv').getByRole('heading', { name: 'Second' }).waitFor();
  await page.keyboard.press('e');
  await toast(page, 'Archived “Second”');
  await row(page, 'Second').waitFor({ state: 'detached' });
  const inInbox = async (): Promise<boolean> =>
    (await mailbox(real.village, real.alice, 'INBOX')).some(({ subject }) => subject === 'Second');
  await until('the copy in INBOX is gone', inInbox, (there) => !there);
  await subjectsIn('Archive', 'Second');
  await page.keyboard.press('z');
  await row(page, 'Second').waitFor();
  await until('the copy in INBOX is back', inInbox);
  await subjectsIn('Archive', 'Second');
});

test('T1 on a phone the drawer has what can be done with the folder that is open', async () => {
  const { page } = at;
  await page.setViewportSize({ width: phone.width ?? 0, height: phone.height ?? 0 });
  await page.goto(`${real.url}/a/${real.alice.address}/inbox`);
  await page.getByRole('button', { name: 'Folders' }).click();
  await page.getByRole('button', { name: 'This folder' }).click();
  await page.getByRole('menuitem', { name: /^New folder/u }).click();
  await nameIt(page, 'From the phone');
  await onServer(['From the phone']);
  await page.setViewportSize({ width: desktop.width ?? 0, height: desktop.height ?? 0 });
});
