import type { Connection } from '../connection.ts';
import { ImapError } from '../errors.ts';

/** NOTIFY – RFC 5465: new messages, expunges and flags of the open mailbox and, as STATUS, of all personal ones. */
export const notify = async (connection: Connection): Promise<boolean> => {
  if (!connection.can('NOTIFY')) return false;
  const events = '(MessageNew MessageExpunge FlagChange)';
  const mailboxes = '(MessageNew MessageExpunge FlagChange MailboxName SubscriptionChange)';
  try {
    await connection.line.run('NOTIFY', [`NOTIFY SET (selected ${events}) (personal ${mailboxes})`]);
    return true;
  } catch (error) {
    if (error instanceof ImapError && error.code === 'imap/refused') return false;
    throw error;
  }
};
