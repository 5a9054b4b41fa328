import { type Colour, contrast, fromOklch, parseColour, toHex, toOklch } from './colour.ts';

/** The sheet at night and what stands on it; the same as the app's tokens. */
export const NIGHT = { sheet: '#161e1d', ink: '#e3eae6', link: '#72cfb8', line: '#33403d' } as const;

const black: Colour = { r: 0, g: 0, b: 0, alpha: 1 };
const white: Colour = { r: 1, g: 1, b: 1, alpha: 1 };
const sheet = parseColour(NIGHT.sheet) ?? black;
const SHEET = toOklch(sheet);
/** WCAG 2.2 AA for text. */
const ENOUGH = 4.5;
/** Backgrounds of simple mail become at most this much lighter than the sheet; text must be readable on it. */
const RAISED = 0.09;
const lightest = fromOklch({ ...SHEET, l: SHEET.l + RAISED });

export type Role = 'text' | 'background' | 'border';

/** A background that is not paper: the mail was designed and is not recoloured. */
export const isDesigned = (colour: Colour): boolean => {
  if (colour.alpha < 0.1) return false;
  const { l, c } = toOklch(colour);
  return l < 0.93 || c > 0.06;
};

const readable = (colour: Colour): Colour => {
  const { l, c, h } = toOklch(colour);
  // Black becomes the ink of the night; what stood back by day stands back.
  for (let up = 0.94 - 0.3 * l; up < 1; up += 0.02) {
    const found = fromOklch({ l: up, c, h });
    if (contrast(found, lightest) >= ENOUGH) return found;
  }
  return white;
};

/** Greys take the tone of the sheet. */
const tone = ({ c, h }: { c: number; h: number }): { c: number; h: number } =>
  c < 0.02 ? { c: SHEET.c, h: SHEET.h } : { c, h };

/**
 * A colour of a simple mail (dark on white) for the night sheet: lightness turned over in OKLCH, hue kept, text at least
 * 4.5:1. Text that nobody was to see on white stays unseen.
 */
export const recolour = (colour: Colour, role: Role): string => {
  if (colour.alpha < 0.05) return 'transparent';
  const seen = toOklch(colour);
  if (role !== 'text') {
    const l =
      role === 'background'
        ? SHEET.l + Math.min((1 - seen.l) * 1.2, RAISED)
        : Math.min(SHEET.l + 0.12 + (1 - seen.l) * 0.4, 0.75);
    return toHex({ ...fromOklch({ l, ...tone(seen) }), alpha: colour.alpha });
  }
  return contrast(colour, white) < 1.25 ? NIGHT.sheet : toHex(readable(colour));
};
