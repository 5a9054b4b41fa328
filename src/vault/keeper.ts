import type { Duplex } from 'node:stream';
import type { Brand } from '#base/brand.ts';
import type { OAuthAnswer, OAuthStart, OAuthWish } from './oauth-wish.ts';

/**
 * The keeper as its callers see it. It holds the host key and the unlocked user keys, opens sealed passwords, makes the
 * TLS connection and the SASL exchange, and hands on the authenticated byte stream. It never hands out a password.
 * Secrets cross this interface as Buffers only, in frames over a Unix socket, whether the keeper runs as a child
 * process or inside (`POSTERN_KEEPER=inside`). The keeper keeps no database: callers read and write the rows.
 */
export type UserId = Brand<string, 'UserId'>;
export type MailAccountId = Brand<string, 'MailAccountId'>;
export type SessionId = Brand<string, 'SessionId'>;
export type SlotId = Brand<string, 'SlotId'>;

export type Security = 'tls' | 'starttls' | 'none';
export type MailProtocol = 'imap' | 'smtp';

/** Where a credential may be used; bound into its ciphertext, so that writing SQL cannot repoint an account. */
export interface Target {
  protocol: MailProtocol;
  host: string;
  port: number;
  security: Security;
  /** The login sent to the server. */
  username: string;
  /** SHA-256 of a pinned certificate (hex), or null: verified against the trusted authorities. */
  pin: string | null;
}

/** Where the password of an account is sent. */
export interface AccountServers {
  imap: Target;
  smtp: Target;
}

/**
 * A password on its way in. `sealed`: by the browser to {@link Keeper.publicKey}, in the format of docs/spec/vault.md;
 * with `login` or `challenge` given, those inside the box must be the same. `bytes`: of the JSON form; wiped by the
 * client after sending.
 */
export type IncomingSecret =
  | { kind: 'sealed'; box: Buffer; login?: string; challenge?: Buffer }
  | { kind: 'bytes'; bytes: Buffer };

/** What a secret record is, bound into it as associated data. `generation` rises whenever the record is replaced. */
export interface Binding {
  purpose: 'mail-password' | 'index-key' | 'draft' | 'submission' | 'identity' | 'preference' | 'blob' | 'totp';
  user: UserId;
  account: MailAccountId | null;
  /** Id of the row the secret stands in. */
  row: string;
  generation: number;
}

/** How an unlocker opens the user key. Each is one row of `slot`; see docs/spec/vault.md. */
export type SlotKind = 'mail-password' | 'site-password' | 'passkey' | 'recovery' | 'token' | 'session';

/** A stored slot: the user key wrapped under a key that only the unlocker yields. Opaque outside the vault. */
export interface SlotRow {
  id: SlotId;
  user: UserId;
  kind: SlotKind;
  /** The account whose password opens it (`mail-password`), else null. */
  account: MailAccountId | null;
  generation: number;
  /** Salts, Argon2id parameters, version byte, wrapped user key. */
  sealed: Buffer;
}

/** The sealed key pair of a user; the public key lets the server put secrets in while the user is away. */
export interface UserKeys {
  publicKey: Buffer;
  /** Secret key wrapped by the user key, and a MAC of the public key under it. */
  sealed: Buffer;
}

/** A session as stored. Of the token only the hash is kept (`hashToken`); the unlock key is never stored. */
export interface SessionRow {
  id: SessionId;
  user: UserId;
  tokenHash: Buffer;
  /** Session share S and the user key wrapped under BLAKE2b(C; session id, S, host key). */
  sealed: Buffer;
  generation: number;
}

/** The two cookie values of a new or rotated session. Wiped by the receiver once sent. */
export interface SessionSecrets {
  token: Buffer;
  unlockKey: Buffer;
}

/** A sealed mail password with all that its associated data needs. */
export interface SealedCredential {
  binding: Binding;
  target: Target;
  sealed: Buffer;
  /** Network address of the visitor this is done for, for servers that trust us to name it; null: nobody is here. */
  from?: string | null;
}

/**
 * An authenticated byte stream. It begins with a greeting of the keeper's own, so that a usual client can take it over:
 * IMAP `* PREAUTH [CAPABILITY …] text`, SMTP `220 text`; the text is the server's. After it, the server's bytes.
 */
