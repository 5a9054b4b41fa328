import { createHash } from 'node:crypto';
import type { Account, CoreLimits, Session } from '#jmap/core.ts';
import { capabilities } from '#jmap/core.ts';
import type { AccountId } from '#jmap/ids.ts';
import { capabilityOf } from './app-password/capability.ts';
import type { Desk } from './app-password/desk.ts';
import { collations, limits } from './limits.ts';
import type { Caller, Host, OpenAccount } from './types.ts';

/** Properties Email/query sorts by – RFC 8621 §4.4.2 */
export const emailSortOptions: readonly string[] = [
  'receivedAt',
  'sentAt',
  'size',
  'from',
  'to',
  'subject',
  'hasKeyword',
  'allInThreadHaveKeyword',
  'someInThreadHaveKeyword',
];

const core: CoreLimits = {
  maxSizeUpload: limits.maxSizeUpload,
  maxConcurrentUpload: limits.maxConcurrentUpload,
  maxSizeRequest: limits.maxSizeRequest,
  maxConcurrentRequests: limits.maxConcurrentRequests,
  maxCallsInRequest: limits.maxCallsInRequest,
  maxObjectsInGet: limits.maxObjectsInGet,
  maxObjectsInSet: limits.maxObjectsInSet,
  collationAlgorithms: [...collations],
};

const inOrder = (caller: Caller): OpenAccount[] =>
  [...caller.host.accounts.values()].toSorted(
    (a, b) => a.account.position - b.account.position || (a.jmapId < b.jmapId ? -1 : 1),
  );

const accountOf = (open: OpenAccount, desk: Desk, readOnly: boolean): Account => ({
  name: open.account.address,
  isPersonal: true,
  isReadOnly: readOnly,
  accountCapabilities: {
    [capabilities.core]: {},
    [capabilities.mail]: {
      maxMailboxesPerEmail: limits.maxMailboxesPerEmail,
      maxMailboxDepth: null,
      maxSizeMailboxName: limits.maxSizeMailboxName,
      maxSizeAttachmentsPerEmail: limits.maxSizeAttachmentsPerEmail,
      emailQuerySortOptions: [...emailSortOptions],
      mayCreateTopLevelMailbox: !readOnly,
    },
    [capabilities.submission]: {
      maxDelayedSend: limits.maxDelayedSend,
      submissionExtensions: { FUTURERELEASE: [String(limits.maxDelayedSend)] },
    },
    [capabilities.quota]: {},
    [capabilities.keep]: {},
    [capabilities.appPasswords]: capabilityOf(desk, open),
  },
});

/** The state last told to a user, and what it was made of. */
const told = new WeakMap<Host, { facts: string; state: string }>();

/** The state of the session object, also said in every response – RFC 8620 §3.4 */
export const sessionState = (caller: Caller): string => {
  let facts = `${caller.sessionState} ${caller.readOnly}`;
  for (const { jmapId, account, engine } of inOrder(caller)) {
    const { address, position, auth, authSince } = account;
    facts += `\n${jmapId} ${address} ${position} ${auth} ${authSince} ${engine.connection.at === 'refused'}`;
  }
  const last = told.get(caller.host);
  if (last?.facts === facts) return last.state;
  const state = createHash('sha256').update(facts).digest('base64url').slice(0, 16);
  told.set(caller.host, { facts, state });
  return state;
};

/** The session resource – RFC 8620 §2 */
export const sessionOf = (caller: Caller, desk: Desk, origin: string, username: string): Session => {
  const accounts = inOrder(caller);
  const first = accounts[0]?.jmapId as AccountId | undefined;
  // Core is of no account, and should not be here.
  const ofAccounts = Object.values(capabilities).filter((name) => name !== capabilities.core);
  const primary = first === undefined ? [] : ofAccounts.map((name) => [name, first]);
  return {
    capabilities: {
      [capabilities.core]: core,
      [capabilities.mail]: {},
      [capabilities.submission]: {},
      [capabilities.quota]: {},
      [capabilities.keep]: {},
      [capabilities.appPasswords]: {},
    },
    accounts: Object.fromEntries(accounts.map((open) => [open.jmapId, accountOf(open, desk, caller.readOnly)])),
    primaryAccounts: Object.fromEntries(primary) as Session['primaryAccounts'],
    username,
    apiUrl: `${origin}/jmap/api`,
    downloadUrl: `${origin}/jmap/download/{accountId}/{blobId}/{name}?accept={type}`,
    uploadUrl: `${origin}/jmap/upload/{accountId}`,
    eventSourceUrl: `${origin}/jmap/eventsource?types={types}&closeafter={closeafter}&ping={ping}`,
    state: sessionState(caller),
  };
};
