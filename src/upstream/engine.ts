import type { EmailNumber, EmailRow, MailboxId, Uid, Want } from '#index/types.ts';
import type { GivenRole } from './roles.ts';

/** One mail account as the gateway sees it. Everything shown comes from the index; this is what the index lacks. */
export type Connection =
  | { at: 'connecting' }
  | { at: 'live' }
  /** Next try at `retryAt` (Unix ms). `code` is a Problem code, `words` what the server said, if anything. */
  | { at: 'away'; since: number; retryAt: number; code: string; words: string | null }
  /** The server refused the stored password; nothing is retried until the user acts. */
  | { at: 'refused'; since: number; words: string | null };

export interface Progress {
  /** Messages indexed of the account, and messages the server says there are. */
  known: number;
  total: number;
  /** Date of the oldest message of the contiguous newest run, Unix seconds; null when nothing is known. */
  reachesTo: number | null;
  done: boolean;
}

/** Bytes of one message for reading. `whole`: the raw RFC 5322 bytes. `parts`: too large to fetch whole; `structure` is for mime's `unpackPart`. */
export type Source =
  | { kind: 'whole'; raw: Buffer }
  | { kind: 'parts'; header: Buffer; structure: string; part: (section: string) => Promise<Buffer> };

/** The server did not do what the user wished; the model has already fallen back to the server's state. */
export interface Refusal {
  emails: EmailNumber[];
  kind: Want['kind'];
  /** The response code without brackets (`OVERQUOTA`, `NOPERM`, `TRYCREATE` ...), null when there was none. */
  responseCode: string | null;
  /** What the server said, as it said it. */
  words: string;
}

export interface Engine extends AsyncDisposable {
  readonly connection: Connection;
  /** The server that refused the password and is not asked again before the user acts; null: none. */
  readonly refusal: { protocol: 'imap' | 'smtp'; words: string | null } | null;
  readonly progress: Progress;
  /** Told after `connection` or `progress` changed. */
  onStatus(listener: () => void): () => void;
  /** Told after a refusal was rolled back in the index. */
  onRefusal(listener: (refusal: Refusal) => void): () => void;

  /** Message bytes, from the index's body cache or fetched; equal wishes share one FETCH. @throws UpstreamError */
  source(email: EmailRow): Promise<Source>;
  /** The raw message or one still transfer-encoded section as a stream of chunks. */
  stream(email: EmailRow, section: string | null): AsyncIterable<Buffer>;
  /** Previews for these emails soon (they are on screen). Resolves when tried. */
  wantPreviews(emails: readonly EmailRow[]): Promise<void>;
  /** The user looks at this mailbox: it jumps the queue and is refreshed. */
  look(mailbox: MailboxId): void;

  /** Intents were written: run those that are due. */
  nudge(): void;
  /** The user acted (new password, unlocked, "try again"): connect now, also after `refused`. */
  retry(): void;

  /** Signs in at the submission server, also at one that refused. @throws VaultError, StoreError */
  checkSending(): Promise<void>;

  /** How full the mail server is, read now; resolves when that was tried. */
  readQuota(): Promise<void>;

  /** IMAP SEARCH in one mailbox, for what the index has not read (bodies). UIDs ascending. */
  search(mailbox: MailboxId, text: string): Promise<Uid[]>;

  /** `parent` null: at the top of the personal namespace. Resolves when the server did it and the index shows it. */
  createMailbox(name: string, parent: MailboxId | null, subscribe: boolean): Promise<MailboxId>;
  renameMailbox(id: MailboxId, name: string, parent: MailboxId | null): Promise<void>;
  /**
   * What the user moved out of it is out before it goes. Unless `withMail`, it goes only if the server itself says that
   * nothing lies in it. @throws UpstreamError `mailbox/has-children`, `mailbox/has-mail`, `mailbox/refused`
   */
  destroyMailbox(id: MailboxId, withMail: boolean): Promise<void>;
  subscribeMailbox(id: MailboxId, subscribed: boolean): Promise<void>;
  /** The mailbox of this role, created (`CREATE ... USE` where offered) when there is none. */
  mailboxFor(role: GivenRole): Promise<MailboxId>;
  /** This mailbox gets the role, whoever had it; null: what the server says of it counts again. It is kept. */
  chooseRole(id: MailboxId, role: GivenRole | null): Promise<void>;

  /** The user leaves: letters that have a ticket are handed over. */
  handOver(): Promise<void>;

  /** Look for due submissions now. */
  nudgeOutbox(): void;
}
