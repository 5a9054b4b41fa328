import type { Email, EmailNumber, IndexReader } from '#index/types.ts';
import { capabilities } from '#jmap/core.ts';
import { Problem } from '#base/problem.ts';
import { MethodFailure } from '../errors.ts';
import { getFields, wantedIds } from '../get.ts';
import { emailId, emailNumber, messageBlobId, threadId } from '../ids.ts';
import { limits } from '../limits.ts';
import { type AccountContext, type Answer, method } from '../method.ts';
import { bodyFields } from './body.ts';
import { messageOf, outlineOf } from './message.ts';
import { type Wish, wishOf, writeMessage } from './properties.ts';

/** RFC 8621 §4.2 */
const defaultProperties: readonly string[] = [
  'id',
  'blobId',
  'threadId',
  'mailboxIds',
  'keywords',
  'size',
  'receivedAt',
  'messageId',
  'inReplyTo',
  'references',
  'sender',
  'from',
  'to',
  'cc',
  'bcc',
  'replyTo',
  'subject',
  'sentAt',
  'hasAttachment',
  'preview',
  'bodyValues',
  'textBody',
  'htmlBody',
  'attachments',
];

const allNumbers = (reader: IndexReader): EmailNumber[] => {
  const limit = limits.maxObjectsInGet + 1;
  const query = {
    filter: null,
    sort: [],
    collapseThreads: false,
    position: 0,
    anchor: null,
    anchorOffset: 0,
    limit,
    calculateTotal: false,
  };
  const ids = reader.query(query).ids;
  if (ids.length > limits.maxObjectsInGet)
    throw new MethodFailure('requestTooLarge', `More than ${limits.maxObjectsInGet} Emails.`);
  return ids;
};

interface Read {
  state: string;
  emails: Email[];
  notFound: string[];
}

const read = ({ open }: AccountContext, ids: readonly string[] | null): Read =>
  open.index.read((reader) => {
    const notFound: string[] = [];
    const numbers: EmailNumber[] = [];
    if (ids === null) numbers.push(...allNumbers(reader));
    for (const id of ids ?? []) {
      const number = emailNumber(id);
      if (number === undefined) notFound.push(id);
      else numbers.push(number);
    }
    const emails = reader.emails(numbers);
    if (emails.length < numbers.length) {
      const found = new Set(emails.map((email) => email.number));
      for (const number of numbers) if (!found.has(number)) notFound.push(emailId(number));
    }
    return { state: reader.state('Email'), emails, notFound };
  });

/** One Email with what its message has to say; null when the server lost the message meanwhile. */
const withMessage = async ({ open }: AccountContext, email: Email, wish: Wish): Promise<string | null> => {
  try {
    const outline = wish.needs === 'outline' && email.structure !== null;
    const message = outline ? outlineOf(email.structure ?? '') : messageOf(await open.engine.source(email.row));
    return `{${wish.write(email)}${await writeMessage(message, messageBlobId(email.number), wish)}}`;
  } catch (error) {
    if (error instanceof Problem && error.code === 'message/gone') return null;
    throw error;
  }
};

/** Messages read at a time: enough to keep a connection busy, few enough to hold their bytes. */
const abreast = 8;

const readMessages = async (
  context: AccountContext,
  emails: readonly Email[],
  wish: Wish,
  notFound: string[],
): Promise<string[]> => {
  const shown: string[] = [];
  for (let from = 0; from < emails.length; from += abreast) {
    const some = emails.slice(from, from + abreast);
    const written = await Promise.all(some.map((email) => withMessage(context, email, wish)));
    for (const [index, json] of written.entries()) {
      const email = some[index];
      if (json !== null) shown.push(json);
      else if (email) notFound.push(emailId(email.number));
    }
  }
  return shown;
};

const peekInto =
  (emails: readonly Email[], wish: Wish) =>
  (path: string): unknown => {
    if (path === '/list/*/threadId' && wish.list.includes('threadId'))
      return emails.map((email) => threadId(email.thread));
    return path === '/list/*/id' ? emails.map((email) => emailId(email.number)) : undefined;
  };

const emptyBodyValues = ',"bodyValues":{}';

/** Email/get – RFC 8621 §4.2 */
export const emailGet = method(
  'Email/get',
  capabilities.mail,
  { pure: true },
  { ...getFields, ...bodyFields },
  async (context, args): Promise<Answer> => {
    const wish = wishOf(args.properties === null ? defaultProperties : ['id', ...args.properties], args);
    const { state, emails, notFound } = read(context, args.ids === null ? null : wantedIds(args.ids));
    let list: string[];
    const passing = wish.needs !== 'index';
    if (wish.needs === 'index') {
      const tail = wish.bodyValues ? emptyBodyValues : '';
      list = emails.map((email) => `{${wish.write(email)}${tail}}`);
      askForPreviews(context, emails, wish);
    } else list = await readMessages(context, emails, wish, notFound);
    return {
      json: `{"accountId":"${context.open.jmapId}","state":${JSON.stringify(state)},"list":[${list.join(',')}],"notFound":${JSON.stringify(notFound)}}`,
      passing,
      peek: passing ? () => undefined : peekInto(emails, wish),
    };
  },
);

const askForPreviews = ({ open, whenAnswered, log }: AccountContext, emails: readonly Email[], wish: Wish): void => {
  if (!wish.list.includes('preview')) return;
  const rows = emails.filter((email) => email.preview === '').map((email) => email.row);
  if (rows.length === 0) return;
  whenAnswered(() => {
    open.engine.wantPreviews(rows).catch(() => log('debug', 'previews not fetched', { count: rows.length }));
  });
};
