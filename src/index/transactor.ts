import { Adder } from './add.ts';
import { Bodies } from './bodies.ts';
import type { Core } from './core.ts';
import { Intents } from './intents.ts';
import type { MailboxFields } from './mailboxes.ts';
import { must } from '#base/must.ts';
import { Mirror } from './mirror.ts';
import { Model } from './model.ts';
import { Reader } from './reader.ts';
import { ready, type Ready } from './ready.ts';
import { recount } from './recount.ts';
import { rewriteBody, writeBody } from './text/bodies.ts';
import { mergeText } from './text/merge.ts';
import type {
  ChangeKind,
  Changes,
  ChangeType,
  EmailNumber,
  EmailRow,
  Found,
  IndexTransactor,
  Intent,
  LocalMessage,
  Mailbox,
  MailboxId,
  Uid,
  Want,
} from './types.ts';

export class Transactor extends Reader implements IndexTransactor {
  readonly #model: Model;
  readonly #intents: Intents;
  readonly #mirror: Mirror;
  readonly #adder: Adder;
  readonly #bodies: Bodies;
  #tasks: (() => void)[] = [];

  constructor(core: Core) {
    super(core);
    this.#model = new Model(core);
    this.#intents = new Intents(core, this.#model);
    this.#mirror = new Mirror(core, this.#model, this.#intents);
    this.#adder = new Adder(core, this.#model, this.#mirror, this.#intents);
    this.#bodies = new Bodies(core);
  }

  saveMailbox(box: MailboxFields): Mailbox {
    this.ready();
    const known = this.core.mailboxes.byPath(box.pathRaw);
    if (known !== undefined) {
      this.patchMailbox(known, box);
      return must(this.core.mailboxes.get(known), 'a mailbox just saved');
    }
    const id = this.core.mailboxes.insert(box);
    this.core.log.note('Mailbox', id, 'created');
    return must(this.core.mailboxes.get(id), 'a mailbox just saved');
  }

  patchMailbox(id: MailboxId, patch: Partial<Omit<Mailbox, 'id'>>): void {
    this.ready();
    const before = this.core.mailboxes.get(id);
    if (!before) return;
    const changed = this.core.mailboxes.update(id, patch);
    if (changed.shown) this.core.log.note('Mailbox', id, 'updated');
    const isTrash = this.core.mailboxes.isTrash(id);
    if (changed.role && isTrash !== (before.role === 'trash')) recount(this.core);
    if (before.state === 'remap' && patch.state !== undefined && patch.state !== 'remap') this.#mirror.remapped(id);
  }

  removeMailbox(id: MailboxId, withEmails = false, most?: number): boolean {
    return this.mailbox(id) !== undefined && this.#mirror.removeMailbox(id, withEmails, most);
  }

  emptyMailbox(id: MailboxId): void {
    this.#mirror.emptyMailbox(id, false);
  }

  add(mailbox: MailboxId, found: readonly Found[]): void {
    this.addReady(mailbox, found.map(ready));
  }

  addReady(mailbox: MailboxId, messages: readonly Ready[]): void {
    this.#adder.add(mailbox, messages);
  }

  keywords(
    mailbox: MailboxId,
    flags: readonly { uid: Uid; keywords: string[]; deleted: boolean; modseq: string }[],
  ): void {
    this.#mirror.keywords(mailbox, flags);
  }

  vanished(mailbox: MailboxId, uids: readonly Uid[]): void {
    this.#mirror.vanished(mailbox, uids);
  }

  sweep(before: number): void {
    this.#mirror.sweep(before);
  }

  remap(mailbox: MailboxId, uidvalidity: number): void {
    this.#mirror.remap(mailbox, uidvalidity);
  }

  preview(email: EmailRow, preview: string): void {
    const before = this.#previewOf(email) ?? '';
    if (this.#setPreview(email, preview)) {
      this.core.heads.rewrite(email, preview);
      rewriteBody(this.core, email, before, preview);
    }
    this.core.db.run('DELETE FROM todo_preview WHERE email = ?', email);
  }

