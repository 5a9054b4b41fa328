import type { ComponentChildren } from 'preact';
import { LitArch } from '#parts/icon.tsx';

/** One line, and what can be done: nothing is here, or something failed. */
export const State = ({ title, lit, children }: { title: string; lit?: boolean; children?: ComponentChildren }) => (
  <div class="state">
    {lit ? <LitArch /> : null}
    <b>{title}</b>
    {children}
  </div>
);
