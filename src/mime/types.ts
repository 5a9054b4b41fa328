/** The one shape of a message's parts, whether it comes from bytes, from BODYSTRUCTURE or from the index. */
export interface Part {
  /** IMAP section number (`1`, `1.2`); '' for the root of a multipart message. */
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

/** The lists of RFC 8621 §4.1.4, as sections. */
export interface BodyLists {
  text: Part[];
  html: Part[];
  attachments: Part[];
}

/** One header field as it stood: `value` is the raw bytes after the colon, unfolded by nobody, decoded as latin1. */
export interface HeaderField {
  name: string;
  value: string;
}

/** What the composer hands over to be built; all sizes in bytes, all text Unicode. */
export interface Draft {
  from: { name: string | null; email: string }[];
  sender: { name: string | null; email: string }[] | null;
  to: { name: string | null; email: string }[];
  cc: { name: string | null; email: string }[];
  bcc: { name: string | null; email: string }[];
  replyTo: { name: string | null; email: string }[];
  subject: string;
  /** Without brackets. */
  messageId: string;
  inReplyTo: string[];
  references: string[];
  /** Unix ms. */
  date: number;
  text: string | null;
  html: string | null;
  attachments: { name: string | null; type: string; cid: string | null; inline: boolean; bytes: Buffer }[];
  /** Further header fields, already valid. */
  headers: { name: string; value: string }[];
}
