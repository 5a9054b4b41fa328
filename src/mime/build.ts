import MailComposer from 'nodemailer/lib/mail-composer';
import MimeNode from 'nodemailer/lib/mime-node';
import { headerSpan } from './headers.ts';
import type { Address, AddressGroup, Draft, DraftPart } from './types.ts';

export interface BuildOptions {
  /** For the copy in Sent and in Drafts; never for what is sent. */
  keepBcc?: boolean;
}

const LF = 10;
const CR = 13;
const MAX_LINE = 998;

// eslint-disable-next-line no-control-regex
const controls = /[\0-\x1f\x7f]+/g;
const line = (text: string): string => text.replace(controls, ' ').trim();

const people = (list: readonly Address[]): { name: string; address: string }[] =>
  list
    .filter((one) => one.email !== '')
    .map(({ name, email }) => ({ name: name === null ? '' : line(name), address: line(email) }));

const quoted = (text: string): string => `"${line(text).replace(/["\\]/g, String.raw`\$&`)}"`;

/** nodemailer takes a group as text only. */
const groups = (list: readonly AddressGroup[]): (string | ReturnType<typeof people>)[] =>
  list.map(({ name, addresses }) => {
    const members = people(addresses);
    if (name === null) return members;
    return `${quoted(name)}: ${members.map((one) => `${quoted(one.name)} <${one.address}>`).join(', ')};`;
  });

const id = (messageId: string): string => `<${line(messageId).replace(/[<>\s]/g, '')}>`;

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

/** The fields of the message, each with its folding. */
const headerFields = async (draft: Draft, keepBcc: boolean): Promise<string[]> => {
  const composer = new MailComposer({
    from: people(draft.from),
    to: groups(draft.to),
    cc: groups(draft.cc),
    bcc: groups(draft.bcc),
    replyTo: groups(draft.replyTo),
    subject: line(draft.subject),
    messageId: id(draft.messageId),
    date: new Date(draft.date),
    headers: draft.headers.map(extra),
    newline: 'win',
    disableFileAccess: true,
    disableUrlAccess: true,
    ...(draft.sender === null ? {} : { sender: people(draft.sender) }),
    ...(draft.inReplyTo.length === 0 ? {} : { inReplyTo: draft.inReplyTo.map(id).join(' ') }),
    ...(draft.references.length === 0 ? {} : { references: draft.references.map(id) }),
  });
  const message = composer.compile();
  message.keepBcc = keepBcc;
  const bytes = await message.build();
  const fields = bytes.toString('latin1', 0, headerSpan(bytes, 0, bytes.length).headerEnd).split(/\r\n(?![ \t])/);
  return fields.filter((field) => field !== '' && !/^content-/i.test(field));
};

const typeOf = ({ type, content }: DraftPart): string =>
  line(typeof content === 'string' ? `${type}; charset=utf-8` : type);

const fill = (node: MimeNode, { type, content, headers }: DraftPart): void => {
  for (const { name, value } of headers) node.addHeader(name.replace(/[^!-9;-~]/g, ''), line(value));
  if (typeof content === 'string') {
    const text = content.replace(/\r\n?/g, '\n');
    // nodemailer thinks of octets above 127 alone, and of them well; blanks at the end of a line are lost on the way.
    if (/^[\n\t -~]*$/.test(text) && /[\t ]$|.{77}/m.test(text))
      node.setHeader('Content-Transfer-Encoding', 'quoted-printable');
    node.setContent(text.replaceAll('\n', '\r\n'));
  } else if (Buffer.isBuffer(content)) {
    // As a text its line ends would be changed.
    if (!/^message\//i.test(type)) node.setHeader('Content-Transfer-Encoding', 'base64');
    node.setContent(content);
  } else {
    for (const part of content) fill(node.createChild(typeOf(part)), part);
  }
};

/**
 * Whether a mail server takes these octets as the lines they are: none longer than 998, no NUL, no CR by itself – RFC 5322
 * §2.1.1, RFC 2046 §5.2.1.
 */
export const isCarried = (bytes: Buffer): boolean => {
  let length = 0;
  for (let at = 0; at < bytes.length; at += 1) {
    const byte = bytes[at];
    if (byte === LF) length = 0;
    else if (byte === CR ? bytes[at + 1] !== LF : byte === 0 || (length += 1) > MAX_LINE) return false;
  }
  return true;
};

/** Whether the last line of the message is the last of a text that ends without a line end. */
const endsOpen = ({ content }: DraftPart): boolean => typeof content === 'string' && !/(?:^|[\r\n])$/.test(content);

/**
 * The draft as an Internet message: CRLF, UTF-8, every text as it was given. Bcc is left out unless asked for. Line breaks
 * inside a value cannot start a field.
 */
export const buildMessage = async (draft: Draft, options: BuildOptions = {}): Promise<Buffer> => {
  const fields = await headerFields(draft, options.keepBcc === true);
  const node = new MimeNode('multipart/mixed', {
    newline: 'win',
    disableFileAccess: true,
    disableUrlAccess: true,
  }).createChild(typeOf(draft.body));
  fill(node, draft.body);
  const body = await node.build();
  return Buffer.concat([
    Buffer.from(`${fields.join('\r\n')}\r\n`, 'latin1'),
    // nodemailer ends what it builds with a line end, whether the text has one or not.
    endsOpen(draft.body) ? body.subarray(0, -2) : body,
  ]);
};
