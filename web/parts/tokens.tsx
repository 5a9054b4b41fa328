import { useEffect, useId, useRef, useState } from 'preact/hooks';
import type { ComponentChildren } from 'preact';

/**
 * People as tokens in an input with suggestions: ARIA Authoring Practices, combobox with listbox popup; focus stays in the
 * input, the chosen option is named by `aria-activedescendant`. Backspace in an empty input takes the last token to edit.
 */
export interface TokensProps<T> {
  label: string;
  items: readonly T[];
  keyOf(item: T): string;
  render(item: T): ComponentChildren;
  /** Class of the token, e.g. `warn`. */
  toneOf?(item: T): string | undefined;
  nameOf(item: T): string;
  /** Text for the input when a token is taken back to be edited. */
  textOf(item: T): string;
  /** Tokens of typed or pasted text; what is no token stays in the input. */
  parse(text: string): T[];
  suggest(prefix: string): Promise<readonly T[]>;
  renderSuggestion(item: T): ComponentChildren;
  change(items: readonly T[]): void;
  focused?: boolean;
  /** Text to begin with, asked for once the input has the focus. */
  begin?(): string;
}

const separators = /[,;\n]/u;

export const Tokens = <T,>(props: TokensProps<T>) => {
  const { items, change, keyOf } = props;
  const [text, setText] = useState('');
  const [found, setFound] = useState<readonly T[]>([]);
  const [at, setAt] = useState(0);
  const input = useRef<HTMLInputElement>(null);
  const id = useId();
  const asked = useRef(0);

  useEffect(() => {
    if (props.focused !== true) return;
    input.current?.focus();
    const typed = props.begin?.() ?? '';
    if (typed !== '') setText(typed);
  }, [props.focused]);

  useEffect(() => {
    asked.current += 1;
    const mine = asked.current;
    if (text.trim() === '') {
      setFound([]);
      return undefined;
    }
    const timer = setTimeout(() => {
      props.suggest(text).then(
        (list) => {
          if (mine !== asked.current) return;
          setFound(list.filter((each) => !items.some((item) => keyOf(item) === keyOf(each))));
          setAt(0);
        },
        () => setFound([]),
      );
    }, 60);
    return () => clearTimeout(timer);
  }, [text]);

  const add = (more: readonly T[]): void => {
    const known = new Set(items.map(keyOf));
    change([...items, ...more.filter((each) => !known.has(keyOf(each)))]);
    setText('');
    setFound([]);
  };
  /** Takes what is typed as a token; false when there is nothing. */
  const commit = (): boolean => {
    const more = props.parse(text);
    if (more.length > 0) add(more);
    return more.length > 0;
  };
  const remove = (item: T): void => {
    change(items.filter((each) => each !== item));
    input.current?.focus();
  };

  const keydown = (event: KeyboardEvent): void => {
    const chosen = found[at];
    if (event.key === 'ArrowDown' && found.length > 0) {
      event.preventDefault();
      setAt((at + 1) % found.length);
    } else if (event.key === 'ArrowUp' && found.length > 0) {
      event.preventDefault();
      setAt((at + found.length - 1) % found.length);
    } else if (
      (event.key === 'Enter' || event.key === 'Tab') &&
      !event.ctrlKey &&
      !event.metaKey &&
      chosen !== undefined
    ) {
      event.preventDefault();
      add([chosen]);
    } else if (event.key === 'Enter' && !event.ctrlKey && !event.metaKey) {
      event.preventDefault();
      commit();
    } else if (event.key === 'Escape' && found.length > 0) {
      event.preventDefault();
      event.stopPropagation();
      setFound([]);
    } else if (event.key === 'Backspace' && text === '' && items.length > 0) {
      event.preventDefault();
      const last = items.at(-1);
      if (last !== undefined) {
        setText(props.textOf(last));
        change(items.slice(0, -1));
      }
    }
  };

  return (
    <div class="tokens" onClick={(event) => event.target === event.currentTarget && input.current?.focus()}>
      {items.map((item) => (
        <span key={keyOf(item)} class={`pill ${props.toneOf?.(item) ?? ''}`}>
          {props.render(item)}
          <button type="button" class="pill-x" aria-label={`Remove ${props.nameOf(item)}`} onClick={() => remove(item)}>
            <svg class="i xs" viewBox="0 0 24 24" fill="none" stroke="currentColor" aria-hidden="true">
              <path d="M18 6 6 18M6 6l12 12" />
            </svg>
          </button>
        </span>
      ))}
      <input
        ref={input}
        class="tokens-input"
        role="combobox"
        aria-label={props.label}
        aria-expanded={found.length > 0}
        aria-controls={`${id}-list`}
        aria-autocomplete="list"
        {...(found.length > 0 ? { 'aria-activedescendant': `${id}-${at}` } : {})}
        autocomplete="off"
        spellcheck={false}
        value={text}
        onInput={(event) => {
          const { value } = event.currentTarget;
          if (separators.test(value)) {
            const more = props.parse(value);
            if (more.length > 0) {
              add(more);
              return;
            }
          }
          setText(value);
        }}
        onKeyDown={keydown}
        onBlur={() => {
          commit();
          setFound([]);
        }}
      />
      <ul
        id={`${id}-list`}
        class="tokens-list"
        role="listbox"
        aria-label={`${props.label}, suggestions`}
        hidden={found.length === 0}
      >
        {found.map((item, index) => (
          <li
            key={keyOf(item)}
            id={`${id}-${index}`}
            role="option"
            aria-selected={index === at}
            onPointerDown={(event) => {
              event.preventDefault();
              add([item]);
            }}
          >
            {props.renderSuggestion(item)}
          </li>
        ))}
      </ul>
    </div>
  );
};
