import { logError } from '#base/log.ts';
import { oncePerKey } from '#base/once.ts';
import { Problem } from '#base/problem.ts';
import type { Email, EmailRow, MailboxId, Uid } from '#index/types.ts';
import type { ImapSession } from '#imap/session.ts';
import { catchUp } from './catch-up.ts';
import type { Source } from './engine.ts';
import { UpstreamError } from './errors.ts';
import { isOpen } from './is-open.ts';
import { urgency } from './line.ts';
import type { Task } from './line.ts';
import type { Lines } from './lines.ts';
import type { Mirror } from './mirror.ts';

/** Messages up to this size are fetched and kept whole, bytes. */
const wholeLimit = 1024 * 1024;
/** More than this goes over a line of its own, so that the next click does not wait for it, bytes. */
const longRead = 256 * 1024;
/** A reader who takes nothing for so long has the connection no more: others wait for it, milliseconds. */
const patience = 60_000;
/** Parts up to this size are kept once read, bytes. */
const keepLimit = 1024 * 1024;

interface Place {
  mailbox: MailboxId;
  uid: Uid;
}

/** Bytes of messages: from the body cache of the index, else from the server. */
export class Sources {
  readonly #mirror: Mirror;
  readonly #lines: Lines;
  readonly #unwritten = new Map<string, Buffer>();
  readonly #whole: (row: EmailRow) => Promise<Buffer>;
  readonly #header: (row: EmailRow) => Promise<Buffer>;

  constructor(parts: { mirror: Mirror; lines: Lines }) {
    this.#mirror = parts.mirror;
    this.#lines = parts.lines;
    this.#whole = oncePerKey((row) => this.#cached(row, 'raw', ''));
    this.#header = oncePerKey((row) => this.#cached(row, 'header', 'HEADER'));
  }

