import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { toConfig } from '#config/config.ts';
import { readEnv } from '#config/env.ts';
import { toSecrets } from '#config/secrets.ts';
import { type Village, type VillageOptions, openDovecot } from '#village/dovecot.ts';
import { openWorld, type World } from '#world';
import { openFolder } from '../../e2e/postern.ts';
import { violationsOf } from '../axe.ts';
import { desktop, dist, type Look, openBrowser, phone, tablet } from '../browser.ts';
import { picture, pictures } from '../pictures.ts';

/** Journeys with real servers: Dovecot, a submission server, Postern and Chromium. */

export interface Person {
  address: string;
  password: string;
}

export interface RealOptions extends VillageOptions {
  /** More of Postern's environment, or what stands in its place. */
  env?: Record<string, string>;
  /** Further domains and their servers, as in POSTERN_DOMAINS. */
  domains?: string;
  /** Postern trusts the village's authority. Default true. */
  trusted?: boolean;
}

export interface Real extends AsyncDisposable {
  village: Village;
  browser: Browser;
  alice: Person;
  bob: Person;
  /** Of the running Postern; another port after a restart. */
  readonly url: string;
  /** A browser of its own: other cookies, other storage. */
  visit(look?: Look): Promise<Visit>;
  /** Ends Postern and starts it again on the same data folder and port. */
  restart(): Promise<void>;
  /** Only ends it. */
  stop(): Promise<void>;
}

export interface Visit {
  context: BrowserContext;
  page: Page;
  /** What the page complained about; a journey ends with none. */
  errors: string[];
}

const startPostern = (
  village: Village,
  data: string,
  port: string,
  { env = {}, domains, trusted = true }: RealOptions,
): Promise<World> => {
  const read = readEnv({
    POSTERN_DATA: data,
    POSTERN_PORT: port,
    POSTERN_LOG: process.env['POSTERN_LOG'] ?? 'error',
    POSTERN_MAILROOMS: '1',
    POSTERN_KEEPER: 'inside',
    POSTERN_PRIVATE_SERVERS: '127.0.0.1',
    POSTERN_DOMAINS: `village.test=127.0.0.1:${village.imapPort}:none,127.0.0.1:${village.smtpPort}:none${domains ? `;${domains}` : ''}`,
    ...(village.authority && trusted ? { POSTERN_EXTRA_CA: village.authority.caFile } : {}),
    ...env,
  });
  return openWorld(toConfig(read), toSecrets(read), { dist });
};

/** Errors that are the subject of a journey, not a defect: the browser's own words for an answer of 4xx or a lost line. */
const expected = /Failed to load resource|frame is sandboxed|net::ERR_/u;

export const openReal = async (options: RealOptions = {}): Promise<Real> => {
  await using stack = new AsyncDisposableStack();
  const village = stack.use(await openDovecot(options));
  const folder = stack.use(openFolder());
  const browser = stack.adopt(await openBrowser(), (each) => each.close());
  let world: World | null = await startPostern(village, folder.path, '0', options);
  let url = world.door.url;
  const stop = async (): Promise<void> => {
    const before = world;
    world = null;
    await before?.[Symbol.asyncDispose]();
  };
  stack.defer(stop);
  // Each page as the journey left it.
  if (pictures)
    stack.defer(async () => {
      const pages = browser.contexts().flatMap((context) => context.pages());
      for (const [index, page] of pages.entries()) await picture(page, `${process.pid}-${index}`);
    });
  const all = stack.move();
  const [alice, bob] = village.users as [Person, Person];
  return {
    village,
    browser,
    alice,
    bob,
    get url() {
      return url;
    },
    visit: async (look = desktop) => {
      const context = await browser.newContext({
        viewport: { width: look.width ?? 1440, height: look.height ?? 900 },
        colorScheme: look.dark ? 'dark' : 'light',
        hasTouch: look.touch ?? false,
        locale: 'en-GB',
        timezoneId: 'Europe/Stockholm',
        reducedMotion: 'reduce',
        acceptDownloads: true,
      });
      context.setDefaultTimeout(25_000);
      const errors: string[] = [];
      context.on('weberror', (error) => errors.push(String(error.error())));
      context.on('console', (message) => {
        if (message.type() === 'error' && !expected.test(message.text())) errors.push(message.text());
      });
      return { context, page: await context.newPage(), errors };
    },
    stop,
    restart: async () => {
      await stop();
      world = await startPostern(village, folder.path, new URL(url).port, options);
      ({ url } = world.door);
    },
    [Symbol.asyncDispose]: () => all.disposeAsync(),
  };
};

