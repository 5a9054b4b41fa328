import { hash } from 'node:crypto';
import type { Clock } from '#base/clock.ts';
import type { Tide } from '#base/tide.ts';
import type { Answer } from '#mailroom/protocol.ts';

const longestRequest = 20_000;
const largestAnswer = 400_000;
/** Of one session or token. */
const mostAnswers = 16;
const mostBytes = 1_000_000;
/** Of all. */
const mostOfAll = 32_000_000;
/** Without being asked for. */
const keptMs = 30_000;
/** The mailroom hears of it that somebody still looks: as long as one look lasts there (docs/spec/sync.md, S8). */
const lookMs = 2_000;

interface Recalled {
  tide: Tide;
  level: number;
  /** null: asked for once. */
  body: Buffer | null;
  /** When the mailroom was asked last. */
  askedAt: number;
  usedAt: number;
}

/** By what {@link Recall.keyOf} says of the request. */
type Mine = Map<string, Recalled>;

/** An answer that stands. */
export interface Standing {
  /** A copy. */
  body: Buffer<ArrayBuffer>;
  /** The mailroom should be asked all the same, for what goes with the answer. */
  due: boolean;
}

/**
 * Answers that a session or token has asked for twice, while the tide of its user stands where it stood when they were
 * made. They are wiped when that session or token leaves, and when nobody has asked for them in half a minute.
 */
export class Recall {
  readonly #clock: Clock;
  readonly #mine = new Map<string, Mine>();
  #bytes = 0;
  #cancel: (() => void) | null = null;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** What a request is known by; null: too long to be remembered. */
  static keyOf(request: Uint8Array): string | null {
    return request.length > longestRequest ? null : hash('sha256', request, 'base64');
  }

  /** Bytes of answers held now. */
  get bytes(): number {
    return this.#bytes;
  }

  /** What stands as the answer for this session or token; `tide` is its user's now. */
  find(id: string, key: string | null, tide: Tide | null): Standing | null {
    const mine = this.#mine.get(id);
    const known = key === null ? undefined : mine?.get(key);
    if (!mine || key === null || !known?.body) return null;
    if (known.tide !== tide || known.level !== tide.level) {
      this.#wipe(known);
      return null;
    }
    const now = this.#clock.now();
    known.usedAt = now;
    mine.delete(key);
    mine.set(key, known);
    const due = now - known.askedAt >= lookMs;
    if (due) known.askedAt = now;
    return { body: Buffer.from(known.body), due };
  }

  /** What the mailroom answered; `tide` was the user's when it was asked, and is still. */
  keep(id: string, key: string | null, tide: Tide | null, { status, level, body }: Answer<'api'>): void {
    if (key === null || tide === null || level === null || status !== 200 || body.length > largestAnswer) return;
    let mine = this.#mine.get(id);
    if (!mine) this.#mine.set(id, (mine = new Map()));
    const before = mine.get(key);
    if (before) this.#wipe(before);
    mine.delete(key);
    const now = this.#clock.now();
    mine.set(key, { tide, level, body: before ? Buffer.from(body) : null, askedAt: now, usedAt: now });
    if (before) this.#bytes += body.length;
    this.#shrink(mine);
    this.#cancel ??= this.#clock.after(keptMs / 2, () => this.#sweep());
  }

  /** The session or token has left. */
  forget(id: string): void {
    const mine = this.#mine.get(id);
    if (!mine) return;
    for (const known of mine.values()) this.#wipe(known);
    this.#mine.delete(id);
  }

  close(): void {
    this.#cancel?.();
    for (const id of this.#mine.keys()) this.forget(id);
  }

  #wipe(known: Recalled): void {
    this.#bytes -= known.body?.length ?? 0;
    known.body?.fill(0);
    known.body = null;
  }

  #shrink(mine: Mine): void {
    let bytes = 0;
    for (const { body } of mine.values()) bytes += body?.length ?? 0;
    for (const [oldest, known] of mine) {
      if (mine.size <= mostAnswers && bytes <= mostBytes) break;
      bytes -= known.body?.length ?? 0;
      this.#wipe(known);
      mine.delete(oldest);
    }
    for (const [id] of this.#mine) {
      if (this.#bytes <= mostOfAll) break;
      this.forget(id);
    }
  }

  #sweep(): void {
    const before = this.#clock.now() - keptMs;
    for (const [id, mine] of this.#mine) {
      for (const [key, known] of mine) {
        if (known.usedAt > before) continue;
        this.#wipe(known);
        mine.delete(key);
      }
      if (mine.size === 0) this.#mine.delete(id);
    }
    this.#cancel = this.#mine.size === 0 ? null : this.#clock.after(keptMs / 2, () => this.#sweep());
  }
}
