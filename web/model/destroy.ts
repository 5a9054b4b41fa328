import type { EmailId, MailboxId } from '#jmap/ids.ts';
import type { Connection } from './connection.ts';
import type { Mail } from './mail.ts';
import { pageOfAll } from './targets.ts';
import type { EmailHead } from './types.ts';

/**
 * Takes emails out of a mailbox for ever. One that lies in another mailbox too is the same email there, and stays there.
 * The server's words about the first that it refused, else null. Rejects as the connection does.
 */
export const destroyIn = async (
  connection: Connection,
  mail: Mail,
  mailbox: MailboxId,
  emails: readonly Pick<EmailHead, 'id' | 'mailboxIds'>[],
): Promise<string | null> => {
  const accountId = mail.id;
  const elsewhere = ({ mailboxIds }: Pick<EmailHead, 'mailboxIds'>): boolean =>
    Object.keys(mailboxIds).some((id) => id !== mailbox);
  for (let from = 0; from < emails.length; from += pageOfAll) {
    const some = emails.slice(from, from + pageOfAll);
    const kept = some.filter(elsewhere).map(({ id }) => id);
    const destroy = some.filter((email) => !elsewhere(email)).map(({ id }) => id);
    const out = { [`mailboxIds/${mailbox}`]: null };
    const update = Object.fromEntries(kept.map((id): [EmailId, typeof out] => [id, out]));
    const answer = await connection.call('Email/set', { accountId, destroy, update }).answer;
    mail.emails.gone(answer.destroyed ?? []);
    mail.emails.forget(kept);
    const noes = [...Object.values(answer.notDestroyed ?? {}), ...Object.values(answer.notUpdated ?? {})];
    const no = noes.find(({ type }) => type !== 'notFound');
    if (no) return no.description ?? no.type;
  }
  return null;
};
