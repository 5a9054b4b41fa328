import type { Density } from '#model/prefs.ts';

export const densityNames: Readonly<Record<Density, string>> = {
  one: 'One line',
  compact: 'Compact',
  default: 'Three lines',
  relaxed: 'Relaxed',
};
