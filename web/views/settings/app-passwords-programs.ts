import type { AppPasswordProgram } from '#jmap/app-password.ts';
import type { IconName } from '#parts/icon.tsx';

export const programIcon: Readonly<Record<AppPasswordProgram, IconName>> = {
  thunderbird: 'laptop',
  apple: 'smartphone',
  outlook: 'mail',
  android: 'smartphone',
  scanner: 'printer',
  script: 'terminal',
  postern: 'server',
  other: 'key-round',
};
