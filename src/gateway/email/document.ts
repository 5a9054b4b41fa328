import { Problem } from '#base/problem.ts';
import { bodyLists } from '#mime/body-lists.ts';
import { mailDocument } from '#mime/html/document.ts';
import { sanitizeMail } from '#mime/html/sanitize.ts';
import { htmlToText } from '#mime/html-text.ts';
import { partText, unflow } from '#mime/text.ts';
import type { Part } from '#mime/types.ts';
import { emailNumber } from '../ids.ts';
import type { Gateway, OpenAccount } from '../types.ts';
import { type Message, messageOf } from './message.ts';

type Options = Parameters<Gateway['mailDocument']>[3];

const escape = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');

const allParts = (part: Part): Part[] => [part, ...part.parts.flatMap(allParts)];

/** The body parts in their order as one HTML text, still hostile. */
const hostileHtml = async (message: Message, parts: readonly Part[]): Promise<string> => {
  let html = '';
  for (const part of parts) {
    if (part.type === 'text/html') html += partText(await message.bytes(part), part);
    else if (part.type.startsWith('text/')) {
      const text = partText(await message.bytes(part), part);
      html += `<pre>${escape(part.flowed ? unflow(text, part.delsp) : text)}</pre>`;
    } else if (part.type.startsWith('image/'))
      html += `<p><img src="cid:${escape(sectionCid(part))}" alt="${escape(part.name ?? '')}"></p>`;
  }
  return html;
};

/** The name under which a part without Content-ID is shown in its place. */
const sectionCid = (part: Part): string => part.cid ?? `section.${part.section}`;

const showsNothing = (html: string): boolean =>
  !/<(?:img|hr)\b|background/iu.test(html) && htmlToText(html, { limit: 100 }).trim() === '';

/** The HTML of a message; where it shows nothing, as some mailers leave the alternative to their text, that text. */
const hostileBody = async (message: Message): Promise<string | null> => {
  const { text, html } = bodyLists(message.root);
  if (!html.some((part) => part.type === 'text/html')) return null;
  const own = await hostileHtml(message, html);
  return showsNothing(own) ? hostileHtml(message, text) : own;
};

/** One HTML message as a document of its own (docs/spec/mail-html.md). @throws UpstreamError */
export const emailDocument = async (
  open: OpenAccount,
  emailId: string,
  options: Options,
): ReturnType<Gateway['mailDocument']> => {
  const number = emailNumber(emailId);
  const email = number === undefined ? undefined : open.index.read((reader) => reader.email(number));
  if (!email) return null;
  try {
    const message = messageOf(await open.engine.source(email.row));
    const hostile = await hostileBody(message);
    if (hostile === null) return null;
    const images = allParts(message.root).filter((part) => part.type.startsWith('image/'));
    const shown = (part: Part | undefined): string | null => (part ? options.part(part.section) : null);
    // Both lists may be long: ten thousand parts, and as many places in the text. Of equal names the first counts.
    const byCid = new Map(images.toReversed().map((part) => [sectionCid(part), part]));
    const byLocation = new Map(images.toReversed().map((part) => [part.location, part]));
    const safe = sanitizeMail(hostile, {
      theme: options.dark ? 'dark' : 'light',
      foldQuotes: 'Show quoted text',
      link: options.link,
      cid: (cid) => shown(byCid.get(cid)),
      image: (url) => shown(byLocation.get(url)) ?? (options.remoteImages ? (options.image?.(url) ?? null) : null),
    });
    const html = mailDocument(safe.html, {
      title: email.subject,
      look: safe.look,
      language: message.root.language?.[0] ?? null,
      measure: options.measure,
    });
    return { html, blockedImages: safe.blockedImages };
  } catch (error) {
    if (error instanceof Problem && error.code === 'message/gone') return null;
    throw error;
  }
};
