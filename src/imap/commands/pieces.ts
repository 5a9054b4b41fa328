import type { Line } from '../line.ts';
import type { Piece } from '../types.ts';

/** Bytes of a piece, about 150 messages. */
const whole = 128 * 1024;
/** Pieces under way; with more the server is held back. */
const most = 4;

/** Hands on responses as they came, many together, and holds the line while the consumer is busy with as many as it may. */
export class Pieces {
  readonly #line: Line;
  readonly #consume: (piece: Piece) => Promise<void>;
  #bytes = Buffer.allocUnsafeSlow(whole);
  #used = 0;
  #ends: number[] = [];
  #underWay = 0;
  #ticking = false;
  #failure: { error: unknown } | null = null;
  #idle: (() => void)[] = [];

  constructor(line: Line, consume: (piece: Piece) => Promise<void>) {
    this.#line = line;
    this.#consume = consume;
  }

  /** Copies the response `bytes[start, end)`. */
  add(bytes: Buffer, start: number, end: number): void {
    if (this.#failure !== null) return;
    if (this.#used + end - start > this.#bytes.length) {
      this.#send();
      if (end - start > this.#bytes.length) this.#bytes = Buffer.allocUnsafeSlow(end - start);
    }
    this.#used += bytes.copy(this.#bytes, this.#used, start, end);
    this.#ends.push(this.#used);
    if (!this.#ticking) {
      this.#ticking = true;
      setImmediate(() => {
        // After the rest of the chunk in hand. Nobody waits for a piece to become whole while the consumer has nothing to do.
        this.#ticking = false;
        if (this.#underWay === 0) this.#send();
      });
    }
  }

  /** Resolves when the consumer is done with everything. */
  async settled(): Promise<void> {
    this.#send();
    while (this.#underWay > 0) await new Promise<void>((resolve) => this.#idle.push(resolve));
  }

  throwFailure(): void {
    if (this.#failure !== null) throw this.#failure.error;
  }

  #send(): void {
    if (this.#used === 0 || this.#failure !== null) return;
    const piece = { bytes: this.#bytes.subarray(0, this.#used), ends: this.#ends };
    this.#bytes = Buffer.allocUnsafeSlow(whole);
    this.#used = 0;
    this.#ends = [];
    this.#underWay += 1;
    if (this.#underWay === most) this.#line.hold('pieces');
    void this.#pass(piece);
  }

  async #pass(piece: Piece): Promise<void> {
    try {
      await this.#consume(piece);
    } catch (error) {
      this.#failure ??= { error };
    }
    if (this.#underWay === most) this.#line.release('pieces');
    this.#underWay -= 1;
    if (this.#underWay === 0) {
      this.#send();
      for (const wake of this.#idle.splice(0)) wake();
    }
  }
}
