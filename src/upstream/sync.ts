import { logError } from '#base/log.ts';
import type { Mailbox, MailboxId } from '#index/types.ts';
import { ImapError } from '#imap/errors.ts';
import type { ImapSession } from '#imap/session.ts';
import { arrivals, catchUp, compare, isFresh } from './catch-up.ts';
import type { CatchUp } from './catch-up.ts';
import { follow } from './changes.ts';
import { UpstreamError } from './errors.ts';
import type { Fill } from './fill.ts';
import type { FolderSync } from './folder-sync.ts';
import { urgency } from './line.ts';
import type { TaskOptions } from './line.ts';
import type { Lines } from './lines.ts';
import { isRefusal } from './mirror.ts';
import type { Brought, Mirror } from './mirror.ts';
import type { Previews } from './previews.ts';
import type { Reading } from './reading/reading.ts';
import type { Undertakings } from './undertakings.ts';

/** Other mailboxes are compared this often; less when the server tells of them by itself (rule S11), milliseconds. */
const pollEvery = 60_000;
const pollNotified = 5 * 60_000;
/** INBOX is asked this often where the server does not push. */
const askEvery = 15_000;
/** After work in another mailbox the watch goes back to INBOX this soon. */
const homeAfter = 1_000;
/** All flags and UIDs are compared this often where the server cannot say what changed. */
const deepEvery = 10 * 60_000;
/** All UIDs are compared this often where it can. */
const rareEvery = 24 * 60 * 60_000;
/** A second look at the same mailbox within this time is the same look. */
const sameLook = 2_000;
/** An Email that lies nowhere is destroyed after this long (rule S14). */
const goneFor = 10 * 60_000;

/** LIST is asked this long after the last line that told of mailboxes, and this long after the first at the latest. */
const listAfter = 200;
const listWithin = 2_000;
/** What a list left in doubt is looked at again after this long. */
const doubtAfter = 2_500;

/** So many missing messages are written in haste, and read in a thread of their own. */
const much = 2_000;

/** Messages of a mailbox that the user opened before the sync came to it. */
const lookedHead = 200;

export interface SyncParts {
  mirror: Mirror;
  lines: Lines;
  folders: FolderSync;
  fill: Fill;
  previews: Previews;
  /** Progress changed. */
  told: () => void;
  /** What goes on by itself. */
  work: Undertakings;
  reading: Reading | null;
}

/** What is done on the watch connection so that the index follows the server. */
export class Sync {
  readonly #parts: SyncParts;
  readonly #mirror: Mirror;
  readonly #visiting = new Set<MailboxId>();
  readonly #lookedAt = new Map<MailboxId, number>();
  readonly #deepAt = new Map<MailboxId, number>();
  readonly #cancels = new Set<() => void>();
  #home: (() => void) | null = null;
  /** What is left of the first sync waits for its time. */
  #goOn: (() => void) | null = null;
  /** The LIST that waits for its time. */
  #list: { cancel: () => void; firstLine: number | null } | null = null;
  /** A LIST waits for the connection. */
  #listWaits = false;
  #notified = false;
  #closed = false;

