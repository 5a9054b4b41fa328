import { setTimeout as sleep } from 'node:timers/promises';
import { chromium, type Browser, type BrowserContext, type Page } from 'playwright-core';
import { morning } from './letters.ts';

const flags = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** The built web app; `npm run journeys` builds it first. */
export const dist = process.env['POSTERN_DIST'] ?? 'dist';

/**
 * A key that takes away the frame it was pressed in (Escape, Ctrl+Enter in the editor) may never be confirmed: the process
 * that would is gone (seen of Chromium 156, Input.dispatchKeyEvent). The key did its work; what waits for it goes on.
 */
const goOnAfterKeys = ({ keyboard }: Page): void => {
  const press = keyboard.press.bind(keyboard);
  keyboard.press = async (key, options) => {
    const pressed = press(key, options).then(() => true);
    pressed.catch(() => undefined);
    if (await Promise.race([pressed, sleep(5_000, false, { ref: false })])) return;
    for (const each of key.split('+').toReversed()) await keyboard.up(each);
  };
};

export const openBrowser = async (...more: string[]): Promise<Browser> => {
  const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: [...flags, ...more] });
  browser.on('context', (context) => context.on('page', goOnAfterKeys));
  return browser;
};

export interface Look {
  width?: number;
  height?: number;
  dark?: boolean;
  scale?: number;
  touch?: boolean;
}

export const desktop: Look = { width: 1440, height: 900 };
export const tablet: Look = { width: 768, height: 1024, touch: true };
export const phone: Look = { width: 390, height: 844, touch: true };

/** A page on the morning of the journeys; errors of the page fail the test that looks at `errors`. */
export const openPage = async (
  browser: Browser,
  look: Look = desktop,
): Promise<{ context: BrowserContext; page: Page; errors: string[] }> => {
  const context = await browser.newContext({
    viewport: { width: look.width ?? 1440, height: look.height ?? 900 },
    colorScheme: look.dark ? 'dark' : 'light',
    deviceScaleFactor: look.scale ?? 1,
    hasTouch: look.touch ?? false,
    locale: 'en-GB',
    timezoneId: 'Europe/Stockholm',
    reducedMotion: 'reduce',
  });
  context.setDefaultTimeout(25_000);
  const page = await context.newPage();
  await page.clock.setFixedTime(morning);
  const errors: string[] = [];
  page.on('pageerror', (error) => errors.push(String(error)));
  page.on('console', (message) => {
    if (message.type() === 'error' && !/Failed to load resource|frame is sandboxed/.test(message.text()))
      errors.push(message.text());
  });
  return { context, page, errors };
};
