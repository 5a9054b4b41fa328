import { useComputed, useSignalEffect } from '@preact/signals';
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { Active } from '#editor/protocol.ts';
import type { Writing } from '#model/compose/composers.ts';
import { type Letter, htmlOf, recipients, signatureOf, type Warning, warnings } from '#model/compose/letter.ts';
import { quotedHtml, quotedText } from '#model/compose/new-email.ts';
import { plainOf } from '#model/compose/plain.ts';
import { latinOf } from '#model/keys.ts';
import { takeLinesAhead } from '#model/ahead.ts';
import { Icon } from '#parts/icon.tsx';
import { focusRegion } from '#parts/regions.ts';
import { IconButton } from '#parts/tooltip.tsx';
import { later } from '../later.tsx';
import { useModel } from '../model.ts';
import { Attachments } from './attachments.tsx';
import { EditorFrame, type EditorHandle } from './editor-frame.tsx';
import { Fields, type Suggest } from './fields.tsx';
import { Foot } from './foot.tsx';
import { useFocusBack } from './focus-back.ts';
import { Head, InlineHead } from './heads.tsx';
import { QuoteBelow } from './quote-below.tsx';
import {
  holdLeft,
  holdPlace,
  isHalfTyped,
  restoreBody,
  restoreFields,
  restorePlain,
  showField,
  toText,
  wasUnfolded,
  windowOf,
  isInField,
} from './resting.ts';

const formatBar = later(async () => (await import('./format-bar.tsx')).FormatBar);

const titleOf = (letter: Letter): string => letter.subject.trim() || 'New message';

const hintWords = (warning: Warning): string => {
  switch (warning.kind) {
    case 'address':
      return `“${warning.email}” is no complete address.`;
    case 'attachment':
      return `You wrote “${warning.word}”, but nothing is attached.`;
    case 'many':
      return `This goes to ${warning.count} people.`;
    case 'uploading':
      return 'A file is still being uploaded. It goes with the letter once it is there.';
  }
};

/** Text that is dragged goes where it is dropped by itself. */
const isOfFiles = ({ dataTransfer }: DragEvent): boolean => dataTransfer?.types.includes('Files') === true;

/** More than lines of text. */
const isFormatted = (html: string): boolean => /<(?!\/?(?:div|br)\b)/iu.test(html);

export interface ComposerWindowProps {
  writing: Writing;
  suggest: Suggest;
  /** To the letter beside it, of those that are being written. */
  beside(by: 1 | -1): void;
}

