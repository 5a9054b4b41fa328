import { useEffect, useRef, useState } from 'preact/hooks';
import { bare, type SecretForm } from './guides.ts';

/** How many of the characters before the caret matter. */
const caretIn = (input: HTMLInputElement): number => bare(input.value.slice(0, input.selectionStart ?? 0)).length;

/**
 * One field, drawn as groups: what is typed or pasted stands in one real input, which lies unseen over the drawing. So
 * paste, selection, undo and screen readers find what they know.
 */
export const Cells = (props: {
  form: SecretForm;
  label: string;
  describedBy: string;
  value: string;
  wrong: boolean;
  change(value: string): void;
}) => {
  const { form, value } = props;
  const own = useRef<HTMLInputElement>(null);
  const [at, setAt] = useState<{ from: number; to: number } | null>(null);
  const look = (): void => {
    const input = own.current;
    if (!input) return;
    const seen = document.activeElement === input;
    setAt(seen ? { from: input.selectionStart ?? 0, to: input.selectionEnd ?? 0 } : null);
  };
  useEffect(() => {
    document.addEventListener('selectionchange', look);
    return () => document.removeEventListener('selectionchange', look);
  }, []);
  const groups = Array.from({ length: form.length / form.group }, (_, index) => index * form.group);
  const focused = at === null ? -1 : Math.min(Math.floor(at.from / form.group), groups.length - 1);
  return (
    <div class={`cells ${props.wrong ? 'wrong' : ''}`}>
      {groups.map((start, index) => (
        <span key={start} class={index === focused ? 'on' : ''} aria-hidden="true">
          {value
            .slice(start, index === groups.length - 1 ? undefined : start + form.group)
            .split('')
            .map((letter, offset) => (
              <i key={offset} class={at && start + offset >= at.from && start + offset < at.to ? 'picked' : ''}>
                {letter}
              </i>
            ))}
        </span>
      ))}
      <input
        ref={own}
        type="text"
        aria-label={props.label}
        aria-describedby={props.describedBy}
        aria-invalid={props.wrong}
        autocomplete="off"
        autocapitalize="off"
        autocorrect="off"
        spellcheck={false}
        value={value}
        onFocus={look}
        onBlur={look}
        onInput={(event) => {
          const input = event.currentTarget;
          const caret = caretIn(input);
          const text = bare(input.value);
          if (input.value !== text) {
            input.value = text;
            input.setSelectionRange(caret, caret);
          }
          look();
          props.change(text);
        }}
        onClick={(event) => {
          // The letters are drawn elsewhere than the field thinks: a click goes to the end of the group it hit.
          const input = event.currentTarget;
          if (input.selectionStart !== input.selectionEnd) return;
          const { left, width } = input.getBoundingClientRect();
          const group = Math.floor(((event.clientX - left) / width) * groups.length) + 1;
          const caret = Math.min(input.value.length, group * form.group);
          input.setSelectionRange(caret, caret);
        }}
      />
    </div>
  );
};
