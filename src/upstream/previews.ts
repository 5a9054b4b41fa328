import { setImmediate as pause } from 'node:timers/promises';
import { logError } from '#base/log.ts';
import type { EmailRow, MailboxId, TextWish } from '#index/types.ts';
import { ImapError } from '#imap/errors.ts';
import type { ImapSession } from '#imap/session.ts';
import { previewOfServer } from '#mime/preview.ts';
import { catchUp } from './catch-up.ts';
import { isOpen } from './is-open.ts';
import { urgency } from './line.ts';
import type { Lines } from './lines.ts';
import { isRefusal } from './mirror.ts';
import type { Mirror } from './mirror.ts';
import { grouped, readText } from './read-text.ts';
import type { Group, Read } from './read-text.ts';
import { Patience } from './patience.ts';

/** Messages of one command: so many at first, then as many as take about {@link commandMs} with what is done to them. */
const batch = 64;
const mostInCommand = 512;
const commandMs = 250;
/**
 * Messages taken in hand together, mailbox by mailbox: opening a large mailbox takes a server as long as reading a dozen
 * messages.
 */
const mostAhead = 2048;
/** After so many messages that are refused, and none that is read, it is the server. */
const enoughRefusals = 3;
/** So often in a row nothing may come before the messages are without text. */
const mostVain = 10;
/** Milliseconds of synchronous work between two pauses. */
const slice = 10;

/** Nobody waits for the full text to be joined: most of the time belongs to others, milliseconds between two steps. */
const mergeRest = 40;

/** Who looks at the progress is told of it this often, milliseconds. */
const tellEvery = 2_000;

/** A batch of the size that takes about `wanted`, approached by halves and doubles; all times in milliseconds. */
const nextBatch = (size: number, ms: number, wanted: number, [least, most]: readonly [number, number]): number =>
  Math.min(most, Math.max(least, Math.round(size * Math.min(2, Math.max(0.5, wanted / Math.max(0.1, ms))))));

/**
 * Previews, and texts to search (rule S10): what is on screen at once; then previews that the server makes, of many
 * messages by one command; then the text of all, newest first.
 */
export class Previews {
  readonly #mirror: Mirror;
  readonly #lines: Lines;
  readonly #told: () => void;
  readonly #patience: Patience;
  #running: Promise<void> | null = null;
  #closed = false;
  #batch = batch;
  #previewBatch = batch * 4;
  #textBatch = 20;
  #toldAt = -tellEvery;

  /** `told` is called now and then: progress has changed. */
  constructor(parts: { mirror: Mirror; lines: Lines; told: () => void }) {
    this.#mirror = parts.mirror;
    this.#lines = parts.lines;
    this.#told = parts.told;
    this.#patience = new Patience(this.#mirror.clock);
  }

  /** How long until there is something to go on with, milliseconds; null: nothing, or the connection is gone. */
  get pause(): number | null {
    return this.#patience.times === 0 ? null : this.#patience.left;
  }

