import type { Email, EmailComparator, EmailFilter } from '#jmap/mail.ts';
import type { FilterOperator } from '#jmap/core.ts';
import type { AccountId, MailboxId } from '#jmap/ids.ts';

/** What lists and folded messages show of an email. */
export const headProperties = [
  'id',
  'threadId',
  'mailboxIds',
  'keywords',
  'from',
  'to',
  'subject',
  'receivedAt',
  'preview',
  'hasAttachment',
  'size',
] as const satisfies readonly (keyof Email)[];

export type EmailHead = Pick<Email, (typeof headProperties)[number]>;

/** What an open message shows beyond its head; never changes. */
export const bodyProperties = [
  'id',
  'blobId',
  'messageId',
  'inReplyTo',
  'references',
  'sender',
  'from',
  'to',
  'cc',
  'bcc',
  'replyTo',
  'subject',
  'sentAt',
  'receivedAt',
  'textBody',
  'htmlBody',
  'attachments',
  'bodyValues',
] as const satisfies readonly (keyof Email)[];

export type EmailBody = Pick<Email, (typeof bodyProperties)[number]>;

export type Filter = EmailFilter | FilterOperator<EmailFilter>;

/** What a list shows. */
export interface ListQuery {
  accountId: AccountId;
  filter: Filter | null;
  sort: readonly EmailComparator[];
  /** One row a conversation instead of one a message. */
  collapse: boolean;
  /** The mailbox whose mail it is; null for lists across mailboxes. Actions take mail out of it. */
  mailboxId: MailboxId | null;
}
