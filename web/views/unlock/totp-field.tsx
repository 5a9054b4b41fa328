import { useEffect, useId, useRef } from 'preact/hooks';

/** Six digits of an authenticator app; sent as soon as they are all there. */
export const TotpField = (props: { value: string; change(value: string): void; complete?(code: string): void }) => {
  const own = useRef<HTMLInputElement>(null);
  const id = useId();
  useEffect(() => own.current?.focus(), []);
  return (
    <div class="sign-field">
      <span>
        <label for={id}>Six digits from your authenticator app</label>
      </span>
      <span class="inp">
        <input
          id={id}
          ref={own}
          class="digits"
          type="text"
          inputMode="numeric"
          autocomplete="one-time-code"
          maxLength={7}
          required
          value={props.value}
          onInput={(event) => {
            const digits = event.currentTarget.value.replaceAll(/\D/gu, '').slice(0, 6);
            event.currentTarget.value = digits;
            props.change(digits);
            if (digits.length === 6) props.complete?.(digits);
          }}
        />
      </span>
    </div>
  );
};
