import type { EmailBody } from './types.ts';

/** What shows something although it holds no words. */
const pictures = /<(?:img|svg|picture|video|audio|object|hr|input)\b|background/iu;
/** What an HTML document holds beside the words that are read. Each part is read once: what is not closed goes to the end. */
const unseen =
  /<(style|script|title)\b[^<>]*>.*?(?:<\/\1\s*>|$)|<!--.*?(?:-->|$)|<[^<>]*>|&(?:nbsp|zwnj|zwj|#160|#xa0);/gisu;

const isBlankHtml = (html: string): boolean => !pictures.test(html) && html.replaceAll(unseen, '').trim() === '';

/** Whether the HTML of a message is known to show nothing: not where it was not fetched, or only in part. */
export const isBlankMessage = ({ htmlBody, bodyValues }: EmailBody): boolean =>
  htmlBody.every(({ type, partId, size }) => {
    const value = partId === null ? undefined : bodyValues[partId];
    if (!type.startsWith('text/')) return false;
    if (!value) return size === 0;
    return !value.isTruncated && (type === 'text/html' ? isBlankHtml(value.value) : value.value.trim() === '');
  });
