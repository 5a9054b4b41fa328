import type { Mailbox, MailboxId } from '#index/types.ts';
import { ImapError } from '#imap/errors.ts';
import { encodeMailboxName } from '#imap/mailbox-name.ts';
import type { ImapSession } from '#imap/session.ts';
import { type UpstreamCode, UpstreamError } from './errors.ts';
import type { FolderSync } from './folder-sync.ts';
import { urgency } from './line.ts';
import type { Task } from './line.ts';
import type { Lines } from './lines.ts';
import type { Mirror } from './mirror.ts';
import { choiceMoved, choose } from './role-choices.ts';
import { type GivenRole, roleToCreate } from './roles.ts';

/** What a response code of the server means (RFC 5530, 9208). */
const codes: ReadonlyMap<string, UpstreamCode> = new Map([
  ['ALREADYEXISTS', 'mailbox/exists'],
  ['NONEXISTENT', 'mailbox/not-found'],
  ['OVERQUOTA', 'mailbox/full'],
]);

/** Creating, renaming and removing mailboxes: done at the server first, then seen in the index. */
export class Mailboxes {
  readonly #mirror: Mirror;
  readonly #lines: Lines;
  readonly #folders: FolderSync;
  readonly #making = new Map<GivenRole, Promise<MailboxId>>();

  constructor(parts: { mirror: Mirror; lines: Lines; folders: FolderSync }) {
    this.#mirror = parts.mirror;
    this.#lines = parts.lines;
    this.#folders = parts.folders;
  }

  create(name: string, parent: MailboxId | null, subscribe: boolean): Promise<MailboxId> {
    return this.#job((session) => this.#create(session, name, parent, subscribe, null));
  }

