import type {
  ChangesArguments,
  ChangesResponse,
  GetArguments,
  GetResponse,
  QueryArguments,
  QueryChangesArguments,
  QueryChangesResponse,
  QueryResponse,
  SetArguments,
  SetResponse,
} from './core.ts';
import type {
  AccountId,
  AppPasswordId,
  BlobId,
  EmailId,
  IdentityId,
  MailAccountId,
  MailboxId,
  QuotaId,
  SubmissionId,
  ThreadId,
  WebSessionId,
} from './ids.ts';
import type {
  AppPassword,
  AppPasswordQuestion,
  NewAppPassword,
  RevokeAllArguments,
  RevokeAllResponse,
  SettleArguments,
  ShownAppPassword,
} from './app-password.ts';
import type { SetError } from './errors.ts';
import type {
  CorrespondentQueryArguments,
  CorrespondentQueryResponse,
  MailAccount,
  OutboxProperties,
  WebSession,
} from './keep.ts';
import type {
  BodyArguments,
  Email,
  EmailComparator,
  EmailFilter,
  EmailImport,
  EmailSubmission,
  EmailSubmissionFilter,
  Identity,
  Mailbox,
  MailboxFilter,
  NewEmail,
  NewEmailSubmission,
  SearchSnippet,
  Thread,
} from './mail.ts';
import type { Quota, QuotaFilter } from './quota.ts';
import type { FilterOperator, PatchObject } from './core.ts';

/** Every method the server answers, with its arguments and its answer. Objects of `list` hold the properties asked for. */
export interface Methods {
  'Core/echo': { arguments: Record<string, unknown>; response: Record<string, unknown> };

  'Mailbox/get': { arguments: GetArguments<MailboxId>; response: GetResponse<Mailbox, MailboxId> };
  'Mailbox/changes': {
    arguments: ChangesArguments;
    response: ChangesResponse<MailboxId> & { updatedProperties: (keyof Mailbox)[] | null };
  };
  'Mailbox/query': {
    arguments: QueryArguments<MailboxFilter> & { sortAsTree?: boolean; filterAsTree?: boolean };
    response: QueryResponse<MailboxId>;
  };
  'Mailbox/queryChanges': { arguments: QueryChangesArguments; response: never };
  'Mailbox/set': {
    arguments: SetArguments<Partial<Mailbox>, MailboxId> & { onDestroyRemoveEmails?: boolean };
    response: SetResponse<Mailbox, MailboxId>;
  };

  'Thread/get': { arguments: GetArguments<ThreadId>; response: GetResponse<Thread, ThreadId> };
  'Thread/changes': { arguments: ChangesArguments; response: ChangesResponse<ThreadId> };

  'Email/get': { arguments: GetArguments<EmailId> & BodyArguments; response: GetResponse<Email, EmailId> };
  'Email/changes': { arguments: ChangesArguments; response: ChangesResponse<EmailId> };
  'Email/query': {
    arguments: QueryArguments<EmailFilter, EmailComparator> & { collapseThreads?: boolean };
    response: QueryResponse<EmailId> & { collapseThreads?: boolean };
  };
  'Email/queryChanges': {
    arguments: QueryChangesArguments<EmailFilter, EmailComparator> & { collapseThreads?: boolean };
    response: QueryChangesResponse<EmailId>;
  };
  'Email/set': { arguments: SetArguments<NewEmail, EmailId>; response: SetResponse<Email, EmailId> };
  'Email/import': {
    arguments: { accountId: AccountId; ifInState?: string | null; emails: Record<string, EmailImport> };
    response: {
      accountId: AccountId;
      oldState: string | null;
      newState: string;
      created: Record<string, Pick<Email, 'id' | 'blobId' | 'threadId' | 'size'>> | null;
      notCreated: Record<string, SetError> | null;
    };
  };
  'Email/parse': {
    arguments: { accountId: AccountId; blobIds: BlobId[]; properties?: string[] | null } & BodyArguments;
    response: {
      accountId: AccountId;
      parsed: Record<BlobId, Partial<Email>> | null;
      notParsable: BlobId[] | null;
      notFound: BlobId[] | null;
    };
  };

