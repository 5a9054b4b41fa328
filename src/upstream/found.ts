import type { Found, Uid } from '#index/types.ts';
import { toPart } from '#imap/bodystructure.ts';
import type { FetchItems } from '#imap/types.ts';
import type { FetchRow } from '#imap/types.ts';
import { bodyLists, hasAttachment } from '#mime/body-lists.ts';
import { envelopeFields, parseEnvelope } from '#mime/envelope.ts';
import { packPart } from '#mime/pack.ts';
import { previewOfServer } from '#mime/preview.ts';
import { keywordsOf } from './flags.ts';

/** What the sync asks of every message. */
export const bulkItems: FetchItems = {
  flags: true,
  internalDate: true,
  size: true,
  modseq: true,
  bodystructure: true,
  header: envelopeFields,
  identity: true,
  preview: 'lazy',
};

const noHeader = Buffer.from('\r\n');

const strongIdOf = (row: FetchRow): string | null => {
  if (row.gmMsgId !== null) return `gm:${row.gmMsgId}`;
  if (row.emailId !== null) return `id:${row.emailId}`;
  return row.guid === null ? null : `guid:${row.guid}`;
};

const strongThreadOf = (row: FetchRow): string | null => {
  if (row.gmThrId !== null) return `gm:${row.gmThrId}`;
  return row.emailId !== null && row.threadId !== null ? `id:${row.threadId}` : null;
};

/**
 * A FETCH row as the index takes it. What the server left out is as empty as it must be: a row of nothing but a UID
 * becomes a message without subject (rule S9).
 */
export const foundOf = (row: FetchRow): Found => {
  const envelope = parseEnvelope(row.header ?? noHeader);
  const structure = toPart(row.bodystructure);
  const { keywords, deleted } = keywordsOf(row.flags ?? []);
  return {
    uid: row.uid as Uid,
    keywords,
    deleted,
    modseq: row.modseq,
    receivedAt: row.internalDate ?? envelope.sentAt ?? 0,
    size: row.size ?? 0,
    envelope,
    structure: structure === null ? null : packPart(structure),
    hasAttachment: structure !== null && hasAttachment(structure, bodyLists(structure)),
    preview: row.preview === null ? null : previewOfServer(row.preview),
    strongId: strongIdOf(row),
    strongThread: strongThreadOf(row),
  };
};
