import type { Email, EmailNumber, EmailRow, IndexReader, ThreadNumber } from '#index/types.ts';
import { capabilities } from '#jmap/core.ts';
import { Problem } from '#base/problem.ts';
import { MethodFailure } from '../errors.ts';
import { manyFields, notTooMany } from '../get.ts';
import { emailId, emailIds, emailNumbers, type Ids, messageBlobId, threadIds } from '../ids.ts';
import { limits } from '../limits.ts';
import { type AccountContext, type Answer, method } from '../method.ts';
import { longestList, type WrittenEmail } from '../remembered.ts';
import { admitBody, bodyFields } from './body.ts';
import { messageOf, outlineOf } from './message.ts';
import { messageProperties, type Wish, wishOf, writeMessage } from './properties.ts';

/** RFC 8621 §4.2 */
const defaultProperties: readonly string[] = [
  'id',
  'blobId',
  'threadId',
  'mailboxIds',
  'keywords',
  'size',
  'receivedAt',
  ...messageProperties,
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

interface Asked {
  /** As often as they were asked for. */
  numbers: readonly EmailNumber[];
  notFound: string[];
}

const askedFor = (reader: IndexReader, ids: Ids | null): Asked => {
  if (ids === null) return { numbers: allNumbers(reader), notFound: [] };
  const { numbers, strangers } = emailNumbers(ids);
  return { numbers, notFound: strangers };
};

interface Read {
  state: string;
  emails: Email[];
  notFound: string[];
}

const read = ({ open }: AccountContext, ids: Ids | null): Read =>
  open.index.read((reader) => {
    const { numbers, notFound } = askedFor(reader, ids);
    const once = [...new Set(numbers)];
    const emails = reader.emails(once);
    if (emails.length < once.length) {
      const found = new Set(emails.map((email) => email.number));
      for (const number of once) if (!found.has(number)) notFound.push(emailId(number));
    }
    return { state: reader.state('Email'), emails, notFound };
  });

const headOf = ({ open }: AccountContext, state: string): string =>
  `{"accountId":"${open.jmapId}","state":${JSON.stringify(state)},"list":[`;
const endOf = (notFound: readonly string[]): string =>
  notFound.length === 0 ? '],"notFound":[]}' : `],"notFound":${JSON.stringify(notFound)}}`;

const emptyBodyValues = ',"bodyValues":{}';

/** What an answer shows of Emails that the index knows all of. */
interface Shown {
  found: readonly EmailNumber[];
  threads: readonly ThreadNumber[];
  waiting: readonly EmailRow[];
  pieces: readonly Buffer[];
}

/** Those written lately as they were written, the others from the index; what is not there is put into `notFound`. */
const shownOf = (
  context: AccountContext,
  reader: IndexReader,
  asked: readonly EmailNumber[],
  wish: Wish,
  notFound: string[],
): Shown => {
  const { each, lists } = context.memories(context.open.index).emails(wish);
  const list = lists.find(asked);
  if (list) return { ...list, pieces: [list.bytes] };
  const tail = wish.bodyValues ? emptyBodyValues : '';
  const showsPreview = wish.list.includes('preview');
  const write = (email: Email): WrittenEmail => {
    const waiting = showsPreview && email.preview === '' ? email.row : null;
    const made = { thread: email.thread, waiting, bytes: Buffer.from(`,{${wish.write(email)}${tail}}`) };
    each.put(email.number, made);
    return made;
  };
  const once = [...new Set(asked)];
  const known = once.map((number) => each.get(number));
  const unknown = known.includes(undefined) ? once.filter((_, at) => known[at] === undefined) : [];
  const fresh = new Map(
    unknown.length === 0 ? [] : reader.emails(unknown).map((email) => [email.number, write(email)]),
  );
  const found: EmailNumber[] = [];
  const threads: ThreadNumber[] = [];
  const waiting: EmailRow[] = [];
  const pieces: Buffer[] = [];
  let length = 0;
  for (const [at, number] of once.entries()) {
    const email = known[at] ?? fresh.get(number);
    if (!email) {
      notFound.push(emailId(number));
      continue;
    }
    pieces.push(found.length === 0 ? email.bytes.subarray(1) : email.bytes);
    length += email.bytes.length;
    found.push(number);
    threads.push(email.thread);
    if (email.waiting !== null) waiting.push(email.waiting);
  }
  // A list all of which was asked for before is one that somebody comes back to.
  if (unknown.length === 0 && length <= longestList)
    lists.put({ numbers: asked, found, threads, waiting, bytes: Buffer.concat(pieces) });
  return { found, threads, waiting, pieces };
};

const fromIndex = (context: AccountContext, ids: Ids | null, wish: Wish): Answer => {
  const { json, found, threads, waiting } = context.open.index.read((reader) => {
    const asked = askedFor(reader, ids);
    const shown = shownOf(context, reader, asked.numbers, wish, asked.notFound);
    return { ...shown, json: [headOf(context, reader.state('Email')), ...shown.pieces, endOf(asked.notFound)] };
  });
  askForPreviews(context, waiting);
  return {
    json,
    peek: (path) => {
      if (path === '/list/*/threadId' && wish.list.includes('threadId')) return threadIds(threads);
      return path === '/list/*/id' ? emailIds(found) : undefined;
    },
  };
};

/** One Email with what its message has to say; null when the server lost the message meanwhile. @throws UpstreamError */
export const writeEmail = async ({ open }: AccountContext, email: Email, wish: Wish): Promise<string | null> => {
  if (wish.needs === 'index') return `{${wish.write(email)}}`;
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
  let length = 0;
  for (let from = 0; from < emails.length; from += abreast) {
    const some = emails.slice(from, from + abreast);
    const written = await Promise.all(some.map((email) => writeEmail(context, email, wish)));
    for (const [index, json] of written.entries()) {
      const email = some[index];
      length += json?.length ?? 0;
      if (json !== null) shown.push(json);
      else if (email) notFound.push(emailId(email.number));
    }
    if (length > limits.maxAnswer) throw new MethodFailure('requestTooLarge', 'Ask for fewer messages at once.');
  }
  return shown;
};

const fromMessages = async (context: AccountContext, ids: Ids | null, wish: Wish): Promise<Answer> => {
  const { state, emails, notFound } = read(context, ids);
  const list = await readMessages(context, emails, wish, notFound);
  return { json: [headOf(context, state), list.join(','), endOf(notFound)], passing: true };
};

/** Email/get – RFC 8621 §4.2 */
export const emailGet = method(
  'Email/get',
  capabilities.mail,
  { pure: true },
  { ...manyFields, ...bodyFields },
  (context, args) => {
    admitBody(context, args);
    const wish = wishOf(args.properties === null ? defaultProperties : ['id', ...args.properties], args);
    const ids = args.ids === null ? null : notTooMany(args.ids);
    return wish.needs === 'index' ? fromIndex(context, ids, wish) : fromMessages(context, ids, wish);
  },
);

const askForPreviews = ({ open, whenAnswered, log }: AccountContext, rows: readonly EmailRow[]): void => {
  if (rows.length === 0) return;
  whenAnswered(() => {
    open.engine.wantPreviews(rows).catch(() => log('debug', 'previews not fetched', { count: rows.length }));
  });
};
