import type { Identity } from '#jmap/mail.ts';
import { identityFor, type Original } from './answer.ts';
import { emptyLetter, type Letter } from './letter.ts';

const quoteMark = '<br><div class="postern_quote">';
const signatureMark = '<div class="postern_signature">';

/** Text below the first line that begins a quote. */
const quotedTail = (text: string): { written: string; tail: string } => {
  const at = /^(?:On .{4,200} wrote:|-{10} Forwarded message -{10})$/mu.exec(text)?.index ?? -1;
  return at < 0 ? { written: text, tail: '' } : { written: text.slice(0, at), tail: text.slice(at) };
};

const withoutSignature = (text: string): string => text.replace(/\n\n-- \n[\s\S]*$/u, '').trimEnd();

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
  const { written, tail } = quotedTail(original.text);
  const base: Letter = {
    ...emptyLetter,
    identityId: identity?.id ?? null,
    to: original.to ?? [],
    cc: original.cc ?? [],
    bcc: original.bcc ?? [],
    subject: original.subject ?? '',
    inReplyTo: original.inReplyTo ?? [],
    references: original.references ?? [],
    attachments: (original.attachments ?? []).flatMap((part, index) =>
      part.blobId === null
        ? []
        : [
            {
              key: `o${index}`,
              name: part.name ?? 'attachment',
              type: part.type,
              size: part.size,
              cid: part.disposition === 'inline' ? part.cid : null,
              upload: { at: 'ready' as const, blobId: part.blobId },
            },
          ],
    ),
  };
  if (original.html === null)
    return {
      letter: {
        ...base,
        mode: 'plain',
        text: tail === '' ? withoutSignature(original.text) : withoutSignature(written),
        quote: tail === '' ? null : { kind: 'kept', lead: '', text: tail, html: null },
      },
      raw: null,
    };
  const quoteAt = original.html.indexOf(quoteMark);
  const own = quoteAt < 0 ? original.html : original.html.slice(0, quoteAt);
  const signatureAt = own.indexOf(signatureMark);
  const body = signatureAt < 0 ? own : own.slice(0, signatureAt);
  const inner = /^<div>([\s\S]*)<\/div>\s*$/u.exec(body)?.[1] ?? body;
  const raw = quoteAt < 0 ? null : original.html.slice(quoteAt + '<br>'.length);
  return {
    letter: { ...base, html: inner, quote: raw === null ? null : { kind: 'kept', lead: '', text: tail, html: null } },
    raw,
  };
};