  bodyText(email: EmailRow, text: string, preview = ''): void {
    if (!this.#model.state(email)) return;
    const known = this.#previewOf(email) ?? '';
    if (known === '') this.#setPreview(email, preview);
    writeBody(this.core, email, text, known === '' ? preview : known);
  }

  saveBody(email: EmailRow, part: string, bytes: Buffer): void {
    if (this.#model.state(email)) this.#bodies.save(email, part, bytes);
  }

  saveBlob(id: string, type: string, bytes: Buffer): void {
    this.core.db.run(
      'INSERT OR REPLACE INTO blob(id, type, size, at, bytes) VALUES(?, ?, ?, ?, ?)',
      id,
      type,
      bytes.length,
      this.core.now(),
      bytes,
    );
  }

  addLocal(mailbox: MailboxId, email: LocalMessage & { preview: string }): EmailNumber {
    const row = this.#adder.addLocal(mailbox, email);
    return must(this.#model.state(row), 'an Email just made').number;
  }

  mergeText(when: 'any' | 'many' = 'any'): boolean {
    return mergeText(this.core.db, when);
  }

  setKeywords(email: EmailNumber, add: string[], remove: string[], dueAt: number): void {
    const row = this.rowOf(email);
    if (row !== undefined) this.#intents.setKeywords(row, add, remove, dueAt);
  }

  move(email: EmailNumber, from: MailboxId, to: MailboxId, dueAt: number): void {
    const row = this.rowOf(email);
    if (row !== undefined) this.#intents.move(row, from, to, dueAt);
  }

  copy(email: EmailNumber, to: MailboxId, dueAt: number): void {
    const row = this.rowOf(email);
    if (row !== undefined) this.#intents.copy(row, to, dueAt);
  }

  mayCopy(email: EmailNumber): boolean {
    const row = this.rowOf(email);
    return this.core.db.value('SELECT 1 FROM email WHERE id = ? AND strong IS NOT NULL', row ?? -1) !== undefined;
  }

  leave(email: EmailNumber, from: MailboxId, dueAt: number): void {
    const row = this.rowOf(email);
    if (row !== undefined) this.#intents.leave(row, from, dueAt);
  }

  destroy(email: EmailNumber, dueAt: number): void {
    const row = this.rowOf(email);
    if (row !== undefined) this.#intents.destroy(row, dueAt);
  }

  append(email: EmailNumber, want: Extract<Want, { kind: 'append' }>, dueAt: number): void {
    const row = this.rowOf(email);
    if (row !== undefined) this.#intents.append(row, want, dueAt);
  }

  intentsStarted(ids: readonly number[]): Intent[] {
    return this.#intents.started(ids);
  }

  intentDone(id: number, result: { mailbox: MailboxId; uid: Uid } | null): void {
    this.#intents.done(id, result);
  }

  intentRefused(id: number): void {
    this.#intents.refused(id);
  }

  intentLater(id: number, dueAt: number): void {
    this.#intents.later(id, dueAt);
  }

  note(type: ChangeType, id: string, kind: ChangeKind | 'counts'): void {
    this.core.log.note(type, id, kind);
  }

  setValue(key: string, value: string): void {
    this.core.db.run('INSERT OR REPLACE INTO setting(key, value) VALUES(?, ?)', key, value);
  }

  dropValue(key: string): void {
    this.core.db.run('DELETE FROM setting WHERE key = ?', key);
  }

  afterCommit(task: () => void): void {
    this.#tasks.push(task);
  }

  /** The tasks of {@link afterCommit}, once. */
  takeTasks(): (() => void)[] {
    const tasks = this.#tasks;
    this.#tasks = [];
    return tasks;
  }

  /** After a rollback: nothing in memory may be newer than the file. */
  forget(): void {
    this.#tasks = [];
    this.#model.forget();
    this.#adder.forget();
    this.#bodies.forget();
    this.core.forget();
  }

  protected override ready(): void {
    this.core.flush();
  }

  override state(type: ChangeType): string {
    this.core.flush();
    return this.core.log.state(type);
  }

  override changes(type: ChangeType, since: string, max: number): Changes | null {
    this.core.flush();
    return this.core.log.changes(type, since, max, false);
  }

  protected override concluded(): void {
    this.core.conclude();
  }

  protected override searched(): void {
    this.core.heads.flush();
  }

  #previewOf(email: EmailRow): string | null {
    return this.core.db.value<string | null>('SELECT preview FROM envelope WHERE email = ?', email) ?? null;
  }

  /** Whether it is another one than before. */
  #setPreview(email: EmailRow, preview: string): boolean {
    const { db, log } = this.core;
    const state = this.#model.state(email);
    if (!state) return false;
    const old = this.#previewOf(email);
    if (old === preview) return false;
    db.run('UPDATE envelope SET preview = ? WHERE email = ?', preview, email);
    if (preview === (old ?? '')) return false;
    if (!state.hidden) log.note('Email', state.number, 'updated');
    return true;
  }
}