export interface Authenticated {
  stream: Duplex;
  /** IMAP: the CAPABILITY words after login (empty when the server did not say). SMTP: the EHLO keyword lines. */
  capabilities: string[];
  /** The greeting line as text, for the quirk table. */
  greeting: string;
  certificate: CertificateFacts | null;
  /** The server was reached at an address that is not of the public internet. */
  privateAddress: boolean;
}

export interface CertificateFacts {
  subject: string;
  issuer: string;
  /** SHA-256, hex. */
  fingerprint: string;
  /** SHA-256 of its public key, hex. */
  key: string;
  /** Unix seconds. */
  validFrom: number;
  validTo: number;
  altNames: string[];
}

/** A password that a server has just accepted, held by the keeper for 60 s until it is enrolled or dropped. */
export interface Admission {
  handle: string;
  capabilities: string[];
  greeting: string;
  certificate: CertificateFacts | null;
  privateAddress: boolean;
}

/**
 * What a sign-in seals when it is not the admitted password: that of another admission, made for Postern alone; or, `kept`, nothing,
 * because what is sealed stays. The mail-password slot is made of the admitted one all the same.
 */
export type SealedInstead = { admission: string } | 'kept';

/** Passwords that were just proven, to be kept for an account of a user who is unlocked. */
export interface AccountPasswords {
  user: UserId;
  account: MailAccountId;
  /** Null: what is kept for IMAP stays. */
  imap: { admission: string; target: Target } | null;
  /** Null: what is kept for SMTP stays. `admission` null: it gets the password of `imap`. */
  smtp: { admission: string | null; target: Target } | null;
  /** The highest generation of the credentials stored; 0 for a new account. */
  credentialGeneration: number;
  /** Where the account's passwords are sent from now on. */
  servers: AccountServers;
  /** The mail-password slot of this account, if its user signs in with it: made anew for `imap` and `servers`. */
  slot: SlotRow | null;
  /** What is sealed in place of the password of `imap`. */
  instead?: SealedInstead;
}

/** What names a passkey; bound into its slot. */
export interface PasskeyName {
  credentialId: string;
  publicKey: string;
  rpId: string;
}

/** A slot and what is said to open it. */
export interface Unlocking {
  slot: SlotRow;
  secret: IncomingSecret;
  /** `passkey` only. */
  passkey?: PasskeyName;
}

/** The sealed secret of one-time codes (V80), the code that was given, and the last step one was taken of. */
export interface TotpProof {
  binding: Binding;
  wrapped: Buffer;
  sealed: Buffer;
  code: string | null;
  lastStep: number | null;
}

export interface NewTotpRow {
  wrapped: Buffer;
  sealed: Buffer;
  /** Base32, ASCII; shown once. */
  secret: Buffer;
}

/** An unlocker for a user who is unlocked. */
export type NewUnlocker = { user: UserId; slot: SlotId; generation: number; secret: IncomingSecret } & (
  | { kind: 'site-password' }
  | { kind: 'passkey'; passkey: PasskeyName }
);

/** What hangs on a user key, or a part of it. */
export interface TurnPart {
  records: { binding: Binding; wrapped: Buffer }[];
  credentials: SealedCredential[];
  /** Slots of mail passwords, each with the IMAP password that is kept for its account. */
  mailSlots: { slot: SlotRow; credential: SealedCredential; servers: AccountServers }[];
  /** Unlockers that are at hand. */
  unlockers: { unlocking: Unlocking; keys: UserKeys }[];
  session: SessionRow | null;
}

export interface TurnedPart {
  /** In the order of the part. */
  records: Buffer[];
  credentials: Buffer[];
  slots: SlotRow[];
  opened: { session: SessionRow; secrets: SessionSecrets } | null;
}

/** Rows to write in one transaction after an enrolment, and the cookies to set. */
export interface Opened {
  slots: SlotRow[];
  keys: UserKeys | null;
  credentials: { account: MailAccountId; protocol: MailProtocol; sealed: Buffer; generation: number }[];
  session: SessionRow;
  secrets: SessionSecrets;
  /** The step of the one-time code, if one was asked for; to be taken note of before anything else. */
  totpStep: number | null;
}

export interface Keeper extends AsyncDisposable {
  /** The X25519 public key of this start, 32 bytes. */
  publicKey(): Promise<Buffer>;

