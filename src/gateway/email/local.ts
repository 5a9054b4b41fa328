import type { EmailNumber, IndexTransactor, Mailbox } from '#index/types.ts';
import type { BlobId, EmailId, ThreadId } from '#jmap/ids.ts';
import { bodyLists, hasAttachment } from '#mime/body-lists.ts';
import { parseEnvelope } from '#mime/envelope.ts';
import { parseMessage, partBytes, type ParsedPart } from '#mime/parse.ts';
import { previewOf, previewPart } from '#mime/preview.ts';
import { partText } from '#mime/text.ts';
import type { Part } from '#mime/types.ts';
import { must } from '#base/must.ts';
import { draftKey, encodeDraft } from '#upstream/draft.ts';
import type { SealedRecord } from '#store/types.ts';
import { emailId, messageBlobId, threadId } from '../ids.ts';
import { makeRecord } from '../records.ts';
import type { AccountContext } from '../method.ts';

/** The shape without where the parts lie. */
const outline = ({ headerStart: _start, bodyStart: _body, bodyEnd: _end, parts, ...part }: ParsedPart): Part => ({
  ...part,
  parts: parts.map(outline),
});

/** What the index keeps of raw bytes. */
export const digest = (raw: Buffer) => {
  const { root } = parseMessage(raw);
  const lists = bodyLists(root);
  const chosen = previewPart(root);
  const text = chosen ? partText(partBytes(raw, chosen.part).subarray(0, chosen.octets), chosen.part) : '';
  return {
    size: raw.length,
    envelope: parseEnvelope(raw.subarray(root.headerStart, root.bodyStart)),
    structure: JSON.stringify(outline(root)),
    hasAttachment: hasAttachment(root, lists),
    preview: chosen ? previewOf(text, chosen.part.type === 'text/html') : '',
  };
};

/** A message that is to be put into a mailbox and has no UID yet. */
export interface LocalMessage {
  box: Mailbox;
  keywords: string[];
  /** Unix seconds. */
  receivedAt: number;
  raw: Buffer;
  /** Durable copy until the server has it. */
  record: SealedRecord;
}

/** Seals the durable copy and stores it, before anything says that the message is there. @throws VaultError, StoreError */
export const journal = async (
  { caller: { host }, open, clock }: AccountContext,
  message: Omit<LocalMessage, 'record'>,
  messageId: string,
): Promise<LocalMessage> => {
  const { box, keywords, receivedAt, raw } = message;
  const payload = encodeDraft({ mailbox: box.pathRaw, keywords, receivedAt, messageId }, raw);
  const record = await makeRecord(host, open, 'draft', payload, clock.now());
  await host.store.saveRecord(record);
  return { ...message, record };
};

/** What a create of Email/set or an import answers – RFC 8621 §4.6, §4.8 */
export interface CreatedEmail {
  id: EmailId;
  blobId: BlobId;
  threadId: ThreadId;
  size: number;
}

/** Shows the message in the index at once; IMAP follows at `dueAt` (Unix ms). */
export const addLocal = (transactor: IndexTransactor, message: LocalMessage, dueAt: number): CreatedEmail => {
  const { box, keywords, receivedAt, raw, record } = message;
  const number: EmailNumber = transactor.addLocal(box.id, { ...digest(raw), keywords, deleted: false, receivedAt });
  const email = must(transactor.email(number), 'the Email just added');
  transactor.saveBody(email.row, 'raw', raw);
  transactor.setValue(draftKey(email.row), record.id);
  transactor.append(number, { kind: 'append', mailbox: box.id, keywords, receivedAt, replaces: null }, dueAt);
  return { id: emailId(number), blobId: messageBlobId(number), threadId: threadId(email.thread), size: raw.length };
};
