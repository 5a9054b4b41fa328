import type { Ref } from 'preact';
import { useId } from 'preact/hooks';
import { spaced } from '#model/unlockers/recovery.ts';

/** A recovery code, drawn in its groups of four; pasted with or without spaces and dashes. */
export const CodeField = (props: {
  label: string;
  value: string;
  change(value: string): void;
  groups?: number;
  input?: Ref<HTMLInputElement>;
}) => {
  const id = useId();
  const groups = props.groups ?? 8;
  return (
    <div class="sign-field">
      <span>
        <label for={id}>{props.label}</label>
      </span>
      <span class="inp">
        <input
          id={id}
          ref={props.input ?? null}
          class="code"
          type="text"
          autocomplete="off"
          autocapitalize="characters"
          spellcheck={false}
          required
          placeholder={Array.from({ length: Math.min(groups, 8) }, () => '····').join(' ')}
          value={props.value}
          onInput={(event) => {
            const input = event.currentTarget;
            const atEnd = input.selectionStart === input.value.length;
            const drawn = spaced(input.value, groups);
            // Only at its end, so that the caret stays where one corrects.
            if (atEnd) input.value = drawn;
            props.change(atEnd ? drawn : input.value);
          }}
        />
      </span>
    </div>
  );
};
