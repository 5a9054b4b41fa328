import { logError } from '#base/log.ts';
import type { Mailbox, MailboxId, Uid } from '#index/types.ts';
import { isThrottle } from '#imap/errors.ts';
import type { ImapSession } from '#imap/session.ts';
import { catchUp, isFresh } from './catch-up.ts';
import type { Progress } from './engine.ts';
import { nextBatch, nextFill } from './fill-order.ts';
import type { FillState, FillWish } from './fill-order.ts';
import { isOpen } from './is-open.ts';
import type { Lines } from './lines.ts';
import { isRefusal } from './mirror.ts';
import type { Mirror } from './mirror.ts';
import { Patience } from './patience.ts';

/** UIDs of one mailbox that are not in the index yet, ascending; what is fetched is taken from the end. */
interface Rest {
  uidvalidity: number;
  uids: number[];
}

/** Wait after a failure that says nothing of its own, milliseconds. */
const usualPause = 30_000;

/** So few missing messages are not worth a connection of their own. */
const little = 1_000;

const missing = (states: readonly FillState[]): number =>
  states.reduce((sum, { box, known }) => sum + (box.state === 'live' ? 0 : Math.max(0, box.exists - known)), 0);

/** The first sync of all mailboxes, one batch at a time, on the bulk connection (rules S6 to S8). */
export class Fill {
  readonly #mirror: Mirror;
  readonly #lines: Lines;
  readonly #folders: { readonly known: boolean };
  readonly #told: () => void;
  readonly #rest = new Map<MailboxId, Rest>();
  readonly #known = new Map<MailboxId, number>();
  readonly #oldest = new Map<MailboxId, number>();
  /** The server, as far as it asks to be left alone, and mailboxes that it would not open or read. */
  readonly #server: Patience;
  readonly #refused = new Map<MailboxId, Patience>();
  #looked: MailboxId[] = [];
  #batch = 1_000;
  #running: Promise<void> | null = null;
  #losses = 0;
  #closed = false;

  /** `told` is called after each batch: progress has changed. */
  constructor(parts: { mirror: Mirror; lines: Lines; folders: { readonly known: boolean }; told: () => void }) {
    this.#mirror = parts.mirror;
    this.#lines = parts.lines;
    this.#folders = parts.folders;
    this.#told = parts.told;
    this.#server = new Patience(this.#mirror.clock);
  }

