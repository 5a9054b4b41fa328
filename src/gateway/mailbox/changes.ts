import { capabilities } from '#jmap/core.ts';
import { changesMethod } from '../changes.ts';

const counts = ['totalEmails', 'unreadEmails', 'totalThreads', 'unreadThreads'];

/** Mailbox/changes – RFC 8621 §2.2 */
export const mailboxChanges = changesMethod('Mailbox/changes', capabilities.mail, 'Mailbox', (changes) => ({
  updatedProperties: changes.countsOnly && changes.updated.length > 0 ? counts : null,
}));
