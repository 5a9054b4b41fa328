import type { MailAccountId } from '#jmap/ids.ts';
import type { Connection } from '../connection.ts';
import { modelError } from '../errors.ts';
import type { Mail } from '../mail.ts';
import type { Toasts } from '../toasts.ts';

const singleton = 'singleton' as MailAccountId;

/** Has the mail server tried again at once; how it went comes by push. Never rejects. */
export const retryAccount = async (
  { connection, toasts }: { connection: Connection; toasts: Toasts },
  mail: Mail,
): Promise<void> => {
  try {
    const update = { [singleton]: { status: { at: 'connecting' } } };
    const set = connection.call('MailAccount/set', { accountId: mail.id, update });
    const get = connection.call('MailAccount/get', { accountId: mail.id, ids: null });
    const [, answer] = await Promise.all([set.answer, get.answer]);
    mail.states.MailAccount = answer.state;
    const [status] = answer.list;
    if (status) mail.setStatus(status);
  } catch (error) {
    if (modelError(error).code !== 'auth/signed-out')
      toasts.show('The mail server could not be tried again.', { tone: 'failed' });
  }
};
