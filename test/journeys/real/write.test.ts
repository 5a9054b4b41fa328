import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, test } from 'node:test';
import { parsed } from './parsed.ts';
import { letter, mailbox, png, subjects } from './letters.ts';
import { composer, editorOf, paste, pressSend, sendNow, sentToast } from './composing.ts';
import { focusOn, openReal, type Real, signIn, until, type Visit } from './world.ts';

/** Writing: a new letter with all it may carry, kept as a draft, taken back, sent. */

let real: Real;
let at: Visit;
const file = randomBytes(300_000);

before(async () => {
  real = await openReal();
  const { village, alice } = real;
  await village.deliver(alice.address, letter({ subject: 'Rowing on Friday' }));
  at = await real.visit();
  await signIn(real, at.page, alice);
});
after(() => real[Symbol.asyncDispose]());

test('a letter is written, kept, opened again, taken back and sent', async () => {
  const { page, errors } = at;
  const { village, alice, bob } = real;
  await page.getByRole('row', { name: /Rowing on Friday/u }).waitFor();
  await page.keyboard.press('c');
  const dialog = composer(page, 'New message');
  const to = dialog.getByRole('combobox', { name: 'To' });
  await to.waitFor();

  await page.keyboard.type('bo');
  await page.getByRole('option', { name: /bob@village.test/u }).waitFor();
  await page.keyboard.press('Enter');
  await dialog.getByRole('button', { name: 'Remove Bob Burns' }).waitFor();
  await page.keyboard.type('alice@village.test,');
  await page.keyboard.press('Backspace');
  assert.equal(await to.inputValue(), 'alice@village.test', 'a token is taken back to be edited');
  await to.fill('');
  await dialog.getByRole('button', { name: 'Cc', exact: true }).click();
  await dialog.getByRole('combobox', { name: 'Cc', exact: true }).fill('Alice Ames <alice@village.test>');
  await page.keyboard.press('Enter');
  await dialog.getByRole('button', { name: 'Bcc', exact: true }).click();
  await dialog.getByRole('combobox', { name: 'Bcc' }).fill('bob+hidden@village');
  await page.keyboard.press('Enter');
  await dialog.getByText('is no complete address').waitFor();
  await dialog.getByRole('button', { name: 'Remove bob+hidden@village' }).click();
  await dialog.getByLabel('Subject').fill('Rowing camp, cars and boats');
  const written = composer(page, 'Rowing camp, cars and boats');

  const body = editorOf(written);
  await body.click();
  await page.keyboard.press('Control+b');
  await page.keyboard.type('Four');
  await page.keyboard.press('Control+b');
  await page.keyboard.type(' people & two <singles>.');
  await page.keyboard.press('Enter');
  await page.keyboard.type('oars');
  await written.getByRole('button', { name: 'Formatting' }).click();
  await written.getByRole('button', { name: 'Bullets' }).click();
  await body.getByRole('listitem').waitFor();
  await focusOn(page, /^iframe Text of the letter/u);
  await page.keyboard.press('Enter');
  await page.keyboard.type('boats');
  await page.keyboard.press('Shift+Control+ArrowLeft');
  await written.getByRole('button', { name: 'Link', exact: true }).click();
  await page.keyboard.type('example.org/boats');
  await page.keyboard.press('Enter');
  await body.getByRole('link', { name: 'boats' }).waitFor();
  await paste(written, png, 'red.png', 'image/png');
  await body.getByRole('img').waitFor();
  await written
    .locator('input[type=file]')
    .setInputFiles([{ name: 'Camp plan ü.bin', mimeType: 'application/octet-stream', buffer: file }]);
  await written.getByRole('list', { name: 'Attachments' }).getByText('Camp plan ü.bin').waitFor();
  await written.getByText(/^Saved/u).waitFor();
  assert.equal(await page.title(), 'Inbox - Postern');

  // Kept at the mail server, too.
  await until(
    'the draft in Drafts',
    () => subjects(village, alice, 'Drafts'),
    (all) => all.length === 1,
  );
  await written.getByRole('button', { name: 'Save and close' }).click();
  await written.waitFor({ state: 'detached' });

  await page.keyboard.press('g');
  await page.keyboard.press('d');
  await page.getByRole('row', { name: /Rowing camp/u }).click();
  const again = composer(page, 'Rowing camp, cars and boats');
  const text = editorOf(again);
  await text.getByText('Four').waitFor();
  assert.equal(await text.locator('b').first().textContent(), 'Four');
  assert.deepEqual(await text.getByRole('listitem').allTextContents(), ['oars', 'boats']);
  assert.equal(await text.getByRole('link').getAttribute('href'), 'https://example.org/boats');
  await text.locator('img[src^="blob:"]').waitFor();
  await again.getByRole('button', { name: 'Remove Bob Burns' }).waitFor();
  await again.getByRole('button', { name: 'Remove Alice Ames' }).waitFor();
  await again.getByText('Camp plan ü.bin').waitFor();
  await text.press('Control+End');
  await page.keyboard.type(' and more');

  await pressSend(page, again);
  await page.keyboard.press('z');
  const back = composer(page, 'Rowing camp, cars and boats');
  await editorOf(back).getByText('and more').waitFor();
  await back.getByText('Camp plan ü.bin').waitFor();
  assert.deepEqual(await subjects(village, bob, 'INBOX'), []);
  await pressSend(page, back);
  await sendNow(page);
  await sentToast(page);

  const [got] = await until(
    'bob has it',
    () => mailbox(village, bob, 'INBOX'),
    (all) => all.length === 1,
  );
  assert.ok(got);
  const mail = parsed(got.source);
  assert.equal(mail.subject, 'Rowing camp, cars and boats');
  assert.deepEqual(mail.to, [{ name: 'Bob Burns', email: 'bob@village.test' }]);
  assert.deepEqual(mail.cc, [{ name: 'Alice Ames', email: 'alice@village.test' }]);
  assert.match(mail.text, /^Four people & two <singles>\.\n/u);
  assert.match(mail.text, /- oars\n- .*boats and more <https:..example.org.boats>|- oars\n- boats <https:/u);
  assert.match(mail.html, /<b>Four<\/b> people &amp; two &lt;singles&gt;\./u);
  assert.match(mail.html, /<ul dir="auto"><li>.*oars.*<\/li>/u);
  assert.match(mail.html, /<a href="https:\/\/example\.org\/boats"/u);
  assert.equal(
    mail.shape,
    'multipart/mixed(multipart/related(multipart/alternative(text/plain text/html) image/png) application/octet-stream)',
  );
  const [image, plan] = mail.files;
  assert.deepEqual(image?.bytes, png);
  assert.ok(mail.html.includes(`src="cid:${image?.cid ?? '?'}"`), mail.html);
  assert.equal(plan?.name, 'Camp plan ü.bin');
  assert.deepEqual(plan?.bytes, file);

  await until(
    'nothing in Drafts',
    () => subjects(village, alice, 'Drafts'),
    (all) => all.length === 0,
  );
  const sent = await until(
    'one copy in Sent',
    () => mailbox(village, alice, 'Sent'),
    (all) => all.length > 0,
  );
  assert.deepEqual(
    sent.map(({ messageId, flags }) => [messageId, flags]),
    [[got.messageId, ['\\Seen']]],
  );
  assert.deepEqual(errors, []);
});
