import type { Connection } from '../connection.ts';
import type { Argument } from '../control.ts';
import { ImapError } from '../errors.ts';
import { decodeMailboxName, isInbox } from '../mailbox-name.ts';
import type { ListedMailbox, MailboxStatus } from '../types.ts';
import { anyOf, on } from '../untagged.ts';
import type { Decoder } from '../wire/decoder.ts';
import { readStatusItems, statusItems } from './status.ts';

interface ListLine extends ListedMailbox {
  /** NOTIFY tells that it was renamed (RFC 5465 §5.4): no line of an answer. */
  isNews: boolean;
}

/**
 * mailbox-list = "(" [mbx-list-flags] ")" SP (DQUOTE QUOTED-CHAR DQUOTE / nil) SP mailbox – RFC 3501 §7.2.2 – and
 * [SP "(" *(tag SP value) ")"] – RFC 5258 §6.
 */
const readList = (decoder: Decoder): ListLine => {
  const flags = decoder.flags();
  decoder.sp();
  const delimiter = decoder.scalar();
  decoder.sp();
  const listed = decoder.astring().toString('latin1');
  decoder.sp();
  const more = decoder.peek() === 40 ? decoder.value() : null;
  const pathRaw = isInbox(listed) ? 'INBOX' : listed;
  const lower = flags.map((flag) => flag.toLowerCase());
  return {
    pathRaw,
    path: decodeMailboxName(pathRaw),
    delimiter: delimiter === '' ? null : delimiter,
    flags,
    noselect: lower.includes('\\noselect') || lower.includes('\\nonexistent'),
    subscribed: lower.includes('\\subscribed'),
    status: null,
    isNews: Array.isArray(more) && more.some((tag) => typeof tag === 'string' && tag.toUpperCase() === 'OLDNAME'),
  };
};

const isNonexistent = ({ flags }: ListedMailbox): boolean =>
  flags.some((flag) => flag.toLowerCase() === '\\nonexistent');

/** Whether a line says no more than one before it: what NOTIFY tells late comes between the lines of an answer. */
const isPoorer = (line: ListedMailbox, before: ListedMailbox): boolean => {
  const [lacks, lacked] = [isNonexistent(line), isNonexistent(before)];
  return lacks === lacked ? line.flags.length < before.flags.length : lacks;
};

/** A name that stands only for the mailboxes below it (RFC 5258 §3, \NonExistent) is none when there are none. */
const isListed = (box: ListedMailbox, all: ReadonlyMap<string, ListedMailbox>): boolean => {
  if (!isNonexistent(box)) return true;
  const { delimiter, pathRaw } = box;
  return delimiter !== null && [...all.keys()].some((other) => other.startsWith(pathRaw + delimiter));
};

const returns = (connection: Connection): Argument[] => {
  const can = (word: string): boolean => connection.can(word);
  return [
    ...(can('LIST-EXTENDED') ? [{ atom: 'SUBSCRIBED' }] : []),
    ...(can('SPECIAL-USE') ? [{ atom: 'SPECIAL-USE' }] : []),
    ...(can('LIST-STATUS') ? [{ atom: 'STATUS' }, statusItems(connection)] : []),
  ];
};

/** LIST "" "*", with RETURN (RFC 5258, 5819, 6154) where offered; else LSUB tells what is subscribed. */
export const list = async (connection: Connection): Promise<ListedMailbox[]> => {
  const extended = connection.can('LIST-EXTENDED') && !connection.abilities.quirks.plainList;
  if (extended) {
    try {
      const found = await run(connection, 'LIST', ['', '*', { atom: 'RETURN' }, returns(connection)]);
      // Lenient: Strato leaves INBOX out of an extended LIST (MailKit issue 1957).
      if (found.has('INBOX')) return [...found.values()].filter((box) => isListed(box, found));
    } catch (error) {
      if (!(error instanceof ImapError) || error.code !== 'imap/refused') throw error;
    }
  }
  const found = await run(connection, 'LIST', ['', '*']);
  const subscribed = await run(connection, 'LSUB', ['', '*']);
  return [...found.values()]
    .filter((box) => !isNonexistent(box))
    .map((box) => ({ ...box, subscribed: subscribed.has(box.pathRaw) }));
};

const run = async (connection: Connection, command: 'LIST' | 'LSUB', args: Argument[]) => {
  const found = new Map<string, ListedMailbox>();
  const statuses = new Map<string, MailboxStatus>();
  const untagged = anyOf(
    on(command, (decoder) => {
      const { isNews, ...box } = readList(decoder);
      if (isNews) return connection.tell({ kind: 'mailboxes' });
      const before = found.get(box.pathRaw);
      if (box.pathRaw !== '' && (before === undefined || !isPoorer(box, before))) found.set(box.pathRaw, box);
    }),
    on('STATUS', (decoder) => {
      const name = decoder.astring().toString('latin1');
      decoder.sp();
      statuses.set(isInbox(name) ? 'INBOX' : name, readStatusItems(decoder));
    }),
  );
  await connection.control.exec(command, args, { untagged });
  for (const box of found.values()) box.status = statuses.get(box.pathRaw) ?? null;
  return found;
};
