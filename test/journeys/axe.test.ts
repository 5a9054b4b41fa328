import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Browser, Page } from 'playwright-core';
import { violationsOf } from './axe.ts';
import { openBrowser } from './browser.ts';

/** What the journeys ask of axe is really looked at. */

let browser: Browser;
let page: Page;
before(async () => {
  browser = await openBrowser();
  page = await (await browser.newContext()).newPage();
});
after(() => browser.close());

const show = (body: string): Promise<void> =>
  page.setContent(`<!doctype html><html lang="en"><title>A page</title><main><h1>Letters</h1>${body}</main></html>`);
const rules = (found: readonly string[]): string[] => found.map((line) => line.split(':')[0] ?? '').toSorted();

const faint = '<p style="color: #ccc; background: #fff">Hard to read</p>';
const unnamed = '<button></button>';

test('a page without a fault has none; each fault is told, with what it is on', async () => {
  await show('<p>Plain words.</p>');
  assert.deepEqual(await violationsOf(page), []);
  await show(faint + unnamed);
  const found = await violationsOf(page);
  assert.deepEqual(rules(found), ['button-name', 'color-contrast']);
  assert.match(found.join('\n'), /Hard to read.*contrast of/s);
});

test('what is excluded is not looked at, and tags choose the rules', async () => {
  await show(`<div class="theirs">${unnamed}</div>${faint}`);
  assert.deepEqual(rules(await violationsOf(page, { exclude: ['.theirs'] })), ['color-contrast']);
  assert.deepEqual(rules(await violationsOf(page, { tags: ['wcag2aa'] })), ['color-contrast']);
});

test('a frame is looked into, unless it is excluded', async () => {
  await show(
    `<iframe title="A letter" srcdoc='<html lang="en"><title>x</title><main>${unnamed}</main></html>'></iframe>`,
  );
  await page.frameLocator('iframe').locator('button').waitFor();
  assert.ok(rules(await violationsOf(page)).includes('button-name'));
  assert.deepEqual(await violationsOf(page, { exclude: ['iframe'] }), []);
});
