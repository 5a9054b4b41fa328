import assert from 'node:assert/strict';
import type { Locator, Page } from 'playwright-core';
import { byName } from './authenticator.ts';
import type { Real } from './world.ts';

/** What journeys about unlockers have in common: pages of the settings, codes that are kept, pictures. */

/** A page of the settings, at the address that may have passkeys. */
export const openSettings = async (
  real: Real,
  page: Page,
  name: 'security' | 'sessions' | 'vault' | 'accounts',
): Promise<void> => {
  await page.goto(`${byName(real).url}/settings/${name}`);
  await page.getByRole('heading', { level: 1 }).waitFor();
};

export const field = (page: Page | Locator, label: string): Locator =>
  page.getByLabel(label, { exact: true }).and(page.locator('input'));

export const signOut = async (real: Real, page: Page): Promise<void> => {
  await page.goto(byName(real).url);
  await page.getByRole('button', { name: /Sign out/u }).click();
  await page.getByRole('heading', { name: 'Open your mail' }).waitFor();
};

/** The recovery code that is on screen. */
export const codeOn = async (page: Page): Promise<string> => {
  const shown = page.getByLabel('Recovery code', { exact: true }).and(page.locator('code'));
  await shown.waitFor();
  const code = (await shown.innerText()).replaceAll(/\s+/gu, ' ').trim();
  assert.match(code, /^(?:[0-9A-Z]{4} ){8}[0-9A-Z]$/u);
  return code;
};

const ordinals = ['first', 'second', 'third', 'fourth', 'fifth', 'sixth', 'seventh', 'eighth'];

/** Keeps the code that is on screen, and types the two groups that are asked for. */
export const keepCode = async (page: Page): Promise<string> => {
  const code = await codeOn(page);
  await page.getByRole('checkbox', { name: 'I have kept it' }).check();
  await page.getByRole('button', { name: 'Continue' }).click();
  await page
    .getByLabel(/^The \w+ group$/u)
    .first()
    .waitFor();
  assert.equal(await page.getByLabel(/^The \w+ group$/u).count(), 2);
  const groups = code.split(' ');
  for (const [index, word] of ordinals.entries()) {
    const group = page.getByLabel(`The ${word} group`);
    if ((await group.count()) > 0) await group.fill((groups[index] ?? '').toLowerCase());
  }
  return code;
};

/** Opens the mail by a recovery code; whether it did is for the journey to see. */
export const useCode = async (real: Real, page: Page, code: string): Promise<void> => {
  await page.goto(byName(real).url);
  await page.getByRole('button', { name: 'Use a recovery code' }).click();
  await field(page, 'Recovery code').fill(code);
  await page.getByRole('button', { name: 'Sign in', exact: true }).click();
};
