import type {
  Binding,
  CertificateFacts,
  MailAccountId,
  MailProtocol,
  SessionId,
  SessionRow,
  SlotId,
  SlotRow,
  SlotKind,
  Target,
  UserId,
  UserKeys,
} from '#vault/keeper.ts';
import type { AuditKind } from './audit-kinds.ts';

/** The durable store: what must not be lost. SQLite embedded, or PostgreSQL. Secrets stand in it only sealed. */
export interface User {
  id: UserId;
  createdAt: number;
  keys: UserKeys;
  /** Lower case: what the Postern sign-in is called by; null without a site password. */
  siteName: string | null;
  /** Since when the operator keeps this user out; null: not. */
  lockedAt: number | null;
  /** The last step a one-time code was taken of; see docs/spec/vault.md. */
  totpStep: number | null;
}

/** What is public of a passkey. */
export interface PasskeyFacts {
  /** base64url, as WebAuthn has it. */
  credentialId: string;
  /** COSE key, base64url. */
  publicKey: string;
  signCount: number;
  transports: string[];
  rpId: string;
}

/** A slot with what the list of unlockers shows. Times in Unix ms. */
export interface Slot extends SlotRow {
  /** As the person called it. */
  name: string | null;
  createdAt: number;
  lastUsedAt: number | null;
  /** `passkey` only. */
  facts: PasskeyFacts | null;
}

/** A certificate as a server last showed it, and what was reported of it. Times in Unix ms. */
export interface SeenCertificate extends CertificateFacts {
  seenAt: number;
  privateAddress: boolean;
  /** Something that seldom changes did; null when nothing, or the user has seen it. */
  change: CertificateChange | null;
}

export interface CertificateChange {
  at: number;
  what: ('issuer' | 'key' | 'private-address')[];
  before: { issuer: string; fingerprint: string };
}

export interface MailAccount {
  id: MailAccountId;
  user: UserId;
  /** The address signed in with, lower-case domain. */
  address: string;
  name: string;
  position: number;
  colour: 'patina' | 'slate' | 'plum' | 'clay' | 'moss' | 'ochre' | 'rose' | 'iris';
  imap: Target;
  smtp: Target;
  /** 'ok', or 'refused' since `stateAt`: the server did not take the stored password. */
  state: 'ok' | 'refused';
  stateAt: number;
  /** Which of the servers refused. */
  refused: MailProtocol | null;
  /** Seconds that the submission server holds a message for us (RFC 4865); 0: not at all; null: not asked yet. */
  smtpHold: number | null;
  /** SMTP has a password of its own. */
  ownSmtp: boolean;
  /** What may be done while the user is away: nothing, one job by a credential of its own, or all until `awayUntil`. */
  away: 'sealed' | 'ticket' | 'resident';
  awayUntil: number | null;
  /** What is kept to sign in at the servers; `minted`: an app password that Postern made at the sign-in. */
  auth: 'password' | 'app-password' | 'minted' | 'oauth';
  /** `minted`: id of the app password; `oauth`: of the issuer. */
  authId: string | null;
  authSince: number;
  /** When the server last let us in. */
  checkedAt: number | null;
  /** Most connections the server lets us have, once it said there are too many. */
  connections: number | null;
  /** As last seen. */
  certificates: Record<MailProtocol, SeenCertificate | null>;
  /** Id of the default identity. */
  identity: string | null;
  /** Its inbox is part of All inboxes. */
  inAllInboxes: boolean;
}

export interface Credential {
  account: MailAccountId;
  protocol: MailProtocol;
  binding: Binding;
  sealed: Buffer;
}

/** A session with what its list shows. Times in Unix ms. */
export interface Session extends SessionRow {
  createdAt: number;
  lastSeenAt: number;
  expiresAt: number;
  userAgent: string;
  address: string;
  remember: boolean;
}

export interface ApiToken {
  id: string;
  user: UserId;
  name: string;
  tokenHash: Buffer;
  slot: Slot;
  readOnly: boolean;
  createdAt: number;
  lastUsedAt: number | null;
  expiresAt: number | null;
}

/** A record sealed under its own key: `wrapped` is that key under the user key, `sealed` the payload under that key. */
export interface SealedRecord {
  id: string;
  user: UserId;
  account: MailAccountId | null;
  purpose: Binding['purpose'];
  generation: number;
  wrapped: Buffer;
  sealed: Buffer;
  updatedAt: number;
}