  /** Resolves when tried, whatever came of it; a message that is gone or cannot be read stays without. */
  async want(rows: readonly EmailRow[]): Promise<void> {
    const wishes = this.#wishes(rows);
    await Promise.allSettled(
      byMailbox(wishes).map(async ([mailbox, list]) => {
        const read = await this.#lines.watch.run((session) => this.#texts(session, mailbox, list), {
          urgency: urgency.visible,
        });
        await this.#write(read);
      }),
    );
  }

  /** All that is still missing. Ends by itself. */
  start(): Promise<void> {
    if (this.#closed || this.#patience.left > 0) return Promise.resolve();
    this.#running ??= this.#run().finally(() => {
      this.#running = null;
      this.#told();
    });
    return this.#running;
  }

  close(): void {
    this.#closed = true;
  }

  async #run(): Promise<void> {
    try {
      await this.#readPreviews();
      await this.#readTexts();
      await this.#merge(Infinity);
      this.#patience.over();
    } catch (error) {
      if (error instanceof ImapError && error.code === 'imap/refused') this.#patience.refused(error);
      if (!this.#closed) logError(this.#mirror.log, 'upstream.previews-paused', error);
    }
  }

  /** The texts of a few messages bring their previews sooner. */
  async #readPreviews(): Promise<void> {
    while (!this.#closed) {
      const wishes = this.#mirror.index.read((reader) => reader.withoutPreview(mostAhead));
      if (wishes.length <= batch) return;
      for (const [mailbox, list] of byMailbox(wishes)) {
        for (let at = 0; at < list.length;) {
          if (this.#closed) return;
          const part = list.slice(at, at + this.#previewBatch);
          at += part.length;
          if (!(await this.#lines.background((session) => this.#previewsBatch(session, mailbox, part), false))) return;
          this.#tell();
        }
      }
    }
  }

  async #readTexts(): Promise<void> {
    /** While the server sends the next, the words of the last are written. */
    let behind: Promise<void> = Promise.resolve();
    for (let ahead = batch * 4; ; ahead = Math.min(ahead * 2, mostAhead)) {
      await behind;
      const wishes = this.#mirror.index.read((reader) => reader.withoutText(ahead));
      if (wishes.length === 0) return;
      const few = wishes.length <= batch;
      for (const [mailbox, list] of byMailbox(wishes)) {
        for (let at = 0; at < list.length;) {
          if (this.#closed) return;
          const part = list.slice(at, at + this.#batch);
          at += part.length;
          const read = await this.#lines.background((session) => this.#readBatch(session, mailbox, part), few);
          await behind;
          behind = this.#join(read);
          behind.catch(() => undefined);
        }
      }
    }
  }

  async #previewsBatch(session: ImapSession, mailbox: MailboxId, wishes: readonly TextWish[]): Promise<boolean> {
    const begun = performance.now();
    const can = await this.#previews(session, mailbox, wishes);
    if (wishes.length === this.#previewBatch)
      this.#previewBatch = nextBatch(this.#previewBatch, performance.now() - begun, commandMs, [batch, mostAhead]);
    return can;
  }

  async #readBatch(session: ImapSession, mailbox: MailboxId, wishes: readonly TextWish[]): Promise<Read[]> {
    const begun = performance.now();
    const read = await this.#texts(session, mailbox, wishes);
    if (wishes.length === this.#batch)
      this.#batch = nextBatch(this.#batch, performance.now() - begun, commandMs, [batch, mostInCommand]);
    return read;
  }

  async #join(read: Read[]): Promise<void> {
    await this.#write(read);
    this.#tell();
    await this.#mirror.joinText(() => !this.#closed);
    if (read.length >= batch) await this.#merge(1);
  }

  #tell(): void {
    const now = this.#mirror.clock.now();
    if (now - this.#toldAt < tellEvery) return;
    this.#toldAt = now;
    this.#told();
  }

  /** Newest first: what ascends is one piece of the full text. */
  async #write(read: readonly Read[]): Promise<void> {
    const sorted = read.toSorted((a, b) => a.row - b.row);
    for (let at = 0; at < sorted.length && !this.#closed;) {
      const begun = performance.now();
      const part = sorted.slice(at, at + this.#textBatch);
      at += part.length;
      this.#mirror.index.gather((t) => {
        for (const { row, preview, text } of part) t.bodyText(row, text, preview);
      });
      this.#textBatch = nextBatch(this.#textBatch, performance.now() - begun, slice, [5, 200]);
      await pause();
    }
    if (!this.#closed) this.#mirror.index.settle();
  }

  /** Joins what is searched, at most so many steps. */
  async #merge(steps: number): Promise<void> {
    for (let done = 0; done < steps && !this.#closed; done += 1) {
      if (!this.#mirror.index.gather((t) => t.mergeText())) return;
      await new Promise((resolve) => setTimeout(resolve, mergeRest).unref());
    }
  }

  #wishes(rows: readonly EmailRow[]): TextWish[] {
    return this.#mirror.index.read((reader) =>
      rows.flatMap((row) => {
        const email = reader.byRow(row);
        if (email === undefined || email.preview !== '') return [];
        const place = reader.placements(row).find((one) => one.uid !== null);
        return place?.uid == null ? [] : [{ row, mailbox: place.mailbox, uid: place.uid, structure: email.structure }];
      }),
    );
  }

  /** PREVIEW of these messages; false: this server makes none. */
  async #previews(session: ImapSession, mailbox: MailboxId, wishes: readonly TextWish[]): Promise<boolean> {
    if (!session.capabilities.has('PREVIEW')) return false;
    const opened = await this.#open(session, mailbox);
    if (opened === 'renewed') return true;
    const missing = new Map(wishes.map((wish) => [wish.uid as number, wish.row]));
    try {
      if (opened === 'open')
        await session.fetchRows({ uids: [...missing.keys()] }, { preview: true }, async (rows) => {
          const known = rows.flatMap(({ uid, preview }) => {
            const row = missing.get(uid);
            missing.delete(uid);
            return row === undefined ? [] : [{ row, preview: previewOfServer(preview ?? '') }];
          });
          await this.#writePreviews(known);
        });
    } catch (error) {
      if (!isRefusal(error)) throw error;
      return false;
    }
    // Their text is still to be read; as far as the server goes they have no preview.
    await this.#writePreviews([...missing.values()].map((row) => ({ row, preview: '' })));
    return true;
  }

  async #writePreviews(known: readonly Pick<Read, 'row' | 'preview'>[]): Promise<void> {
    const sorted = known.toSorted((a, b) => a.row - b.row);
    for (let at = 0; at < sorted.length; at += mostAhead / 8) {
      this.#mirror.index.gather((t) => {
        for (const { row, preview } of sorted.slice(at, at + mostAhead / 8)) t.preview(row, preview);
      });
      await pause();
    }
    this.#mirror.index.settle();
    await this.#mirror.joinText(() => !this.#closed);
  }

  async #texts(session: ImapSession, mailbox: MailboxId, wishes: readonly TextWish[]): Promise<Read[]> {
    const opened = await this.#open(session, mailbox);
    if (opened === 'renewed') return [];
    const read: Read[] = [];
    const refusals: ImapError[] = [];
    if (opened === 'open') for (const group of grouped(wishes)) await this.#readAll(session, group, read, refusals);
    const [refusal] = refusals;
    if (refusal !== undefined && this.#isVain(read, refusals, 1)) throw refusal;
    const tried = new Set(read.map(({ row }) => row));
    // No text part, no structure, or nothing came: not asked for again and again.
    for (const { row } of wishes) if (!tried.has(row)) read.push({ row, preview: '', text: '' });
    return read;
  }

  /** `refused`: the server does not open it. `renewed`: it is another mailbox than it was, and the wishes are void. */
  async #open(session: ImapSession, mailbox: MailboxId): Promise<'open' | 'refused' | 'renewed'> {
    const box = this.#mirror.index.read((reader) => reader.mailbox(mailbox));
    if (box === undefined) return 'renewed';
    if (isOpen(session, box)) {
      // What came after this connection last heard of the mailbox does not exist to it.
      await session.noop();
      return 'open';
    }
    try {
      const { uidvalidity } = await session.select(box.pathRaw, { readOnly: true });
      if (uidvalidity === box.uidvalidity) return 'open';
    } catch (error) {
      if (!isRefusal(error)) throw error;
      return 'refused';
    }
    await catchUp(session, this.#mirror, mailbox, { readOnly: true });
    return 'renewed';
  }

  /** One message that the server cannot read makes it refuse the whole set: halves, until that one is alone. */
  async #readAll(session: ImapSession, group: Group, read: Read[], refusals: ImapError[]): Promise<void> {
    const before = read.length;
    try {
      await this.#readGroup(session, group, read);
    } catch (error) {
      if (!isRefusal(error)) throw error;
      read.length = before;
      const { targets } = group;
      const half = Math.ceil(targets.length / 2);
      if (targets.length === 1) {
        refusals.push(error);
        return;
      }
      for (const part of [targets.slice(0, half), targets.slice(half)]) {
        if (this.#isVain(read, refusals, enoughRefusals)) throw error;
        await this.#readAll(session, { ...group, targets: part }, read, refusals);
      }
    }
  }

  /** The server gives nothing just now, and was not asked often: it is asked again later (rule S83). */
  #isVain(read: readonly Read[], refusals: readonly ImapError[], enough: number): boolean {
    return read.length === 0 && refusals.length >= enough && this.#patience.times < mostVain;
  }

  async #readGroup(session: ImapSession, { section, bytes, targets }: Group, read: Read[]): Promise<void> {
    const byUid = new Map(targets.map((target) => [target.wish.uid as number, target]));
    await session.fetchRows({ uids: [...byUid.keys()] }, { sections: [{ section, bytes }] }, async (rows) => {
      let begun = performance.now();
      for (const row of rows) {
        const target = byUid.get(row.uid);
        const encoded = row.sections.get(section) ?? row.sections.values().next().value;
        if (target === undefined || encoded === undefined) continue;
        byUid.delete(row.uid);
        read.push(readText(target, encoded.subarray(0, bytes)));
        if (performance.now() - begun < slice / 2) continue;
        await pause();
        begun = performance.now();
      }
    });
  }
}

const byMailbox = (wishes: readonly TextWish[]): [MailboxId, TextWish[]][] => {
  const groups = new Map<MailboxId, TextWish[]>();
  for (const wish of wishes) {
    const list = groups.get(wish.mailbox);
    if (list) list.push(wish);
    else groups.set(wish.mailbox, [wish]);
  }
  return [...groups];
};
