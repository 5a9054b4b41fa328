import { logError } from '#base/log.ts';
import type { EmailRow, MailboxId, Uid } from '#index/types.ts';
import type { ImapSession } from '#imap/session.ts';
import type { Selected } from '#imap/types.ts';
import { htmlToText } from '#mime/html-text.ts';
import { unpackPart } from '#mime/pack.ts';
import { parseMessage, partBytes } from '#mime/parse.ts';
import { previewOf, previewPart } from '#mime/preview.ts';
import { partText } from '#mime/text.ts';
import type { Part } from '#mime/types.ts';
import { catchUp } from './catch-up.ts';
import { urgency } from './line.ts';
import type { Lines } from './lines.ts';
import { isRefusal, pause } from './mirror.ts';
import type { Mirror } from './mirror.ts';

/** One message whose first words are wanted. */
export interface PreviewWish {
  row: EmailRow;
  mailbox: MailboxId;
  uid: Uid;
  structure: string | null;
}

/** Octets of the text part that are fetched, so that its words can be searched as well; HTML as far as mime wants it. */
const textOctets = 16_384;
const htmlOctets = 49_152;
/** Messages of one command: so many at first, then as many as take about {@link commandMs} with what is done to them. */
const batch = 64;
const mostInCommand = 512;
const commandMs = 250;
/**
 * Messages taken in hand together, mailbox by mailbox: opening a large mailbox takes a server as long as reading a dozen
 * messages.
 */
const mostAhead = 2048;
/** Milliseconds of synchronous work between two pauses. */
const slice = 10;

/** Nobody waits for the full text to be joined: most of the time belongs to others, milliseconds between two steps. */
const mergeRest = 40;

/** A batch of the size that takes about `wanted`, approached by halves and doubles; all times in milliseconds. */
const nextBatch = (size: number, ms: number, wanted: number, [least, most]: readonly [number, number]): number =>
  Math.min(most, Math.max(least, Math.round(size * Math.min(2, Math.max(0.5, wanted / Math.max(0.1, ms))))));

interface Target {
  wish: PreviewWish;
  /** null: the structure was impossible; what comes is the beginning of the message itself. */
  part: Part | null;
}

interface Group {
  section: string;
  bytes: number;
  targets: Target[];
}

/** Messages by the section and length that one command fetches of them. */
const grouped = (wishes: readonly PreviewWish[]): Group[] => {
  const groups = new Map<string, Group>();
  for (const wish of wishes) {
    const root = wish.structure === null ? null : unpackPart(wish.structure);
    const found = root === null ? { part: null, octets: htmlOctets } : previewPart(root);
    if (found === null) continue;
    const section = found.part === null ? '' : found.part.section || '1';
    const bytes = found.octets > textOctets ? htmlOctets : textOctets;
    const key = `${section} ${bytes}`;
    const group = groups.get(key) ?? { section, bytes, targets: [] };
    group.targets.push({ wish, part: found.part });
    groups.set(key, group);
  }
  return [...groups.values()];
};

/** First words of messages, and text to search (rule S10): what is on screen at once, the rest newest first. */
export class Previews {
  readonly #mirror: Mirror;
  readonly #lines: Lines;
  #running: Promise<void> | null = null;
  #closed = false;
  #batch = batch;
  #textBatch = 20;

  constructor(parts: { mirror: Mirror; lines: Lines }) {
    this.#mirror = parts.mirror;
    this.#lines = parts.lines;
  }

  /** Resolves when tried, whatever came of it; a message that is gone or cannot be read stays without. */
  async want(rows: readonly EmailRow[]): Promise<void> {
    const wishes = this.#wishes(rows);
    await Promise.allSettled(
      byMailbox(wishes).map(([mailbox, list]) =>
        this.#lines.watch.run((session) => this.#fetch(session, mailbox, list), { urgency: urgency.visible }),
      ),
    );
  }