/** The outbox. `held` may be undone until `sendAt`; see docs/spec/outbox.md for the transitions. */
export type SubmissionState = 'held' | 'due' | 'sending' | 'sent' | 'filed' | 'failed' | 'unknown' | 'canceled';

/** Which rows of an outbox are asked for: all of these, at least so late (Unix ms). */
export interface SubmissionSpan {
  /** At least one. */
  states?: readonly SubmissionState[];
  updatedSince?: number;
  sendSince?: number;
}

export interface Submission {
  id: string;
  user: UserId;
  account: MailAccountId;
  state: SubmissionState;
  sendAt: number;
  tries: number;
  updatedAt: number;
  /** JSON sealed under its record key: identityId, emailId, threadId, envelope, messageId, delivery status, the server's words, onSuccess patch. */
  record: SealedRecord;
  /** The message as it will go out, sealed. */
  message: SealedRecord;
}

/** Somebody did something with an account's keys. `facts`: no secret, no content of mail. */
export interface AuditEntry {
  id: string;
  /** Null: nobody we know. */
  user: UserId | null;
  at: number;
  kind: AuditKind;
  /** Of the visitor; empty when it was the operator. */
  address: string;
  userAgent: string;
  facts: Record<string, string | number | boolean | null>;
}

/** A user's keys turned: everything that was sealed under the former user key, sealed under the new one. */
export interface TurnedKeys {
  user: UserId;
  keys: UserKeys;
  /** The one session that goes on; all others end. */
  session: Session;
  /** Wrapped keys of records by id; `before` must be what stands there. */
  records: { id: string; before: Buffer; wrapped: Buffer }[];
  credentials: { before: Buffer; credential: Credential }[];
  /** The slots that go on, made anew; all others are dropped, and API tokens with them. */
  slots: SlotRow[];
}

/** Every method is one transaction. Errors: {@link StoreError}; `store/conflict` only where said. */
export interface Store extends AsyncDisposable {
  healthy(): Promise<boolean>;

  user(id: UserId): Promise<User | null>;
  /** The user whose direct sign-in is this address at this IMAP target (host, port, username). Those who "leave nothing" are not found. */
  userByLogin(
    imap: Pick<Target, 'host' | 'port' | 'username'>,
  ): Promise<{ user: User; account: MailAccount; slot: Slot | null } | null>;
  /** The user of a Postern sign-in, and the slots of its password. `name` in lower case. */
  userBySiteName(name: string): Promise<{ user: User; slots: Slot[] } | null>;
  /** All, oldest first; for the operator. */
  users(): Promise<User[]>;
  /** Those whose id, Postern sign-in or one account's address this is, in any case; for the operator. */
  usersNamed(name: string): Promise<User[]>;
  /** @throws StoreError `store/conflict` when another user has this name */
  setSiteName(user: UserId, name: string | null): Promise<void>;
  setLocked(user: UserId, at: number | null): Promise<void>;
  /** Takes note that a one-time code of `step` was used; false when one of this step or a later one was before. */
  takeTotpStep(user: UserId, step: number): Promise<boolean>;
  /** @throws StoreError `store/conflict` when somebody has just signed in to the same IMAP login for the first time: ask `userByLogin` again */
  createUser(rows: {
    user: User;
    account: MailAccount;
    credentials: Credential[];
    slots: Slot[];
    session: Session;
  }): Promise<void>;
  /** A later sign-in: the session, and the credentials and slots that were sealed anew (those that stand keep name and times). */
  addSession(rows: { session: Session; credentials: Credential[]; slots: SlotRow[] }): Promise<void>;
  deleteUser(id: UserId): Promise<void>;

  accounts(user: UserId): Promise<MailAccount[]>;
  account(id: MailAccountId): Promise<MailAccount | null>;
  saveAccount(account: MailAccount): Promise<void>;
  /**
   * An account, new or as it is from now on, with passwords and the slot that were sealed for it; all of it or nothing.
   * @throws StoreError `store/conflict` when another user signs in directly to the IMAP login it now has
   */
  keepAccount(rows: { account: MailAccount; credentials: Credential[]; slots: SlotRow[] }): Promise<void>;
  /** Changes what is named and nothing else; the account as it is now, null when it is gone. */
  changeAccount(id: MailAccountId, change: Partial<Omit<MailAccount, 'id' | 'user'>>): Promise<MailAccount | null>;
  /** With its credentials, slots, records and submissions. */
  deleteAccount(id: MailAccountId): Promise<void>;
  /** Its address and mail password sign in to this user no more; its slot goes. */
  detachLogin(account: MailAccountId): Promise<void>;
  credential(account: MailAccountId, protocol: MailProtocol): Promise<Credential | null>;
  credentials(user: UserId): Promise<Credential[]>;
  saveCredentials(credentials: Credential[]): Promise<void>;

