import type { BodyLists, Part } from './types.ts';

const isMedia = (type: string): boolean => /^(?:image|audio|video)\//.test(type);

/** A tree of parts, whatever else each part carries. */
type Tree<P> = Part & { parts: P[] };

interface Lists<P> {
  text: P[] | null;
  html: P[] | null;
  attachments: P[];
}

const isBody = (part: Part, index: number, parent: string): boolean =>
  part.disposition !== 'attachment' &&
  (part.type === 'text/plain' || part.type === 'text/html' || isMedia(part.type)) &&
  (index === 0 || (parent !== 'related' && (isMedia(part.type) || part.name === null)));

const place = <P extends Part>(part: P, parent: string, inAlternative: boolean, lists: Lists<P>): void => {
  if (parent === 'alternative') {
    if (part.type === 'text/plain') lists.text?.push(part);
    else if (part.type === 'text/html') lists.html?.push(part);
    else lists.attachments.push(part);
    return;
  }
  if (inAlternative) {
    if (part.type === 'text/plain') lists.html = null;
    if (part.type === 'text/html') lists.text = null;
  }
  lists.text?.push(part);
  lists.html?.push(part);
  if ((lists.text === null || lists.html === null) && isMedia(part.type)) lists.attachments.push(part);
};

const walk = <P extends Tree<P>>(
  parts: readonly P[],
  parent: string,
  inAlternative: boolean,
  given: Lists<P>,
): void => {
  // Its own nulls, the same arrays: what one branch of an alternative gives up is given up in that branch only.
  const lists = { ...given };
  const textBefore = lists.text?.length ?? -1;
  const htmlBefore = lists.html?.length ?? -1;
  for (const [index, part] of parts.entries()) {
    if (part.type.startsWith('multipart/')) {
      const kind = part.type.slice('multipart/'.length);
      walk(part.parts, kind, inAlternative || kind === 'alternative', lists);
    } else if (isBody(part, index, parent)) place(part, parent, inAlternative, lists);
    else lists.attachments.push(part);
  }
  if (parent !== 'alternative' || lists.text === null || lists.html === null) return;
  if (lists.text.length === textBefore && lists.html.length !== htmlBefore)
    lists.text.push(...lists.html.slice(htmlBefore));
  else if (lists.html.length === htmlBefore && lists.text.length !== textBefore)
    lists.html.push(...lists.text.slice(textBefore));
};

/** The algorithm of RFC 8621 §4.1.4, on a tree from bytes or from BODYSTRUCTURE. A message in a message is an attachment. */
export const bodyLists = <P extends Tree<P>>(root: P): BodyLists<P> => {
  const text: P[] = [];
  const html: P[] = [];
  const attachments: P[] = [];
  walk([root], 'mixed', false, { text, html, attachments });
  return { text, html, attachments };
};

/** Parts that machines read: they are no reason for a paper clip. */
const isMachinery = (type: string): boolean =>
  /^(?:application\/(?:pgp-(?:signature|encrypted)|(?:x-)?pkcs7-signature)|message\/(?:delivery-status|disposition-notification)|text\/rfc822-headers)$/.test(
    type,
  );

const isOffered = (part: Part, isRelated: boolean): boolean => {
  if (isMachinery(part.type)) return false;
  if (isMedia(part.type) && part.disposition !== 'attachment')
    return part.cid === null && !isRelated && part.name !== null;
  return part.disposition !== 'inline' || part.name !== null || !part.type.startsWith('text/');
};

const related = (root: Part, found = new Set<Part>()): Set<Part> => {
  for (const part of root.parts) {
    if (root.type === 'multipart/related') found.add(part);
    if (part.type.startsWith('multipart/')) related(part, found);
  }
  return found;
};

/**
 * Whether a list shows a paper clip: there is something to download that the text does not show by itself
 * (RFC 8621 §4.1.4, `hasAttachment`). Signatures and images embedded by Content-ID are not.
 */
export const hasAttachment = (root: Part, lists: BodyLists = bodyLists(root)): boolean => {
  const embedded = related(root);
  if (lists.attachments.some((part) => isOffered(part, embedded.has(part)))) return true;
  // A photo between paragraphs is part of the body and still something one wants to find again.
  return lists.html.some((part) => isMedia(part.type) && part.name !== null && part.cid === null);
};
