import type { MailAccount } from '#store/types.ts';

/** JMAP accountId of a mail account: `A` and its id without dashes. */
export const jmapAccountId = (account: Pick<MailAccount, 'id'>): string => `A${account.id.replaceAll('-', '')}`;
