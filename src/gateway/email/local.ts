import type { EmailNumber, IndexTransactor, Mailbox } from '#index/types.ts';
import type { BlobId, EmailId, ThreadId } from '#jmap/ids.ts';
import { must } from '#base/must.ts';
import { digest } from '#upstream/digest.ts';
import { draftKey, encodeDraft } from '#upstream/draft.ts';
import type { SealedRecord } from '#store/types.ts';
import { emailId, messageBlobId, threadId } from '../ids.ts';
import { makeRecord } from '../records.ts';
import type { AccountContext } from '../method.ts';

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

/** Durable copies that nobody needs any more. */
export const dropRecords = async ({ caller, log }: AccountContext, ids: readonly string[]): Promise<void> => {
  for (const id of ids) {
    try {
      await caller.host.store.deleteRecord(id);
    } catch {
      // The engine looks for orphans when it opens; the destroy itself has been done.
      log('warn', 'a durable draft stays behind', { record: id });
    }
  }
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
