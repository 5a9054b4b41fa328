import assert from 'node:assert/strict';
import type { Page } from 'playwright-core';
import { focused, until } from './world.ts';

/** Whoever has no mouse: keys alone, and after each of them the focus is somewhere, and to be seen. */
export interface KeysAlone {
  press(...keys: string[]): Promise<void>;
  type(text: string): Promise<void>;
  /** Goes by Tab, or backwards, until something named so has the focus. */
  to(name: RegExp, by?: 'Tab' | 'Shift+Tab'): Promise<void>;
}

/**
 * A ring around what has the focus, or around the field or choice it is the inside of. A heading that one is
 * led to is read out and needs none: no key acts on it.
 */
const unseen = `(() => {
  const at = document.activeElement;
  if (!at || at === document.body) return 'nothing has the focus';
  if (/^(H1|H2|H3)$/.test(at.tagName) && at.tabIndex === -1) return '';
  for (let each = at, up = 0; each && up < 3; each = each.parentElement, up += 1) {
    const { outlineStyle, outlineWidth, outlineColor, boxShadow } = getComputedStyle(each);
    if (/0px 0px 0px [1-9]/.test(boxShadow)) return '';
    if (outlineStyle !== 'none' && parseFloat(outlineWidth) >= 2 && outlineColor !== 'rgba(0, 0, 0, 0)') return '';
  }
  return 'no ring around ' + at.outerHTML.slice(0, 200);
})()`;

export const keysAlone = (page: Page): KeysAlone => {
  // What a key leads to may have to be fetched first.
  const seen = (after: string): Promise<string> =>
    until(
      `after ${after}`,
      () => page.evaluate<string>(unseen),
      (missing) => missing === '',
      5_000,
    );
  const press = async (...keys: string[]): Promise<void> => {
    for (const key of keys) {
      await page.keyboard.press(key);
      await seen(key);
    }
  };
  return {
    press,
    type: async (text) => {
      await page.keyboard.type(text);
      await seen('typing');
    },
    to: async (name, by = 'Tab') => {
      const met: string[] = [];
      await until(
        `${by} to ${String(name)}`,
        async () => {
          if (!name.test(await focused(page))) await press(by);
          met.push(await focused(page));
          assert.ok(met.length < 90, `${by} does not lead to ${String(name)}, but to ${met.join('; ')}`);
          return met.at(-1) ?? '';
        },
        (now) => name.test(now),
      );
    },
  };
};
