import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import type { Download, Locator } from 'playwright-core';
import { letter, mailbox, richBody, subjects } from './letters.ts';
import { focused, openReal, type Real, signIn, until, type Visit } from './world.ts';

/** Reading: conversations, HTML behind its walls, files; what is done to mail arrives at the server and can be taken back. */

let real: Real;
let at: Visit;
const file = randomBytes(70_000);
const hour = 3_600_000;
const ago = (hours: number): Date => new Date(Date.now() - hours * hour);
const rich = letter({ subject: 'The plan', date: ago(1), ...richBody(file) });

before(async () => {
  real = await openReal();
  const { village, alice } = real;
  village.put(alice.address, 'INBOX', letter({ subject: 'Boats', id: '<boats@x>', date: ago(5) }), {
    flags: 'S',
    receivedAt: ago(5).getTime() / 1000,
  });
  village.put(
    alice.address,
    'Sent',
    letter({
      subject: 'Re: Boats',
      from: 'Alice <alice@village.test>',
      to: 'bob@village.test',
      id: '<re@x>',
      inReplyTo: '<boats@x>',
      date: ago(4),
      body: 'Two boats, Bob.',
    }),
    { flags: 'S', receivedAt: ago(4).getTime() / 1000 },
  );
  village.put(
    alice.address,
    'INBOX',
    letter({ subject: 'Re: Boats', id: '<re-re@x>', inReplyTo: '<re@x>', date: ago(3), body: 'Then three.' }),
    { receivedAt: ago(3).getTime() / 1000 },
  );
  for (const name of ['One', 'Two', 'Three'])
    village.put(alice.address, 'INBOX', letter({ subject: `Letter ${name}`, date: ago(8) }), {
      receivedAt: ago(8).getTime() / 1000,
    });
  await village.deliver(alice.address, rich);
  at = await real.visit();
  await signIn(real, at.page, alice);
  await at.page.getByRole('row', { name: /The plan/u }).waitFor();
});
after(() => real[Symbol.asyncDispose]());

const flagsOf = async (subject: string): Promise<string[] | undefined> =>
  (await mailbox(real.village, real.alice, 'INBOX')).find((each) => each.subject === subject)?.flags;

test('a conversation shows what came and what was sent, and is read when it was opened', async () => {
  const { page } = at;
  // What was sent holds the two that came together; until it is known they are two.
  const row = page.getByRole('row', { name: /Boats/u });
  await until(
    'one conversation',
    () => row.count(),
    (rows) => rows === 1,
  );
  await row.click();
  const conversation = page.locator('.conv');
  await conversation.getByRole('heading', { name: 'Boats' }).waitFor();
  await conversation.getByText('Then three.').waitFor();
  await conversation.getByRole('button', { name: /You.*Two boats, Bob\./u }).click();
  await conversation.locator('.msg').getByText('Two boats, Bob.').waitFor();
  await until(
    'it is read at the server',
    () => flagsOf('Re: Boats'),
    (flags) => flags?.includes('\\Seen') === true,
  );
});

test('HTML runs nothing and asks nobody; files and source come as they were', async () => {
  const { page, errors } = at;
  const foreign: string[] = [];
  page.on('request', (request) => {
    if (!request.url().startsWith(real.url) && !request.url().startsWith('data:')) foreign.push(request.url());
  });
  await page.getByRole('row', { name: /The plan/u }).click();
  const frame = page.locator('.conv iframe.frame');
  await frame.waitFor();
  assert.equal(await frame.getAttribute('sandbox'), 'allow-popups allow-popups-to-escape-sandbox');
  const mail = page.frameLocator('.conv iframe.frame');
  await mail.getByText('oars').waitFor();
  assert.equal(await mail.locator('script').count(), 0);
  await mail.locator('img[alt="map"]').waitFor();
  await page.getByText('1 remote image is blocked').waitFor();
  assert.match(await page.title(), /^The plan/u);
  assert.deepEqual(foreign, []);

  const downloaded = async (press: () => Promise<void>): Promise<Buffer> => {
    const [download] = (await Promise.all([page.waitForEvent('download'), press()])) as [Download, void];
    return readFileSync(await download.path());
  };
  const attachment = page
    .getByRole('list', { name: 'Attachments' })
    .getByRole('link', { name: /plan für Freitag\.bin/u });
  assert.deepEqual(await downloaded(() => attachment.click()), file);
  await page.getByRole('button', { name: 'More for this message' }).click();
  const source = await downloaded(() => page.getByRole('menuitem', { name: 'Download source' }).click());
  assert.ok(
    source.toString('latin1').endsWith(Buffer.from(rich).toString('latin1')),
    'with the headers of its delivery before it',
  );
  assert.deepEqual(errors, []);
});

