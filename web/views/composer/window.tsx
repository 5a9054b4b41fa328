import { useComputed, useSignalEffect } from '@preact/signals';
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { Active } from '#editor/protocol.ts';
import type { EmailAddress, Identity } from '#jmap/mail.ts';
import type { Writing } from '#model/compose/composers.ts';
import { type Letter, htmlOf, plainOf, signatureOf, type Warning, warnings } from '#model/compose/letter.ts';
import { takeAhead } from '#model/compose-port.ts';
import { clockTime } from '#model/format.ts';
import { initialsOf, colourOf } from '#model/people.ts';
import { Icon } from '#parts/icon.tsx';
import { Arch, Avatar } from '#parts/people.tsx';
import { IconButton } from '#parts/tooltip.tsx';
import { Attachments } from './attachments.tsx';
import { EditorFrame, type EditorHandle } from './editor-frame.tsx';
import { FormatBar } from './format-bar.tsx';
import { QuoteBelow } from './quote-below.tsx';
import { Recipients } from './recipients.tsx';

type Suggest = (prefix: string) => Promise<readonly EmailAddress[]>;

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

const titleOf = (letter: Letter): string => letter.subject.trim() || 'New message';

const hintWords = (warning: Warning): string => {
  switch (warning.kind) {
    case 'address':
      return `“${warning.email}” is no complete address.`;
    case 'attachment':
      return `You wrote “${warning.word}”, but nothing is attached.`;
    case 'many':
      return `This goes to ${warning.count} people.`;
    case 'subject':
      return 'There is no subject.';
    case 'uploading':
      return 'A file is still being uploaded. It goes with the letter once it is there.';
  }
};

const From = ({ writing, letter }: { writing: Writing; letter: Letter }) => {
  const identities = writing.mail.identities.value;
  const chosen = identities.find((each) => each.id === letter.identityId) ?? identities[0];
  const words = (each: Identity): string => (each.name ? `${each.name} <${each.email}>` : each.email);
  return (
    <div class="comp-field">
      <span class="comp-label">From</span>
      <span class="pill plain">
        <Arch
          initial={(writing.mail.account.name[0] ?? '?').toUpperCase()}
          colour={writing.mail.status.value?.colour ?? 'patina'}
          size="xs"
        />
        {identities.length > 1 ? (
          <select
            aria-label="From"
            value={chosen?.id}
            onChange={(event) => writing.draft.change({ identityId: event.currentTarget.value as Identity['id'] })}
          >
            {identities.map((each) => (
              <option key={each.id} value={each.id}>
                {words(each)}
              </option>
            ))}
          </select>
        ) : (
          <span class="cut">
            {chosen?.name} <span class="muted">{chosen?.email}</span>
          </span>
        )}
      </span>
    </div>
  );
};

const People = ({ writing, letter, suggest }: { writing: Writing; letter: Letter; suggest: Suggest }) => {
  const [cc, setCc] = useState(letter.cc.length > 0);
  const [bcc, setBcc] = useState(letter.bcc.length > 0);
  useEffect(() => {
    const shown = (event: Event): void => ((event as CustomEvent<string>).detail === 'cc' ? setCc(true) : setBcc(true));
    const at = document.getElementById(`comp-${writing.key}`);
    at?.addEventListener('postern-show', shown);
    return () => at?.removeEventListener('postern-show', shown);
  }, []);
  return (
    <>
      <div class="comp-field">
        <span class="comp-label">To</span>
        <Recipients
          label="To"
          people={letter.to}
          suggest={suggest}
          focused={writing.begins === 'to'}
          change={(to) => writing.draft.change({ to })}
        />
        <span class="comp-more">
          {cc ? null : (
            <button type="button" onClick={() => setCc(true)}>
              Cc
            </button>
          )}
          {bcc ? null : (
            <button type="button" onClick={() => setBcc(true)}>
              Bcc
            </button>
          )}
        </span>
      </div>
      {cc ? (
        <div class="comp-field">
          <span class="comp-label">Cc</span>
          <Recipients
            label="Cc"
            people={letter.cc}
            suggest={suggest}
            focused={letter.cc.length === 0}
            change={(list) => writing.draft.change({ cc: list })}
          />
        </div>
      ) : null}
      {bcc ? (
        <div class="comp-field">
          <span class="comp-label">Bcc</span>
          <Recipients
            label="Bcc"
            people={letter.bcc}
            suggest={suggest}
            focused={letter.bcc.length === 0}
            change={(list) => writing.draft.change({ bcc: list })}
          />
        </div>
      ) : null}
    </>
  );
};

