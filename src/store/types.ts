import type {
  Binding,
  MailAccountId,
  MailProtocol,
  SessionId,
  SessionRow,
  SlotRow,
  SlotKind,
  Target,
  UserId,
  UserKeys,
} from '#vault/keeper.ts';

/** The durable store: what must not be lost. SQLite embedded, or PostgreSQL. Secrets stand in it only sealed. */
export interface User {
  id: UserId;
  createdAt: number;
  keys: UserKeys;
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
  slot: SlotRow;
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

/** Every method is one transaction. Errors: {@link StoreError}; `store/conflict` only where said. */
export interface Store extends AsyncDisposable {
  healthy(): Promise<boolean>;

  user(id: UserId): Promise<User | null>;
  /** The user whose direct sign-in is this address at this IMAP target (host, port, username). Those who "leave nothing" are not found. */
  userByLogin(
    imap: Pick<Target, 'host' | 'port' | 'username'>,
  ): Promise<{ user: User; account: MailAccount; slot: SlotRow | null } | null>;
  /** @throws StoreError `store/conflict` when somebody has just signed in to the same IMAP login for the first time: ask `userByLogin` again */
  createUser(rows: {
    user: User;
    account: MailAccount;
    credentials: Credential[];
    slots: SlotRow[];
    session: Session;
  }): Promise<void>;
  /** A later sign-in: the session, and the credentials and slots that were sealed anew. */
  addSession(rows: { session: Session; credentials: Credential[]; slots: SlotRow[] }): Promise<void>;
  deleteUser(id: UserId): Promise<void>;

  accounts(user: UserId): Promise<MailAccount[]>;
  saveAccount(account: MailAccount): Promise<void>;
  credential(account: MailAccountId, protocol: MailProtocol): Promise<Credential | null>;
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

  slots(user: UserId, kind: SlotKind): Promise<SlotRow[]>;
  saveToken(token: ApiToken): Promise<void>;
  tokenByHash(hash: Buffer): Promise<ApiToken | null>;
  tokens(user: UserId): Promise<ApiToken[]>;
  touchToken(id: string, at: number): Promise<void>;
  deleteToken(user: UserId, id: string): Promise<void>;

  records(user: UserId, account: MailAccountId | null, purpose: Binding['purpose']): Promise<SealedRecord[]>;
  record(id: string): Promise<SealedRecord | null>;
  saveRecord(record: SealedRecord): Promise<void>;
  deleteRecord(id: string): Promise<void>;

  submissions(account: MailAccountId): Promise<Submission[]>;
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
}