  rename(id: MailboxId, name: string, parent: MailboxId | null): Promise<void> {
    return this.#job(async (session) => {
      const box = this.#mirror.mailbox(id);
      const to = this.#pathRaw(session, name, parent);
      if (to === box.pathRaw) return;
      this.#mustBeFree(to);
      // A mailbox must not be open under the name it loses.
      if (session.selected !== null) await session.unselect();
      await session.rename(box.pathRaw, to);
      this.#folders.own.moved(box.pathRaw, to, box.delimiter);
      if (box.subscribed) await quietly(session.subscribe(to, true));
      this.#moved(box, to);
      await this.#list(session);
    });
  }

  destroy(id: MailboxId, withMail: boolean): Promise<void> {
    return this.#job(async (session) => {
      const box = this.#mirror.mailbox(id);
      if (this.isLeft(id))
        throw new UpstreamError('mailbox/refused', 'messages are on their way out of it', {
          words: 'Letters are still being moved out of it. Try again in a moment.',
        });
      const children = this.#mirror.index.read((reader) => reader.mailboxes()).some((other) => other.parent === id);
      if (children) throw new UpstreamError('mailbox/has-children', 'there are mailboxes below it');
      if (session.selected?.pathRaw === box.pathRaw) await session.unselect();
      // The index may not have looked for a minute: what came meanwhile would be gone unseen.
      if (!withMail && !box.noselect && ((await session.status(box.pathRaw)).messages ?? 0) > 0)
        throw new UpstreamError('mailbox/has-mail', 'there are messages in it');
      await session.delete(box.pathRaw);
      this.#folders.own.deleted(box.pathRaw, box.delimiter);
      if (box.subscribed) await quietly(session.subscribe(box.pathRaw, false));
      await this.#folders.forget(id);
    });
  }

  subscribe(id: MailboxId, subscribed: boolean): Promise<void> {
    return this.#job(async (session) => {
      await session.subscribe(this.#mirror.mailbox(id).pathRaw, subscribed);
      this.#mirror.index.write((t) => t.patchMailbox(id, { subscribed }));
    });
  }

  /** The user's own choice for a role, or null: what the server says of it counts again (rule R5). */
  chooseRole(id: MailboxId, role: GivenRole | null): Promise<void> {
    return this.#job(async (session) => {
      const { pathRaw } = this.#mirror.mailbox(id);
      this.#mirror.index.write((t) => choose(t, pathRaw, role));
      await this.#list(session);
    });
  }

  /** The mailbox of a role, created when there is none (rule R4). */
  forRole(role: GivenRole): Promise<MailboxId> {
    const known = this.byRole(role);
    if (known !== null) return Promise.resolve(known.id);
    const making = this.#making.get(role);
    if (making !== undefined) return making;
    const { name, use } = roleToCreate(role);
    const made = this.#job(async (session) => {
      await this.#list(session);
      const listed = this.byRole(role);
      if (listed !== null) return listed.id;
      const id = await this.#create(session, name, null, true, use);
      this.#mirror.index.write((t) => t.patchMailbox(id, { role }));
      return id;
    }).finally(() => this.#making.delete(role));
    this.#making.set(role, made);
    return made;
  }

  byRole(role: GivenRole): Mailbox | null {
    return this.#mirror.index.read((reader) => reader.mailboxes()).find((box) => box.role === role) ?? null;
  }

  async #create(
    session: ImapSession,
    name: string,
    parent: MailboxId | null,
    subscribe: boolean,
    use: string | null,
  ): Promise<MailboxId> {
    const pathRaw = this.#pathRaw(session, name, parent);
    this.#mustBeFree(pathRaw);
    await (use === null ? session.create(pathRaw) : session.create(pathRaw, use));
    this.#folders.own.came(pathRaw, this.#anyDelimiter());
    if (subscribe) await quietly(session.subscribe(pathRaw, true));
    await this.#list(session);
    const made = this.#byPath(pathRaw) ?? (await this.#unlisted(session, pathRaw));
    if (made === undefined) throw new UpstreamError('mailbox/refused', 'the server created it and does not list it');
    return made.id;
  }

  /** What differs besides is visited by the sync. */
  async #list(session: ImapSession): Promise<void> {
    const differing = await this.#folders.run(session);
    if (differing.length > 0) this.#folders.lookAgain();
  }

  /** What was created may be missing from the list that follows (rule S59). */
  async #unlisted(session: ImapSession, pathRaw: string): Promise<Mailbox | undefined> {
    await session.status(pathRaw);
    this.#folders.own.unlisted(pathRaw, this.#anyDelimiter());
    await this.#list(session);
    return this.#byPath(pathRaw);
  }

  #pathRaw(session: ImapSession, name: string, parent: MailboxId | null): string {
    const personal = session.namespaces.personal[0] ?? { prefix: '', delimiter: this.#anyDelimiter() };
    const above = parent === null ? null : this.#mirror.mailbox(parent);
    const delimiter = above === null ? personal.delimiter : above.delimiter;
    const clean = name.normalize('NFC').trim();
    const sound = clean !== '' && !/\p{Cc}/u.test(clean) && !(delimiter !== null && clean.includes(delimiter));
    if (!sound)
      throw new UpstreamError('mailbox/refused', 'the name cannot be used', {
        words: delimiter === null ? null : `A name cannot contain “${delimiter}”.`,
      });
    if (above === null) return personal.prefix + encodeMailboxName(clean);
    if (delimiter === null) throw new UpstreamError('mailbox/refused', 'this server has no mailboxes inside mailboxes');
    return above.pathRaw + delimiter + encodeMailboxName(clean);
  }

  /** Messages that the user took out of it, or copied from it, still lie there: with it they would be lost. */
  isLeft(id: MailboxId): boolean {
    return this.#mirror.index.read((reader) => reader.intentCount(id)) > 0;
  }

  #anyDelimiter(): string | null {
    return (
      this.#mirror.index.read((reader) => reader.mailboxes()).find((box) => box.delimiter !== null)?.delimiter ?? null
    );
  }

  #byPath(pathRaw: string): Mailbox | undefined {
    return this.#mirror.index.read((reader) => reader.mailboxes()).find((box) => box.pathRaw === pathRaw);
  }

  #mustBeFree(pathRaw: string): void {
    if (this.#byPath(pathRaw) !== undefined)
      throw new UpstreamError('mailbox/exists', 'there is a mailbox of this name');
  }

  /** RENAME takes everything below along (RFC 3501 §6.3.5). */
  #moved(box: Mailbox, to: string): void {
    this.#mirror.index.write((t) => {
      t.patchMailbox(box.id, { pathRaw: to });
      choiceMoved(t, box.pathRaw, to);
      if (box.delimiter === null) return;
      const below = box.pathRaw + box.delimiter;
      for (const other of t.mailboxes()) {
        if (!other.pathRaw.startsWith(below)) continue;
        const moved = to + box.delimiter + other.pathRaw.slice(below.length);
        t.patchMailbox(other.id, { pathRaw: moved });
        choiceMoved(t, other.pathRaw, moved);
      }
    });
  }

  async #job<T>(task: Task<T>): Promise<T> {
    try {
      return await this.#lines.watch.run(task, { urgency: urgency.user, again: false });
    } catch (error) {
      if (!(error instanceof ImapError) || error.code !== 'imap/refused') throw error;
      const code = codes.get(error.responseCode ?? '') ?? 'mailbox/refused';
      throw new UpstreamError(code, 'the server refused', { words: error.words, cause: error });
    }
  }
}

/** A subscription that the server refuses is no reason to fail. */
const quietly = async (wish: Promise<void>): Promise<void> => {
  try {
    await wish;
  } catch (error) {
    if (!(error instanceof ImapError) || error.code !== 'imap/refused') throw error;
  }
};
