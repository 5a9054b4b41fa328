import type { EmailRow } from '#index/types.ts';

/**
 * What the sealed JSON of a `draft` record says: a message that exists only here until its APPEND succeeded. The gateway
 * writes the record before it answers Email/set; the engine deletes it once the server has the message.
 */
export interface DraftRecord {
  version: 1;
  /** Raw name of the mailbox it belongs in, and keywords as JMAP writes them. */
  mailbox: string;
  keywords: string[];
  /** Unix seconds. */
  receivedAt: number;
  /** Message-ID without brackets. */
  messageId: string;
  /** The message, base64 of RFC 5322 bytes. */
  raw: string;
}

/** Key of {@link import('#index/types.ts').IndexTransactor.setValue}: the durable record of an Email, while there is one. */
export const draftKey = (email: EmailRow): string => `draft/${email}`;

export const encodeDraft = (draft: Omit<DraftRecord, 'version' | 'raw'>, raw: Buffer): Buffer =>
  Buffer.from(JSON.stringify({ version: 1, ...draft, raw: raw.toString('base64') } satisfies DraftRecord), 'utf8');

/** Reads what {@link encodeDraft} wrote; the bytes were authenticated by their seal. */
export const decodeDraft = (bytes: Buffer): { draft: DraftRecord; raw: Buffer } => {
  const draft = JSON.parse(bytes.toString('utf8')) as DraftRecord;
  return { draft, raw: Buffer.from(draft.raw, 'base64') };
};
