import { hash48, type Keys, keysOf } from './conversation/keys.ts';
import { bulks } from './emails.ts';
import { listJson } from './list-json.ts';
import { isOrdinary } from './text/fold.ts';
import { isOrdinaryList } from './text/people.ts';
import type { Found, LocalMessage, Uid } from './types.ts';

/** A message as the tables take it. */
export interface ReadyMessage {
  keywords: readonly string[];
  deleted: boolean;
  /** Unix seconds, as {@link ReadyMessage.sentAt}. */
  receivedAt: number;
  sentAt: number | null;
  size: number;
  hasAttachment: boolean;
  /** Place in `bulks`. */
  bulk: number;
  subject: string;
  messageId: string | null;
  listId: string | null;
  structure: string | null;
  preview: string | null;
  /** JSON, null for an empty list. */
  from: string | null;
  sender: string | null;
  replyTo: string | null;
  to: string | null;
  cc: string | null;
  bcc: string | null;
  inReplyTo: string | null;
  references: string | null;
  keys: Keys;
  /** Its words can be searched as they stand. */
  ordinary: boolean;
}

/** A message of the server's. */
export interface Ready extends ReadyMessage {
  uid: Uid;
  modseq: string;
  strongId: string | null;
  /** Its hash. */
  strongKey: number | null;
}

export const readyMessage = (message: LocalMessage, strongThread: string | null = null): ReadyMessage => {
  const { envelope } = message;
  const preview = message.preview ?? null;
  const from = listJson(envelope.from);
  const to = listJson(envelope.to);
  const cc = listJson(envelope.cc);
  const bcc = listJson(envelope.bcc);
  return {
    keywords: message.keywords,
    deleted: message.deleted,
    receivedAt: message.receivedAt,
    sentAt: envelope.sentAt,
    size: message.size,
    hasAttachment: message.hasAttachment,
    bulk: bulks.indexOf(envelope.bulk),
    subject: envelope.subject,
    messageId: envelope.messageId,
    listId: envelope.listId,
    structure: message.structure,
    preview,
    from,
    sender: listJson(envelope.sender),
    replyTo: listJson(envelope.replyTo),
    to,
    cc,
    bcc,
    inReplyTo: listJson(envelope.inReplyTo),
    references: listJson(envelope.references),
    keys: keysOf(envelope, strongThread),
    ordinary:
      isOrdinary(envelope.subject) &&
      isOrdinary(preview ?? '') &&
      isOrdinaryList(from) &&
      isOrdinaryList(to) &&
      isOrdinaryList(cc) &&
      isOrdinaryList(bcc),
  };
};

/** Needs nothing of an index: any thread may do it. */
export const ready = (found: Found): Ready => ({
  ...readyMessage(found, found.strongThread),
  uid: found.uid,
  modseq: found.modseq,
  strongId: found.strongId,
  strongKey: found.strongId === null ? null : hash48(found.strongId),
});
