import type { Page } from 'playwright-core';

/** JOURNEY_SHOTS names a folder that gets pictures of what journeys come by, to be looked at. */
export const pictures = process.env['JOURNEY_SHOTS'];

/** The screen as it is. */
export const picture = async (page: Page, name: string): Promise<void> => {
  if (pictures) await page.screenshot({ path: `${pictures}/${name}.png` });
};

/** By day and by night, at a desk and on a phone; `ready` puts into view what is to be seen. */
export const fourPictures = async (
  page: Page,
  name: string,
  ready: () => Promise<void> = () => Promise.resolve(),
): Promise<void> => {
  if (!pictures) return;
  for (const [size, width, height] of [
    ['desk', 1440, 900],
    ['phone', 390, 844],
  ] as const)
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.setViewportSize({ width, height });
      await page.emulateMedia({ colorScheme });
      await page.locator(`html[data-theme="${colorScheme}"]`).waitFor();
      await ready();
      await picture(page, `${name}-${size}-${colorScheme}`);
    }
  await page.setViewportSize({ width: 1440, height: 900 });
  await page.emulateMedia({ colorScheme: 'light' });
};