  /** All that are still missing, then the full text. Ends by itself. */
  start(): Promise<void> {
    if (this.#closed) return Promise.resolve();
    this.#running ??= this.#run().finally(() => (this.#running = null));
    return this.#running;
  }

  close(): void {
    this.#closed = true;
  }

  async #run(): Promise<void> {
    /** While the server sends the next, the words of the last are written. */
    let behind: Promise<void> = Promise.resolve();
    try {
      for (let ahead = batch * 4; ; ahead = Math.min(ahead * 2, mostAhead)) {
        if (this.#closed) return;
        const wishes = this.#mirror.index.read((reader) => reader.withoutPreview(ahead));
        if (wishes.length === 0) break;
        const few = wishes.length <= batch;
        for (const [mailbox, list] of byMailbox(wishes)) {
          for (let at = 0; at < list.length;) {
            const part = list.slice(at, at + this.#batch);
            at += part.length;
            await this.#lines.background((session) => this.#fetchBatch(session, mailbox, part), few);
            await behind;
            behind = this.#join(part.length);
            behind.catch(() => undefined);
          }
        }
      }
      await behind;
      await this.#text(Infinity);
      await this.#merge(Infinity);
    } catch (error) {
      if (!this.#closed) logError(this.#mirror.log, 'upstream.previews-paused', error);
    }
  }

  async #fetchBatch(session: ImapSession, mailbox: MailboxId, wishes: readonly PreviewWish[]): Promise<void> {
    const begun = performance.now();
    await this.#fetch(session, mailbox, wishes);
    if (wishes.length === this.#batch)
      this.#batch = nextBatch(this.#batch, performance.now() - begun, commandMs, [batch, mostInCommand]);
  }

  async #join(count: number): Promise<void> {
    await this.#text(count);
    if (count >= batch) await this.#merge(1);
  }

  /** Writes about `count` messages of the queue into the full text. */
  async #text(count: number): Promise<void> {
    for (let done = 0; done < count && !this.#closed;) {
      const begun = performance.now();
      const written = this.#mirror.index.gather((t) => t.fullText(this.#textBatch));
      if (written === 0) break;
      done += written;
      this.#textBatch = nextBatch(this.#textBatch, performance.now() - begun, slice, [5, 200]);
      await pause();
    }
    this.#mirror.index.settle();
  }

  /** Joins what is searched, at most so many steps. */
  async #merge(steps: number): Promise<void> {
    for (let done = 0; done < steps && !this.#closed; done += 1) {
      if (!this.#mirror.index.gather((t) => t.mergeText())) return;
      await new Promise((resolve) => setTimeout(resolve, mergeRest).unref());
    }
  }

  #wishes(rows: readonly EmailRow[]): PreviewWish[] {
    return this.#mirror.index.read((reader) =>
      rows.flatMap((row) => {
        const email = reader.byRow(row);
        if (email === undefined || email.preview !== '') return [];
        const place = reader.placements(row).find((one) => one.uid !== null);
        return place?.uid == null ? [] : [{ row, mailbox: place.mailbox, uid: place.uid, structure: email.structure }];
      }),
    );
  }

  async #fetch(session: ImapSession, mailbox: MailboxId, wishes: readonly PreviewWish[]): Promise<void> {
    const box = this.#mirror.index.read((reader) => reader.mailbox(mailbox));
    if (box === undefined) return;
    if (session.selected?.pathRaw !== box.pathRaw) {
      const selected = await this.#select(session, box.pathRaw);
      if (selected === null) return this.#giveUp(wishes);
      if (selected.uidvalidity !== box.uidvalidity) {
        await catchUp(session, this.#mirror, mailbox, { readOnly: true });
        return;
      }
    }
    const tried = new Set<EmailRow>();
    for (const group of grouped(wishes)) await this.#readAll(session, group, tried);
    this.#mirror.index.settle();
    this.#giveUp(wishes.filter((wish) => !tried.has(wish.row)));
  }

  /** null: the server does not open it. */
  async #select(session: ImapSession, pathRaw: string): Promise<Selected | null> {
    try {
      return await session.select(pathRaw, { readOnly: true });
    } catch (error) {
      if (!isRefusal(error)) throw error;
      return null;
    }
  }

  /** One message that the server cannot read makes it refuse the whole set: halves, until that one is alone. */
  async #readAll(session: ImapSession, group: Group, tried: Set<EmailRow>): Promise<void> {
    try {
      await this.#readGroup(session, group, tried);
    } catch (error) {
      if (!isRefusal(error)) throw error;
      const { targets } = group;
      const half = Math.ceil(targets.length / 2);
      if (targets.length === 1) return;
      await this.#readAll(session, { ...group, targets: targets.slice(0, half) }, tried);
      await this.#readAll(session, { ...group, targets: targets.slice(half) }, tried);
    }
  }

  async #readGroup(session: ImapSession, { section, bytes, targets }: Group, tried: Set<EmailRow>): Promise<void> {
    const byUid = new Map(targets.map((target) => [target.wish.uid as number, target]));
    await session.fetchRows({ uids: [...byUid.keys()] }, { sections: [{ section, bytes }] }, async (rows) => {
      let read: Read[] = [];
      let begun = performance.now();
      for (const row of rows) {
        const target = byUid.get(row.uid);
        const encoded = row.sections.get(section) ?? row.sections.values().next().value;
        if (target === undefined || encoded === undefined) continue;
        tried.add(target.wish.row);
        read.push(readText(target, encoded.subarray(0, bytes)));
        if (performance.now() - begun < slice / 2) continue;
        this.#write(read);
        read = [];
        await pause();
        begun = performance.now();
      }
      this.#write(read);
    });
  }

  #write(read: readonly Read[]): void {
    if (read.length === 0) return;
    this.#mirror.index.gather((t) => {
      for (const { row, preview, text } of read) {
        t.preview(row, preview);
        if (text.length > preview.length) t.bodyText(row, text);
      }
    });
  }

  /** No text part, no structure, or nothing came: an empty preview, so that it is not asked for again and again. */
  #giveUp(wishes: readonly PreviewWish[]): void {
    if (wishes.length === 0) return;
    this.#mirror.index.write((t) => {
      for (const { row } of wishes) t.preview(row, '');
    });
  }
}

/** What was made of the bytes of one message. */
interface Read {
  row: EmailRow;
  preview: string;
  text: string;
}

const readText = ({ wish, part }: Target, encoded: Buffer): Read => {
  const text = part === null ? rawText(encoded) : partText(encoded, part);
  const isHtml = part?.type === 'text/html';
  return { row: wish.row, preview: previewOf(text, isHtml), text: isHtml ? htmlToText(text) : text };
};

/** Text of a message of which only the beginning is there. */
const rawText = (raw: Buffer): string => {
  const { root } = parseMessage(raw);
  const found = previewPart(root);
  if (found === null) return '';
  const text = partText(partBytes(raw, found.part), found.part);
  return found.part.type === 'text/html' ? htmlToText(text) : text;
};

const byMailbox = (wishes: readonly PreviewWish[]): [MailboxId, PreviewWish[]][] => {
  const groups = new Map<MailboxId, PreviewWish[]>();
  for (const wish of wishes) groups.set(wish.mailbox, [...(groups.get(wish.mailbox) ?? []), wish]);
  return [...groups];
};