/** One letter being written: docked, inline below a conversation, or full. */
export const ComposerWindow = ({ writing, suggest, beside }: ComposerWindowProps) => {
  const letter = writing.draft.letter.value;
  const { draft } = writing;
  const { mails, toasts } = useModel();
  useFocusBack();
  useLayoutEffect(() => () => holdLeft(writing), []);
  const editor = useRef<EditorHandle | null>(null);
  const plain = useRef<HTMLTextAreaElement>(null);
  const [active, setActive] = useState<readonly Active[]>([]);
  const [formatting, setFormatting] = useState(false);
  const [linking, setLinking] = useState(false);
  const [warned, setWarned] = useState<string | null>(null);
  const shape = writing.shape.value;
  const inline = shape === 'inline';
  const [unfolded, setUnfolded] = useState(writing.begins === 'to' || wasUnfolded(writing));
  const title = useComputed(() => titleOf(draft.letter.value)).value;
  const first = warnings(letter)[0];
  const signature = signatureOf(draft.identity());

  const focusBody = (): void => {
    if (draft.letter.peek().mode === 'plain') plain.current?.focus();
    else editor.current?.tell(toText(writing));
  };
  /** Tab leaves the text for the Send button; Shift+Tab for what stands before it. */
  const tabOut = (back: boolean): void => {
    const stops = [...(windowOf(writing)?.querySelectorAll<HTMLElement>('button, input, select, iframe') ?? [])].filter(
      (each) => each.tabIndex >= 0 && each.checkVisibility(),
    );
    const text = stops.findIndex((each) => each.classList.contains('editor-frame'));
    (back ? stops[text - 1] : document.getElementById(`send-${writing.key}`))?.focus();
  };
  const sendIt = (): void => {
    if (recipients(draft.letter.peek()).length === 0) setWarned('Say who it goes to.');
    else {
      setWarned(null);
      void writing.send().then(() => {
        const why = writing.trouble.peek();
        if (why !== null && !windowOf(writing))
          toasts.show(why, {
            tone: 'failed',
            actions: [{ label: 'Edit', run: () => void (writing.shape.value = 'docked') }],
          });
      });
    }
  };
  const nextAccount = (): void => {
    const others = mails.peek().filter((each) => each.identities.peek().length > 0);
    const next = others[(others.indexOf(writing.mail) + 1) % others.length];
    const identity = next?.identities.peek()[0];
    setUnfolded(true);
    if (next && identity) writing.writeAs(next, identity.id);
  };
  const act = (event: Pick<KeyboardEvent, 'key' | 'ctrlKey' | 'metaKey' | 'shiftKey'> & { code?: string }): boolean => {
    const ctrl = event.ctrlKey || event.metaKey;
    const key = latinOf(event).toLowerCase();
    if (ctrl && key === 'enter') sendIt();
    else if (ctrl && event.shiftKey && key === 'c') showField(writing, 'cc');
    else if (ctrl && event.shiftKey && key === 'b') showField(writing, 'bcc');
    else if (ctrl && event.shiftKey && key === 'f') nextAccount();
    else if (ctrl && event.shiftKey && key === 'd') writing.discard();
    else if (ctrl && key === 's') void draft.save().catch(() => undefined);
    else if (ctrl && key === 'k' && letter.mode === 'rich') {
      setFormatting(true);
      setLinking(true);
    } else if (ctrl && (key === '.' || key === ',')) beside(key === '.' ? 1 : -1);
    else if (key === 'f6') focusRegion(event.shiftKey ? -1 : 1);
    else if (key === 'escape' && draft.isUntouched() && !isHalfTyped(writing)) writing.close();
    else if (key === 'escape') writing.shape.value = 'minimised';
    else return false;
    return true;
  };
  const setMode = (mode: Letter['mode']): void => {
    if (mode === letter.mode) return;
    if (mode === 'plain') draft.change({ mode, text: plainOf(letter.html) });
    else if (letter.text === plainOf(letter.html)) draft.change({ mode });
    else {
      const before = letter.html;
      setHtml(htmlOf(letter.text));
      if (isFormatted(before))
        toasts.show('The formatting is gone, since the plain text was changed', {
          icon: 'type',
          actions: [{ label: 'Undo', run: () => setHtml(before) }],
        });
    }
  };
  const setHtml = (html: string): void => {
    draft.change({ mode: 'rich', html });
    editor.current?.tell({ do: 'set', html, label: 'Text of the letter' });
  };
  const editQuote = async (): Promise<void> => {
    await writing.cleaned;
    const { mode, text, html, quote } = draft.letter.peek();
    if (quote === null) return;
    if (mode === 'plain') draft.change({ quote: null, text: `${text}\n\n${quotedText(quote)}` });
    else {
      const below = `<div><br></div>${quotedHtml({ ...quote, html: quote.html ?? htmlOf(quote.text) })}`;
      // An editor that is not there yet begins with it.
      draft.change({ quote: null, html: html + below });
      editor.current?.tell({ do: 'append', html: below });
    }
  };

  useLayoutEffect(() => {
    if (letter.mode !== 'plain' || writing.begins !== 'body') return;
    const ahead = takeLinesAhead();
    if (ahead !== '') draft.change({ text: `${ahead}${draft.letter.peek().text}` });
    restorePlain(writing, plain.current);
  }, []);
  useLayoutEffect(() => restoreFields(writing), []);
  useEffect(formatBar.fetch, []);
  useSignalEffect(() => {
    if (writing.recalled.value > 0) focusBody();
  });
  useSignalEffect(() => {
    if (writing.trouble.value !== null) setWarned(writing.trouble.value);
  });

  return (
    <section
      id={`comp-${writing.key}`}
      class={`comp ${shape}`}
      role={inline ? 'region' : 'dialog'}
      aria-label={title}
      {...(inline ? {} : { 'data-region': '.comp-plain, .editor-frame' })}
      onKeyDown={(event) => {
        event.stopPropagation();
        if (act(event)) event.preventDefault();
      }}
      onDragOver={(event) => isOfFiles(event) && event.preventDefault()}
      onDrop={(event) => {
        if (!isOfFiles(event)) return;
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
      {inline && !unfolded ? null : <Fields writing={writing} letter={letter} suggest={suggest} />}
      <div class="comp-b" onClick={(event) => event.target === event.currentTarget && focusBody()}>
        <EditorFrame
          label="Text of the letter"
          html={letter.html}
          hidden={letter.mode === 'plain'}
          ready={(handle) => {
            editor.current = handle;
            if (writing.rawQuote !== null)
              void handle.clean(writing.rawQuote).then(({ html, text }) => writing.quoteCleaned(html, text));
            if (restoreBody(writing, handle)) return;
            const isWanted = writing.begins === 'body' || writing.recalled.peek() > 0;
            if (!isWanted || draft.letter.peek().mode !== 'rich' || isInField(writing)) return;
            handle.tell(toText(writing));
          }}
          changed={(html) => {
            // What else touches the page (another program's marks, a picture of it) is told of without a change.
            if (html !== draft.letter.peek().html) draft.change({ html });
          }}
          place={(place) => holdPlace(writing, place)}
          active={(styles) => setActive(styles)}
          pressed={(event) => {
            if (!act(event) && event.key === 'Tab') tabOut(event.shiftKey);
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
            dir="auto"
            onInput={(event) => draft.change({ text: event.currentTarget.value })}
          />
        ) : null}
        {signature.text ? <div class="comp-sig">{signature.text}</div> : null}
        {letter.quote ? (
          <QuoteBelow
            writing={writing}
            quote={letter.quote}
            edit={() => void editQuote()}
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
        <formatBar.View
          active={active}
          linking={linking}
          setLinking={setLinking}
          back={focusBody}
          tell={(message) => editor.current?.tell(message)}
        />
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
