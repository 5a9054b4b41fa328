import type { MessagePort, Transferable } from 'node:worker_threads';
import type { Measure } from '#mime/html/document.ts';
import type { Connection } from '#upstream/engine.ts';
import type { MailAccountId, SessionId, UserId } from '#vault/keeper.ts';
import type { ProvenLogin } from '#app-passwords/managed.ts';
import type { WireError } from './errors.ts';
import type { OwnAnswer, OwnAsk } from './own-passwords.ts';

/**
 * What the door and a mailroom say to each other. One message in, one message out, bytes as transferred buffers; nothing
 * of a JMAP request or answer is parsed on the door's side.
 */

/** Whose mail, and what the caller may do. */
export interface Who {
  user: UserId;
  readOnly: boolean;
  /** An unlocker was shown in the last minutes (`POST /auth/prove`); never of an API token. */
  proven: boolean;
  /** The browser session that asks; none for an API token and for the door itself. */
  session?: SessionId;
  /** Hash of the caller's session, part of JMAP's sessionState. */
  sessionState: string;
  /** Network address of a browser that asks. */
  from?: string;
}

/** `level`: the answer follows from the request while the user's tide stands there; null: from more than that. */
export interface ApiAnswer {
  status: number;
  type: string;
  body: Uint8Array;
  level: number | null;
}

export interface Operations {
  api: { ask: { body: Uint8Array }; answer: ApiAnswer };
  session: { ask: { origin: string; username: string }; answer: { body: Uint8Array } };
  upload: {
    ask: { account: string; type: string; bytes: Uint8Array };
    answer: { status: number; body: Uint8Array };
  };
  /** `port` yields the bytes, see {@link Pull}. null: no such blob. */
  download: {
    ask: { account: string; blob: string };
    answer: { type: string; size: number | null; port: MessagePort } | null;
  };
  /** One HTML message. `origin` goes before every link, `parts` (ends in `/`) before the section of an inline image. */
  document: {
    ask: {
      account: string;
      email: string;
      remoteImages: boolean;
      dark: boolean;
      origin: string;
      parts: string;
      measure: Measure | null;
    };
    answer: { html: Uint8Array; blockedImages: number } | null;
  };
  states: { ask: Record<string, never>; answer: Record<string, Record<string, string>> };
  /** Opens the user's accounts, so that the first request finds them open; lines that are down are tried at once. */
  open: { ask: Record<string, never>; answer: null };
  /**
   * The user's accounts have changed: what is open is brought in step with the store. `renew`: an account that has other
   * servers or another password. `erase`: one that is about to be deleted; its index goes with its bodies.
   */
  accounts: { ask: { renew: MailAccountId | null; erase: MailAccountId | null }; answer: null };
  /** Nobody of the user is here: `only` these accounts stay open, the others are closed. */
  rest: { ask: { only: readonly MailAccountId[] }; answer: null };
  /** Has an account try both servers now, also those that refused the password; how they stand then. null: not open. */
  check: {
    ask: { account: MailAccountId };
    answer: { imap: Connection; smtp: { code: string; words: string | null } | null } | null;
  };
  /** What the server said that refused an account's password, of each that is open and was refused. */
  refusals: { ask: Record<string, never>; answer: Record<MailAccountId, string | null> };
  /** The accounts are closed; the next request opens them again, when the keeper has the key. */
  close: { ask: Record<string, never>; answer: null };
  /** As `close`, and the indexes are deleted: the user is about to be. */
  erase: { ask: Record<string, never>; answer: null };
  /** App passwords of Postern's own; nobody's accounts need be open. See {@link OwnPasswords}. */
  own: { ask: OwnAsk; answer: OwnAnswer };
  disown: { ask: { login: ProvenLogin; id: string }; answer: null };
  mainChanged: { ask: { login: ProvenLogin }; answer: null };
  settle: { ask: Record<string, never>; answer: null };
}

export type Op = keyof Operations;
export type Ask<O extends Op> = Operations[O]['ask'];
export type Answer<O extends Op> = Operations[O]['answer'];

/** Door → mailroom. */
export interface AskMessage<O extends Op = Op> {
  id: number;
  op: O;
  who: Who;
  ask: Ask<O>;
}

/** Mailroom → door. */
export type RoomMessage =
  | { id: number; answer: Answer<Op> }
  | { id: number; failed: WireError }
  /** States moved; `states` has the types that did. */
  | { event: 'changed'; user: UserId; account: string; states: Record<string, string> }
  /** The user's accounts are opened, and this is what their {@link Tide} is in; said before any answer. null: closed. */
  | { event: 'tide'; user: UserId; memory: SharedArrayBuffer | null }
  /** The keeper has lost the user's key; the accounts are closed. */
  | { event: 'locked'; user: UserId }
  /** A browser session was deleted on the wish of another; said before the answer. */
  | { event: 'ended'; user: UserId; session: SessionId }
  /** Accounts came, went or were renamed: the JMAP session object is another. */
  | { event: 'session'; user: UserId }
  | { event: 'census'; users: number; accounts: number };

/** On the port of a download: the reader asks for one chunk at a time, so that a slow reader slows the FETCH. */
export type Pull = 'more' | 'stop';
export type Pulled = { chunk: Uint8Array } | { end: true } | { failed: WireError };

/** Whether nothing else lies in their memory: small buffers share Node's pool. */
const areAlone = (bytes: Uint8Array): bytes is Uint8Array<ArrayBuffer> =>
  bytes.byteOffset === 0 && bytes.byteLength === bytes.buffer.byteLength && bytes.buffer instanceof ArrayBuffer;

/** The bytes in memory of their own, so that they can be moved to another thread. */
export const movable = (bytes: Uint8Array): { bytes: Uint8Array; move: Transferable[] } => {
  const own = areAlone(bytes) ? bytes : new Uint8Array(bytes);
  return { bytes: own, move: [own.buffer] };
};

/**
 * Wipes bytes that nobody needs any more and frees their memory. The collector sees of an answer an object of a few bytes
 * and lets thousands of them gather, megabytes of mail, until it stops the thread for a whole collection.
 */
export const release = (bytes: Uint8Array): void => {
  if (!areAlone(bytes)) return;
  bytes.fill(0);
  bytes.buffer.transfer(0);
};

/** A Buffer over the same memory. */
export const asBuffer = (bytes: Uint8Array): Buffer<ArrayBuffer> =>
  Buffer.from(bytes.buffer as ArrayBuffer, bytes.byteOffset, bytes.byteLength);
