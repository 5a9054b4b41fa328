import { capabilities } from '#jmap/core.ts';
import { getAnswer, getFields } from '../get.ts';
import { method } from '../method.ts';
import { listedMailboxes, mailboxProperties } from './view.ts';

/** Mailbox/get – RFC 8621 §2.1 */
export const mailboxGet = method(
  'Mailbox/get',
  capabilities.mail,
  { pure: true },
  getFields,
  ({ open, caller }, args) => {
    const { state, all } = open.index.read((reader) => ({
      state: reader.state('Mailbox'),
      all: listedMailboxes(reader, caller.readOnly),
    }));
    return { json: getAnswer({ ...args, accountId: open.jmapId }, mailboxProperties, state, all) };
  },
);