  /** How long until there is something to go on with, milliseconds; null: all is known. */
  get pause(): number | null {
    if (this.#server.left > 0) return this.#server.left;
    if (!this.progress().done) return usualPause;
    const boxes = this.#mirror.index.read((reader) => reader.mailboxes());
    const rests = boxes.flatMap(({ id, state }) => (state === 'live' ? [] : this.#leftAlone(id)));
    const some = rests.filter((rest) => rest > 0);
    return some.length === 0 ? null : Math.min(...some);
  }

  get running(): boolean {
    return this.#running !== null;
  }

  /** Goes on with whatever is unknown. Ends by itself, also when the connection does; call again when it is back. */
  start(): Promise<void> {
    if (this.#closed || this.#server.left > 0) return Promise.resolve();
    this.#running ??= this.#run().finally(() => {
      this.#running = null;
      this.#told();
    });
    return this.#running;
  }

  /** The user looks at this mailbox. */
  look(mailbox: MailboxId): void {
    this.#looked = [mailbox, ...this.#looked.filter((id) => id !== mailbox)].slice(0, 3);
  }

  /** Rows came in by another way (the head of INBOX, arrivals). */
  brought(mailbox: MailboxId, oldest: number | null): void {
    this.#known.delete(mailbox);
    const before = this.#oldest.get(mailbox);
    if (oldest !== null && (before === undefined || oldest < before)) this.#oldest.set(mailbox, oldest);
  }

  close(): void {
    this.#closed = true;
  }

  progress(): Progress {
    const states = this.#states().filter(({ box }) => !box.noselect);
    const open = states.filter(({ box }) => box.state !== 'live');
    const known = states.reduce(
      (sum, { box, known: n }) => sum + (box.state === 'live' ? box.exists : Math.min(n, box.exists)),
      0,
    );
    const total = states.reduce((sum, { box }) => sum + box.exists, 0);
    const reaches = (open.length > 0 ? open : states).map((state) => state.oldest);
    const dates = reaches.filter((date) => date !== null);
    const reachesTo =
      dates.length === 0 || (open.length > 0 && dates.length < reaches.length)
        ? null
        : open.length > 0
          ? Math.max(...dates)
          : Math.min(...dates);
    return { known, total, reachesTo, done: this.#folders.known && open.length === 0 };
  }

  async #run(): Promise<void> {
    try {
      for (;;) {
        if (this.#closed) return;
        if (this.#mirror.index.losses !== this.#losses) this.#forget();
        const states = this.#states();
        const wish = nextFill(states, this.#looked, this.#batch);
        if (wish === null) return this.#mirror.index.settle();
        const begun = performance.now();
        const few = missing(states) <= little;
        const count = await this.#lines.background((session) => this.#mayStep(session, wish), few);
        this.#server.over();
        if (wish.count === this.#batch) this.#batch = nextBatch(this.#batch, count, performance.now() - begun);
        await this.#mirror.joinText(() => !this.#closed);
        this.#told();
      }
    } catch (error) {
      if (this.#closed) return;
      this.#forget();
      if (isThrottle(error)) {
        this.#server.refused(error);
        // As if it had taken for ever.
        this.#batch = nextBatch(this.#batch, this.#batch, Infinity);
      }
      logError(this.#mirror.log, 'upstream.fill-paused', error);
    }
  }

  /** What was gathered may not have been stored: what is known is what the index says. */
  #forget(): void {
    this.#losses = this.#mirror.index.losses;
    this.#rest.clear();
    this.#known.clear();
    this.#oldest.clear();
  }

  /** For how long it is not asked for this mailbox, milliseconds. */
  #leftAlone(mailbox: MailboxId): number {
    return Math.max(this.#refused.get(mailbox)?.left ?? 0, this.#mirror.unsteadyFor(mailbox));
  }

  /** A mailbox that the server does not let us read holds up no other. */
  async #mayStep(session: ImapSession, wish: FillWish): Promise<number> {
    try {
      const count = await this.#step(session, wish);
      this.#refused.delete(wish.mailbox);
      return count;
    } catch (error) {
      if (!isRefusal(error)) throw error;
      logError(this.#mirror.log, 'upstream.mailbox-unreadable', error, { mailbox: wish.mailbox });
      const patience = this.#refused.get(wish.mailbox) ?? new Patience(this.#mirror.clock);
      this.#refused.set(wish.mailbox, patience);
      patience.refused(error);
      return 0;
    }
  }

  async #step(session: ImapSession, wish: FillWish): Promise<number> {
    const box = this.#mirror.mailbox(wish.mailbox);
    if (box.state === 'live') return 0;
    if (isFresh(box)) {
      const brought = await catchUp(session, this.#mirror, box.id, { readOnly: true, head: wish.count, later: true });
      this.brought(box.id, brought.oldest);
      return brought.count;
    }
    const rest = await this.#restOf(session, box);
    if (rest === null) return 0;
    const uids = rest.uids.slice(-wish.count);
    let count = 0;
    if (uids.length > 0) {
      const brought = await this.#mirror.bring(session, box.id, { uids }, true);
      count = brought.count;
      this.#known.set(box.id, (this.#known.get(box.id) ?? 0) + count);
      const before = this.#oldest.get(box.id);
      if (brought.oldest !== null)
        this.#oldest.set(box.id, before === undefined ? brought.oldest : Math.min(before, brought.oldest));
      rest.uids.length -= uids.length;
    }
    const done = rest.uids.length === 0;
    if (done) this.#rest.delete(box.id);
    const now = this.#mirror.mailbox(box.id);
    // What went while it was read, and was told to another connection, is found by the look that a wrong number brings.
    const exists = done ? this.#mirror.held(box.id) : now.exists;
    const lowUid = done ? (0 as Uid) : Math.min(uids[0] ?? now.lowUid, now.lowUid);
    this.#mirror.index.gather((t) =>
      t.patchMailbox(box.id, { exists, lowUid, state: done ? 'live' : now.state === 'remap' ? 'remap' : 'fill' }),
    );
    return count;
  }

  /** What is missing, taken once for each mailbox and UIDVALIDITY; null when the mailbox has changed under us. */
  async #restOf(session: ImapSession, box: Mailbox): Promise<Rest | null> {
    if (!isOpen(session, box)) {
      const selected = await session.select(box.pathRaw, { readOnly: true });
      if (selected.uidvalidity !== box.uidvalidity) {
        this.#rest.delete(box.id);
        await catchUp(session, this.#mirror, box.id, { readOnly: true });
        return null;
      }
    }
    const rest = this.#rest.get(box.id);
    if (rest?.uidvalidity === box.uidvalidity) return rest;
    const known = new Set<number>(this.#mirror.uids(box.id));
    const uids = (await session.uidSearchAll()).filter((uid) => !known.has(uid) && uid < box.uidnext);
    const fresh = { uidvalidity: box.uidvalidity, uids };
    this.#rest.set(box.id, fresh);
    return fresh;
  }

  #states(): FillState[] {
    return this.#mirror.index.read((reader) =>
      reader
        .mailboxes()
        .filter((box) => box.state !== 'gone' && this.#leftAlone(box.id) === 0)
        .map((box) => {
          let known = box.state === 'live' ? box.exists : this.#known.get(box.id);
          if (known === undefined) {
            known = isFresh(box) ? 0 : reader.uids(box.id).length;
            this.#known.set(box.id, known);
          }
          let oldest = this.#oldest.get(box.id) ?? null;
          if (oldest === null && box.lowUid !== 0) {
            const placement = reader.placement(box.id, box.lowUid as Uid);
            oldest = (placement && reader.byRow(placement.email)?.receivedAt) ?? null;
            if (oldest !== null) this.#oldest.set(box.id, oldest);
          }
          return { box, known, oldest };
        }),
    );
  }
}
