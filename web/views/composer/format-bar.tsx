import type { Active, Command, ToEditor } from '#editor/protocol.ts';
import type { IconName } from '#parts/icon.tsx';
import { Toolbar } from '#parts/toolbar.tsx';
import { IconButton } from '#parts/tooltip.tsx';

const buttons: readonly [IconName, string, Command, Active | null, string?][] = [
  ['bold', 'Bold', 'bold', 'bold', 'Ctrl B'],
  ['italic', 'Italic', 'italic', 'italic', 'Ctrl I'],
  ['underline', 'Underline', 'underline', 'underline', 'Ctrl U'],
  ['strikethrough', 'Strike through', 'strikethrough', 'strikethrough', 'Alt Shift 5'],
  ['list', 'Bullets', 'bullets', 'bullets', 'Ctrl Shift 8'],
  ['list-ordered', 'Numbers', 'numbers', 'numbers', 'Ctrl Shift 7'],
  ['quote', 'Quote', 'quote', 'quote', 'Ctrl Shift 9'],
];

const asHref = (text: string): string | null => {
  const typed = text.trim();
  if (typed === '') return null;
  if (/^(?:https?|mailto|tel):/iu.test(typed)) return typed;
  return typed.includes('@') && !typed.includes('/') ? `mailto:${typed}` : `https://${typed}`;
};

export interface FormatBarProps {
  active: readonly Active[];
  /** It is asked where a link leads. */
  linking: boolean;
  setLinking(on: boolean): void;
  /** The focus to the text. */
  back(): void;
  tell(message: ToEditor): void;
}

export const FormatBar = ({ active, linking, setLinking, back, tell }: FormatBarProps) => {
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
          cap="Ctrl K"
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
          onKeyDown={(event) => {
            if (event.key !== 'Escape') return;
            event.stopPropagation();
            setLinking(false);
            back();
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
