import { useEffect, useId, useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { ComponentChildren } from 'preact';

/**
 * People as tokens in an input with suggestions: ARIA Authoring Practices, combobox with listbox popup; focus stays in the
 * input, the chosen option is named by `aria-activedescendant`. Backspace in an empty input takes the last token to edit.
 * Enter and Tab take the chosen suggestion: one that the arrows went to, or the first, if what is typed is nothing whole
 * and the suggestions are for exactly that. Enter before they are there waits for them.
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
  /** The tokens that a separator has finished, and what is still being typed. */
  finished(text: string): { items: T[]; rest: string };
  /** The text says all by itself: no suggestion is chosen for it. */
  isWhole(text: string): boolean;
  suggest(prefix: string): Promise<readonly T[]>;
  renderSuggestion(item: T): ComponentChildren;
  change(items: readonly T[]): void;
  focused?: boolean;
  /** Text to begin with, asked for once the input has the focus. */
  begin?(): string;
}

interface Found<T> {
  /** The text they were asked for. */
  text: string;
  list: readonly T[];
}

const none = { text: '', list: [] };

export const Tokens = <T,>(props: TokensProps<T>) => {
  const { items, change, keyOf } = props;
  const [text, setText] = useState('');
  const [found, setFound] = useState<Found<T>>(none);
  /** Key of the suggestion that the arrows went to. */
  const [picked, setPicked] = useState<string | null>(null);
  const input = useRef<HTMLInputElement>(null);
  const id = useId();
  const asked = useRef(0);
  /** Enter was pressed on this text before its suggestions were there. */
  const eager = useRef<string | null>(null);
  const latest = useRef(props);
  latest.current = props;

  const { list } = found;
  const fresh = found.text === text && text !== '';
  const pickedAt = list.findIndex((each) => keyOf(each) === picked);
  const at = pickedAt < 0 && list.length > 0 && fresh && !props.isWhole(text) ? 0 : pickedAt;
  /** No suggestions, also not those that are on their way. */
  const quiet = (): void => {
    asked.current += 1;
    eager.current = null;
    setFound(none);
  };

  // Before anything else can be pressed: a key that comes between drawing and focus would be lost.
  useLayoutEffect(() => {
    if (props.focused !== true) return;
    input.current?.focus();
    const typed = props.begin?.() ?? '';
    if (typed !== '') setText(typed);
  }, [props.focused]);

  useEffect(() => {
    asked.current += 1;
    const mine = asked.current;
    setPicked(null);
    if (text.trim() === '') {
      setFound(none);
      return undefined;
    }
    const show = (all: readonly T[]): void => {
      if (mine !== asked.current) return;
      const known = new Set(latest.current.items.map(keyOf));
      const left = all.filter((each) => !known.has(keyOf(each)));
      const [first] = left;
      if (eager.current !== text) setFound({ text, list: left });
      else if (first === undefined) commit();
      else add([first]);
      eager.current = null;
    };
    const timer = setTimeout(() => void props.suggest(text).then(show, () => show([])), 60);
    return () => clearTimeout(timer);
  }, [text]);

  const add = (more: readonly T[]): void => {
    const known = new Set(latest.current.items.map(keyOf));
    change([...latest.current.items, ...more.filter((each) => !known.has(keyOf(each)))]);
    setText('');
    quiet();
  };
  // Of many only some are in sight: those beside what is typed next.
  useLayoutEffect(() => {
    if (document.activeElement === input.current) input.current?.scrollIntoView({ block: 'nearest' });
  }, [items]);

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

  /** Several at once become tokens; a field of one line would run the lines together. */
  const paste = (event: ClipboardEvent): void => {
    const pasted = event.clipboardData?.getData('text/plain') ?? '';
    const { selectionStart: from, selectionEnd: to } = event.currentTarget as HTMLInputElement;
    const whole = `${text.slice(0, from ?? 0)}${pasted}${text.slice(to ?? text.length)}`;
    const more = props.parse(whole);
    if (!/[\n\r\t,;]/u.test(pasted.trim()) || !more.some((each) => props.isWhole(props.textOf(each)))) return;
    event.preventDefault();
    add(more);
  };

  const keydown = (event: KeyboardEvent): void => {
    const chosen = list[at];
    const ctrl = event.ctrlKey || event.metaKey;
    if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
      const by = event.key === 'ArrowDown' ? at + 1 : Math.max(at, 0) - 1;
      const to = list[(by + list.length) % list.length];
      if (to === undefined) return;
      event.preventDefault();
      setPicked(keyOf(to));
    } else if ((event.key === 'Enter' || event.key === 'Tab') && !ctrl && !event.shiftKey && chosen !== undefined) {
      event.preventDefault();
      add([chosen]);
    } else if (event.key === 'Enter' && ctrl) commit();
    else if (event.key === 'Enter') {
      event.preventDefault();
      if (fresh || text.trim() === '' || props.isWhole(text)) commit();
      else eager.current = text;
    } else if (event.key === 'Escape' && list.length > 0) {
      event.preventDefault();
      event.stopPropagation();
      quiet();
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
    <div class="tokens">
      <div class="tokens-in" onClick={(event) => event.target === event.currentTarget && input.current?.focus()}>
        {items.map((item) => (
          <span key={keyOf(item)} class={`pill ${props.toneOf?.(item) ?? ''}`}>
            {props.render(item)}
            <button
              type="button"
              class="pill-x"
              aria-label={`Remove ${props.nameOf(item)}`}
              onClick={() => remove(item)}
            >
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
          aria-expanded={list.length > 0}
          aria-controls={`${id}-list`}
          aria-autocomplete="list"
          {...(at >= 0 ? { 'aria-activedescendant': `${id}-${at}` } : {})}
          autocomplete="off"
          spellcheck={false}
          value={text}
          onInput={(event) => {
            const { value } = event.currentTarget;
            const { items: done, rest } = props.finished(value);
            if (done.length > 0) add(done);
            setText(done.length > 0 ? rest : value);
          }}
          onPaste={paste}
          onKeyDown={keydown}
          onBlur={() => {
            commit();
            quiet();
          }}
        />
      </div>
      <ul
        id={`${id}-list`}
        class="tokens-list"
        role="listbox"
        aria-label={`${props.label}, suggestions`}
        hidden={list.length === 0}
      >
        {list.map((item, index) => (
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
