import { logError } from '#base/log.ts';
import type { EmailRow, Mailbox } from '#index/types.ts';
import type { MailAccount, SealedRecord, Store } from '#store/types.ts';
import { recordBinding } from '#vault/associated.ts';
import type { Keeper } from '#vault/keeper.ts';
import { openRecord } from '#vault/seal-record.ts';
import { decodeDraft, draftKey } from './draft.ts';
import type { DraftRecord } from './draft.ts';
import { digest } from './digest.ts';
import { isClosed } from './errors.ts';
import { urgency } from './line.ts';
import type { Lines } from './lines.ts';
import type { Mirror } from './mirror.ts';

/** Messages that exist only in the durable store until their APPEND succeeded. */
export class Drafts {
  readonly #mirror: Mirror;
  readonly #lines: Lines;
  readonly #store: Store;
  readonly #keeper: Keeper;
  readonly #account: MailAccount;

  constructor(parts: { mirror: Mirror; lines: Lines; store: Store; keeper: Keeper; account: MailAccount }) {
    this.#mirror = parts.mirror;
    this.#lines = parts.lines;
    this.#store = parts.store;
    this.#keeper = parts.keeper;
    this.#account = parts.account;
  }

  /** The server has the message: its durable copy goes. */
  async appended(row: EmailRow): Promise<void> {
    const record = this.#mirror.index.read((reader) => reader.value(draftKey(row)));
    if (record === undefined) return;
    await this.#store.deleteRecord(record);
    this.#mirror.index.write((t) => t.dropValue(draftKey(row)));
  }

  /**
   * After the index was made anew: drafts that the server never got are put into it again. One that is at the server
   * after all (the APPEND succeeded, the deletion of the copy did not) is only forgotten. false: some are to be tried again.
   */
  async restore(): Promise<boolean> {
    let all = true;
    const records = await this.#store.records(this.#account.user, this.#account.id, 'draft');
    for (const record of records) {
      try {
        await this.#restore(record);
      } catch (error) {
        if (isClosed(error)) return false;
        logError(this.#mirror.log, 'upstream.draft-not-restored', error);
        all = false;
      }
    }
    return all;
  }

  async #restore(record: SealedRecord): Promise<void> {
    const { draft, raw } = decodeDraft(await openRecord(this.#keeper, recordBinding(record), record));
    const isHeld = (): boolean =>
      this.#mirror.index.read((reader) =>
        reader
          .byMessageId(draft.messageId)
          .some((number) => reader.value(draftKey(reader.email(number)?.row as EmailRow)) === record.id),
      );
    if (isHeld()) return;
    const boxes = this.#mirror.index.read((reader) => reader.mailboxes());
    const box = boxes.find((one) => one.pathRaw === draft.mailbox) ?? boxes.find((one) => one.role === 'drafts');
    if (box === undefined) return;
    if (await this.#atServer(box, draft, raw)) return this.#store.deleteRecord(record.id);
    // An earlier connection may have got so far meanwhile.
    if (!isHeld()) this.#insert(record.id, box, draft, raw);
  }

  /** The very message: an older version of a draft has the same Message-ID. */
  #atServer(box: Mailbox, draft: DraftRecord, raw: Buffer): Promise<boolean> {
    return this.#lines.watch.run(
      async (session) => {
        await session.select(box.pathRaw, { readOnly: true });
        const uids = await session.search({ header: ['Message-ID', `<${draft.messageId}>`] });
        for (const uid of uids) {
          const whole = (await session.fetchSections(uid, [{ section: '' }]))?.get('');
          if (whole !== undefined && sameText(whole, raw)) return true;
        }
        return false;
      },
      { urgency: urgency.folders },
    );
  }

  #insert(record: string, box: Mailbox, draft: DraftRecord, raw: Buffer): void {
    this.#mirror.index.write((t) => {
      const number = t.addLocal(box.id, {
        ...digest(raw),
        keywords: draft.keywords,
        deleted: false,
        receivedAt: draft.receivedAt,
      });
      const email = t.email(number);
      if (email === undefined) return;
      t.saveBody(email.row, 'raw', raw);
      t.setValue(draftKey(email.row), record);
      t.append(
        number,
        { kind: 'append', mailbox: box.id, keywords: draft.keywords, receivedAt: draft.receivedAt, replaces: null },
        this.#mirror.clock.now(),
      );
    });
  }
}

/** Servers differ in what they do to the last line end. */
const sameText = (a: Buffer, b: Buffer): boolean => a.toString('latin1').trimEnd() === b.toString('latin1').trimEnd();