test('J43 J44 a calendar alone shows what it is about, and a letter whose boundary is wrong its text', async () => {
  const { page } = at;
  const { village, alice } = real;
  const calendar =
    'BEGIN:VCALENDAR\nBEGIN:VEVENT\nSUMMARY:Rowing\\, with Bob\nLOCATION:The pier\nEND:VEVENT\nEND:VCALENDAR\n';
  const parts = '--b\nContent-Type: text/plain\n\nBring the oars.\n--b--\n';
  const deliver = (subject: string, type: string, body: string): Promise<void> =>
    village.deliver(
      alice.address,
      `From: Bob <bob@elsewhere.test>\nSubject: ${subject}\nContent-Type: ${type}\n\n${body}`.replaceAll('\n', '\r\n'),
    );
  await deliver('An invitation', 'text/calendar; method=REQUEST', calendar);
  await deliver('Not so bound', 'multipart/mixed; boundary=another', parts);
  await page.getByRole('row', { name: /An invitation/u }).click();
  const message = page.locator('.conv .msg');
  await message.locator('.body').getByText('Rowing, with Bob The pier').waitFor();
  await message.getByText('Attachment (text/calendar)').waitFor();
  await page.getByRole('row', { name: /Not so bound/u }).click();
  await message.locator('.body').getByText('Bring the oars.', { exact: true }).waitFor();
});

test('star, archive, delete, move: at once, at the server, and back by z', async () => {
  const { page, errors } = at;
  const { village, alice } = real;
  const row = (name: string) => page.getByRole('row', { name: new RegExp(name, 'u') });
  const lies = (subject: string, box: string): Promise<string[]> =>
    until(
      `${subject} in ${box}`,
      () => subjects(village, alice, box),
      (all) => all.includes(subject),
    );

  await row('Letter One').click();
  await page.keyboard.press('s');
  await until(
    'starred',
    () => flagsOf('Letter One'),
    (flags) => flags?.includes('\\Flagged') === true,
  );
  await page.keyboard.press('z');
  await until(
    'not starred',
    () => flagsOf('Letter One'),
    (flags) => flags?.includes('\\Flagged') === false,
  );

  await page.keyboard.press('e');
  await row('Letter One').waitFor({ state: 'detached' });
  await page.locator('.toast').getByText('Archived “Letter One”').waitFor();
  assert.match(await focused(page), /^row .*Letter (Two|Three)/u);
  await lies('Letter One', 'Archive');
  await page.keyboard.press('z');
  await row('Letter One').waitFor();
  await lies('Letter One', 'INBOX');

  await row('Letter Two').click();
  await page.keyboard.press('#');
  await row('Letter Two').waitFor({ state: 'detached' });
  await lies('Letter Two', 'Trash');
  await page.keyboard.press('z');
  await row('Letter Two').waitFor();
  await lies('Letter Two', 'INBOX');

  await row('Letter Three').click();
  await page.keyboard.press('v');
  await page.getByRole('dialog').waitFor();
  await page.keyboard.type('junk');
  await page.keyboard.press('Enter');
  await row('Letter Three').waitFor({ state: 'detached' });
  await lies('Letter Three', 'Junk');
  await page.keyboard.press('z');
  await row('Letter Three').waitFor();
  await lies('Letter Three', 'INBOX');
  assert.deepEqual((await subjects(village, alice, 'Trash')).concat(await subjects(village, alice, 'Archive')), []);
  assert.deepEqual(errors, []);
});

