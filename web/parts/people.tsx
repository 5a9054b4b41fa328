/** People are circles, accounts are arches. Both are decoration: the name stands beside them. */

export const Avatar = ({ initials, colour, size }: { initials: string; colour: string; size?: 'md' | 'sm' }) => (
  <span class={`ava g-${colour} ${size ?? ''}`} aria-hidden="true">
    {initials}
  </span>
);

export const Arch = ({
  initial,
  colour,
  size,
  title,
}: {
  initial: string;
  colour: string;
  size?: 'lg' | 'xs';
  title?: string;
}) => (
  <span class={`arch g-${colour} ${size ?? ''}`} title={title} aria-hidden="true">
    {initial}
  </span>
);
