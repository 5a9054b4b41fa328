import type { Comparator } from './core.ts';
import type { BlobId, EmailId, IdentityId, MailboxId, OffsetDate, SubmissionId, ThreadId, UTCDate } from './ids.ts';

/** Roles of the IANA registry that Postern knows – RFC 8621 §2, RFC 8457 */
export type Role = 'inbox' | 'archive' | 'drafts' | 'flagged' | 'important' | 'junk' | 'sent' | 'trash' | 'all';

/** RFC 8621 §2 */
export interface MailboxRights {
  mayReadItems: boolean;
  mayAddItems: boolean;
  mayRemoveItems: boolean;
  maySetSeen: boolean;
  maySetKeywords: boolean;
  mayCreateChild: boolean;
  mayRename: boolean;
  mayDelete: boolean;
  maySubmit: boolean;
}

/** RFC 8621 §2 */
export interface Mailbox {
  id: MailboxId;
  name: string;
  parentId: MailboxId | null;
  role: Role | null;
  sortOrder: number;
  totalEmails: number;
  unreadEmails: number;
  totalThreads: number;
  unreadThreads: number;
  myRights: MailboxRights;
  isSubscribed: boolean;
}

/** RFC 8621 §2.3 */
export interface MailboxFilter {
  parentId?: MailboxId | null;
  name?: string;
  role?: Role | null;
  hasAnyRole?: boolean;
  isSubscribed?: boolean;
}

/** RFC 8621 §3; oldest first */
export interface Thread {
  id: ThreadId;
  emailIds: EmailId[];
}

/** RFC 8621 §4.1.2.3 */
export interface EmailAddress {
  name: string | null;
  email: string;
}
/** RFC 8621 §4.1.2.4 */
export interface EmailAddressGroup {
  name: string | null;
  addresses: EmailAddress[];
}
/** Raw form – RFC 8621 §4.1.3 */
export interface EmailHeader {
  name: string;
  value: string;
}

/** The parsed forms of a header field – RFC 8621 §4.1.2 */
export type HeaderForm = 'Raw' | 'Text' | 'Addresses' | 'GroupedAddresses' | 'MessageIds' | 'Date' | 'URLs';
export type HeaderValue = string | string[] | EmailAddress[] | EmailAddressGroup[] | null;

/** `header:{name}[:as{form}][:all]` – RFC 8621 §4.1.3 */
export type HeaderProperty = `header:${string}`;

/** RFC 8621 §4.1.4. `partId` null for multiparts; `size` in octets after decoding. */
export interface EmailBodyPart {
  partId: string | null;
  blobId: BlobId | null;
  size: number;
  headers: EmailHeader[];
  name: string | null;
  type: string;
  charset: string | null;
  disposition: string | null;
  cid: string | null;
  language: string[] | null;
  location: string | null;
  subParts: EmailBodyPart[] | null;
  [header: HeaderProperty]: HeaderValue | HeaderValue[];
}

/** RFC 8621 §4.1.4 */
export interface EmailBodyValue {
  value: string;
  isEncodingProblem: boolean;
  isTruncated: boolean;
}

/** Keywords of RFC 8621 §4.1.1 and the IANA registry that Postern gives meaning to. */
export type SystemKeyword =
  | '$seen'
  | '$flagged'
  | '$draft'
  | '$answered'
  | '$forwarded'
  | '$phishing'
  | '$junk'
  | '$notjunk';

/** RFC 8621 §4.1 */
export interface Email {
  id: EmailId;
  blobId: BlobId;
  threadId: ThreadId;
  mailboxIds: Record<MailboxId, true>;
  keywords: Record<string, true>;
  /** Octets of the raw message. */
  size: number;
  receivedAt: UTCDate;
  headers: EmailHeader[];
  messageId: string[] | null;
  inReplyTo: string[] | null;
  references: string[] | null;
  sender: EmailAddress[] | null;
  from: EmailAddress[] | null;
  to: EmailAddress[] | null;
  cc: EmailAddress[] | null;
  bcc: EmailAddress[] | null;
  replyTo: EmailAddress[] | null;
  subject: string | null;
  sentAt: OffsetDate | null;
  bodyStructure: EmailBodyPart;
  bodyValues: Record<string, EmailBodyValue>;
  textBody: EmailBodyPart[];
  htmlBody: EmailBodyPart[];
  attachments: EmailBodyPart[];
  hasAttachment: boolean;
  preview: string;
  [header: HeaderProperty]: HeaderValue | HeaderValue[];
}

/** A part as a client creates it: a `partId` that names a body value, or a `blobId` – RFC 8621 §4.6 */
export interface NewBodyPart {
  partId?: string;
  blobId?: BlobId;
  type?: string;
  charset?: string;
  name?: string | null;
  disposition?: string | null;
  cid?: string | null;
  language?: string[] | null;
  location?: string | null;
  size?: number;
  subParts?: NewBodyPart[];
  [header: HeaderProperty]: HeaderValue | HeaderValue[];
}

