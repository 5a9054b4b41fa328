import { effect, signal, type Signal } from '@preact/signals-core';
import { type LockAfter, lockTimes } from './lock.ts';

/** What is remembered in this browser. */
export interface Storage {
  get(key: string): string | null;
  set(key: string, value: string): void;
}

/** All of it. */
export interface PageStorage extends Storage {
  remove(key: string): void;
  keys(): string[];
  /** The browser did not take something: that goes with the page. */
  forgets(): boolean;
}

export type ThemeChoice = 'system' | 'light' | 'dark';
export type Density = 'one' | 'compact' | 'default' | 'relaxed';

export interface Prefs {
  theme: Signal<ThemeChoice>;
  density: Signal<Density>;
  /** Single keys act (WCAG 2.1.4: they can be turned off). */
  keys: Signal<boolean>;
  /** Width of the list in pixels, 320 to 560. */
  listWidth: Signal<number>;
  /** Accounts whose folders are folded away in the tree. */
  folded: Signal<readonly string[]>;
  /** Postern locks itself after minutes without a touch; null: never. */
  lockAfter: Signal<LockAfter>;
}

const themes: readonly ThemeChoice[] = ['system', 'light', 'dark'];
const densities: readonly Density[] = ['one', 'compact', 'default', 'relaxed'];

export const listWidths = { least: 320, usual: 404, most: 560 } as const;

export const openPrefs = (storage: Storage): Prefs => {
  const kept = <T>(key: string, parse: (text: string | null) => T, print: (value: T) => string): Signal<T> => {
    const value = signal(parse(storage.get(`postern.${key}`)));
    let first = true;
    effect(() => {
      const text = print(value.value);
      if (!first) storage.set(`postern.${key}`, text);
      first = false;
    });
    return value;
  };
  const oneOf =
    <T extends string>(known: readonly T[], usual: T) =>
    (text: string | null): T =>
      known.find((each) => each === text) ?? usual;
  return {
    theme: kept('theme', oneOf(themes, 'system'), String),
    density: kept('density', oneOf(densities, 'default'), String),
    keys: kept(
      'keys',
      (text) => text !== 'off',
      (on) => (on ? 'on' : 'off'),
    ),
    listWidth: kept(
      'list-width',
      (text) => Math.min(listWidths.most, Math.max(listWidths.least, Number(text) || listWidths.usual)),
      String,
    ),
    folded: kept<readonly string[]>(
      'folded',
      (text) => (text ? text.split(' ') : []),
      (ids) => ids.join(' '),
    ),
    lockAfter: kept<LockAfter>('lock-after', (text) => lockTimes.find((each) => String(each) === text) ?? null, String),
  };
};

/** Pixels of a row: `--row-*` of the tokens, which are taller on touch screens. */
export const rowHeight = (density: Density, coarse: boolean): number =>
  ({ one: coarse ? 44 : 36, compact: coarse ? 60 : 50, default: coarse ? 84 : 74, relaxed: 92 })[density];
