import { computed, effect, signal, type ReadonlySignal } from '@preact/signals-core';
import type { Clock } from '#base/clock.ts';
import type { UnlockerKind, Unlockers } from '#jmap/auth/unlockers.ts';
import type { Connection, Fetch } from './connection.ts';
import type { PageStorage } from './prefs.ts';

/**
 * Postern locks itself when nobody has touched it for a while, or at once when asked. The server then holds no key of this
 * session, and this page nothing it had decrypted but the letters being written. All tabs of the browser lock and open
 * together.
 */

/** To the other tabs. `used`: somebody is here. `keep`: letters are to be put into safety. */
export type LockMessage = 'locked' | 'unlocked' | 'used' | 'keep';

export interface LockPorts {
  post(message: LockMessage): void;
  onMessage(listener: (message: LockMessage) => void): () => void;
}

/** What is done before data are dropped: views hold what they show, and letters are put into safety. */
export interface LockTask {
  hold(): void;
  keep(): Promise<void>;
}

/** Minutes without a touch; null: never. */
export type LockAfter = 5 | 15 | 30 | 60 | 240 | null;
export const lockTimes: readonly LockAfter[] = [5, 15, 30, 60, 240, null];

export interface Lock {
  /** `closing`: the window is blurred while letters are put into safety. */
  readonly state: ReadonlySignal<'open' | 'closing' | 'locked'>;
  /** Which unlockers the user has, as far as this browser was told; null: unknown. */
  readonly kinds: ReadonlySignal<readonly UnlockerKind[] | null>;
  /** When somebody last touched Postern, in Unix ms. */
  readonly usedAt: ReadonlySignal<number>;
  /** Why it could not be locked on the server yet; it is locked here. */
  readonly pending: ReadonlySignal<boolean>;
  /** Locks now, in all tabs. Never rejects. */
  now(): Promise<void>;
  /** An unlocker was shown: all tabs go on. */
  opened(): void;
  /** Somebody is here. */
  used(): void;
  before(task: LockTask): void;
  /** Letters of all tabs are put into safety, as far as moments allow. False: some are on this device alone. Never rejects. */
  keep(): Promise<boolean>;
  /** The page became visible: whether meanwhile the time is over, or another tab was opened. */
  wake(): void;
  close(): void;
}

const key = 'postern.locked';
const kindsKey = 'postern.unlockers';
const everyKind: readonly UnlockerKind[] = ['passkey', 'site-password', 'mail-password', 'recovery'];
const readKinds = (text: string | null): readonly UnlockerKind[] | null =>
  text ? everyKind.filter((kind) => text.split(' ').includes(kind)) : null;
/** Letters get this long to be kept on the server; then they stay in this page. */
const patience = 3_000;
const step = 10_000;
/** How often is looked whether the other tabs are done. */
const glance = 200;
/** Touches are told to the other tabs at most this often. */
const quiet = 5_000;
const minute = 60_000;

export interface LockParts {
  connection: Connection;
  fetch: Fetch;
  clock: Clock;
  storage: PageStorage;
  ports: LockPorts;
  after: ReadonlySignal<LockAfter>;
}

