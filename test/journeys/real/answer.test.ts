import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, test } from 'node:test';
import { composer, editorOf, inlineComposer, pressSend, sendNow, sentToast } from './composing.ts';
import { letter, mailbox, png, richBody } from './letters.ts';
import { parsed } from './parsed.ts';
import { accessibleEverywhere, focusOn, openReal, type Real, signIn, until, type Visit } from './world.ts';

/** Answering and forwarding: who it goes to, what stands below it unchanged, what goes along, what is marked. */

let real: Real;
let at: Visit;
const file = randomBytes(50_000);

before(async () => {
  real = await openReal();
  const { village, alice } = real;
  await village.deliver(
    alice.address,
    letter({
      subject: 'Plan for Friday',
      to: 'Alice Ames <alice@village.test>, Carla <carla@village.test>',
      cc: 'Bob Burns <bob@village.test>',
      id: '<plan@elsewhere.test>',
      ...richBody(file),
    }),
  );
  at = await real.visit();
  await signIn(real, at.page, alice);
});
after(() => real[Symbol.asyncDispose]());

const open = async (subject: RegExp): Promise<void> => {
  await at.page.getByRole('row', { name: subject }).first().click();
  await at.page.locator('.conv .msg').first().waitFor();
};

test('a reply goes to its author, quotes the original unchanged, and marks it as answered', async () => {
  const { page, errors } = at;
  const { village, alice, bob } = real;
  await open(/Plan for Friday/u);
  await page.keyboard.press('r');
  const reply = inlineComposer(page);
  await editorOf(reply).waitFor();
  await focusOn(page, /^iframe Text of the letter/u);
  await page.keyboard.type('Yes, I come.');
  await reply.getByText('Reply to Bob Burns').waitFor();
  await reply.getByRole('button', { name: /^Show quoted text/u }).click();
  await reply.locator('iframe.comp-quote-frame').waitFor();
  await reply.frameLocator('iframe.comp-quote-frame').getByText('boats').waitFor();
  await pressSend(page, reply);
  await sendNow(page);
  await sentToast(page);

  const [raw] = await until(
    'bob has it',
    () => mailbox(village, bob, 'INBOX'),
    (all) => all.length === 1,
  );
  const mail = parsed(raw?.source ?? Buffer.alloc(0));
  assert.equal(mail.subject, 'Re: Plan for Friday');
  assert.deepEqual(
    mail.to.map((each) => each.email),
    ['bob@village.test'],
  );
  assert.deepEqual(mail.cc, []);
  assert.deepEqual([mail.inReplyTo, mail.references], [['plan@elsewhere.test'], ['plan@elsewhere.test']]);
  assert.match(
    mail.text,
    /^Yes, I come\.\n\nOn \w{3}, \d+ \w{3} \d{4} at \d\d:\d\d, Bob Burns wrote:\n> The plan for Friday <https:\/\/example\.org\/plan>:\n>\s*\n> - boats\n> - oars\n/u,
  );
  assert.match(mail.html, /^<div><div dir="auto">Yes, I come\.<\/div><\/div>/u);
  assert.match(
    mail.html,
    /<blockquote[^>]*><p style="color: ?#333;?">The <b>plan<\/b> for <a href="https:\/\/example\.org\/plan"/u,
  );
  assert.match(mail.html, /<ul><li>boats<\/li><li>oars<\/li><\/ul>/u);
  assert.doesNotMatch(mail.html, /script/u);
  assert.equal(mail.shape, 'multipart/related(multipart/alternative(text/plain text/html) image/png)');
  assert.ok(
    mail.html.includes(`src="cid:${mail.files[0]?.cid ?? '?'}"`),
    'the image in the text goes along, the file does not',
  );
  assert.deepEqual(mail.files[0]?.bytes, png);

  const inbox = await until(
    'the original is marked',
    () => mailbox(village, alice, 'INBOX'),
    (all) => all.some(({ flags }) => flags.includes('\\Answered')),
  );
  assert.deepEqual(
    inbox.map(({ flags }) => flags),
    [['\\Answered', '\\Seen']],
  );
  await page
    .getByRole('row', { name: /Plan for Friday/u })
    .first()
    .waitFor();
  await page.locator('.conv').getByText('Yes, I come.').first().waitFor();
  assert.deepEqual(errors, []);
});

test('a reply to all reaches everybody but oneself', async () => {
  const { page } = at;
  await page.keyboard.press('Escape');
  await page.locator('.conv .msg').first().getByRole('button', { name: 'More for this message' }).click();
  await page.getByRole('menuitem', { name: 'Reply all' }).click();
  const reply = inlineComposer(page);
  await editorOf(reply).waitFor();
  await reply.getByRole('button', { name: 'Open in a window' }).click();
  const dialog = composer(page, 'Re: Plan for Friday');
  await dialog.getByRole('button', { name: 'Remove Bob Burns' }).waitFor();
  await dialog.getByRole('button', { name: 'Remove Carla' }).waitFor();
  assert.equal(await dialog.getByRole('button', { name: /Remove Alice/u }).count(), 0);
  await editorOf(dialog).press('Control+End');
  await page.keyboard.type('Me too.');
  await dialog.getByRole('button', { name: 'Discard draft' }).click();
  await dialog.waitFor({ state: 'detached' });
  await page.locator('.toast').getByText('Discarded the draft').waitFor();
});

