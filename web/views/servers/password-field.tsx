import type { ComponentChildren, Ref } from 'preact';
import { useEffect, useId, useRef, useState } from 'preact/hooks';
import { Icon } from '#parts/icon.tsx';

/** A password, which can be shown. `input` is the field itself, to be focused. */
export const PasswordField = (props: {
  label: string;
  value: string;
  change(value: string): void;
  /** `current-password` is offered by managers; `off` for what they must not keep. */
  autocomplete?: string;
  input?: Ref<HTMLInputElement>;
  /** Beside the label. */
  children?: ComponentChildren;
}) => {
  const [seen, setSeen] = useState(false);
  const own = useRef<HTMLInputElement>(null);
  const id = useId();
  // Set by hand: Preact would write the value anew with the type.
  useEffect(() => own.current?.setAttribute('type', seen ? 'text' : 'password'), [seen]);
  return (
    <div class="sign-field">
      <span>
        <label for={id}>{props.label}</label>
        {props.children}
      </span>
      <span class="inp">
        <input
          id={id}
          ref={(element) => {
            own.current = element;
            if (typeof props.input === 'function') props.input(element);
            else if (props.input) props.input.current = element;
          }}
          type="password"
          name="password"
          autocomplete={props.autocomplete ?? 'current-password'}
          required
          value={props.value}
          onInput={(event) => props.change(event.currentTarget.value)}
        />
        <button
          type="button"
          class="icon sm"
          aria-label={seen ? 'Hide password' : 'Show password'}
          aria-pressed={seen}
          onClick={() => setSeen(!seen)}
        >
          <Icon name={seen ? 'eye-off' : 'eye'} />
        </button>
      </span>
    </div>
  );
};
