import type { EmailBodyPart, Identity } from '#jmap/mail.ts';
import { identityFor, type Original } from './answer.ts';
import { emptyLetter, isNamed, type Letter, signatureOf } from './letter.ts';
import { plainOf } from './plain.ts';

const quoteMark = '<br><div class="postern_quote">';
const signatureMark = '<div class="postern_signature">';
const forwardLead = '---------- Forwarded message ----------\nFrom: ';

/** What blanks at line ends and between tags a server may change. */
const bare = (text: string): string => text.replaceAll(/\s+/gu, ' ').trim();

/** The text above a signature, if that is the signature of one of the identities: nobody's own words are cut off. */
const withoutSignature = (text: string, identities: readonly Identity[]): string => {
  for (const at of [...text.matchAll(/(?:^|\n)-- ?\n/gu)].toReversed()) {
    const below = bare(text.slice(at.index + at[0].length));
    const ours = identities.some((identity) => below !== '' && below === bare(signatureOf(identity).text));
    if (ours) return text.slice(0, at.index).trimEnd();
  }
  return text.trimEnd();
};

/** The same of HTML, where the signature has a mark of its own. */
const htmlWithoutSignature = (html: string, identities: readonly Identity[]): string => {
  const at = html.lastIndexOf(signatureMark);
  const below = at < 0 ? '' : bare(html.slice(at));
  return identities.some((each) => below === bare(`${signatureMark}<br>-- <br>${signatureOf(each).html}</div>`))
    ? html.slice(0, at)
    : html;
};

/**
 * Where the quote begins that stands below an answer or a forwarded letter as `new-email.ts` writes it: to the end of the
 * text nothing but lines with `>`, or the block of what is forwarded. -1: there is none, all is text.
 */
const quoteAt = (text: string, { inReplyTo, forwards }: Pick<Letter, 'inReplyTo' | 'forwards'>): number => {
  if (forwards !== null) {
    const at = text.indexOf(forwardLead);
    return at === 0 || text.charAt(at - 1) === '\n' ? at : -1;
  }
  if (inReplyTo.length === 0) return -1;
  const found = /(?:^|\n\n)(?=On [^\n]{4,300} wrote:\n(?:>[^\n]*\n)*>[^\n]*(?:\n\s*)?$)/u.exec(text);
  return found ? found.index + found[0].length : -1;
};

/** The plain text of the quote in a draft that has it as HTML, too; empty when it cannot be told. */
const tailBelow = (text: string, written: string, identities: readonly Identity[], letter: Letter): string => {
  const signatures = identities.map((each) => signatureOf(each).text).filter((each) => each !== '');
  for (const above of [...signatures.map((each) => `${written}\n\n-- \n${each}\n\n`), `${written}\n\n`])
    if (text.startsWith(above)) return text.slice(above.length);
  const at = quoteAt(text, letter);
  return at < 0 ? '' : text.slice(at);
};

/**
 * A draft as it is written on. Ours are taken apart into what was written, signature and quote; another program's stands
 * whole in the editor. `raw`: the quote's HTML, to be cleaned before it is in the letter.
 */
export const reopened = (
  original: Original,
  identities: readonly Identity[],
): { letter: Letter; raw: string | null } => {
  const from = original.from?.[0];
  const identity =
    identities.find((each) => each.email.toLowerCase() === from?.email.toLowerCase()) ??
    identityFor(original, identities);
  const { html } = original;
  const cidOf = ({ disposition, cid }: EmailBodyPart): string | null =>
    disposition === 'inline' && cid !== null && html !== null && isNamed(html, cid) ? cid : null;
  /** An image of ours that was taken out of the text. */
  const isLeftOver = (part: EmailBodyPart): boolean =>
    html !== null && part.cid?.endsWith('@postern') === true && cidOf(part) === null;
  const base: Letter = {
    ...emptyLetter,
    identityId: identity?.id ?? null,
    to: original.to ?? [],
    cc: original.cc ?? [],
    bcc: original.bcc ?? [],
    subject: original.subject ?? '',
    inReplyTo: original.inReplyTo ?? [],
    references: original.references ?? [],
    forwards: original.forwards ?? null,
    attachments: (original.attachments ?? []).flatMap((part, index) =>
      part.blobId === null || isLeftOver(part)
        ? []
        : [
            {
              key: `o${index}`,
              name: part.name ?? 'attachment',
              type: part.type,
              size: part.size,
              cid: cidOf(part),
              upload: { at: 'ready' as const, blobId: part.blobId },
            },
          ],
    ),
  };
  if (original.html === null) {
    const at = quoteAt(original.text, base);
    const written = at < 0 ? original.text : original.text.slice(0, at);
    return {
      letter: {
        ...base,
        mode: 'plain',
        text: withoutSignature(written, identities),
        quote: at < 0 ? null : { kind: 'kept', lead: '', text: original.text.slice(at), html: null },
      },
      raw: null,
    };
  }
  const htmlAt = original.html.indexOf(quoteMark);
  const body = htmlWithoutSignature(htmlAt < 0 ? original.html : original.html.slice(0, htmlAt), identities);
  const inner = /^<div>([\s\S]*)<\/div>\s*$/u.exec(body)?.[1] ?? body;
  if (htmlAt < 0) return { letter: { ...base, html: inner }, raw: null };
  const text = tailBelow(original.text, plainOf(inner), identities, base);
  return {
    letter: { ...base, html: inner, quote: { kind: 'kept', lead: '', text, html: null } },
    raw: original.html.slice(htmlAt + '<br>'.length),
  };
};