  /**
   * Proves a password at the server: connects, verifies the certificate, authenticates. The IMAP connection made here is
   * parked and becomes the account's first watch connection (see {@link connect}), so that signing in costs one LOGIN.
   * With `kept`, where the servers are those of a database: they must be the ones the slot was made for, else the
   * password is not sent anywhere, `record/does-not-open`.
   * @throws VaultError `auth/refused`, `net/unreachable`, `net/timeout`, `tls/none`, `tls/certificate` (with facts),
   *   `proto/not-imap`, `proto/not-smtp`, `limit/connections`, `net/host-not-allowed`, and the rest of `VaultCode`'s
   *   `auth`, `tls`, `server` and `secret`
   */
  admit(
    target: Target,
    secret: IncomingSecret,
    kept?: { slot: SlotRow; smtp: Target } | null,
    from?: string | null,
  ): Promise<Admission>;

  /**
   * Where the browser is sent to sign in at an issuer (docs/spec/vault.md, V140 and after).
   * @throws VaultError `auth/refused` (no such issuer), `server/unavailable`, the `net` and `tls` codes
   */
  beginOAuth(wish: OAuthWish): Promise<OAuthStart>;

  /**
   * As {@link admit}, by the code that the issuer gave: its tokens stand where a password would, here and in everything
   * that is made of the admission. An answer serves once.
   * @throws VaultError as {@link admit} and {@link beginOAuth}, and `admission/gone`
   */
  admitOAuth(target: Target, answer: OAuthAnswer, from?: string | null): Promise<Admission>;

  /**
   * Sees to it that {@link connect} has an access token for these credentials of one account; `anew`: the one there was
   * has been refused. Null: nothing to store; else the credentials sealed anew, since the issuer turned its token.
   * Credentials that hold a password are left alone.
   * @throws VaultError `auth/refused`: the account has to be connected anew; `user/locked`, and as {@link beginOAuth}
   */
  freshen(credentials: SealedCredential[], anew: boolean): Promise<Opened['credentials'] | null>;

  /**
   * Keeps admitted passwords for an account of an unlocked user. Refused, every admission stays good for another try.
   * @throws VaultError `user/locked`, `admission/gone`
   */
  keepPasswords(wish: AccountPasswords): Promise<Pick<Opened, 'credentials' | 'slots'>>;

  /**
   * First sign-in of an address: makes user key, key pair, mail-password slot (unless `leaveNothing`), credentials (see
   * `credentialBinding`), session; everything of generation 1.
   * @throws VaultError `admission/gone`
   */
  enroll(wish: {
    admission: string;
    user: UserId;
    account: MailAccountId;
    imap: Target;
    smtp: Target;
    session: SessionId;
    slot: SlotId;
    leaveNothing: boolean;
    instead?: SealedInstead;
  }): Promise<Opened>;

  /**
   * Later sign-in: opens the user key with the admitted password through its slot; re-seals the credentials under
   * `credentialGeneration` + 1, the highest generation stored being `credentialGeneration`. `previous` is the password
   * before it was changed at the server: it opens the slot, which is then made anew for the admitted one; so does
   * another unlocker, `opens`. With `totp` a one-time code is wanted besides, and nothing is opened without.
   * `Opened.slots` holds the slot if it was made anew (so it is for other servers than before), `Opened.keys` is null.
   * @throws VaultError `slot/does-not-open` when the slot was made with another password (changed at the server); the
   *   admission stays good for another try. `admission/gone`
   */
  enter(wish: {
    admission: string;
    slot: SlotRow;
    keys: UserKeys;
    account: MailAccountId;
    imap: Target;
    smtp: Target;
    credentialGeneration: number;
    session: SessionId;
    previous?: IncomingSecret;
    opens?: Unlocking;
    totp?: TotpProof;
    instead?: SealedInstead;
  }): Promise<Opened>;