/** What Email/set create takes – RFC 8621 §4.6 */
export interface NewEmail {
  mailboxIds: Record<string, true>;
  keywords?: Record<string, true>;
  receivedAt?: UTCDate;
  messageId?: string[] | null;
  inReplyTo?: string[] | null;
  references?: string[] | null;
  sender?: EmailAddress[] | null;
  from?: EmailAddress[] | null;
  to?: EmailAddress[] | null;
  cc?: EmailAddress[] | null;
  bcc?: EmailAddress[] | null;
  replyTo?: EmailAddress[] | null;
  subject?: string | null;
  sentAt?: OffsetDate | null;
  bodyStructure?: NewBodyPart;
  bodyValues?: Record<string, { value: string; isEncodingProblem?: false; isTruncated?: false }>;
  textBody?: [NewBodyPart];
  htmlBody?: [NewBodyPart];
  attachments?: NewBodyPart[];
  [header: HeaderProperty]: HeaderValue | HeaderValue[];
}

/** RFC 8621 §4.4.1 */
export interface EmailFilter {
  inMailbox?: MailboxId;
  inMailboxOtherThan?: MailboxId[];
  before?: UTCDate;
  after?: UTCDate;
  minSize?: number;
  maxSize?: number;
  allInThreadHaveKeyword?: string;
  someInThreadHaveKeyword?: string;
  noneInThreadHaveKeyword?: string;
  hasKeyword?: string;
  notKeyword?: string;
  hasAttachment?: boolean;
  text?: string;
  from?: string;
  to?: string;
  cc?: string;
  bcc?: string;
  subject?: string;
  body?: string;
  header?: [string] | [string, string];
}

export type EmailSortProperty =
  | 'receivedAt'
  | 'sentAt'
  | 'size'
  | 'from'
  | 'to'
  | 'subject'
  | 'hasKeyword'
  | 'allInThreadHaveKeyword'
  | 'someInThreadHaveKeyword';

/** RFC 8621 §4.4.2 */
export interface EmailComparator extends Comparator {
  property: EmailSortProperty;
  keyword?: string;
}

/** What of bodies Email/get and Email/parse return – RFC 8621 §4.2 */
export interface BodyArguments {
  bodyProperties?: string[] | null;
  fetchTextBodyValues?: boolean;
  fetchHTMLBodyValues?: boolean;
  fetchAllBodyValues?: boolean;
  /** Octets of UTF-8; 0: no limit. */
  maxBodyValueBytes?: number;
  /** Of the keep capability: paragraphs of `format=flowed` texts are joined (RFC 3676 §4). */
  joinFlowed?: boolean;
}

/** RFC 8621 §4.8 */
export interface EmailImport {
  blobId: BlobId;
  mailboxIds: Record<string, true>;
  keywords?: Record<string, true>;
  receivedAt?: UTCDate;
}

/** RFC 8621 §5. Text escaped for HTML, matches within `<mark>`. */
export interface SearchSnippet {
  emailId: EmailId;
  subject: string | null;
  preview: string | null;
}

/** RFC 8621 §6 */
export interface Identity {
  id: IdentityId;
  name: string;
  email: string;
  replyTo: EmailAddress[] | null;
  bcc: EmailAddress[] | null;
  textSignature: string;
  htmlSignature: string;
  mayDelete: boolean;
}

/** RFC 8621 §7; parameters as RFC 5321 extensions name them. */
export interface EnvelopeAddress {
  email: string;
  parameters?: Record<string, string | null> | null;
}
export interface Envelope {
  mailFrom: EnvelopeAddress;
  rcptTo: EnvelopeAddress[];
}
export interface DeliveryStatus {
  smtpReply: string;
  delivered: 'queued' | 'yes' | 'no' | 'unknown';
  displayed: 'unknown' | 'yes';
}

/** RFC 8621 §7. Outbox properties of Postern (`stage`, `nextTryAt`, `words`): see `keep.ts`. */
export interface EmailSubmission {
  id: SubmissionId;
  identityId: IdentityId;
  emailId: EmailId;
  threadId: ThreadId;
  envelope: Envelope | null;
  sendAt: UTCDate;
  undoStatus: 'pending' | 'final' | 'canceled';
  deliveryStatus: Record<string, DeliveryStatus> | null;
  dsnBlobIds: BlobId[];
  mdnBlobIds: BlobId[];
}

/** What EmailSubmission/set create takes. A delay is `HOLDFOR` (seconds) or `HOLDUNTIL` (UTCDate) on `envelope.mailFrom` – RFC 8621 §7, RFC 4865 */
export interface NewEmailSubmission {
  identityId: IdentityId;
  /** An EmailId, or `#` + the creation id of an Email made earlier in the request. */
  emailId: EmailId | `#${string}`;
  envelope?: Envelope | null;
}

/** RFC 8621 §7.3 */
export interface EmailSubmissionFilter {
  identityIds?: IdentityId[];
  emailIds?: EmailId[];
  threadIds?: ThreadId[];
  undoStatus?: EmailSubmission['undoStatus'];
  before?: UTCDate;
  after?: UTCDate;
}