  async source(row: EmailRow): Promise<Source> {
    const kept = this.#kept(row, 'raw');
    if (kept !== undefined) return { kind: 'whole', raw: kept };
    const email = this.#email(row);
    if (email.structure === null || email.size <= wholeLimit) return { kind: 'whole', raw: await this.#whole(row) };
    const header = await this.#header(row);
    return {
      kind: 'parts',
      header,
      structure: email.structure,
      part: (section) => this.#cached(row, section, section),
    };
  }

  /** As it arrives; nothing is kept. */
  async *stream(row: EmailRow, section: string | null): AsyncIterable<Buffer> {
    const kept = this.#kept(row, section ?? 'raw');
    if (kept !== undefined) {
      yield kept;
      return;
    }
    yield* this.#streamed(row, section);
  }

  /** The job that reads the literal hands its chunks over one by one, and goes on when the reader wants more. */
  async *#streamed(row: EmailRow, section: string | null): AsyncIterable<Buffer> {
    const stop = new AbortController();
    const handover = new Handover();
    let begun = false;
    const job = this.#job<void>(row, this.#email(row).size, async (session, { uid }) => {
      // Begun again only where nobody has had a byte yet.
      if (begun) throw new UpstreamError('net/away', 'the connection broke in the middle of a message');
      for await (const chunk of session.streamSection(uid, section, { signal: stop.signal })) {
        begun = true;
        let isSlow = false;
        const enough = this.#mirror.clock.after(patience, () => {
          isSlow = true;
          handover.leave();
        });
        const isTaken = await handover.give(Buffer.from(chunk));
        enough();
        if (isSlow) throw new UpstreamError('net/away', 'nobody took the bytes');
        if (!isTaken) return;
      }
      if (!begun) throw new UpstreamError('message/gone', 'the server has no bytes for this message');
    }).then(
      () => handover.end(null),
      (error: unknown) => handover.end(error instanceof Error ? error : new Error('a stream broke', { cause: error })),
    );
    try {
      for (;;) {
        const chunk = await handover.take();
        if (chunk === null) break;
        yield chunk;
      }
    } finally {
      handover.leave();
      stop.abort();
      await job;
    }
  }

  async #cached(row: EmailRow, part: string, section: string): Promise<Buffer> {
    const kept = this.#kept(row, part);
    if (kept !== undefined) return kept;
    const bytes = await this.#job(row, this.#email(row).size, async (session, { uid }) => {
      const sections = await session.fetchSections(uid, [{ section }]);
      if (sections === null) throw new UpstreamError('message/gone', 'the message is no longer on the server');
      const found = sections.get(section) ?? sections.values().next().value;
      if (found === undefined) throw new UpstreamError('message/unreadable', 'the server left the section out');
      return Buffer.from(found);
    });
    if (bytes.length <= keepLimit) this.#keep(row, part, bytes);
    return bytes;
  }

  /** Who asked for the bytes has them before they are written down. */
  #keep(row: EmailRow, part: string, bytes: Buffer): void {
    const { index, log } = this.#mirror;
    const key = `${row} ${part}`;
    this.#unwritten.set(key, bytes);
    setImmediate(() => {
      this.#unwritten.delete(key);
      try {
        index.gather((t) => t.saveBody(row, part, bytes));
      } catch (error) {
        // They can be had again.
        if (!(error instanceof Problem && error.code === 'index/closed'))
          logError(log, 'upstream.body-not-kept', error);
      }
    });
  }

  #kept(row: EmailRow, part: string): Buffer | undefined {
    return this.#unwritten.get(`${row} ${part}`) ?? this.#mirror.index.read((reader) => reader.body(row, part));
  }

  #email(row: EmailRow): Email {
    const email = this.#mirror.index.read((reader) => reader.byRow(row));
    if (email === undefined) throw new UpstreamError('message/gone', 'no such message');
    return email;
  }

  #places(row: EmailRow): Place[] {
    return this.#mirror.index
      .read((reader) => reader.placements(row))
      .flatMap(({ mailbox, uid }) => (uid === null ? [] : [{ mailbox, uid }]));
  }

  /** Runs `task` with a mailbox selected that holds the message, the one that is selected already if possible. */
  #job<T>(row: EmailRow, size: number, task: (session: ImapSession, place: Place) => Promise<T>): Promise<T> {
    const run: Task<T> = async (session) => {
      const places = this.#places(row).map((place) => ({ place, box: this.#mirror.mailbox(place.mailbox) }));
      const best = places.find(({ box }) => isOpen(session, box)) ?? places[0];
      if (best === undefined) throw new UpstreamError('message/gone', 'the message lies in no mailbox');
      if (isOpen(session, best.box)) {
        try {
          return await task(session, best.place);
        } catch (error) {
          if (!isGone(error)) throw error;
          // What came after this connection last heard of the mailbox does not exist to it.
          await session.noop();
          return task(session, best.place);
        }
      }
      const selected = await session.select(best.box.pathRaw, { readOnly: true });
      if (selected.uidvalidity !== best.box.uidvalidity) {
        await catchUp(session, this.#mirror, best.box.id, { readOnly: true });
        throw new UpstreamError('message/gone', 'the mailbox was made anew');
      }
      return task(session, best.place);
    };
    const options = { urgency: urgency.user };
    return size > longRead || this.#lines.watch.waiting(urgency.intent)
      ? this.#lines.read(run, options)
      : this.#lines.watch.run(run, options);
  }
}

const isGone = (error: unknown): boolean => error instanceof UpstreamError && error.code === 'message/gone';

/** One chunk at a time from a producer to a consumer. */
class Handover {
  #chunk: Buffer | null = null;
  #ended: { error: Error | null } | null = null;
  #left = false;
  #wake: (() => void) | null = null;

  /** Resolves when the chunk was taken; false when nobody wants more. */
  async give(chunk: Buffer): Promise<boolean> {
    this.#chunk = chunk;
    this.#stir();
    while (this.#chunk !== null && !this.#left) await this.#wait();
    return !this.#left;
  }

  /** null: the end. */
  async take(): Promise<Buffer | null> {
    for (;;) {
      if (this.#chunk !== null) {
        const chunk = this.#chunk;
        this.#chunk = null;
        this.#stir();
        return chunk;
      }
      if (this.#ended !== null) {
        if (this.#ended.error !== null) throw this.#ended.error;
        return null;
      }
      await this.#wait();
    }
  }

  end(error: Error | null): void {
    this.#ended = { error };
    this.#stir();
  }

  leave(): void {
    this.#left = true;
    this.#stir();
  }

  #waiting: Promise<void> | null = null;

  #wait(): Promise<void> {
    this.#waiting ??= new Promise<void>((resolve) => {
      this.#wake = resolve;
    });
    return this.#waiting;
  }

  #stir(): void {
    const wake = this.#wake;
    this.#wake = null;
    this.#waiting = null;
    wake?.();
  }
}
