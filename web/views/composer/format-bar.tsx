import { useState } from 'preact/hooks';
import type { Active, Command, ToEditor } from '#editor/protocol.ts';
import type { IconName } from '#parts/icon.tsx';
import { Toolbar } from '#parts/toolbar.tsx';
import { IconButton } from '#parts/tooltip.tsx';

const buttons: readonly [IconName, string, Command, Active | null, string?][] = [
  ['bold', 'Bold', 'bold', 'bold', 'Ctrl B'],
  ['italic', 'Italic', 'italic', 'italic', 'Ctrl I'],
  ['underline', 'Underline', 'underline', 'underline', 'Ctrl U'],
  ['strikethrough', 'Strike through', 'strikethrough', 'strikethrough'],
  ['list', 'Bullets', 'bullets', 'bullets'],
  ['list-ordered', 'Numbers', 'numbers', 'numbers'],
  ['quote', 'Quote', 'quote', 'quote'],
];

const asHref = (text: string): string | null => {
  const typed = text.trim();
  if (typed === '') return null;
  if (/^(?:https?|mailto|tel):/iu.test(typed)) return typed;
  return typed.includes('@') && !typed.includes('/') ? `mailto:${typed}` : `https://${typed}`;
};

export const FormatBar = ({ active, tell }: { active: readonly Active[]; tell(message: ToEditor): void }) => {
  const [linking, setLinking] = useState(false);
  return (
    <div class="comp-format">
      <Toolbar label="Formatting">
        {buttons.map(([icon, label, name, state, cap]) => (
          <IconButton
            key={name}
            icon={icon}
            label={label}
            {...(cap === undefined ? {} : { cap })}
            size="sm"
            on={state !== null && active.includes(state)}
            pressed={state !== null && active.includes(state)}
            onClick={() => tell({ do: 'command', name })}
          />
        ))}
        <IconButton
          icon="link"
          label={active.includes('link') ? 'Remove link' : 'Link'}
          size="sm"
          on={active.includes('link')}
          onClick={() => (active.includes('link') ? tell({ do: 'link', href: null }) : setLinking(!linking))}
        />
        <IconButton
          icon="undo-2"
          label="Undo"
          cap="Ctrl Z"
          size="sm"
          onClick={() => tell({ do: 'command', name: 'undo' })}
        />
        <IconButton icon="redo-2" label="Redo" size="sm" onClick={() => tell({ do: 'command', name: 'redo' })} />
      </Toolbar>
      {linking ? (
        <form
          class="comp-link"
          onSubmit={(event) => {
            event.preventDefault();
            const typed = new FormData(event.currentTarget).get('href');
            const href = typeof typed === 'string' ? asHref(typed) : null;
            if (href !== null) tell({ do: 'link', href });
            setLinking(false);
          }}
        >
          <input
            name="href"
            aria-label="Where the link leads"
            placeholder="https://"
            autocomplete="off"
            ref={(input) => input?.focus()}
          />
          <button class="btn" type="submit">
            Link
          </button>
        </form>
      ) : null}
    </div>
  );
};