/** Asks until the answer is right: servers take the time they take. */
export const until = async <T>(
  what: string,
  ask: () => T | Promise<T>,
  right: (answer: T) => boolean = Boolean,
  ms = 25_000,
): Promise<T> => {
  for (const end = Date.now() + ms; ; await sleep(60)) {
    const answer = await ask();
    if (right(answer)) return answer;
    assert.ok(Date.now() < end, `${what}: still ${JSON.stringify(answer)?.slice(0, 800)}`);
  }
};

/** Signs in as a person does, and waits for the list. */
export const signIn = async (real: Real, page: Page, who: Person): Promise<void> => {
  await page.goto(real.url);
  await page.getByLabel('Email address').fill(who.address);
  await page.getByLabel('Password', { exact: true }).fill(who.password);
  await page.getByRole('button', { name: 'Sign in', exact: true }).click();
  await page.getByRole('grid').waitFor();
};

const focusThere = `(() => {
  const at = document.activeElement;
  if (!at || at === document.body) return 'nothing';
  const by = at.getAttribute('aria-labelledby');
  const label = at.getAttribute('aria-label') ?? (by && document.getElementById(by)?.textContent)
    ?? at.labels?.[0]?.textContent ?? at.getAttribute('title') ?? at.textContent;
  return ((at.getAttribute('role') ?? at.localName) + ' ' + label.replaceAll(/\\s+/g, ' ').trim()).trim();
})()`;

/** What has the focus, by role and name. */
export const focused = (page: Page): Promise<string> => page.evaluate(focusThere);

/** Waits until something named so has the focus. */
export const focusOn = (page: Page, name: RegExp): Promise<string> =>
  until(
    `focus on ${String(name)}`,
    () => focused(page),
    (now) => name.test(now),
    10_000,
  );

/** No violation of WCAG 2.2 AA that axe can see. */
export const accessible = async (page: Page, what: string): Promise<void> => {
  // Frames that run nothing cannot answer axe; what a stranger wrote is not ours to judge.
  const told = await violationsOf(page, {
    exclude: ['iframe:not(.editor-frame)'],
    tags: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'],
  });
  assert.deepEqual(told, [], what);
};

/** Short words that stand in pieces: what holds them is too narrow. */
const broken = (page: Page): Promise<string[]> =>
  page.evaluate(`(() => {
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    const range = document.createRange();
    const found = [];
    while (walker.nextNode()) {
      const { currentNode: node } = walker;
      if (!node.parentElement.checkVisibility() || node.parentElement.getBoundingClientRect().width < 2) continue;
      for (const { 0: word, index } of node.data.matchAll(/(?<=^|\\s)\\p{L}{2,14}(?=[,.;:]?(?:\\s|$))/gu)) {
        range.setStart(node, index);
        range.setEnd(node, index + word.length);
        if (new Set(Array.from(range.getClientRects(), ({ top }) => Math.round(top))).size > 1) found.push(word);
      }
    }
    return found;
  })()`);

/** The same by day and by night, on a desk and on a phone, and no word in pieces on a tablet either; leaves the page as it began. */
export const accessibleEverywhere = async (page: Page, what: string): Promise<void> => {
  const before = page.viewportSize();
  for (const size of [phone, desktop])
    for (const colorScheme of ['dark', 'light'] as const) {
      await page.setViewportSize({ width: size.width ?? 0, height: size.height ?? 0 });
      await page.emulateMedia({ colorScheme });
      await page.locator(`html[data-theme="${colorScheme}"]`).waitFor();
      await accessible(page, `${what}, ${size.width} wide, ${colorScheme}`);
    }
  for (const size of [phone, tablet, desktop]) {
    await page.setViewportSize({ width: size.width ?? 0, height: size.height ?? 0 });
    assert.deepEqual(await broken(page), [], `${what}, ${size.width} wide: no word in pieces`);
  }
  if (before) await page.setViewportSize(before);
};