  'SearchSnippet/get': {
    arguments: { accountId: AccountId; filter: FilterOperator<EmailFilter> | EmailFilter | null; emailIds: EmailId[] };
    response: { accountId: AccountId; list: SearchSnippet[]; notFound: EmailId[] | null };
  };

  'Identity/get': { arguments: GetArguments<IdentityId>; response: GetResponse<Identity, IdentityId> };
  'Identity/changes': { arguments: ChangesArguments; response: ChangesResponse<IdentityId> };
  'Identity/set': {
    arguments: SetArguments<Partial<Identity>, IdentityId>;
    response: SetResponse<Identity, IdentityId>;
  };

  'EmailSubmission/get': {
    arguments: GetArguments<SubmissionId>;
    response: GetResponse<EmailSubmission & Partial<OutboxProperties>, SubmissionId>;
  };
  'EmailSubmission/changes': { arguments: ChangesArguments; response: ChangesResponse<SubmissionId> };
  'EmailSubmission/query': {
    arguments: QueryArguments<EmailSubmissionFilter>;
    response: QueryResponse<SubmissionId>;
  };
  'EmailSubmission/queryChanges': { arguments: QueryChangesArguments; response: never };
  'EmailSubmission/set': {
    arguments: SetArguments<NewEmailSubmission, SubmissionId> & {
      onSuccessUpdateEmail?: Record<string, PatchObject> | null;
      onSuccessDestroyEmail?: string[] | null;
    };
    response: SetResponse<EmailSubmission, SubmissionId>;
  };

  'Quota/get': { arguments: GetArguments<QuotaId>; response: GetResponse<Quota, QuotaId> };
  'Quota/changes': {
    arguments: ChangesArguments;
    response: ChangesResponse<QuotaId> & { updatedProperties: (keyof Quota)[] | null };
  };
  'Quota/query': { arguments: QueryArguments<QuotaFilter>; response: QueryResponse<QuotaId> };
  'Quota/queryChanges': { arguments: QueryChangesArguments; response: never };

  'MailAccount/get': { arguments: GetArguments<MailAccountId>; response: GetResponse<MailAccount, MailAccountId> };
  'MailAccount/changes': { arguments: ChangesArguments; response: ChangesResponse<MailAccountId> };
  'MailAccount/set': {
    arguments: SetArguments<Partial<MailAccount>, MailAccountId>;
    response: SetResponse<MailAccount, MailAccountId>;
  };
  'WebSession/get': { arguments: GetArguments<WebSessionId>; response: GetResponse<WebSession, WebSessionId> };
  'WebSession/changes': { arguments: ChangesArguments; response: ChangesResponse<WebSessionId> };
  'WebSession/set': {
    arguments: SetArguments<Partial<WebSession>, WebSessionId>;
    response: SetResponse<WebSession, WebSessionId>;
  };
  'AppPassword/get': {
    arguments: GetArguments<AppPasswordId>;
    response: GetResponse<AppPassword, AppPasswordId> & { question: AppPasswordQuestion | null };
  };
  'AppPassword/changes': { arguments: ChangesArguments; response: ChangesResponse<AppPasswordId> };
  'AppPassword/set': {
    arguments: SetArguments<NewAppPassword, AppPasswordId>;
    response: SetResponse<ShownAppPassword & { replacement: ShownAppPassword }, AppPasswordId>;
  };
  'AppPassword/revokeAll': { arguments: RevokeAllArguments; response: RevokeAllResponse };
  'AppPassword/settle': { arguments: SettleArguments; response: RevokeAllResponse };
  'Correspondent/query': { arguments: CorrespondentQueryArguments; response: CorrespondentQueryResponse };
}

export type MethodName = keyof Methods;

/** Types whose states push tells. */
export type PushType =
  | 'Mailbox'
  | 'Thread'
  | 'Email'
  | 'EmailDelivery'
  | 'Identity'
  | 'EmailSubmission'
  | 'MailAccount'
  | 'Quota'
  | 'AppPassword';
