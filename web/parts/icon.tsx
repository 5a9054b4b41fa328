import { icons } from './icons.ts';
import type { laterIcons } from './later-icons.ts';

export type IconName = keyof typeof icons | keyof typeof laterIcons;

const known: Partial<Record<IconName, string>> = { ...icons };

/** Makes the icons of views that are fetched later known. */
export const addIcons = (more: typeof laterIcons): void => {
  Object.assign(known, more);
};

export const isIcon = (name: string | null): name is IconName => name !== null && Object.hasOwn(known, name);

/** A lucide icon; decoration only, so the control around it carries the name. */
export const Icon = ({ name, size, star }: { name: IconName; size?: 's' | 'xs'; star?: boolean }) => (
  <svg
    class={`i ${size ?? ''}${star ? ' star' : ''}`}
    viewBox="0 0 24 24"
    fill="none"
    stroke="currentColor"
    stroke-linecap="round"
    stroke-linejoin="round"
    aria-hidden="true"
  >
    <path d={known[name]} />
  </svg>
);

/** The arch with its door ajar. */
export const Mark = () => (
  <svg viewBox="0 0 24 24" aria-hidden="true">
    <path class="mark-arch" d="M3 22.5V11a9 9 0 0 1 18 0v11.5z" />
    <path class="mark-light" d="M7.5 22.5V11.3a4.5 4.5 0 0 1 9 0v11.2z" />
    <path class="mark-leaf" d="M7.5 22.5V11.3a3.1 4.5 0 0 1 6.2 0v11.2z" />
  </svg>
);

/** The arch with the lantern lit: nothing is waiting. */
export const LitArch = () => (
  <svg class="arch-lit" viewBox="0 0 24 24" aria-hidden="true">
    <path class="mark-arch" d="M3 22.5V11a9 9 0 0 1 18 0v11.5z" />
    <path class="mark-light" d="M7.5 22.5V11.3a4.5 4.5 0 0 1 9 0v11.2z" />
  </svg>
);
