import type { MailboxId } from '#jmap/ids.ts';
import type { EmailAddress, Identity, NewBodyPart, NewEmail } from '#jmap/mail.ts';
import { escaped, htmlOf, type Letter, type Quote, signatureOf } from './letter.ts';
import { plainOf } from './plain.ts';

const people = (list: readonly EmailAddress[]): EmailAddress[] | null => (list.length > 0 ? [...list] : null);

/** The quote as text/plain, lead and all. */
export const quotedText = (quote: Quote): string =>
  quote.kind === 'kept'
    ? quote.text
    : quote.kind === 'forward'
      ? `${quote.lead}\n\n${quote.text}`
      : `${quote.lead}\n${quote.text
          .trimEnd()
          .split('\n')
          .map((line) => (line.startsWith('>') ? `>${line}` : `> ${line}`))
          .join('\n')}`;

/** The same as text/html. */
export const quotedHtml = (quote: Quote): string => {
  if (quote.kind === 'kept') return quote.html ?? `<div class="postern_quote">${htmlOf(quote.text)}</div>`;
  const body = quote.html ?? `<div style="white-space: pre-wrap">${htmlOf(quote.text)}</div>`;
  const lead = escaped(quote.lead).replaceAll('\n', '<br>');
  return quote.kind === 'forward'
    ? `<div class="postern_quote"><div>${lead}</div><br><div dir="auto">${body}</div></div>`
    : `<div class="postern_quote"><div>${lead}</div><blockquote type="cite" dir="auto" style="margin:0 0 0 .8ex;border-left:1px solid #ccc;padding-left:1ex">${body}</blockquote></div>`;
};

/** The whole text/plain body: what was written, the signature after `-- `, the quote. */
export const textBody = (letter: Letter, identity: Identity | null): string => {
  const signature = signatureOf(identity).text;
  return [
    letter.mode === 'plain' ? letter.text.trimEnd() : plainOf(letter.html),
    ...(signature ? [`-- \n${signature}`] : []),
    ...(letter.quote ? [quotedText(letter.quote)] : []),
  ].join('\n\n');
};

/** The whole text/html body. The quote is the original's HTML as it was sanitised, not changed by the editor. */
export const htmlBody = (letter: Letter, identity: Identity | null): string => {
  const signature = signatureOf(identity).html;
  return [
    `<div>${letter.mode === 'plain' ? htmlOf(letter.text) : letter.html}</div>`,
    ...(signature ? [`<div class="postern_signature"><br>-- <br>${signature}</div>`] : []),
    ...(letter.quote ? [`<br>${quotedHtml(letter.quote)}`] : []),
  ].join('');
};

const bodyStructure = (letter: Letter): NewBodyPart => {
  const plain: NewBodyPart = { partId: 'text', type: 'text/plain' };
  const alternative: NewBodyPart =
    letter.mode === 'plain'
      ? plain
      : { type: 'multipart/alternative', subParts: [plain, { partId: 'html', type: 'text/html' }] };
  const ready = letter.attachments.flatMap((each) =>
    each.upload.at === 'ready' ? [{ ...each, blobId: each.upload.blobId }] : [],
  );
  const part = (each: (typeof ready)[number]): NewBodyPart => ({
    blobId: each.blobId,
    type: each.type,
    name: each.name,
    disposition: each.cid === null ? 'attachment' : 'inline',
    ...(each.cid === null ? {} : { cid: each.cid }),
  });
  const inline = letter.mode === 'plain' ? [] : ready.filter((each) => each.cid !== null);
  const files = ready.filter((each) => !inline.includes(each));
  const related: NewBodyPart =
    inline.length > 0 ? { type: 'multipart/related', subParts: [alternative, ...inline.map(part)] } : alternative;
  return files.length > 0 ? { type: 'multipart/mixed', subParts: [related, ...files.map(part)] } : related;
};

/** A draft that is opened again has those of the identity already. */
const everyBcc = ({ bcc }: Letter, identity: Identity | null): EmailAddress[] => {
  const has = new Set(bcc.map(({ email }) => email.toLowerCase()));
  return [...bcc, ...(identity?.bcc ?? []).filter(({ email }) => !has.has(email.toLowerCase()))];
};

/** The letter as Email/set creates it, in `drafts`. */
export const newEmail = (letter: Letter, identity: Identity | null, drafts: MailboxId): NewEmail => ({
  mailboxIds: { [drafts]: true },
  keywords: { $draft: true, $seen: true },
  from: identity ? [{ name: identity.name || null, email: identity.email }] : null,
  to: people(letter.to),
  cc: people(letter.cc),
  bcc: people(everyBcc(letter, identity)),
  ...(identity?.replyTo?.length ? { replyTo: identity.replyTo } : {}),
  subject: letter.subject,
  ...(letter.inReplyTo.length > 0 ? { inReplyTo: [...letter.inReplyTo] } : {}),
  ...(letter.references.length > 0 ? { references: [...letter.references] } : {}),
  ...(letter.forwards === null ? {} : { 'header:X-Forwarded-Message-Id:asMessageIds': [letter.forwards] }),
  bodyStructure: bodyStructure(letter),
  bodyValues: {
    text: { value: textBody(letter, identity) },
    ...(letter.mode === 'plain' ? {} : { html: { value: htmlBody(letter, identity) } }),
  },
});
