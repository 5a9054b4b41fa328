import { measuredHeight } from '#mime/html/document.ts';
import type { Clock } from '#base/clock.ts';
import type { UserId } from '#vault/keeper.ts';
import type { Hub } from './hub.ts';

/** What a mail document has told of itself. `height` null: it fills its frame, which has to be made taller. */
export interface Told {
  token: string;
  frame: number;
  height: number | null;
  /** Rises with each report, so that a waiting reader asks for the next. */
  turn: number;
}

interface Asked {
  user: UserId;
  frame: number;
  told: Told | null;
  waiting: Set<(told: Told) => void>;
}

const keptMs = 600_000;
const most = 20_000;
const patienceMs = 10_000;

/** A name for one showing of a mail, made up by the app. */
export const isMeasureToken = (token: string): boolean => /^[\w-]{16,64}$/.test(token);

/**
 * A document without scripts tells how tall it is by the one image it loads (docs/spec/mail-html.md, rules H). The image
 * is asked for without a cookie; the app, which chose the token, hears of it on its event stream or asks here.
 */
export class Heights {
  readonly #asked = new Map<string, Asked>();
  readonly #clock: Clock;
  readonly #hub: Hub;

  constructor(clock: Clock, hub: Hub) {
    this.#clock = clock;
    this.#hub = hub;
  }

  /** A document with this token is about to be shown in a frame of this height. */
  expect(token: string, user: UserId, frame: number): void {
    const waiting = this.#asked.get(token)?.waiting ?? new Set();
    this.#asked.delete(token);
    this.#asked.set(token, { user, frame, told: null, waiting });
    if (this.#asked.size > most) this.#asked.delete(this.#asked.keys().next().value ?? '');
    this.#clock.after(keptMs, () => {
      if (this.#asked.get(token)?.waiting === waiting) this.#asked.delete(token);
    });
  }

  /** The document loaded the image of this band. */
  tell(token: string, band: number): void {
    const asked = this.#asked.get(token);
    if (!asked) return;
    const { user, frame, waiting } = asked;
    const told: Told = { token, frame, height: measuredHeight(frame, band), turn: (asked.told?.turn ?? 0) + 1 };
    asked.told = told;
    this.#hub.tell(user, { kind: 'height', sent: { event: 'height', data: JSON.stringify(told) } });
    for (const waiter of waiting) waiter(told);
    waiting.clear();
  }

  /** The first report after `turn`; null when the document was silent for ten seconds or is of somebody else. */
  async next(token: string, user: UserId, turn: number, signal: AbortSignal): Promise<Told | null> {
    const asked = this.#asked.get(token);
    if (asked && asked.user !== user) return null;
    if (asked?.told && asked.told.turn > turn) return asked.told;
    if (!asked) this.expect(token, user, 0);
    const { waiting } = this.#asked.get(token) ?? { waiting: new Set<(told: Told) => void>() };
    return new Promise((resolve) => {
      const end = (told: Told | null): void => {
        cancel();
        waiting.delete(end);
        resolve(told);
      };
      const cancel = this.#clock.after(patienceMs, () => end(null));
      waiting.add(end);
      signal.addEventListener('abort', () => end(null), { once: true });
    });
  }
}
