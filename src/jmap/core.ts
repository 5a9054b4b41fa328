import type { AppPasswordCapability } from './app-password.ts';
import type { SetError } from './errors.ts';
import type { AccountId, BlobId, CreationId, Id } from './ids.ts';

/** Capability names – RFC 8620 §2, RFC 8621 §1.3, RFC 9425 §2, and ours. */
export const capabilities = {
  core: 'urn:ietf:params:jmap:core',
  mail: 'urn:ietf:params:jmap:mail',
  submission: 'urn:ietf:params:jmap:submission',
  quota: 'urn:ietf:params:jmap:quota',
  keep: 'urn:postern:params:jmap:keep',
  appPasswords: 'urn:postern:params:jmap:app-passwords',
} as const;

export type Capability = (typeof capabilities)[keyof typeof capabilities];

/** RFC 8620 §2. Sizes in octets. */
export interface CoreLimits {
  maxSizeUpload: number;
  maxConcurrentUpload: number;
  maxSizeRequest: number;
  maxConcurrentRequests: number;
  maxCallsInRequest: number;
  maxObjectsInGet: number;
  maxObjectsInSet: number;
  collationAlgorithms: string[];
}

/** RFC 8621 §1.3.1. */
export interface MailLimits {
  maxMailboxesPerEmail: number | null;
  maxMailboxDepth: number | null;
  maxSizeMailboxName: number;
  maxSizeAttachmentsPerEmail: number;
  emailQuerySortOptions: string[];
  mayCreateTopLevelMailbox: boolean;
}

/** RFC 8621 §1.3.2. `maxDelayedSend` in seconds. */
export interface SubmissionLimits {
  maxDelayedSend: number;
  submissionExtensions: Record<string, string[]>;
}

export interface Account {
  name: string;
  isPersonal: boolean;
  isReadOnly: boolean;
  accountCapabilities: {
    'urn:ietf:params:jmap:core'?: Record<string, never>;
    'urn:ietf:params:jmap:mail'?: MailLimits;
    'urn:ietf:params:jmap:submission'?: SubmissionLimits;
    'urn:ietf:params:jmap:quota'?: Record<string, never>;
    'urn:postern:params:jmap:keep'?: Record<string, never>;
    'urn:postern:params:jmap:app-passwords'?: AppPasswordCapability;
  };
}

/** The session resource – RFC 8620 §2. */
export interface Session {
  capabilities: {
    'urn:ietf:params:jmap:core': CoreLimits;
    'urn:ietf:params:jmap:mail': Record<string, never>;
    'urn:ietf:params:jmap:submission': Record<string, never>;
    'urn:ietf:params:jmap:quota': Record<string, never>;
    'urn:postern:params:jmap:keep': Record<string, never>;
    'urn:postern:params:jmap:app-passwords': Record<string, never>;
  };
  accounts: Record<AccountId, Account>;
  primaryAccounts: Partial<Record<Capability, AccountId>>;
  username: string;
  apiUrl: string;
  /** URI template with accountId, blobId, type, name. */
  downloadUrl: string;
  /** URI template with accountId. */
  uploadUrl: string;
  /** URI template with types, closeafter, ping. */
  eventSourceUrl: string;
  state: string;
}

/** name, arguments, call id – RFC 8620 §3.2 */
export type Invocation<Name extends string = string, Arguments = Record<string, unknown>> = [Name, Arguments, string];

/** RFC 8620 §3.3 */
export interface Request {
  using: string[];
  methodCalls: Invocation[];
  createdIds?: Record<CreationId, Id>;
}

/** RFC 8620 §3.4 */
export interface Response {
  methodResponses: Invocation[];
  createdIds?: Record<CreationId, Id>;
  sessionState: string;
}

/** RFC 8620 §3.7. `path` is a JSON Pointer in which `*` maps over an array. */
export interface ResultReference {
  resultOf: string;
  name: string;
  path: string;
}

/** Arguments as a client may send them: `#x` with a reference instead of `x`. */
export type WithReferences<T> =
  | T
  | { [K in keyof T as K extends string ? K | `#${K}` : never]?: K extends keyof T ? T[K] | ResultReference : never };

/** RFC 8620 §5.1. Null `ids`: all; null `properties`: the type's default list. */
export interface GetArguments<I = Id> {
  accountId: AccountId;
  ids?: I[] | null;
  properties?: string[] | null;
}
export interface GetResponse<T, I = Id> {
  accountId: AccountId;
  state: string;
  list: T[];
  notFound: I[];
}

/** RFC 8620 §5.2 */
export interface ChangesArguments {
  accountId: AccountId;
  sinceState: string;
  maxChanges?: number | null;
}
export interface ChangesResponse<I = Id> {
  accountId: AccountId;
  oldState: string;
  newState: string;
  hasMoreChanges: boolean;
  created: I[];
  updated: I[];
  destroyed: I[];
}

/** Paths to values; null removes or resets – RFC 8620 §5.3 */
export type PatchObject = Record<string, unknown>;

/** RFC 8620 §5.3 */
export interface SetArguments<T, I = Id> {
  accountId: AccountId;
  ifInState?: string | null;
  create?: Record<string, T> | null;
  update?: Record<I & string, PatchObject> | null;
  destroy?: I[] | null;
}
export interface SetResponse<T, I = Id> {
  accountId: AccountId;
  oldState: string | null;
  newState: string;
  created: Record<string, Partial<T>> | null;
  updated: Record<I & string, Partial<T> | null> | null;
  destroyed: I[] | null;
  notCreated: Record<string, SetError> | null;
  notUpdated: Record<I & string, SetError> | null;
  notDestroyed: Record<I & string, SetError> | null;
}

/** RFC 8620 §5.5 */
export interface FilterOperator<C> {
  operator: 'AND' | 'OR' | 'NOT';
  conditions: (FilterOperator<C> | C)[];
}
export interface Comparator {
  property: string;
  isAscending?: boolean;
  collation?: string;
}
export interface QueryArguments<C, S extends Comparator = Comparator> {
  accountId: AccountId;
  filter?: FilterOperator<C> | C | null;
  sort?: S[] | null;
  position?: number;
  anchor?: Id | null;
  anchorOffset?: number;
  limit?: number | null;
  calculateTotal?: boolean;
}
export interface QueryResponse<I = Id> {
  accountId: AccountId;
  queryState: string;
  canCalculateChanges: boolean;
  position: number;
  ids: I[];
  total?: number;
  limit?: number;
}

/** RFC 8620 §5.6 */
export interface QueryChangesArguments<C = never, S extends Comparator = Comparator> {
  accountId: AccountId;
  filter?: FilterOperator<C> | C | null;
  sort?: S[] | null;
  sinceQueryState: string;
  maxChanges?: number | null;
  upToId?: Id | null;
  calculateTotal?: boolean;
}
export interface QueryChangesResponse<I = Id> {
  accountId: AccountId;
  oldQueryState: string;
  newQueryState: string;
  total?: number;
  removed: I[];
  added: { id: I; index: number }[];
}

/** RFC 8620 §6.1 */
export interface UploadResponse {
  accountId: AccountId;
  blobId: BlobId;
  type: string;
  size: number;
}

/** RFC 8620 §7.1 */
export interface StateChange {
  '@type': 'StateChange';
  changed: Record<AccountId, Record<string, string>>;
}
