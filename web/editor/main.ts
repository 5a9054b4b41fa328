import Squire from 'squire-rte';
import { cleanFragment, cleanQuote } from './clean.ts';
import { formatKeys } from './keys.ts';
import { placeOf, selectPlace } from './place.ts';
import type { Active, Command, FromEditor, ToEditor } from './protocol.ts';

/** The editor's frame: Squire over its own body, spoken to through one MessagePort. */
const root = document.createElement('div');
root.className = 'editor';
root.role = 'textbox';
root.ariaMultiLine = 'true';

/** The app's typeface; until it is there, or without it, the system's. */
const useFont = ({ family, url }: { family: string; url: string }): void => {
  if (document.fonts.size === 0)
    document.fonts.add(new FontFace(family, `url(${JSON.stringify(url)})`, { weight: '200 800' }));
};

const start = (port: MessagePort): void => {
  const tell = (message: FromEditor, transfer: Transferable[] = []): void => port.postMessage(message, transfer);
  document.body.append(root);
  const editor = new Squire(root, { blockTag: 'DIV', sanitizeToDOMFragment: cleanFragment, didError: () => undefined });

  /** What is sent: images that stand in the text are named by their Content-ID. */
  const written = (): string => {
    // A document that loads nothing.
    const copy = document.implementation.createHTMLDocument().importNode(root, true);
    for (const image of copy.querySelectorAll<HTMLImageElement>('img[data-cid]')) {
      image.setAttribute('src', `cid:${image.dataset['cid'] ?? ''}`);
      delete image.dataset['cid'];
    }
    // A list has one direction, that of its first letter.
    for (const block of copy.querySelectorAll<HTMLElement>('div,p,pre,ul,ol,td,h1,h2,h3'))
      if (!block.closest('li')) block.dir ||= 'auto';
    // Squire holds a caret behind a tag with a blank of no width; Khmer has them between words.
    const html = copy.innerHTML.replaceAll('>\u200B', '>');
    return /<(?:img|hr|table)|>[^<]/u.test(html) ? html : '';
  };

  const toggle = (tag: string) => () =>
    editor.hasFormat(tag) ? editor.changeFormat(null, { tag }) : editor.changeFormat({ tag });
  const commands: Record<Command, () => unknown> = {
    bold: toggle('B'),
    italic: toggle('I'),
    underline: toggle('U'),
    strikethrough: toggle('S'),
    bullets: () => (editor.hasFormat('UL') ? editor.removeList() : editor.makeUnorderedList()),
    numbers: () => (editor.hasFormat('OL') ? editor.removeList() : editor.makeOrderedList()),
    quote: () => editor.increaseQuoteLevel(),
    undo: () => editor.undo(),
    redo: () => editor.redo(),
    clear: () => editor.removeAllFormatting(),
    left: () => editor.setTextAlignment('left'),
    center: () => editor.setTextAlignment('center'),
    right: () => editor.setTextAlignment('right'),
  };

  for (const [key, name] of formatKeys)
    editor.setKeyHandler(key, (_self: Squire, event: KeyboardEvent) => {
      event.preventDefault();
      commands[name]();
    });

  const insertImage = async (file: File): Promise<void> => {
    const bytes = await file.arrayBuffer();
    const cid = `${Math.random().toString(36).slice(2)}@postern`;
    editor.insertImage(URL.createObjectURL(file), { alt: file.name, 'data-cid': cid });
    tell({ on: 'image', cid, name: file.name || 'image.png', type: file.type, bytes }, [bytes]);
  };

  const take = (files: readonly File[]): void => {
    const pictures = files.filter((file) => /^image\/(?:png|jpeg|gif|webp)$/u.test(file.type) && file.size < 5_000_000);
    for (const picture of pictures) void insertImage(picture);
    const others = files.filter((file) => !pictures.includes(file));
    if (others.length > 0) tell({ on: 'files', files: others });
  };

  const formats: [Active, string][] = [
    ['bold', 'B'],
    ['italic', 'I'],
    ['underline', 'U'],
    ['strikethrough', 'S'],
    ['link', 'A'],
    ['bullets', 'UL'],
    ['numbers', 'OL'],
    ['quote', 'BLOCKQUOTE'],
  ];
  const active = (): void => {
    tell({ on: 'active', styles: formats.filter(([, tag]) => editor.hasFormat(tag)).map(([name]) => name) });
  };

  const changed = (): void => tell({ on: 'change', html: written() });
  editor.addEventListener('input', changed);
  // The frame has the focus: whoever came by key writes on.
  addEventListener('focus', () => root.focus());
  const stand = (): void => {
    const place = placeOf(root, getSelection());
    if (place) tell({ on: 'place', place });
  };
  document.addEventListener('selectionchange', stand);
  editor.addEventListener('pathChange', active);
  editor.addEventListener('select', active);
  editor.addEventListener('pasteImage', (event: Event) => {
    const { clipboardData } = (event as CustomEvent<{ clipboardData: DataTransfer }>).detail;
    take([...clipboardData.files]);
  });
  // Text that is dragged is moved by the browser and by Squire.
  const drag = (event: DragEvent): void => {
    if (!event.dataTransfer?.types.includes('Files')) return;
    event.preventDefault();
    take([...event.dataTransfer.files]);
  };
  addEventListener('dragover', drag);
  addEventListener('drop', drag);

  // Keys the app wants, before Squire; what writes stays here.
  addEventListener(
    'keydown',
    (event) => {
      const { ctrlKey, metaKey, shiftKey } = event;
      // As `latinOf` of the app.
      const key = event.key > '~' ? event.code.slice(3) : event.key;
      const pressed = `${ctrlKey || metaKey ? 'C' : ''}${shiftKey ? 'S' : ''}${key}`;
      // An input method took it (code 229). What it may put in the place of a selection can be undone.
      if (event.keyCode === 229) {
        if (!event.isComposing && !getSelection()?.isCollapsed) editor.saveUndoState();
        return;
      }
      if (!/^(?:C?S?(?:Escape|Tab|F6)|CS?Enter|CS[bcdf]|C[sk.,])$/iu.test(pressed)) return;
      event.preventDefault();
      event.stopPropagation();
      // The event of the caret's last step may still be on its way, and the key may take this frame away.
      stand();
      tell({ on: 'key', key, ctrlKey, metaKey, shiftKey });
    },
    true,
  );

  new ResizeObserver(() => tell({ on: 'height', pixels: root.offsetHeight })).observe(root);

  const set = (html: string): void => {
    editor.setHTML(html);
    for (const { dataset } of root.querySelectorAll<HTMLImageElement>('img[data-cid]:not([src])'))
      tell({ on: 'wants', cid: dataset['cid'] ?? '' });
  };
  const show = (cid: string, bytes: ArrayBuffer, type: string): void => {
    for (const image of root.querySelectorAll<HTMLImageElement>(`img[data-cid="${CSS.escape(cid)}"]`))
      image.src = URL.createObjectURL(new Blob([bytes], { type }));
  };

  port.addEventListener('message', ({ data }: MessageEvent<ToEditor>) => {
    switch (data.do) {
      case 'set':
        root.ariaLabel = data.label;
        set(data.html);
        break;
      case 'append':
        set(`${written()}${data.html}`);
        changed();
        break;
      case 'image':
        show(data.cid, data.bytes, data.type);
        break;
      case 'focus':
        editor.focus();
        if (data.ahead) editor.moveCursorToStart().insertPlainText(data.ahead, false);
        editor.moveCursorToEnd();
        break;
      case 'place':
        if (data.focus) editor.focus();
        selectPlace(root, data.place, getSelection());
        break;
      case 'command':
        commands[data.name]();
        editor.focus();
        active();
        break;
      case 'link':
        if (data.href === null) editor.removeLink();
        else editor.makeLink(data.href);
        editor.focus();
        break;
      case 'theme':
        useFont(data.font);
        document.documentElement.style.colorScheme = data.scheme;
        for (const [name, value] of Object.entries(data.variables))
          document.documentElement.style.setProperty(name, value);
        break;
      case 'clean':
        tell({ on: 'clean', id: data.id, ...cleanQuote(data.html) });
        break;
    }
  });
  port.start();
  tell({ on: 'ready' });
};

addEventListener(
  'message',
  (event) => {
    const [port] = event.ports;
    if (event.source === parent && port) start(port);
  },
  { once: true },
);
