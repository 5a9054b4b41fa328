import type { AccountId, BlobId, EmailId, IdentityId } from '#jmap/ids.ts';
import type { EmailAddress, Identity } from '#jmap/mail.ts';
import { plainOf } from './plain.ts';

/** A file that goes with a letter. */
export type Upload =
  | { at: 'uploading'; sent: number }
  | { at: 'ready'; blobId: BlobId }
  | { at: 'failed'; why: string };

export interface Attached {
  /** Unique in its letter. */
  key: string;
  name: string;
  type: string;
  size: number;
  /** Content-ID of an image that stands in the text; null for a file. */
  cid: string | null;
  upload: Upload;
}

/** The letter answered or forwarded, kept unchanged below what is written. */
export interface Quote {
  /** `kept`: of a draft that was opened again; `text` and `html` stand as they are sent. */
  kind: 'reply' | 'forward' | 'kept';
  /** `On 3 Nov 2026, 16:20, Margit Sørensen wrote:` or the block of a forwarded letter; plain text. */
  lead: string;
  text: string;
  /** HTML of the original's body, null when it was plain text. */
  html: string | null;
}

/** What is being written: a value; the composer replaces it with each change. */
export interface Letter {
  identityId: IdentityId | null;
  to: readonly EmailAddress[];
  cc: readonly EmailAddress[];
  bcc: readonly EmailAddress[];
  subject: string;
  mode: 'rich' | 'plain';
  /** What was written in rich mode, without signature and quote. */
  html: string;
  /** What was written in plain mode. */
  text: string;
  quote: Quote | null;
  attachments: readonly Attached[];
  /** Without brackets. */
  inReplyTo: readonly string[];
  references: readonly string[];
  /** Message-ID of the letter forwarded. */
  forwards: string | null;
  /** The letter that is answered or forwarded, to go back to. */
  originalId: EmailId | null;
  /** The account it lies in; the letter may leave by another. */
  originalIn: AccountId | null;
  /** Versions that went to the server and were not answered: it may have kept them. */
  unheard: readonly { accountId: AccountId; messageId: string }[];
}

export const emptyLetter: Letter = {
  identityId: null,
  to: [],
  cc: [],
  bcc: [],
  subject: '',
  mode: 'rich',
  html: '',
  text: '',
  quote: null,
  attachments: [],
  inReplyTo: [],
  references: [],
  forwards: null,
  originalId: null,
  originalIn: null,
  unheard: [],
};

/** Whether there is anything worth keeping. */
export const isBlank = (letter: Letter): boolean =>
  letter.to.length + letter.cc.length + letter.bcc.length + letter.attachments.length === 0 &&
  letter.subject.trim() === '' &&
  (letter.mode === 'plain' ? letter.text : plainOf(letter.html)).trim() === '';

/** What a letter says, and to whom; how its quote is drawn does not matter. */
const gist = ({ identityId, to, cc, bcc, subject, mode, html, text, quote, attachments }: Letter): string =>
  JSON.stringify([
    [identityId, to, cc, bcc, subject, mode === 'plain' ? text : html, quote !== null],
    attachments.map(({ key }) => key),
  ]);

/** Whether nobody has changed a letter since it was made for its writer. */
export const isAsMade = (letter: Letter, made: Letter): boolean => gist(letter) === gist(made);

export const escaped = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');

/** Plain text as the editor's HTML: one block a line. */
export const htmlOf = (text: string): string =>
  text
    .split('\n')
    .map((line) => `<div dir="auto">${line === '' ? '<br>' : escaped(line)}</div>`)
    .join('');

/** Whether the HTML shows the image of this Content-ID. */
export const isNamed = (html: string, cid: string): boolean =>
  [cid, escaped(cid), encodeURIComponent(cid)].some((each) => html.includes(`cid:${each}`));

/** A file, or an image that is in the text or the quote, not one that was taken out of it again. */
export const isSeen = ({ mode, html, quote }: Letter, { cid }: Attached): boolean =>
  cid === null || isNamed(mode === 'rich' ? `${html}${quote?.html ?? ''}` : html, cid);

export const recipients = (letter: Letter): EmailAddress[] => [...letter.to, ...letter.cc, ...letter.bcc];

/** address = local-part "@" domain, as far as a composer must know it. */
export const looksLikeAddress = (email: string): boolean =>
  /^[^\s@<>(),;:"[\]\\]+@[^\s@<>(),;:"[\]\\]+\.[\p{L}\p{M}\p{N}-]{2,}$/u.test(email) ||
  /^[^\s@<>]+@\[[\d.a-f:]+\]$/iu.test(email);

export type Warning =
  | { kind: 'address'; email: string }
  | { kind: 'attachment'; word: string }
  | { kind: 'many'; count: number }
  | { kind: 'uploading' };

const attachmentWords =
  /\b(?:attached|attachment|enclosed|angehängt|im Anhang|beigefügt|ci-joint|pièce jointe|adjunto|bifogat|bifogar|allegato)\b/iu;

/** What one would want to know before sending; the first is shown. Nothing here forbids to send. */
export const warnings = (letter: Letter): Warning[] => {
  const written = letter.mode === 'plain' ? letter.text : plainOf(letter.html);
  const word = attachmentWords.exec(written.replaceAll(/^>.*/gmu, ''))?.[0];
  const everyone = recipients(letter);
  return [
    ...everyone
      .filter((each) => !looksLikeAddress(each.email))
      .map((each): Warning => ({ kind: 'address', email: each.email })),
    ...(letter.attachments.some((each) => each.upload.at === 'uploading') ? [{ kind: 'uploading' } as const] : []),
    ...(word !== undefined && !letter.attachments.some((each) => each.cid === null)
      ? [{ kind: 'attachment', word } as const]
      : []),
    ...(everyone.length > 20 ? [{ kind: 'many', count: everyone.length } as const] : []),
  ];
};

export const signatureOf = (identity: Identity | null): { text: string; html: string } => {
  const text = identity?.textSignature.trim() ?? '';
  const html = identity?.htmlSignature.trim() ?? '';
  return { text: text || plainOf(html), html: html || (text ? htmlOf(text) : '') };
};
