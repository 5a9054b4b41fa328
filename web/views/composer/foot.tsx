import { useRef } from 'preact/hooks';
import type { Writing } from '#model/compose/composers.ts';
import type { Letter } from '#model/compose/letter.ts';
import { IconButton } from '#parts/tooltip.tsx';

/** Send, attach, format, discard. */
export const Foot = (props: {
  writing: Writing;
  letter: Letter;
  send(): void;
  formatting: boolean;
  setFormatting(on: boolean): void;
  setMode(mode: Letter['mode']): void;
}) => {
  const { writing, letter } = props;
  const file = useRef<HTMLInputElement>(null);
  return (
    <div class="comp-f">
      <button
        id={`send-${writing.key}`}
        type="button"
        class="btn primary"
        aria-disabled={writing.sending.value}
        onClick={props.send}
      >
        {writing.sending.value ? 'Sending' : 'Send'}
        <kbd>Ctrl ↵</kbd>
      </button>
      <input
        ref={file}
        type="file"
        multiple
        hidden
        onChange={(event) => {
          writing.attach([...(event.currentTarget.files ?? [])]);
          event.currentTarget.value = '';
        }}
      />
      <IconButton class="comp-attach" icon="paperclip" label="Attach files" onClick={() => file.current?.click()} />
      {letter.mode === 'rich' ? (
        <IconButton
          icon="type"
          label="Formatting"
          pressed={props.formatting}
          on={props.formatting}
          onClick={() => props.setFormatting(!props.formatting)}
        />
      ) : null}
      <button
        type="button"
        class="btn quiet comp-mode"
        onClick={() => props.setMode(letter.mode === 'rich' ? 'plain' : 'rich')}
      >
        {letter.mode === 'rich' ? 'Plain text' : 'Rich text'}
      </button>
      <span class="grow" />
      <IconButton icon="trash" label="Discard draft" onClick={() => writing.discard()} />
    </div>
  );
};
