import type { Command } from './protocol.ts';

const ctrl = /Mac|iP/u.test(navigator.platform) ? 'Meta-' : 'Ctrl-';

/** Gmail's keys where Squire has others or none, as Squire names keys; bold, italic, underline, indent and undo are alike. */
export const formatKeys: readonly (readonly [string, Command])[] = [
  [`${ctrl}Shift-7`, 'numbers'],
  [`${ctrl}Shift-8`, 'bullets'],
  [`${ctrl}Shift-9`, 'quote'],
  [`${ctrl}Shift-L`, 'left'],
  [`${ctrl}Shift-E`, 'center'],
  [`${ctrl}Shift-R`, 'right'],
  ['Alt-Shift-5', 'strikethrough'],
  [`${ctrl}\\`, 'clear'],
];
