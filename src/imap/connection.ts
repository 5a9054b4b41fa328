import type { Clock } from '#base/clock.ts';
import { SerialQueue } from '#base/queue.ts';
import { readStatusItems } from './commands/status.ts';
import type { Control } from './control.ts';
import { FetchParser, toFlagRow } from './fetch.ts';
import { Idle } from './idle.ts';
import { Line, type Untagged } from './line.ts';
import type { Quirks } from './quirks.ts';
import { countRanges } from './sequence-set.ts';
import type { AuthenticatedStream, Change, FlagRow, Range, Selected } from './types.ts';
import { anyOf, on, readVanished } from './untagged.ts';

/** What a server can do, after the quirk table. */
export interface Abilities {
  capabilities: ReadonlySet<string>;
  quirks: Quirks;
  condstore: boolean;
  qresync: boolean;
}

/** What the commands share: the line, the open mailbox, and whose turn it is. */
export class Connection {
  readonly line: Line;
  readonly idle: Idle;
  /** Set by the session once imapflow has started it. */
  control!: Control;
  abilities!: Abilities;
  selected: Selected | null = null;
  /** STATUS and LIST that come before this are answers to imapflow; later ones are NOTIFY's. */
  started = false;
  /** Whether the server knows X-GUID; found out by the first FETCH that asks. */
  guid = true;
  /** Whether PREVIEW is what RFC 8970 says; likewise. */
  preview = true;
  readonly #queue = new SerialQueue();
  readonly #listeners = new Set<(change: Change) => void>();

  constructor({ stream }: AuthenticatedStream, options: { clock: Clock; timeout: number; idleRenewal: number }) {
    this.line = new Line(stream, {
      ...options,
      unsolicited: this.#unsolicited(),
      onAlert: (words) => this.tell({ kind: 'alert', words }),
    });
    this.idle = new Idle({
      line: this.line,
      clock: options.clock,
      renewal: options.idleRenewal,
      renew: () => this.turn(async () => undefined),
      poll: () => this.turn(async () => void (await this.control.exec('NOOP', []))),
    });
  }

  /** Runs a task when no other runs and the server is not idling. */
  turn<T>(task: () => Promise<T>): Promise<T> {
    return this.#queue.run(async () => {
      await this.idle.pause();
      try {
        return await task();
      } finally {
        if (this.#queue.length <= 1) this.idle.resume();
      }
    });
  }

  /** The turn as a handle, for what lasts as long as its consumer reads. */
  async takeTurn(): Promise<() => void> {
    const taken = Promise.withResolvers<void>();
    const over = Promise.withResolvers<void>();
    const turn = this.turn(async () => {
      taken.resolve();
      await over.promise;
    });
    await Promise.race([taken.promise, turn]);
    return over.resolve;
  }

  onChange(listener: (change: Change) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  tell(change: Change): void {
    for (const listener of this.#listeners) listener(change);
  }

  tellFlags(row: FlagRow | undefined): void {
    if (row !== undefined) this.tell({ kind: 'flags', row });
  }

  /** Has the server this capability, and does it work? */
  can(capability: string): boolean {
    return this.abilities.capabilities.has(capability);
  }

  #unsolicited(): Untagged {
    const parser = new FetchParser();
    const fetch: Untagged = (bytes, start, end) => {
      const parsed = parser.parse(bytes, start, end);
      if (parsed.kind === 'row') this.tellFlags(toFlagRow(parsed.row));
      return parsed.kind !== 'other';
    };
    const ofMailbox = anyOf(
      fetch,
      on('EXISTS', (_, count) => this.#exists(count)),
      on('EXPUNGE', (_, seq) => this.#expunged(seq)),
      on('VANISHED', (decoder) => {
        const { earlier, uids } = readVanished(decoder);
        if (!earlier) this.#vanished(uids);
      }),
      on('RECENT', () => undefined),
    );
    const ofOthers = anyOf(
      on('STATUS', (decoder) => {
        const pathRaw = decoder.astring().toString('latin1');
        decoder.sp();
        this.tell({ kind: 'status', pathRaw, status: readStatusItems(decoder) });
      }),
      on('LIST', () => this.tell({ kind: 'mailboxes' })),
    );
    return (bytes, start, end) => ofMailbox(bytes, start, end) || (this.started && ofOthers(bytes, start, end));
  }

  #exists(count: number): void {
    // A server may say it after every command: what asks because of it would be told of it again, for ever.
    if (this.selected?.exists === count) return;
    if (this.selected !== null) this.selected.exists = count;
    this.tell({ kind: 'exists', count });
  }

  #expunged(seq: number): void {
    if (this.selected !== null) this.selected.exists = Math.max(0, this.selected.exists - 1);
    this.tell({ kind: 'expunged', seq });
  }

  #vanished(uids: Range[]): void {
    if (this.selected !== null) this.selected.exists = Math.max(0, this.selected.exists - countRanges(uids));
    this.tell({ kind: 'vanished', uids });
  }
}
