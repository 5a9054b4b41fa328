import createDOMPurify from 'dompurify';
import { textOf } from './text.ts';

/** HTML that may be pasted, quoted or opened as a draft. Runs in the editor's opaque frame; the frame's CSP is the second wall. */
const purify = createDOMPurify(window);

const forbidden = [
  'style',
  'form',
  'input',
  'button',
  'select',
  'textarea',
  'option',
  'video',
  'audio',
  'source',
  'track',
  'dialog',
  'template',
  'slot',
];

const settings = {
  USE_PROFILES: { html: true },
  FORBID_TAGS: forbidden,
  FORBID_ATTR: ['id', 'class', 'srcset'],
  ALLOW_DATA_ATTR: false,
  ALLOW_ARIA_ATTR: false,
  ALLOWED_URI_REGEXP: /^(?:https?|mailto|tel|cid|data:image\/(?:png|jpeg|gif|webp);base64,)/iu,
};

/** A fragment for the editor's document. An image named by its Content-ID has it in `data-cid` and waits for its bytes. */
export const cleanFragment = (html: string): DocumentFragment => {
  const fragment = purify.sanitize(html, { ...settings, RETURN_DOM_FRAGMENT: true });
  for (const image of fragment.querySelectorAll<HTMLImageElement>('img[src^="cid:"]')) {
    image.dataset['cid'] = image.getAttribute('src')?.slice(4) ?? '';
    image.removeAttribute('src');
  }
  // Squire folds blanks whatever a style says: editors of code and Google Docs have them in `white-space: pre`.
  const texts = document.createTreeWalker(fragment, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const text = texts.currentNode as Text;
    if (text.parentElement?.closest<HTMLElement>('[style*=white-space]')?.style.whiteSpace.startsWith('pre'))
      text.data = text.data.replaceAll(/^ | (?= )/gu, '\u00A0');
  }
  return fragment;
};

/** HTML for a quote that is sent on as it was, and its plain text. Its classes and style sheets stay. */
export const cleanQuote = (html: string): { html: string; text: string } => {
  const clean = purify.sanitize(html, {
    ...settings,
    FORBID_TAGS: forbidden.filter((tag) => tag !== 'style'),
    FORBID_ATTR: [],
    FORCE_BODY: true,
  });
  return { html: clean, text: textOf(cleanFragment(html)) };
};
