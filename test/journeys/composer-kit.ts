import type { Browser, Locator, Page } from 'playwright-core';
import { desktop, dist, openPage } from './browser.ts';
import { openFake, type Fake, type FakeOptions } from './fake-jmap.ts';
import { editorOf } from './real/composing.ts';
import { until } from './real/world.ts';

/** Writing letters against the server in memory, which knows Bob Ek and Bo Alm. */
export interface Desk extends AsyncDisposable {
  fake: Fake;
  page: Page;
  errors: string[];
  press(...keys: string[]): Promise<void>;
  /** Opens a new letter and waits for its first field. */
  begin(): Promise<Locator>;
  /** Letters in this mailbox. */
  kept(mailbox: string): { id: string; subject: string; text: string }[];
}

const known = [
  { name: 'Bob Ek', email: 'bob@demo.test' },
  { name: 'Bo Alm', email: 'bo@alm.example' },
];

export const openDesk = async (browser: Browser, options: Partial<FakeOptions> = {}): Promise<Desk> => {
  const fake = await openFake({
    dist,
    ...options,
    more: {
      methods: {
        'Correspondent/query': (accountId, { prefix }) => ({
          accountId,
          list: known.filter(({ name, email }) =>
            [...name.split(' '), email].some((word) => word.toLowerCase().startsWith(String(prefix).toLowerCase())),
          ),
        }),
        ...options.more?.methods,
      },
    },
  });
  const { context, page, errors } = await openPage(browser, desktop);
  await page.goto(fake.origin);
  await page.locator('[role=row]', { hasText: 'Margit' }).waitFor();
  return {
    fake,
    page,
    errors,
    press: async (...keys) => {
      for (const key of keys) await page.keyboard.press(key);
    },
    begin: async () => {
      await page.keyboard.press('c');
      const letter = page.locator('.comp.docked').last();
      await letter.getByRole('combobox', { name: 'To' }).waitFor();
      return letter;
    },
    kept: (mailbox) =>
      Array.from({ length: 200 }, (_, index) => fake.email(`Mnew${index}`)).flatMap((row) =>
        row && row.mailboxIds[mailbox]
          ? [
              {
                id: row.id,
                subject: String(row['subject']),
                text: (row['bodyValues'] as Record<string, { value: string }>)['text']?.value ?? '',
              },
            ]
          : [],
      ),
    [Symbol.asyncDispose]: async () => {
      await context.close();
      await fake[Symbol.asyncDispose]();
    },
  };
};

/** Names of the tokens in a field. */
export const chips = (letter: Locator): Promise<string[]> =>
  letter
    .locator('.tokens .pill-x')
    .evaluateAll((all) =>
      (all as unknown as { ariaLabel: string }[]).map(({ ariaLabel }) => ariaLabel.replace('Remove ', '')),
    );

export const docked = (page: Page): Locator => page.locator('.comp.docked');
export const windows = (page: Page): Promise<number> => page.locator('.comp, .comp-tab').count();
export const openMargit = async ({ page }: Desk): Promise<void> => {
  await page.locator('[role=row]', { hasText: 'Margit' }).click();
  await page.locator('.conv .msg').first().waitFor();
};
export const saved = (at: Desk, mailbox: string, count: number): Promise<unknown> =>
  until(
    `${count} in ${mailbox}`,
    () => at.kept(mailbox),
    (all) => all.length === count,
  );
export const text = (letter: Locator): Promise<string> => editorOf(letter).innerText();
