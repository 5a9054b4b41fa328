import { capabilities } from '#jmap/core.ts';
import { getAnswer, getFields } from '../get.ts';
import { method } from '../method.ts';
import { mailAccountProperties, mailAccountState, mailAccountView } from './view.ts';

/** MailAccount/get: one record, `singleton`. */
export const mailAccountGet = method('MailAccount/get', capabilities.keep, {}, getFields, ({ open }, args) => ({
  json: getAnswer({ ...args, accountId: open.jmapId }, mailAccountProperties, mailAccountState(open), [
    mailAccountView(open),
  ]),
}));