const Head = ({ writing, title }: { writing: Writing; title: string }) => {
  const full = writing.shape.value === 'full';
  return (
    <div class="comp-h">
      <b class="cut">{title}</b>
      <span class="saved cut" role={writing.draft.kept.value.at === 'failed' ? 'alert' : undefined}>
        {keptWords(writing)}
      </span>
      <IconButton icon="minus" label="Minimise" size="sm" onClick={() => (writing.shape.value = 'minimised')} />
      <span class="comp-size">
        <IconButton
          icon={full ? 'minimize-2' : 'maximize-2'}
          label={full ? 'Smaller window' : 'Larger window'}
          size="sm"
          onClick={() => (writing.shape.value = full ? 'docked' : 'full')}
        />
      </span>
      <IconButton icon="x" label="Save and close" cap="Esc" size="sm" onClick={() => writing.close()} />
    </div>
  );
};

const InlineHead = ({
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

/** The focus goes back to where it was when the letter was opened, or to what took its place. */
const useFocusBack = (): void => {
  useLayoutEffect(() => {
    const before = document.activeElement;
    return () => {
      requestAnimationFrame(() => {
        if (document.activeElement !== document.body) return;
        const places = [
          before,
          ...['#list [tabindex="0"]', '.conv', '.m-b [tabindex="0"]'].map((each) => document.querySelector(each)),
        ];
        const place = places.find(
          (each) => each instanceof HTMLElement && each !== document.body && each.checkVisibility(),
        );
        (place as HTMLElement | undefined)?.focus({ preventScroll: true });
      });
    };
  }, []);
};

/** One letter being written: docked, inline below a conversation, or full. */
export const ComposerWindow = ({ writing, suggest }: { writing: Writing; suggest: Suggest }) => {
  const letter = writing.draft.letter.value;
  const { draft } = writing;
  useFocusBack();
  const editor = useRef<EditorHandle | null>(null);
  const plain = useRef<HTMLTextAreaElement>(null);
  const [active, setActive] = useState<readonly Active[]>([]);
  const [formatting, setFormatting] = useState(false);
  const [warned, setWarned] = useState<string | null>(null);
  const shape = writing.shape.value;
  const inline = shape === 'inline';
  const [unfolded, setUnfolded] = useState(writing.begins === 'to');
  const title = useComputed(() => titleOf(draft.letter.value)).value;
  const first = warnings(letter)[0];
  const signature = signatureOf(draft.identity());

  const focusBody = (): void => {
    if (letter.mode === 'plain') plain.current?.focus();
    else editor.current?.tell({ do: 'focus', at: 'start' });
  };
  /** Tab leaves the text for the Send button; Shift+Tab for what stands before it. */
  const tabOut = (back: boolean): void => {
    const own = document.getElementById(`comp-${writing.key}`);
    const stops = [...(own?.querySelectorAll<HTMLElement>('button, input, select, iframe') ?? [])].filter(
      (each) => each.tabIndex >= 0 && each.checkVisibility(),
    );
    const text = stops.findIndex((each) => each.classList.contains('editor-frame'));
    (back ? stops[text - 1] : document.getElementById(`send-${writing.key}`))?.focus();
  };
  const sendIt = (): void => {
    if ([...letter.to, ...letter.cc, ...letter.bcc].length === 0) setWarned('Say who it goes to.');
    else {
      setWarned(null);
      void writing.send();
    }
  };
  const act = (event: { key: string; ctrlKey: boolean; metaKey: boolean; shiftKey: boolean }): boolean => {
    const ctrl = event.ctrlKey || event.metaKey;
    const key = event.key.toLowerCase();
    const show = (what: string): void =>
      void document
        .getElementById(`comp-${writing.key}`)
        ?.dispatchEvent(new CustomEvent('postern-show', { detail: what }));
    if (ctrl && key === 'enter') sendIt();
    else if (ctrl && event.shiftKey && key === 'c') show('cc');
    else if (ctrl && event.shiftKey && key === 'b') show('bcc');
    else if (ctrl && event.shiftKey && key === 'd') writing.discard();
    else if (ctrl && key === 's') void draft.save().catch(() => undefined);
    else if (key === 'escape') writing.shape.value = 'minimised';
    else return false;
    return true;
  };
  const setMode = (mode: Letter['mode']): void => {
    if (mode === letter.mode) return;
    if (mode === 'plain') draft.change({ mode, text: plainOf(letter.html) });
    else {
      const html = htmlOf(letter.text);
      draft.change({ mode, html });
      editor.current?.tell({ do: 'set', html, label: 'Text of the letter' });
    }
  };
  const editQuote = (html: string): void => {
    if (letter.mode === 'plain') draft.change({ quote: null, text: `${letter.text}\n\n${plainOf(html)}` });
    else {
      draft.change({ quote: null });
      editor.current?.tell({ do: 'append', html });
    }
  };

  useEffect(() => {
    if (letter.mode !== 'plain' || writing.begins !== 'body') return;
    const ahead = takeAhead();
    if (ahead !== '') draft.change({ text: `${ahead}${draft.letter.peek().text}` });
    plain.current?.focus();
  }, []);
  useSignalEffect(() => {
    if (writing.trouble.value !== null) setWarned(writing.trouble.value);
  });

  return (
    <section
      id={`comp-${writing.key}`}
      class={`comp ${shape}`}
      role={inline ? 'region' : 'dialog'}
      aria-label={title}
      onKeyDown={(event) => {
        event.stopPropagation();
        if (act(event)) event.preventDefault();
      }}
      onDragOver={(event) => event.preventDefault()}
      onDrop={(event) => {
        event.preventDefault();
        writing.attach([...(event.dataTransfer?.files ?? [])]);
      }}
      onPaste={(event) => {
        const files = [...(event.clipboardData?.files ?? [])];
        if (files.length > 0) writing.attach(files);
      }}
    >
      {inline ? (
        <InlineHead writing={writing} letter={letter} unfolded={unfolded} unfold={setUnfolded} />
      ) : (
        <Head writing={writing} title={title} />
      )}
      {inline && !unfolded ? null : (
        <>
          <From writing={writing} letter={letter} />
          <People writing={writing} letter={letter} suggest={suggest} />
          <div class="comp-field">
            <label class="comp-label" for={`subject-${writing.key}`}>
              Subject
            </label>
            <input
              id={`subject-${writing.key}`}
              class="comp-subject"
              value={letter.subject}
              autocomplete="off"
              onInput={(event) => draft.change({ subject: event.currentTarget.value })}
            />
          </div>
        </>
      )}
      <div class="comp-b" onClick={(event) => event.target === event.currentTarget && focusBody()}>
        <EditorFrame
          label="Text of the letter"
          html={letter.html}
          hidden={letter.mode === 'plain'}
          ready={(handle) => {
            editor.current = handle;
            if (writing.rawQuote !== null)
              void handle.clean(writing.rawQuote).then(({ html, text }) => writing.quoteCleaned(html, text));
            if (writing.begins !== 'body' || draft.letter.peek().mode !== 'rich') return;
            const ahead = takeAhead();
            if (ahead !== '') {
              const html = `${htmlOf(ahead)}${draft.letter.peek().html}`;
              draft.change({ html });
              handle.tell({ do: 'set', html, label: 'Text of the letter' });
            }
            handle.tell({ do: 'focus', at: ahead === '' ? 'start' : 'end' });
          }}
          changed={(html) => draft.change({ html })}
          active={(styles) => setActive(styles)}
          pressed={(event) => {
            if (act({ key: event.key, ctrlKey: event.ctrl, metaKey: event.meta, shiftKey: event.shift })) return;
            if (event.key === 'Tab') tabOut(event.shift);
          }}
          image={(image) => writing.attachImage(image)}
          imageBytes={(cid) => writing.imageBytes(cid)}
          files={(files) => writing.attach(files)}
        />
        {letter.mode === 'plain' ? (
          <textarea
            ref={plain}
            class="comp-plain"
            aria-label="Text of the letter"
            value={letter.text}
            onInput={(event) => draft.change({ text: event.currentTarget.value })}
          />
        ) : null}
        {signature.text ? <div class="comp-sig">{signature.text}</div> : null}
        {letter.quote ? (
          <QuoteBelow
            writing={writing}
            quote={letter.quote}
            edit={editQuote}
            remove={() => draft.change({ quote: null })}
          />
        ) : null}
      </div>
      <Attachments letter={letter} remove={(each) => writing.remove(each)} />
      {warned === null ? null : (
        <div class="comp-hint failed" role="alert">
          <Icon name="circle-alert" size="s" />
          <span class="grow">{warned}</span>
          <IconButton icon="x" label="Dismiss" size="sm" onClick={() => setWarned(null)} />
        </div>
      )}
      {warned === null && first ? (
        <div class="comp-hint" role="status">
          <Icon name="triangle-alert" size="s" />
          <span class="grow">{hintWords(first)}</span>
        </div>
      ) : null}
      {formatting && letter.mode === 'rich' ? (
        <FormatBar active={active} tell={(message) => editor.current?.tell(message)} />
      ) : null}
      <Foot
        writing={writing}
        letter={letter}
        send={sendIt}
        formatting={formatting}
        setFormatting={setFormatting}
        setMode={setMode}
      />
    </section>
  );
};

const Foot = (props: {
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
      <IconButton icon="paperclip" label="Attach files" onClick={() => file.current?.click()} />
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
