/** The one shape of a message's parts, whether it comes from bytes, from BODYSTRUCTURE or from the index. */
export interface Part {
  /**
   * IMAP section number (`1`, `1.2`); '' for the root of a multipart message. What lies in a message/rfc822 part `2` is its
   * one child: `2.1` when it is no multipart, else `2.TEXT` with the children `2.1`, `2.2` ...
   */
  section: string;
  /** Lower-case `type/subtype`. */
  type: string;
  charset: string | null;
  encoding: string;
  disposition: 'inline' | 'attachment' | null;
  /** Decoded (RFC 2231, 2047), no path separators or control characters; null when none. */
  name: string | null;
  /** Content-ID without brackets. */
  cid: string | null;
  language: string[] | null;
  location: string | null;
  /** Octets as they lie in the message, still encoded. */
  encodedSize: number;
  /** `text/plain; format=flowed` */
  flowed: boolean;
  delsp: boolean;
  parts: Part[];
}

/** The lists of RFC 8621 §4.1.4: parts of the tree they were made from. */
export interface BodyLists<P extends Part = Part> {
  text: P[];
  html: P[];
  attachments: P[];
}

/** One header field as it stood: `value` is the raw bytes after the colon, unfolded by nobody, decoded as latin1. */
export interface HeaderField {
  name: string;
  value: string;
}

export interface Address {
  name: string | null;
  email: string;
}

/**
 * address = mailbox / group; mailbox = [display-name] "<" addr-spec ">" / addr-spec;
 * group = display-name ":" [group-list] ";" – RFC 5322 §3.4, with the obsolete routes of §4.4 skipped.
 */
export interface AddressGroup {
  /** null for addresses outside any group. */
  name: string | null;
  addresses: Address[];
}

/** What a header block and the FETCH items yield about one message; all text decoded, NUL-free. */
export interface Envelope {
  subject: string;
  from: Address[];
  sender: Address[];
  replyTo: Address[];
  to: Address[];
  cc: Address[];
  bcc: Address[];
  /** Without angle brackets. */
  messageId: string | null;
  inReplyTo: string[];
  references: string[];
  /** Date header, Unix seconds; null when missing or unreadable. */
  sentAt: number | null;
  /** List-Id without brackets, null when none. */
  listId: string | null;
  /** From List-Unsubscribe, Auto-Submitted, Precedence: what the splits need. */
  bulk: 'none' | 'list' | 'auto' | 'newsletter';
}

/** A part of a message to be built. */
export interface DraftPart {
  /** `type/subtype` with its parameters; of a multipart without boundary, of a text without charset: it is UTF-8. */
  type: string;
  /** All but Content-Type and Content-Transfer-Encoding. */
  headers: { name: string; value: string }[];
  /** Text, octets, or the parts of a multipart. */
  content: string | Buffer | DraftPart[];
}

/** A message to be built; all text Unicode. */
export interface Draft {
  from: Address[];
  sender: Address[] | null;
  to: AddressGroup[];
  cc: AddressGroup[];
  bcc: AddressGroup[];
  replyTo: AddressGroup[];
  subject: string;
  /** Without brackets. */
  messageId: string;
  inReplyTo: string[];
  references: string[];
  /** Unix ms. */
  date: number;
  /** Further header fields, already valid. */
  headers: { name: string; value: string }[];
  body: DraftPart;
}
