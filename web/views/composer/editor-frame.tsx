import font from '@fontsource-variable/atkinson-hyperlegible-next/files/atkinson-hyperlegible-next-latin-wght-normal.woff2?url';
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { Active, FromEditor, Place, ToEditor } from '#editor/protocol.ts';
import { editorMs, isAhead, takeLinesAhead } from '#model/ahead.ts';
import { htmlOf } from '#model/compose/letter.ts';
import { Icon } from '#parts/icon.tsx';
import { useModel } from '../model.ts';

export interface Cleaned {
  html: string;
  text: string;
}

/** What the composer can do with the editor once its frame is ready. */
export interface EditorHandle {
  tell(message: ToEditor): void;
  /** HTML of a mail made harmless, in the frame's own document. */
  clean(html: string): Promise<Cleaned>;
}

export interface EditorFrameProps {
  label: string;
  html: string;
  hidden: boolean;
  ready(editor: EditorHandle): void;
  changed(html: string): void;
  /** Where the caret stands now. */
  place(place: Place): void;
  active(styles: readonly Active[]): void;
  pressed(event: Extract<FromEditor, { on: 'key' }>): void;
  image(image: Extract<FromEditor, { on: 'image' }>): void;
  /** Bytes of an image that goes with the letter; null when there is none. */
  imageBytes(cid: string): Promise<Blob | null>;
  files(files: readonly File[]): void;
}

const themed = ['--ink', '--ink-2', '--ink-3', '--accent', '--line-2', '--font-ui'] as const;

const theme = (): ToEditor => {
  const style = getComputedStyle(document.documentElement);
  return {
    do: 'theme',
    scheme: style.colorScheme.includes('dark') ? 'dark' : 'light',
    font: { family: 'Atkinson Hyperlegible Next', url: new URL(font, location.href).href },
    variables: Object.fromEntries(themed.map((name) => [name, style.getPropertyValue(name)])),
  };
};

/** The writing surface: a frame with scripts and without our origin, so that no HTML of a mail is parsed in the app's document. */
export const EditorFrame = (props: EditorFrameProps) => {
  const { lock } = useModel();
  const frame = useRef<HTMLIFrameElement>(null);
  const latest = useRef(props);
  latest.current = props;
  const [height, setHeight] = useState(120);
  const [late, setLate] = useState(false);
  const [tries, setTries] = useState(0);
  const again = useRef<HTMLButtonElement>(null);

  // Before the frame can have loaded: an effect that comes after the next paint may miss it.
  useLayoutEffect(() => {
    const at = frame.current;
    if (!at) return undefined;
    let port: MessagePort | null = null;
    let timer = 0;
    /** Without its code nothing can be written there; what was typed for it is kept. */
    const expect = (ms: number): void => {
      clearTimeout(timer);
      timer = setTimeout(() => {
        const isTyping = isAhead();
        const ahead = takeLinesAhead();
        // HTML shows no blank before another or an end.
        const blanks = ahead.replaceAll(/ (?= |$)/gmu, '\u00A0');
        if (ahead !== '') latest.current.changed(htmlOf(blanks) + latest.current.html);
        setLate(true);
        if (isTyping) setTimeout(() => again.current?.focus());
      }, ms);
    };
    expect(editorMs);
    const waiting = new Map<number, (cleaned: Cleaned) => void>();
    let next = 0;
    const tell = (message: ToEditor): void => port?.postMessage(message);
    const handle: EditorHandle = {
      tell,
      clean: (html) =>
        new Promise((done) => {
          next += 1;
          waiting.set(next, done);
          tell({ do: 'clean', id: next, html });
        }),
    };
    const hear = ({ data }: MessageEvent<FromEditor>): void => {
      const now = latest.current;
      // Whoever writes is here; the frame's keys are not the window's.
      if (data.on === 'change' || data.on === 'place' || data.on === 'key') lock.used();
      switch (data.on) {
        case 'ready':
          clearTimeout(timer);
          setLate(false);
          tell(theme());
          tell({ do: 'set', html: now.html, label: now.label });
          now.ready(handle);
          break;
        case 'change':
          now.changed(data.html);
          break;
        case 'height':
          setHeight(data.pixels);
          break;
        case 'place':
          now.place(data.place);
          break;
        case 'active':
          now.active(data.styles);
          break;
        case 'key':
          now.pressed(data);
          break;
        case 'image':
          now.image(data);
          break;
        case 'wants':
          void now.imageBytes(data.cid).then(async (blob) => {
            if (blob) tell({ do: 'image', cid: data.cid, type: blob.type, bytes: await blob.arrayBuffer() });
          });
          break;
        case 'files':
          now.files(data.files);
          break;
        case 'clean':
          waiting.get(data.id)?.(data);
          waiting.delete(data.id);
          break;
      }
    };
    const loaded = (): void => {
      const channel = new MessageChannel();
      port = channel.port1;
      port.addEventListener('message', hear);
      port.start();
      // The frame's origin is opaque, so it cannot be named; what goes through is one end of a channel.
      at.contentWindow?.postMessage('port', '*', [channel.port2]);
      // What the browser shows in its place is loaded, too, and never answers.
      expect(3_000);
    };
    at.addEventListener('load', loaded);
    // The focus goes into a frame without an event of the frame's own; F6 comes back to where it was.
    const entered = (): void => {
      if (document.activeElement !== at) return;
      at.dispatchEvent(new FocusEvent('focusin', { bubbles: true }));
      // From now on keys go to the frame: all that was typed before has come.
      const ahead = takeLinesAhead();
      if (ahead !== '') tell({ do: 'focus', ahead });
    };
    // Firefox names the frame as what has the focus only after this event.
    const left = (): void => void setTimeout(entered);
    addEventListener('blur', left);
    const repaint = new MutationObserver(() => tell(theme()));
    repaint.observe(document.documentElement, { attributes: true, attributeFilter: ['data-theme'] });
    return () => {
      at.removeEventListener('load', loaded);
      removeEventListener('blur', left);
      repaint.disconnect();
      clearTimeout(timer);
      port?.close();
    };
  }, [tries]);

  useEffect(() => {
    frame.current?.style.setProperty('height', `${Math.max(height + 8, 120)}px`);
  }, [height]);

  return (
    <>
      <iframe
        key={tries}
        ref={frame}
        class="editor-frame"
        title={props.label}
        src="/editor/"
        sandbox="allow-scripts"
        hidden={props.hidden || late}
      />
      {late && !props.hidden ? (
        <div class="comp-hint failed" role="alert">
          <Icon name="circle-alert" size="s" />
          <span class="grow">
            The editor could not be loaded. What you wrote is kept; “Plain text” works without it.
          </span>
          <button
            ref={again}
            type="button"
            class="btn"
            onClick={() => {
              setLate(false);
              setTries(tries + 1);
            }}
          >
            Try again
          </button>
        </div>
      ) : null}
    </>
  );
};
