import type { Connection } from '../connection.ts';
import type { Argument } from '../control.ts';
import { ImapError } from '../errors.ts';
import type { MailboxStatus } from '../types.ts';
import { on } from '../untagged.ts';
import type { Decoder } from '../wire/decoder.ts';

const noStatus: MailboxStatus = {
  messages: null,
  unseen: null,
  uidnext: null,
  uidvalidity: null,
  highestModseq: '0',
};

/** The items to ask for. HIGHESTMODSEQ only by capability: Yahoo and others answer BAD. */
export const statusItems = ({ abilities }: Connection): Argument[] =>
  ['MESSAGES', 'UNSEEN', 'UIDNEXT', 'UIDVALIDITY', ...(abilities.condstore ? ['HIGHESTMODSEQ'] : [])].map((atom) => ({
    atom,
  }));

/** "(" [status-att SP number *(SP status-att SP number)] ")" – RFC 3501 §7.2.4. Lenient: an empty list (163.com). */
export const readStatusItems = (decoder: Decoder): MailboxStatus => {
  const status = { ...noStatus };
  decoder.list(() => {
    const name = decoder.atom().toUpperCase();
    decoder.sp();
    if (name === 'HIGHESTMODSEQ') {
      const text = decoder.scalar() ?? '';
      if (/^\d{1,20}$/.test(text)) status.highestModseq = text;
      return;
    }
    const value = decoder.looseNumber();
    if (name === 'MESSAGES') status.messages = value;
    else if (name === 'UNSEEN') status.unseen = value;
    else if (name === 'UIDNEXT') status.uidnext = value;
    else if (name === 'UIDVALIDITY') status.uidvalidity = value;
  });
  return status;
};

/** Lenient: Dovecot 2.3 says so in words and without the code that RFC 5530 §3 has (seen of 2.3.19). */
const coded = (error: unknown): unknown =>
  error instanceof ImapError && error.responseCode === null && error.words?.startsWith("Mailbox doesn't exist") === true
    ? new ImapError(error.code, {
        words: error.words,
        responseCode: 'NONEXISTENT',
        command: error.command,
        retryAfter: error.retryAfter,
        cause: error,
      })
    : error;

/** STATUS – RFC 3501 §6.3.10. @throws ImapError `imap/refused`, `NONEXISTENT` when there is no such mailbox */
export const status = async (connection: Connection, pathRaw: string): Promise<MailboxStatus> => {
  const found: MailboxStatus[] = [];
  const untagged = on('STATUS', (decoder) => {
    decoder.astring();
    decoder.sp();
    found.push(readStatusItems(decoder));
  });
  try {
    await connection.control.exec('STATUS', [pathRaw, statusItems(connection)], { untagged });
  } catch (error) {
    throw coded(error);
  }
  const last = found.at(-1);
  if (last === undefined) throw new ImapError('imap/refused', { command: 'STATUS' });
  return last;
};