  constructor(parts: SyncParts) {
    this.#parts = parts;
    this.#mirror = parts.mirror;
    parts.folders.onDoubt(() => {
      if (this.#list === null) this.#listIn(doubtAfter, null);
    });
  }

  /** The connection is new: mailboxes, INBOX, then listening; the rest follows by itself. */
  async begin(session: ImapSession): Promise<void> {
    const { lines, folders, told } = this.#parts;
    this.stop();
    this.#notified = false;
    // Nothing of this is done on another connection: that one begins anew.
    const first = { urgency: urgency.arrival, again: false, only: session };
    folders.assumeInbox();
    // From before INBOX is selected on: what arrives while it is read is told once, and IDLE does not tell it again.
    follow(session, this.#mirror, {
      arrived: (mailbox) => this.#quietly('arrived', this.#arrived(mailbox)),
      compare: (mailbox) => this.#quietly('compare', this.#onSelected(mailbox, compare)),
      flagsAt: (mailbox, sequence) =>
        this.#quietly(
          'flags',
          this.#onSelected(mailbox, (line, mirror, box) => sequenceFlags(line, mirror, box, sequence)),
        ),
      visit: (mailbox) => this.#quietly('visit', this.visit(mailbox, { urgency: urgency.arrival })),
      list: () => this.#listSoon(),
    });
    // INBOX comes before LIST: what is new is shown first, and after a LIST Dovecot reads a large Maildir through.
    const inbox = this.#inbox();
    if (inbox !== null) await this.visit(inbox.id, first).catch(refusedOnly);
    told();
    const differing = await lines.watch.run((line) => folders.run(line), first);
    told();
    await lines.watch.run(async (line) => {
      this.#notified = await line.notify();
      // Dovecot watches the mailbox that was selected at NOTIFY, not one selected later, and tells of what came before
      // NOTIFY at the next command only: IDLE beside NOTIFY hears all of it.
      await line.idle();
    }, first);
    this.#quietly('fill', this.fillUp());
    for (const id of differing)
      if (id !== inbox?.id && !isFresh(this.#mirror.mailbox(id)))
        this.#quietly('visit', this.visit(id, { urgency: urgency.folders }));
    this.#every(this.#notified ? pollNotified : pollEvery, () => this.refreshFolders());
    if (!session.capabilities.has('IDLE') || session.quirks.mustPoll) this.#every(askEvery, () => this.#ask());
    this.#every(pollEvery, () => this.#sweep());
  }

  /** Timers of a connection that is gone. */
  stop(): void {
    for (const cancel of this.#cancels) cancel();
    this.#cancels.clear();
    this.#home?.();
    this.#home = null;
    this.#list = null;
  }

  /** For good. */
  close(): void {
    this.#closed = true;
    this.stop();
  }

  /** Brings a mailbox into step; equal wishes that wait are one. */
  async visit(id: MailboxId, when: TaskOptions, options: CatchUp = {}): Promise<void> {
    if (this.#visiting.has(id)) return;
    this.#visiting.add(id);
    const { lines, fill, previews, told } = this.#parts;
    try {
      await lines.watch.run(async (session) => {
        this.#visiting.delete(id);
        const brought = await this.#catchUp(session, id, options);
        fill.brought(id, brought.oldest);
        if (brought.count > 0) told();
      }, when);
    } finally {
      this.#visiting.delete(id);
    }
    if (!fill.running) this.#quietly('previews', previews.start());
  }

  /** LIST, and a visit to what differs; nothing when one waits already. */
  async refreshFolders(): Promise<void> {
    if (this.#listWaits) return;
    const { lines, folders, told } = this.#parts;
    this.#listWaits = true;
    let isBegun = false;
    const run = (session: ImapSession): Promise<MailboxId[]> => {
      isBegun = true;
      this.#listWaits = false;
      return folders.run(session);
    };
    const differing = await lines.watch.run(run, { urgency: urgency.folders }).finally(() => {
      if (!isBegun) this.#listWaits = false;
    });
    told();
    const here = this.#mirror.index
      .read((reader) => reader.mailboxes())
      .find((box) => box.pathRaw === lines.watch.session?.selected?.pathRaw);
    for (const id of differing) {
      if (!isFresh(this.#mirror.mailbox(id))) await this.visit(id, { urgency: urgency.folders }).catch(refusedOnly);
    }
    if (here !== undefined && !differing.includes(here.id) && lines.watch.session?.condstore === false)
      await this.visit(here.id, { urgency: urgency.folders });
    if (this.#parts.fill.pause !== null) await this.fillUp();
  }

  /** The first sync as far as it is missing, then previews and full text. What could not be done now is done later. */
  async fillUp(): Promise<void> {
    const { fill, previews, reading } = this.#parts;
    const { total, known } = fill.progress();
    const isMuch = total - known > much;
    if (isMuch) this.#mirror.index.hasten();
    const enough = isMuch ? reading?.begin() : undefined;
    await fill.start().finally(enough);
    this.#goOnIn(fill.pause);
    await previews.start();
    this.#goOnIn(fill.pause ?? previews.pause);
    await this.#mirror.index.calm();
  }

  /** null: nothing is left to do. */
  #goOnIn(ms: number | null): void {
    this.#goOn?.();
    this.#goOn = ms === null || this.#parts.lines.watch.session === null ? null : this.#after(ms, () => this.fillUp());
  }

  /** The user looks at this mailbox (rule S8). */
  look(id: MailboxId): void {
    const now = this.#mirror.clock.now();
    if (now - (this.#lookedAt.get(id) ?? -sameLook) < sameLook) return;
    this.#lookedAt.set(id, now);
    this.#parts.fill.look(id);
    const { session } = this.#parts.lines.watch;
    const box = this.#mirror.index.read((reader) => reader.mailbox(id));
    if (session === null || box === undefined || box.noselect) return;
    const listening = session.selected?.pathRaw === box.pathRaw && session.condstore && box.role === 'inbox';
    if (!listening) this.#quietly('look', this.visit(id, { urgency: urgency.visible }, { head: lookedHead }));
  }

  /** Nothing more to do: back to INBOX, where new mail is told of. */
  resting(): void {
    if (this.#closed) return;
    const { lines } = this.#parts;
    const inbox = this.#inbox();
    if (
      inbox === null ||
      (lines.watch.session?.selected?.pathRaw === inbox.pathRaw && !lines.watch.session.selected.readOnly)
    )
      return;
    this.#home?.();
    this.#home = this.#mirror.clock.after(homeAfter, () => {
      if (!lines.watch.busy && lines.watch.session !== null)
        this.#quietly('home', this.visit(inbox.id, { urgency: urgency.folders }));
    });
  }

  #inbox(): Mailbox | null {
    return this.#mirror.index.read((reader) => reader.mailboxes()).find((box) => box.role === 'inbox') ?? null;
  }

  #deepIsDue(session: ImapSession, id: MailboxId): boolean {
    const now = this.#mirror.clock.now();
    const before = this.#deepAt.get(id) ?? (session.condstore ? now : 0);
    const isDue = now - before >= (session.condstore ? rareEvery : deepEvery);
    this.#deepAt.set(id, isDue ? now : before);
    return isDue;
  }

  async #catchUp(session: ImapSession, id: MailboxId, options: CatchUp): Promise<Brought> {
    const deep = options.deep ?? this.#deepIsDue(session, id);
    try {
      return await catchUp(session, this.#mirror, id, { ...options, deep });
    } catch (error) {
      if (isRefusal(error) && error.command === 'SELECT') this.#parts.folders.refused(id);
      throw error;
    }
  }

  async #arrived(id: MailboxId): Promise<void> {
    const { fill, previews, told } = this.#parts;
    await this.#onSelected(id, async (session, mirror, box) => {
      const exists = session.selected?.exists ?? box.exists;
      const brought = await arrivals(session, mirror, box, exists);
      if (!session.condstore)
        await sequenceFlags(session, mirror, box, [Math.max(1, exists - 100), Math.max(1, exists)]);
      const now = mirror.mailbox(id);
      mirror.index.write((t) =>
        t.patchMailbox(id, {
          exists: session.selected?.exists ?? exists,
          uidnext: Math.max(now.uidnext, (brought.highest ?? 0) + 1),
        }),
      );
      fill.brought(id, brought.oldest);
      told();
    });
    if (!fill.running) await previews.start();
  }

  /** Runs with the mailbox selected: as it is if it still is, else by a visit, which does all that was wanted. */
  async #onSelected(
    id: MailboxId,
    task: (session: ImapSession, mirror: Mirror, box: Mailbox) => Promise<void>,
  ): Promise<void> {
    if (this.#visiting.has(id)) return;
    await this.#parts.lines.watch.run(
      async (session) => {
        const box = this.#mirror.mailbox(id);
        if (session.selected?.pathRaw === box.pathRaw && !isFresh(box)) await task(session, this.#mirror, box);
        else await catchUp(session, this.#mirror, id);
      },
      { urgency: urgency.arrival },
    );
  }

  async #ask(): Promise<void> {
    const inbox = this.#inbox();
    if (inbox !== null) await this.visit(inbox.id, { urgency: urgency.arrival });
  }

  async #sweep(): Promise<void> {
    const unfinished = this.#mirror.index.read((reader) => reader.mailboxes()).some((box) => box.state === 'remap');
    if (!unfinished) this.#mirror.index.write((t) => t.sweep(this.#mirror.clock.now() - goneFor));
    return Promise.resolve();
  }

  /** The server said that mailboxes came, went or have other names; it says so once for each of them (rule S57). */
  #listSoon(): void {
    const now = this.#mirror.clock.now();
    const firstLine = this.#list?.firstLine ?? now;
    this.#listIn(Math.max(0, Math.min(listAfter, firstLine + listWithin - now)), firstLine);
  }

