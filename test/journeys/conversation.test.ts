import assert from 'node:assert/strict';
import { test } from 'node:test';
import { holds, rowNamed, openVisits } from './visit.ts';

/** A conversation beside the list, in the browser: text, HTML, what is folded, what cannot be fetched. */

const visit = openVisits();

test('C7 marks stacked on letters cover neither sender nor subject', async () => {
  await using at = await visit();
  const { page, press } = at;
  await rowNamed(page, 'Margit').waitFor();
  await press('j');
  await page.locator('.msg .body p').first().waitFor();
  const stack = (selector: string): Promise<void> =>
    page
      .locator(selector)
      .first()
      .evaluate(
        (each, marks) => {
          (each as unknown as { textContent: string }).textContent = `Z${marks}`;
        },
        String.fromCodePoint(...Array.from({ length: 400 }, (_, index) => 0x300 + (index % 0x50))),
      );
  const sender = page.locator('.msg .who').first();
  const before = await sender.screenshot();
  await stack('.msg .body p');
  assert.ok(before.equals(await sender.screenshot()));
  const subject = page.locator('.conv .subject');
  const title = await subject.screenshot();
  await stack('.msg .who b');
  assert.ok(title.equals(await subject.screenshot()));
});

test('a conversation: folding, quoted text, details, attachments, source', async () => {
  await using at = await visit('/a/ada@lindqvist.example/inbox/c/Tproofs');
  const { page } = at;
  await page.getByText('3 more messages').click();
  assert.equal(await page.locator('.fold').count(), 4);
  await page.getByRole('button', { name: 'Show quoted text, 61 lines' }).click();
  await page.locator('blockquote').first().waitFor();
  await page.getByRole('button', { name: 'to you' }).click();
  await page.locator('.details', { hasText: 'Thursday, 6 November 2025, 08:57' }).waitFor();
  await page.getByRole('button', { name: 'More for this message' }).click();
  const source = page.getByRole('menuitem', { name: 'Download source' });
  assert.equal(
    await source.getAttribute('href'),
    '/jmap/download/Alindqvist/G8/Proofs%20for%20chapter%206.eml?type=message%2Frfc822',
  );
  await page.keyboard.press('Escape');
  assert.match(await at.focus(), /More for this message/);
});

test('C5 HTML mail stands in a frame without scripts, as tall as it says', async () => {
  await using at = await visit('/a/ada@lindqvist.example/inbox/c/Tloans');
  const frame = at.page.locator('iframe');
  await frame.waitFor();
  assert.equal(await frame.getAttribute('sandbox'), 'allow-popups allow-popups-to-escape-sandbox');
  assert.equal(await frame.getAttribute('title'), 'Message from Uppsala City Library');
  await holds(at.page, `document.querySelector('.frame-clip')?.getBoundingClientRect().height === 260`);
  await at.page
    .getByText('1 remote image is blocked, so Uppsala City Library cannot see that you opened this.')
    .waitFor();
  assert.deepEqual(at.errors, []);
});

test('C5 H9 HTML mail that does not say how tall it is scrolls in 70 % of the window', async () => {
  await using at = await visit();
  const { page } = at;
  await page.route('**/mail/**', (route) =>
    route.continue({ url: route.request().url().replace('measure=', 'unheard=') }),
  );
  await page.goto(`${at.fake.origin}/a/ada@lindqvist.example/inbox/c/Tloans`);
  const heightOf = (part: string): string => `document.querySelector('${part}')?.getBoundingClientRect().height`;
  await holds(page, `${heightOf('.frame-clip')} === 320`);
  await holds(page, `${heightOf('.frame-clip')} === innerHeight * 0.7`);
  await holds(page, `${heightOf('iframe.frame')} === innerHeight * 0.7`);
});

test('a body that cannot be fetched says so and can be tried again', async () => {
  await using at = await visit();
  const { page, press, fake } = at;
  await rowNamed(page, 'Jonas').waitFor();
  await page.route('**/jmap/api', (route) =>
    route.request().postData()?.includes('fetchTextBodyValues')
      ? route.fulfill({
          json: {
            methodResponses: (
              JSON.parse(route.request().postData() ?? '{}') as { methodCalls: [string, unknown, string][] }
            ).methodCalls.map(([, , id]) => ['error', { type: 'serverFail' }, id]),
            sessionState: 's',
          },
        })
      : route.continue(),
  );
  await press('j');
  await page.getByText('This message could not be fetched.').waitFor();
  await page.unroute('**/jmap/api');
  await page.getByRole('button', { name: 'Try again' }).click();
  await page.getByText('Hello Ada').waitFor();
  assert.equal(fake.broken.size, 0);
});