  /**
   * Opens a user key by an unlocker, which for a mail password means without asking its server. `slot`: made anew since
   * its cost was not today's; `totpStep` as in {@link Opened}. For a user who is unlocked it proves the unlocker.
   * @throws VaultError `slot/does-not-open`, `totp/needed`, `totp/wrong`
   */
  open(
    wish: Unlocking & { keys: UserKeys; totp?: TotpProof },
  ): Promise<{ slot: SlotRow | null; totpStep: number | null }>;
  /** Whether this is the password that is kept for an account. @throws VaultError `user/locked`, `record/does-not-open` */
  isKept(credential: SealedCredential, secret: IncomingSecret): Promise<boolean>;
  /** The work of a wrong site password, where there is none. @throws VaultError `slot/does-not-open`, always */
  refuse(secret: IncomingSecret): Promise<never>;
  /** A slot of an unlocker. @throws VaultError `user/locked`, `secret/weak` */
  makeUnlocker(wish: NewUnlocker): Promise<SlotRow>;
  /** A recovery code as ASCII, and the slot it opens. @throws VaultError `user/locked` */
  makeRecovery(user: UserId): Promise<{ slot: SlotRow; code: Buffer }>;
  /** The id of the slot that a recovery code belongs to. @throws VaultError `slot/does-not-open` for what is no code */
  recoverySlot(secret: IncomingSecret): Promise<SlotId>;
  /** A secret for one-time codes, as a record that only the keeper opens. @throws VaultError `user/locked` */
  makeTotp(binding: Binding): Promise<NewTotpRow>;
  /** The step of a code. @throws VaultError `user/locked`, `totp/wrong` */
  checkTotp(proof: TotpProof): Promise<number>;

  /**
   * A new user key for an unlocked user. From now to {@link endTurn}, one minute at most, every other call for this user
   * is `user/locked`. The new key pair is the answer.
   */
  beginTurn(user: UserId): Promise<UserKeys>;
  /** Seals a part under the new key. @throws VaultError `record/does-not-open`, `slot/does-not-open`, `user/locked` */
  turnPart(user: UserId, part: TurnPart): Promise<TurnedPart>;
  /** `kept`: the new key takes the place of the former; else all is as before. @throws VaultError `user/locked`: too late */
  endTurn(user: UserId, kept: boolean): Promise<void>;

  /** Opens the user key of a session with the unlock key of its cookie. @throws `session/does-not-open` */
  unlock(session: SessionRow, keys: UserKeys, unlockKey: Buffer): Promise<void>;
  /** A new unlock key and token for an unlocked session; the caller stores the row and sets the cookies. */
  rotate(session: SessionRow): Promise<{ session: SessionRow; secrets: SessionSecrets }>;
  /** Makes a slot of kind `token` for an unlocked user; the secret (32 bytes) is shown once, the store keeps its `hashToken`. */
  makeToken(user: UserId, slot: SlotId): Promise<{ slot: SlotRow; secret: Buffer }>;
  /** Opens the user key with an API token's secret. @throws `slot/does-not-open` */
  unlockByToken(slot: SlotRow, keys: UserKeys, secret: Buffer): Promise<void>;

  /** Whether the user key is in memory. */
  isOpen(user: UserId): Promise<boolean>;
  /** Drops the user key (the last session ended, or lock). Connections that stand go on until closed. */
  forget(user: UserId): Promise<void>;
  /**
   * The user is away: the key stays for these accounts alone, until an unlocker or a session is shown again; for all
   * else they are locked. @throws VaultError `user/locked`
   */
  narrow(user: UserId, accounts: readonly MailAccountId[]): Promise<void>;

  /**
   * An authenticated connection for an unlocked user: the parked one of {@link admit} when it fits, else a new one.
   * @throws VaultError as {@link admit}, and `user/locked`
   */
  connect(credential: SealedCredential): Promise<Authenticated>;

  /**
   * Holds a password for one sign-in at a submission server, under a handle, without the key of any user: until it is
   * used or dropped, `until` (Unix ms), or the end of this process. The password is not tried here.
   * @throws VaultError `keeper/full`, `record/refused` for another protocol
   */
  holdTicket(target: Target, secret: IncomingSecret, until: number): Promise<string>;
  /** Forgets it; what is gone stays gone. */
  dropTicket(handle: string): Promise<void>;
  /** The authenticated connection of a ticket, which ends with it. @throws VaultError as {@link admit}, and `ticket/gone` */
  connectByTicket(handle: string): Promise<Authenticated>;

  /** A fresh random record key and its wrapped form for the row. Refused for `mail-password`. @throws `user/locked` */
  makeKey(binding: Binding): Promise<{ key: Buffer; wrapped: Buffer }>;
  /** The record key of a wrapped form. Refused for `mail-password`. @throws `user/locked`, `record/does-not-open` */
  openKey(binding: Binding, wrapped: Buffer): Promise<Buffer>;
}
