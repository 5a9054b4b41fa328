import MailComposer, { type MailComposerAlternative, type MailComposerAttachment } from 'nodemailer/lib/mail-composer';
import { flow } from './text.ts';
import type { Address, Draft } from './types.ts';

export interface BuildOptions {
  /** For the copy in Sent and in Drafts; never for what is sent. */
  keepBcc?: boolean;
}

// eslint-disable-next-line no-control-regex
const controls = /[\0-\x1f\x7f]+/g;
const line = (text: string): string => text.replace(controls, ' ').trim();

const people = (list: readonly Address[]): { name: string; address: string }[] =>
  list
    .filter((one) => one.email !== '')
    .map(({ name, email }) => ({ name: name === null ? '' : line(name), address: line(email) }));

const id = (messageId: string): string => `<${line(messageId).replace(/[<>\s]/g, '')}>`;

const bodies = ({ text, html }: Draft): MailComposerAlternative[] => {
  const list: MailComposerAlternative[] = [];
  if (text !== null || html === null)
    list.push({ contentType: 'text/plain; charset=utf-8; format=flowed', content: flow(text ?? '') });
  if (html !== null) list.push({ contentType: 'text/html; charset=utf-8', content: html });
  return list;
};

const attachment = (one: Draft['attachments'][number]): MailComposerAttachment => ({
  filename: one.name === null ? false : line(one.name),
  contentType: line(one.type),
  contentDisposition: one.inline ? 'inline' : 'attachment',
  content: one.bytes,
  // With `cid` nodemailer puts the part beside the HTML (multipart/related); what is not shown inside stays outside.
  ...(one.cid === null ? {} : one.inline ? { cid: line(one.cid) } : { headers: { 'Content-ID': id(one.cid) } }),
});

const extra = ({
  name,
  value,
}: {
  name: string;
  value: string;
}): { key: string; value: string | { prepared: true; foldLines: true; value: string } } => {
  const text = line(value);
  // Prepared values go out as they are; what is not ASCII has to become encoded words.
  return {
    key: name.replace(/[^!-9;-~]/g, ''),
    value: /^[ -~]*$/.test(text) ? { prepared: true, foldLines: true, value: text } : text,
  };
};

/**
 * The draft as an Internet message: CRLF, UTF-8, text as format=flowed (RFC 3676), inline images beside the HTML. Bcc is
 * left out unless asked for. Line breaks inside a value cannot start a field.
 */
export const buildMessage = async (draft: Draft, options: BuildOptions = {}): Promise<Buffer> => {
  const composer = new MailComposer({
    from: people(draft.from),
    to: people(draft.to),
    cc: people(draft.cc),
    bcc: people(draft.bcc),
    replyTo: people(draft.replyTo),
    subject: line(draft.subject),
    messageId: id(draft.messageId),
    date: new Date(draft.date),
    alternatives: bodies(draft),
    attachments: draft.attachments.map(attachment),
    headers: draft.headers.map(extra),
    newline: 'win',
    disableFileAccess: true,
    disableUrlAccess: true,
    ...(draft.sender === null ? {} : { sender: people(draft.sender) }),
    ...(draft.inReplyTo.length === 0 ? {} : { inReplyTo: draft.inReplyTo.map(id).join(' ') }),
    ...(draft.references.length === 0 ? {} : { references: draft.references.map(id) }),
  });
  const message = composer.compile();
  message.keepBcc = options.keepBcc === true;
  return message.build();
};