export const openLock = ({ connection, fetch, clock, storage, ports, after }: LockParts): Lock => {
  const closing = signal(false);
  const usedAt = signal(clock.now());
  const pending = signal(false);
  const kinds = signal(readKinds(storage.get(kindsKey)));
  const tasks: LockTask[] = [];
  let toldAt = 0;

  /** The locked screen offers what there is, and cannot ask for it any more. */
  const learnKinds = async (): Promise<void> => {
    const answer = await connection.fetch('/auth/unlockers');
    if (!answer.ok) return;
    const { unlockers } = (await answer.json()) as Unlockers;
    storage.set(kindsKey, unlockers.map(({ kind }) => kind).join(' '));
    kinds.value = readKinds(storage.get(kindsKey));
  };

  const ask = (url: string): Promise<Response> => fetch(url, { method: 'POST', credentials: 'same-origin' });

  /** The server drops its keys; until it has said so, a reload asks it again. */
  const tellServer = async (): Promise<void> => {
    storage.set(key, 'asked');
    pending.value = true;
    while (connection.locked.peek()) {
      try {
        const { status } = await ask('/auth/lock');
        if (status === 401) connection.closed();
        // Whatever else comes, from a proxy or the page of a hotel, locked nothing.
        // 423: it holds no key, but the cookie may have one; it is shown, so that it can be thrown away.
        if (status === 204 || status === 401 || (status === 423 && !(await ask('/auth/unlock')).ok)) break;
        if (status === 423) continue;
      } catch {
        // No line: it is tried again.
      }
      await new Promise<void>((resolve) => void clock.after(step, resolve));
    }
    if (connection.locked.peek()) storage.set(key, 'yes');
    pending.value = false;
  };

  /** Views hold what they show while they still do; what is kept on the server waits for it to be open. */
  let holding = false;
  const hold = (): void => {
    if (!holding) for (const task of tasks) task.hold();
    holding = true;
  };
  const keep = async (...more: Promise<void>[]): Promise<void> => {
    const all = Promise.allSettled([...more, ...tasks.map((task) => task.keep())]);
    await Promise.race([all, new Promise<void>((resolve) => void clock.after(patience, resolve))]);
  };

  /** What the server has of a letter is not noted here; see compose/kept.ts. */
  const areKept = (): boolean =>
    storage.keys().every((each) => !each.startsWith('postern.letter.') || storage.get(each)?.includes('"letter":null'));
  const keepAll = async (): Promise<boolean> => {
    ports.post('keep');
    let over = false;
    const others = async (): Promise<void> => {
      while (!over && !areKept()) await new Promise<void>((resolve) => void clock.after(glance, resolve));
    };
    await keep(others());
    over = true;
    return areKept();
  };

  const now = async (): Promise<void> => {
    if (closing.peek() || connection.locked.peek() || !connection.signedIn.peek()) return;
    hold();
    const safe = keep(learnKinds());
    closing.value = true;
    await safe;
    connection.lock();
    closing.value = false;
    ports.post('locked');
    await tellServer();
  };

  const opened = (): void => {
    usedAt.value = clock.now();
    storage.set(key, '');
    connection.unlocked();
    ports.post('unlocked');
  };

  const look = (): void => {
    const minutes = after.peek();
    if (minutes !== null && clock.now() - usedAt.peek() >= minutes * minute) void now();
  };

  const used = (): void => {
    if (connection.locked.peek()) return;
    const at = clock.now();
    // After sleep the first touch comes before the timer.
    look();
    if (closing.peek()) return;
    usedAt.value = at;
    if (at - toldAt < quiet) return;
    toldAt = at;
    ports.post('used');
  };

  let cancel = (): void => undefined;
  const tick = (): void => {
    look();
    cancel = clock.after(step, tick);
  };
  cancel = clock.after(step, tick);

  const stopListening = ports.onMessage((message) => {
    if (message === 'locked' && connection.signedIn.peek()) {
      kinds.value = readKinds(storage.get(kindsKey));
      connection.lock();
    }
    if (message === 'keep') void keep();
    if (message === 'unlocked') connection.unlocked();
    if (message !== 'locked') usedAt.value = clock.now();
  });

  const kept = storage.get(key);
  if (kept) {
    connection.lock();
    if (kept === 'asked') void tellServer();
  }
  let first = true;
  const stopKeeping = effect(() => {
    const locked = connection.locked.value;
    if (!first && locked && !storage.get(key)) storage.set(key, 'yes');
    if (!first && !locked && storage.get(key)) storage.set(key, '');
    if (locked) hold();
    else holding = false;
    if (!first && !locked) usedAt.value = clock.now();
    first = false;
  });

  return {
    state: computed(() => (connection.locked.value ? 'locked' : closing.value ? 'closing' : 'open')),
    kinds,
    usedAt,
    pending,
    now,
    opened,
    used,
    keep: keepAll,
    before: (task) => void tasks.push(task),
    wake: () => {
      if (connection.locked.peek() && !storage.get(key)) connection.unlocked();
      look();
    },
    close: () => {
      cancel();
      stopListening();
      stopKeeping();
    },
  };
};
