import { capabilities } from '#jmap/core.ts';
import { mailAccountChanges } from './account/changes.ts';
import { mailAccountGet } from './account/get.ts';
import { mailAccountSet } from './account/set.ts';
import { appPasswordChanges } from './app-password/changes.ts';
import { appPasswordGet } from './app-password/get.ts';
import { appPasswordRevokeAll, appPasswordSettle } from './app-password/revoke-all.ts';
import { appPasswordSet } from './app-password/set.ts';
import { coreEcho } from './core/echo.ts';
import { correspondentQuery } from './correspondent/query.ts';
import { emailChanges } from './email/changes.ts';
import { emailGet } from './email/get.ts';
import { emailImport } from './email/import.ts';
import { emailParse } from './email/parse.ts';
import { emailQuery } from './email/query.ts';
import { emailQueryChanges } from './email/query-changes.ts';
import { emailSet } from './email/set.ts';
import { identityChanges } from './identity/changes.ts';
import { identityGet } from './identity/get.ts';
import { identitySet } from './identity/set.ts';
import { mailboxChanges } from './mailbox/changes.ts';
import { mailboxGet } from './mailbox/get.ts';
import { mailboxQuery } from './mailbox/query.ts';
import { mailboxSet } from './mailbox/set.ts';
import type { Method } from './method.ts';
import { queryChangesMethod } from './query-changes.ts';
import { quotaChanges } from './quota/changes.ts';
import { quotaGet } from './quota/get.ts';
import { quotaQuery } from './quota/query.ts';
import { searchSnippetGet } from './snippet/get.ts';
import { submissionChanges } from './submission/changes.ts';
import { submissionGet } from './submission/get.ts';
import { submissionQuery } from './submission/query.ts';
import { submissionSet } from './submission/set.ts';
import { threadChanges } from './thread/changes.ts';
import { threadGet } from './thread/get.ts';
import { webSessionChanges } from './web-session/changes.ts';
import { webSessionGet } from './web-session/get.ts';
import { webSessionSet } from './web-session/set.ts';

/** Every method of the server. */
const all: readonly Method[] = [
  coreEcho,
  mailboxGet,
  mailboxChanges,
  mailboxQuery,
  queryChangesMethod('Mailbox/queryChanges', capabilities.mail, ['sortAsTree', 'filterAsTree']),
  mailboxSet,
  threadGet,
  threadChanges,
  emailGet,
  emailChanges,
  emailQuery,
  emailQueryChanges,
  emailSet,
  emailImport,
  emailParse,
  searchSnippetGet,
  identityGet,
  identityChanges,
  identitySet,
  submissionGet,
  submissionChanges,
  submissionQuery,
  queryChangesMethod('EmailSubmission/queryChanges', capabilities.submission),
  submissionSet,
  quotaGet,
  quotaChanges,
  quotaQuery,
  queryChangesMethod('Quota/queryChanges', capabilities.quota),
  mailAccountGet,
  mailAccountChanges,
  mailAccountSet,
  webSessionGet,
  webSessionChanges,
  webSessionSet,
  appPasswordGet,
  appPasswordChanges,
  appPasswordSet,
  appPasswordRevokeAll,
  appPasswordSettle,
  correspondentQuery,
];

export const methods: ReadonlyMap<string, Method> = new Map(all.map((method) => [method.name, method]));
