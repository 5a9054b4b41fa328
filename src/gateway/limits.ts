/** Limits the session resource announces (RFC 8620 §2, RFC 8621 §1.3). Sizes in octets. */
export const limits = {
  maxSizeUpload: 50_000_000,
  maxConcurrentUpload: 4,
  maxSizeRequest: 10_000_000,
  maxConcurrentRequests: 8,
  maxCallsInRequest: 32,
  maxObjectsInGet: 1000,
  maxObjectsInSet: 1000,
  /** One IMAP message is one Email. */
  maxMailboxesPerEmail: 1,
  maxSizeMailboxName: 200,
  maxSizeAttachmentsPerEmail: 50_000_000,
  maxKeywordsPerEmail: 100,
  maxRecipients: 500,
  /** Seconds: 30 days. */
  maxDelayedSend: 30 * 86_400,
  /** What a query answers when no limit or a larger one was asked for. Many programs name none, and read one page only. */
  maxQueryPage: 100_000,
  maxChanges: 5000,
  /** Octets of a body value returned when the client names none. */
  maxBodyValue: 5_000_000,
  /** Characters of the messages in one response; and of all responses, after which no call of the request is begun. */
  maxAnswer: 100_000_000,
} as const;

/** A draft rests this long before its APPEND, Unix ms, so that the next autosave may replace it unseen by the server. */
export const draftRest = 10_000;

/** Collations of string comparators. */
export const collations: readonly string[] = ['i;unicode-casemap', 'i;ascii-casemap'];
