import type { Tide } from '#base/tide.ts';
import type { Index } from '#index/types.ts';
import type { Measure } from '#mime/html/document.ts';
import type { MailAccount, Store } from '#store/types.ts';
import type { Engine } from '#upstream/engine.ts';
import type { Keeper, SessionId, UserId } from '#vault/keeper.ts';

/** One mail account of a signed-in user, open in this mailroom. */
export interface OpenAccount {
  /** JMAP accountId (`A` + id without dashes). */
  jmapId: string;
  account: MailAccount;
  index: Index;
  engine: Engine;
}

/** A signed-in user hosted by this mailroom. */
export interface Host {
  user: UserId;
  accounts: ReadonlyMap<string, OpenAccount>;
  store: Store;
  keeper: Keeper;
  /** Rises with every change that an answer to the user could show. */
  tide: Tide;
  /** Tells every event stream of the user; null type list = ping. Debounced by the receiver. */
  changed(jmapAccountId: string, states: Readonly<Record<string, string>>): void;
  /** Tells that a browser session is no more, before the answer that says so. */
  ended(session: SessionId): void;
}

export interface Caller {
  host: Host;
  readOnly: boolean;
  /** An unlocker was shown in the last minutes; never of an API token. */
  proven: boolean;
  /** The browser session that asks; null for an API token. */
  session: SessionId | null;
  /** Hash of the caller's session, part of JMAP's sessionState. */
  sessionState: string;
}

/** What the gateway exports; each takes and returns bytes so that nothing is parsed on the main thread. */
export interface Gateway {
  /**
   * POST /jmap/api. `status` 200 with a JMAP response, or 400 with problem+json (RFC 8620 §3.6.1). `level`: the answer
   * follows from the request while the host's tide stands there; null: it follows from more than that.
   */
  api(caller: Caller, body: Buffer): Promise<{ status: number; type: string; body: Buffer; level: number | null }>;
  /** The session resource (RFC 8620 §2); `origin` is the public origin, for absolute URLs. */
  session(caller: Caller, origin: string, username: string): Promise<Buffer>;
  upload(caller: Caller, accountId: string, type: string, bytes: Buffer): Promise<{ status: number; body: Buffer }>;
  /** null: no such blob. `size` null when unknown beforehand. */
  download(
    caller: Caller,
    accountId: string,
    blobId: string,
  ): Promise<{ type: string; size: number | null; chunks: AsyncIterable<Buffer> } | null>;
  /** Current states of every type of every account, for the event stream's first event. */
  states(caller: Caller): Record<string, Record<string, string>>;
  /**
   * One HTML message as its own document, sanitised (docs/spec/mail-html.md); `images` decides about remote images.
   * `part` maps a section to the signed URL of an inline image, `image` the URL of a remote one to that of the proxy;
   * without `image` remote images stay blocked. null: no such Email, or it has no HTML.
   */
  mailDocument(
    caller: Caller,
    accountId: string,
    emailId: string,
    options: {
      remoteImages: boolean;
      dark: boolean;
      part: (section: string) => string;
      link: (href: string) => string;
      image?: (url: string) => string | null;
      measure: Measure | null;
    },
  ): Promise<{ html: string; blockedImages: number } | null>;
}
