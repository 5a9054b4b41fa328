import type { Writing } from '#model/compose/composers.ts';
import type { Letter } from '#model/compose/letter.ts';
import { clockTime } from '#model/format.ts';
import { colourOf, initialsOf } from '#model/people.ts';
import { Icon } from '#parts/icon.tsx';
import { Avatar } from '#parts/people.tsx';
import { IconButton } from '#parts/tooltip.tsx';

const keptWords = (writing: Writing): string => {
  const kept = writing.draft.kept.value;
  switch (kept.at) {
    case 'new':
      return '';
    case 'changed':
    case 'saving':
      return 'Saving';
    case 'saved':
      return `Saved ${clockTime(kept.when)}`;
    case 'failed':
      return 'Could not save to Drafts on the server. Kept on this device.';
  }
};

/** The bar of a window. */
export const Head = ({ writing, title }: { writing: Writing; title: string }) => {
  const full = writing.shape.value === 'full';
  return (
    <div class="comp-h">
      <b class="cut">{title}</b>
      <span class="saved cut" role={writing.draft.kept.value.at === 'failed' ? 'alert' : undefined}>
        {keptWords(writing)}
      </span>
      <IconButton
        icon="minus"
        label="Minimise"
        cap="Esc"
        size="sm"
        onClick={() => (writing.shape.value = 'minimised')}
      />
      <span class="comp-size">
        <IconButton
          icon={full ? 'minimize-2' : 'maximize-2'}
          label={full ? 'Smaller window' : 'Larger window'}
          size="sm"
          onClick={() => (writing.shape.value = full ? 'docked' : 'full')}
        />
      </span>
      <IconButton icon="x" label="Save and close" size="sm" onClick={() => writing.close()} />
    </div>
  );
};

/** The line above an answer written in place; unfolds who it goes to. */
export const InlineHead = ({
  writing,
  letter,
  unfolded,
  unfold,
}: {
  writing: Writing;
  letter: Letter;
  unfolded: boolean;
  unfold(on: boolean): void;
}) => {
  const me = writing.draft.identity();
  const names = [...letter.to, ...letter.cc].map((each) => each.name ?? each.email).join(', ');
  return (
    <div class="inline-h">
      <Avatar
        initials={initialsOf({ name: me?.name ?? null, email: me?.email ?? '?' })}
        colour={colourOf(me?.email ?? '')}
        size="sm"
      />
      <button type="button" class="inline-to" aria-expanded={unfolded} onClick={() => unfold(!unfolded)}>
        <Icon name={letter.quote?.kind === 'forward' ? 'forward' : 'reply'} size="xs" />
        <span class="cut">
          {letter.quote?.kind === 'forward' ? 'Forward to' : 'Reply to'} <b>{names || 'nobody yet'}</b>
        </span>
        <Icon name="chevron-down" size="xs" />
      </button>
      <span class="grow" />
      <span class="muted cut">{keptWords(writing)}</span>
      <IconButton
        icon="maximize-2"
        label="Open in a window"
        size="sm"
        onClick={() => (writing.shape.value = 'docked')}
      />
    </div>
  );
};