  sessionByTokenHash(hash: Buffer): Promise<Session | null>;
  session(id: SessionId): Promise<Session | null>;
  sessions(user: UserId): Promise<Session[]>;
  /** The session that had this token before it was rotated (by `saveSession` with a new token hash), and when that was. */
  sessionByRetiredToken(hash: Buffer): Promise<{ session: Session; retiredAt: number } | null>;
  /** Replaces a session's row; one that was deleted meanwhile stays deleted. */
  saveSession(session: Session): Promise<void>;
  touchSession(id: SessionId, at: number): Promise<void>;
  deleteSession(id: SessionId): Promise<void>;
  /** Deletes sessions whose `expiresAt` has come; returns them. */
  deleteExpiredSessions(now: number): Promise<{ id: SessionId; user: UserId }[]>;

  /** Oldest first; without a kind, all but those of tokens. */
  slots(user: UserId, kind?: SlotKind): Promise<Slot[]>;
  slot(id: SlotId): Promise<Slot | null>;
  /** Makes or replaces slots; the site password may come with its name. @throws StoreError `store/conflict` as {@link setSiteName} */
  saveSlots(slots: Slot[], siteName?: string): Promise<void>;
  /** Replaces what is sealed in a slot that stands; its name and times stay. */
  sealSlots(slots: SlotRow[]): Promise<void>;
  renameSlot(user: UserId, id: SlotId, name: string): Promise<boolean>;
  /** It was used; `signCount` of a passkey as it is now. */
  touchSlot(id: SlotId, at: number, signCount?: number): Promise<void>;
  /** Deletes a slot, unless it is the last of this user's that can open; false then, and when it is gone. */
  deleteSlot(user: UserId, id: SlotId): Promise<boolean>;
  /** @throws StoreError `store/conflict` when something was sealed meanwhile under the former user key */
  turnKeys(turned: TurnedKeys): Promise<void>;
  saveToken(token: ApiToken): Promise<void>;
  tokenByHash(hash: Buffer): Promise<ApiToken | null>;
  tokens(user: UserId): Promise<ApiToken[]>;
  touchToken(id: string, at: number): Promise<void>;
  deleteToken(user: UserId, id: string): Promise<void>;

  records(user: UserId, account: MailAccountId | null, purpose: Binding['purpose']): Promise<SealedRecord[]>;
  /** All of a user's, those of submissions too. */
  allRecords(user: UserId): Promise<SealedRecord[]>;
  record(id: string): Promise<SealedRecord | null>;
  saveRecord(record: SealedRecord): Promise<void>;
  deleteRecord(id: string): Promise<void>;

  submissions(account: MailAccountId, span?: SubmissionSpan): Promise<Submission[]>;
  submission(id: string): Promise<Submission | null>;
  /** Those `held` or `due` whose `sendAt` has come, oldest first. */
  dueSubmissions(account: MailAccountId, now: number): Promise<Submission[]>;
  saveSubmission(submission: Submission): Promise<void>;
  /** Moves `from` → `to` only if the row is still in `from`; false when another worker was first. */
  moveSubmission(
    id: string,
    from: SubmissionState,
    to: SubmissionState,
    patch?: Partial<Pick<Submission, 'sendAt' | 'tries' | 'record'>>,
  ): Promise<boolean>;
  deleteSubmission(id: string): Promise<void>;
  /** Deletes at most `most` of those `filed` or `canceled` before then (Unix ms); their ids. */
  forgetSubmissions(account: MailAccountId, before: number, most: number): Promise<string[]>;

  audit(entry: AuditEntry): Promise<void>;
  /** Newest first, of one user or (null) of all. */
  auditOf(
    user: UserId | null,
    span: { since: number; most: number; kinds?: readonly AuditKind[] },
  ): Promise<AuditEntry[]>;
  dropAudit(before: number): Promise<void>;
}
