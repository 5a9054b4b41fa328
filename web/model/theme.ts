import { computed, type ReadonlySignal } from '@preact/signals-core';
import type { ThemeChoice } from './prefs.ts';

export type Theme = 'light' | 'dark';

/** The theme shown: the choice, or what the system wants. */
export const openTheme = (
  choice: ReadonlySignal<ThemeChoice>,
  systemDark: ReadonlySignal<boolean>,
): ReadonlySignal<Theme> =>
  computed(() => {
    if (choice.value !== 'system') return choice.value;
    return systemDark.value ? 'dark' : 'light';
  });

/** What the button switches to: the other theme, and back to the system's when that is the same. */
export const otherTheme = (shown: Theme, systemDark: boolean): ThemeChoice => {
  const next: Theme = shown === 'dark' ? 'light' : 'dark';
  return (next === 'dark') === systemDark ? 'system' : next;
};