  #listIn(ms: number, firstLine: number | null): void {
    this.#list?.cancel();
    const cancel = this.#after(ms, () => {
      this.#list = null;
      return this.refreshFolders();
    });
    this.#list = { cancel, firstLine };
  }

  #every(ms: number, task: () => Promise<void>): void {
    this.#after(ms, () => {
      this.#every(ms, task);
      return task();
    });
  }

  /** Answers how it is called off. */
  #after(ms: number, task: () => Promise<void>): () => void {
    if (this.#closed) return () => undefined;
    const cancel = this.#mirror.clock.after(ms, () => {
      this.#cancels.delete(cancel);
      this.#quietly('timer', task());
    });
    this.#cancels.add(cancel);
    return () => {
      this.#cancels.delete(cancel);
      cancel();
    };
  }

  /** The connection's end is the watch's business; all else is worth a line. */
  #quietly(what: string, work: Promise<void>): void {
    this.#parts.work.add(work).catch((error: unknown) => {
      const closed = error instanceof UpstreamError && error.code === 'engine/closed';
      if (this.#parts.lines.watch.session !== null && !closed)
        logError(this.#mirror.log, 'upstream.sync', error, { what });
    });
  }
}

/** A mailbox that cannot be opened does not keep the others from being listed. */
const refusedOnly = (error: unknown): void => {
  if (!(error instanceof ImapError) || error.code !== 'imap/refused') throw error;
};

const sequenceFlags = async (
  session: ImapSession,
  mirror: Mirror,
  box: Mailbox,
  sequence: [number, number],
): Promise<void> => {
  const { rows } = await session.fetchFlags({ sequence });
  await mirror.flags(box.id, rows);
};
