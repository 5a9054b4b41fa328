import { closeSync, openSync, readSync } from 'node:fs';
import { performance } from 'node:perf_hooks';

/** Milliseconds of one turn of the thread's loop in which nothing else was served. */
export interface Turn {
  /** On a processor. */
  work: number;
  /** Ready to go on, while the processors were at other threads and processes. */
  queued: number;
  /** Neither: the disk, a lock, the helpers of the garbage collector, the host of a virtual machine. */
  paused: number;
}

/** Sums of the calling thread since it began, in milliseconds. */
export interface Reading {
  wall: number;
  /** Waiting in the loop for something to do; the wait for a processor after that is in here too. */
  idle: number;
  work: number;
  queued: number;
}

const none: Turn = { work: 0, queued: 0, paused: 0 };

const stood = ({ work, queued, paused }: Turn): number => work + queued + paused;

/** The turn between two readings. */
export const turnBetween = (before: Reading, after: Reading): Turn => {
  const work = after.work - before.work;
  const queued = after.queued - before.queued;
  const active = after.wall - before.wall - (after.idle - before.idle);
  return { work, queued, paused: Math.max(0, active - work - queued) };
};

/** Reads the calling thread. */
interface Reader extends Disposable {
  read(): Reading;
}

const fromProcess: Reader = {
  read: () => {
    const { user, system } = process.threadCpuUsage();
    return { wall: performance.now(), idle: performance.nodeTiming.idleTime, work: (user + system) / 1e3, queued: 0 };
  },
  [Symbol.dispose]: () => undefined,
};

/** With what Linux knows of a thread. Elsewhere the queue is part of the pause, and work is exact to a tick. */
const openReader = (): Reader => {
  let file: number;
  try {
    file = openSync('/proc/thread-self/schedstat', 'r');
  } catch {
    return fromProcess;
  }
  const line = Buffer.alloc(96);
  const now = (): Reading => {
    const wall = performance.now();
    const idle = performance.nodeTiming.idleTime;
    // The kernel brings the sums of a running thread up to date at each tick, and when its process asks for its own.
    process.cpuUsage();
    const [work, queued] = line.toString('latin1', 0, readSync(file, line, 0, line.length, 0)).split(' ');
    return { wall, idle, work: Number(work) / 1e6, queued: Number(queued) / 1e6 };
  };
  // A thread that is interrupted in the middle of this would count the interruption twice.
  const read = (): Reading => {
    let reading = now();
    for (let tries = 0; tries < 3 && performance.now() - reading.wall > 0.5; tries += 1) reading = now();
    return reading;
  };
  const close = (): void => closeSync(file);
  if (read().work > 0) return { read, [Symbol.dispose]: close };
  close();
  return fromProcess;
};

/** So many milliseconds apart is often enough: what is read for one turn may have that much of turns before it. */
const apart = 1;

/**
 * The longest turns of this thread's loop. Until it is first asked it does nothing; from then on it reads the thread once
 * in a millisecond at most, which takes some microseconds. Turns are told apart by an immediate that does not keep the
 * loop from waiting: it runs once after each wait.
 */
export class Turns {
  #reader: Reader | null = null;
  #last: Reading | null = null;
  #work = 0;
  #longest = none;
  #next: NodeJS.Immediate | null = null;

  /** Since it was last asked: the most work of a turn, and the turn that stood longest. */
  take(): { work: number; longest: Turn } {
    const found = { work: this.#work, longest: this.#longest };
    this.#work = 0;
    this.#longest = none;
    if (this.#reader === null) this.#wait((this.#reader = openReader()));
    return found;
  }

  #wait(reader: Reader): void {
    this.#next = setImmediate(() => {
      if (this.#last !== null && performance.now() - this.#last.wall < apart) {
        this.#wait(reader);
        return;
      }
      const now = reader.read();
      if (this.#last !== null) {
        const turn = turnBetween(this.#last, now);
        this.#work = Math.max(this.#work, turn.work);
        if (stood(turn) > stood(this.#longest)) this.#longest = turn;
      }
      this.#last = now;
      this.#wait(reader);
    }).unref();
  }

  close(): void {
    if (this.#next !== null) clearImmediate(this.#next);
    this.#reader?.[Symbol.dispose]();
    this.#reader = null;
    this.#next = null;
    this.#last = null;
  }
}