test('a forwarded letter carries text, images and files of the original', async () => {
  const { page, errors } = at;
  const { village, bob, alice } = real;
  await page.locator('.conv .msg').first().getByRole('button', { name: 'More for this message' }).click();
  await page.getByRole('menuitem', { name: 'Forward' }).click();
  const forward = inlineComposer(page);
  await focusOn(page, /^combobox To/u);
  await page.keyboard.type('bob@village.test,');
  await forward.getByRole('list', { name: 'Attachments' }).getByText('plan für Freitag.bin').waitFor();
  await editorOf(forward).click();
  await page.keyboard.type('For you.');
  await pressSend(page, forward);
  await sendNow(page);
  await sentToast(page);
  const all = await until(
    'bob has it',
    () => mailbox(village, bob, 'INBOX'),
    (found) => found.length === 2,
  );
  const mail = parsed(all.find(({ subject }) => subject === 'Fwd: Plan for Friday')?.source ?? Buffer.alloc(0));
  assert.match(mail.text, /^For you\.\n\n-{10} Forwarded message -{10}\nFrom: Bob Burns <bob@village\.test>\n/u);
  assert.match(mail.html, /Forwarded message[\s\S]*The <b>plan<\/b>/u);
  assert.equal(
    mail.shape,
    'multipart/mixed(multipart/related(multipart/alternative(text/plain text/html) image/png) application/octet-stream)',
  );
  assert.deepEqual(
    mail.files.map(({ name, bytes }) => [name, bytes.length]),
    [
      ['map.png', png.length],
      ['plan für Freitag.bin', file.length],
    ],
  );
  assert.deepEqual(mail.files[1]?.bytes, file);
  await until(
    'the original is marked',
    () => mailbox(village, alice, 'INBOX'),
    ([first]) => first?.flags.includes('$Forwarded') === true || first?.flags.includes('$forwarded') === true,
  );
  assert.deepEqual(errors, []);
});

test('the composer in its three shapes, by day and night, on desk and phone, has no barrier that axe can see', async () => {
  const { page } = at;
  await open(/Plan for Friday/u);
  await page.keyboard.press('r');
  await editorOf(inlineComposer(page)).waitFor();
  await accessibleEverywhere(page, 'inline');
  await inlineComposer(page).getByRole('button', { name: 'Discard draft' }).click();
  await page.keyboard.press('c');
  const dialog = page.locator('.comp[role=dialog]');
  await dialog.getByRole('combobox', { name: 'To' }).fill('Bob Burns <bob@village.test>, crew@nowhere,');
  await dialog.getByRole('button', { name: 'Cc', exact: true }).click();
  await dialog
    .locator('input[type=file]')
    .setInputFiles([{ name: 'a.txt', mimeType: 'text/plain', buffer: Buffer.from('a') }]);
  await dialog.getByRole('button', { name: 'Formatting' }).click();
  await accessibleEverywhere(page, 'docked');
  await dialog.getByRole('button', { name: 'Larger window' }).click();
  await dialog.getByRole('button', { name: 'Plain text' }).click();
  await accessibleEverywhere(page, 'full, plain text');
});

test('G47 a letter that is a frameset is quoted by what else it says', async () => {
  const { village, alice, bob } = real;
  const type = 'text/html; charset=utf-8';
  const body = '<frameset><frame src="https://tracker.example/"></frameset><p>Bring the oars.</p>';
  await village.deliver(alice.address, letter({ subject: 'Frames', type, body }));
  at = await real.visit();
  const { page, errors } = at;
  await signIn(real, page, alice);
  await open(/Frames/u);
  await page.keyboard.press('r');
  const reply = inlineComposer(page);
  await editorOf(reply).waitFor();
  await pressSend(page, reply);
  await sendNow(page);
  const mail = await until(
    'bob has it',
    async () => (await mailbox(village, bob, 'INBOX')).map((each) => parsed(each.source)),
    (all) => all.some(({ subject }) => subject === 'Re: Frames'),
  ).then((all) => all.find(({ subject }) => subject === 'Re: Frames'));
  assert.match(mail?.html ?? '', /<blockquote[^>]*>.*<p[^>]*>Bring the oars\.<\/p>/su);
  assert.match(mail?.text ?? '', /^> Bring the oars\.$/mu);
  assert.deepEqual(errors, []);
});