test('C10 a letter is printed to its end, without what is being written and without buttons', async () => {
  const { page } = at;
  const words = 'Long lines break elsewhere on paper, where there is less room for them. '.repeat(60);
  const body = `${`<p>${words}</p>`.repeat(5)}<p id="end">The end.</p>`;
  await real.village.deliver(real.alice.address, letter({ subject: 'Long', type: 'text/html; charset=utf-8', body }));
  await page.setViewportSize({ width: 1920, height: 1000 });
  await page.getByRole('row', { name: /Long/u }).click();
  const clip = page.locator('.frame-clip');
  await until(
    'its height',
    () => clip.evaluate(({ clientHeight }: { clientHeight: number }) => clientHeight),
    (height) => height > 1_000,
  );
  await page.keyboard.press('c');
  await page.locator('.comp').waitFor();
  await page.emulateMedia({ media: 'print' });
  await page.setViewportSize({ width: 600, height: 1000 });
  const bottom = async (part: Locator): Promise<number> => {
    const box = await part.boundingBox();
    return (box?.y ?? 0) + (box?.height ?? 0);
  };
  const end = await bottom(page.frameLocator('.conv iframe').getByText('The end.'));
  assert.ok(end > 1_000 && end <= (await bottom(clip)), `the end at ${end}`);
  assert.equal(await page.locator('.comp').isVisible(), false);
  assert.equal(await page.locator('.msg-h').getByRole('button', { name: 'More for this message' }).isVisible(), false);
  await page.emulateMedia({ media: null });
  await page.setViewportSize({ width: 1440, height: 900 });
  await page.getByRole('button', { name: 'Save and close' }).click();
});

interface Styled {
  ownerDocument: { defaultView: { getComputedStyle(at: Styled): { color: string; backgroundColor: string } } };
}

const look = (part: Locator): Promise<string[]> =>
  part.evaluate((at: Styled) => {
    const { color, backgroundColor } = at.ownerDocument.defaultView.getComputedStyle(at);
    return [color, backgroundColor];
  });

test('C10 by night a letter is printed dark on white', async () => {
  const { page } = at;
  const styles = '@media (prefers-color-scheme: dark) { p { color: #eee; background: #111 } }';
  const looks = { Recoloured: '', Dark: `<style>${styles}</style>` };
  await page.emulateMedia({ colorScheme: 'dark' });
  for (const [subject, head] of Object.entries(looks)) {
    const body = `${head}<p style="color: #036" id="words">Words</p>`;
    await real.village.deliver(real.alice.address, letter({ subject, type: 'text/html; charset=utf-8', body }));
    await page.getByRole('row', { name: subject }).click();
    const words = page.frameLocator('.conv iframe').getByText('Words');
    const subjectLine = page.locator('.conv .subject').filter({ hasText: subject });
    await subjectLine.waitFor();
    const light = /^rgb\(2\d\d, 2\d\d, 2\d\d\)$/u;
    assert.match((await look(subjectLine))[0] ?? '', light);
    const [shown] = await look(words);
    await page.emulateMedia({ media: 'print' });
    assert.deepEqual(await look(words), ['rgb(20, 33, 30)', 'rgba(0, 0, 0, 0)']);
    assert.notEqual(shown, 'rgb(20, 33, 30)');
    assert.doesNotMatch((await look(subjectLine))[0] ?? '', light);
    assert.match((await look(page.locator('body')))[1] ?? '', light);
    await page.emulateMedia({ media: null });
  }
  await page.emulateMedia({ colorScheme: null });
});

test('a letter that arrives appears by itself, in every tab, over one stream', async () => {
  const { page, context } = at;
  const second = await context.newPage();
  const streams: string[] = [];
  second.on('request', (request) => {
    if (request.url().includes('/jmap/eventsource')) streams.push(request.url());
  });
  await second.goto(real.url);
  await second.getByRole('row', { name: /The plan/u }).waitFor();
  await real.village.deliver(real.alice.address, letter({ subject: 'Just now' }));
  await page.getByRole('row', { name: /Just now/u }).waitFor();
  await second.getByRole('row', { name: /Just now/u }).waitFor();
  for (const subject of ['Then this', 'Then that']) {
    await real.village.deliver(real.alice.address, letter({ subject }));
    await page.getByRole('row', { name: new RegExp(subject, 'u') }).waitFor();
  }
  assert.deepEqual(streams, [], 'the first tab reads the stream for both');

  await second.getByRole('row', { name: /Just now/u }).click();
  await second.keyboard.press('s');
  await page.getByRole('row', { name: /Just now.*starred|starred.*Just now/u }).waitFor();
  await page.close();
  await real.village.deliver(real.alice.address, letter({ subject: 'And now' }));
  await second.getByRole('row', { name: /And now/u }).waitFor();
  assert.equal(streams.length, 1, 'the second took over');
});
