import { after, before } from 'node:test';
import type { Browser, Page } from 'playwright-core';
import { desktop, dist, openBrowser, openPage, type Look } from './browser.ts';
import { openFake, type Fake, type FakeOptions } from './fake-jmap.ts';
import { until } from './real/world.ts';

/** A page of the browser app against a JMAP server in memory. */

export interface Visit extends AsyncDisposable {
  fake: Fake;
  page: Page;
  errors: string[];
  /** Path and query of the address. */
  where(): string;
  /** Accessible description of what has the focus. */
  focus(): Promise<string>;
  press(...keys: string[]): Promise<void>;
}

export const visit = async (
  browser: Browser,
  path = '/',
  look: Look = desktop,
  options: Partial<FakeOptions> = {},
): Promise<Visit> => {
  const fake = await openFake({ dist, ...options });
  const { context, page, errors } = await openPage(browser, look);
  await page.goto(fake.origin + path);
  return {
    fake,
    page,
    errors,
    where: () => page.url().slice(fake.origin.length),
    focus: () =>
      page.evaluate<string>(
        `(() => { const at = document.activeElement; return (at.getAttribute('role') ?? at.localName) + ' ' + (at.getAttribute('aria-label') ?? at.textContent.trim().slice(0, 60)); })()`,
      ),
    press: async (...keys) => {
      for (const key of keys) await page.keyboard.press(key);
    },
    [Symbol.asyncDispose]: async () => {
      await context.close();
      await fake[Symbol.asyncDispose]();
    },
  };
};

type Given = Parameters<typeof visit> extends [Browser, ...infer Rest] ? Rest : never;

/** Visits of one test file, in a browser of its own. */
export const openVisits = (): ((...given: Given) => Promise<Visit>) => {
  let browser: Browser;
  before(async () => {
    browser = await openBrowser();
  });
  after(async () => {
    await browser.close();
  });
  return (...given) => visit(browser, ...given);
};

/** Waits until an expression is true in the page. The page's CSP allows no `eval`, which waitForFunction would use. */
export const holds = async (page: Page, expression: string): Promise<void> => {
  for (const end = Date.now() + 10_000; !(await page.evaluate<boolean>(`Boolean(${expression})`));)
    if (Date.now() > end) throw new Error(`never true: ${expression}`);
};

export const rowNamed = (page: Page, text: string) => page.locator('[role=row]', { hasText: text });
export const focusIs = (page: Page, text: string) =>
  holds(page, `(document.activeElement.getAttribute('aria-label') ?? '').includes(${JSON.stringify(text)})`);
export const toastSays = (page: Page, text: string) => page.locator('.toast', { hasText: text }).waitFor();

/** Waits until an email lies in this mailbox alone, at the server. */
export const liesIn = (fake: Fake, id: string, mailbox: string): Promise<string[]> =>
  until(
    `${id} in ${mailbox}`,
    async () => Object.keys(fake.email(id)?.mailboxIds ?? {}),
    (now) => now.join() === mailbox,
  );

/** What another client does: it changes emails of the first account. */
export const elsewhere = (page: Page, set: object): Promise<void> =>
  page.evaluate(async (args) => {
    const methodCalls = [['Email/set', { accountId: 'Alindqvist', ...args }, 'other']];
    await fetch('/jmap/api', { method: 'POST', body: JSON.stringify({ using: [], methodCalls }) });
  }, set);
