import { signal, type ReadonlySignal } from '@preact/signals-core';
import type { Clock } from '#base/clock.ts';
import { oncePerKey } from '#base/once.ts';
import {
  capabilities,
  type Invocation,
  type Response as JmapResponse,
  type ResultReference,
  type WithReferences,
} from '#jmap/core.ts';
import { problemPrefix } from '#jmap/auth/problems.ts';
import type { MethodError } from '#jmap/errors.ts';
import type { MethodName, Methods } from '#jmap/methods.ts';
import { MethodFailed, ModelError } from './errors.ts';

export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

export interface ConnectionParts {
  fetch: Fetch;
  clock: Clock;
  /** RFC 8620 §2 `maxCallsInRequest`. */
  maxCalls?: number;
}

/** One method call of the request that goes out at the end of the tick. */
export interface Call<M extends MethodName> {
  /** Rejects with {@link MethodFailed} or {@link ModelError}. */
  readonly answer: Promise<Methods[M]['response']>;
  /** A reference to a part of this call's answer, for `#name` arguments of later calls of the same tick. */
  ref(path: string): ResultReference;
}

/** `retryAt` and `since` in Unix milliseconds. */
export type Line = { at: 'online' } | { at: 'offline'; since: number; retryAt: number; why: 'network' | 'server' };

export interface Connection {
  readonly line: ReadonlySignal<Line>;
  /** False once the server has said that nobody is signed in. */
  readonly signedIn: ReadonlySignal<boolean>;
  readonly sessionState: ReadonlySignal<string | null>;
  /** An unlocker is needed, which only the user has. Requests wait; see {@link Connection.unlocked}. */
  readonly locked: ReadonlySignal<boolean>;
  call<M extends MethodName>(method: M, args: WithReferences<Methods[M]['arguments']>): Call<M>;
  /**
   * One plain request with the session's cookies. 423 is answered by unlocking and asking again; while only the user can
   * unlock, it waits. 401 is the caller's when it is about something that was shown and not about the session.
   * Errors: `net/offline`, `net/server` while unlocking, `auth/signed-out`; any other status is the caller's.
   */
  fetch(url: string, init?: RequestInit): Promise<Response>;
  /** Tries again at once what waits for the line. */
  wake(): void;
  /** After a sign-in. */
  opened(): void;
  /** After a sign-out, here or in another tab. */
  closed(): void;
  /** Nothing is asked any more until `unlocked`, or a sign-in. */
  lock(): void;
  /** An unlocker was shown, here or in another tab: what waits goes on. */
  unlocked(): void;
}

interface Queued {
  id: string;
  method: MethodName;
  args: Record<string, unknown>;
  /** Calls that refer to each other share a group and must share a request. */
  group: number;
  repeatable: boolean;
  resolve(answer: unknown): void;
  reject(error: unknown): void;
}

const using = Object.values(capabilities);
const backOff = [1_000, 2_000, 5_000, 10_000, 30_000];
const timeout = 60_000;
/** A session that does not stay open by unlocking it is over. */
const most423 = 5;

const referredIds = (args: Record<string, unknown>): string[] =>
  Object.entries(args).flatMap(([name, value]) => (name.startsWith('#') ? [(value as ResultReference).resultOf] : []));

/** An update that makes something anew: an app password that takes another's place. */
const makes = (update: unknown): boolean =>
  Object.values((update ?? {}) as Record<string, object>).some((patch) => 'rotate' in patch);

/** A call that creates or sends must not be repeated when its answer was lost. */
const isRepeatable = (args: Record<string, unknown>): boolean =>
  !args['create'] && !args['emails'] && !makes(args['update']);

/** Whole groups, packed into as few requests as the limit allows; what may not be repeated goes apart. */
const packed = (queue: readonly Queued[], maxCalls: number): Queued[][] => {
  const groups = Map.groupBy(queue, (call) => call.group);
  const requests: { calls: Queued[]; repeatable: boolean }[] = [];
  for (const calls of groups.values()) {
    const repeatable = calls.every((call) => call.repeatable);
    const room = requests.find((r) => r.repeatable === repeatable && r.calls.length + calls.length <= maxCalls);
    if (room) room.calls.push(...calls);
    else requests.push({ calls: [...calls], repeatable });
  }
  return requests.map((request) => request.calls);
};

/** In words, since writers read them (E17). */
const answeredWith = ({ status }: Response): string =>
  status === 413 ? 'It is longer than Postern takes.' : `Postern answered with ${status}.`;

const settle = (calls: readonly Queued[], answers: readonly Invocation<string, unknown>[]): void => {
  for (const call of calls) {
    const found = answers.find(([name, , id]) => id === call.id && (name === call.method || name === 'error'));
    if (!found) call.reject(new ModelError('net/server', 'Postern’s answer broke off.'));
    else if (found[0] === 'error') {
      const error = found[1] as MethodError;
      call.reject(new MethodFailed(call.method, error.type, error.description ?? null));
    } else call.resolve(found[1]);
  }
};

/** Half a character, which a text on the page may hold, is no I-JSON (RFC 7493 §2.1): its request would be refused whole. */
const wellFormed = (_: string, value: unknown): unknown => (typeof value === 'string' ? value.toWellFormed() : value);

export const openConnection = ({ fetch, clock, maxCalls = 16 }: ConnectionParts): Connection => {
  const line = signal<Line>({ at: 'online' });
  const signedIn = signal(true);
  const sessionState = signal<string | null>(null);
  const locked = signal(false);
  let gate = Promise.withResolvers<void>();
  let queue: Queued[] = [];
  let nextId = 0;
  let failures = 0;
  let sleepers: (() => void)[] = [];

  const wake = (): void => {
    const woken = sleepers;
    sleepers = [];
    for (const each of woken) each();
  };

  const online = (): void => {
    failures = 0;
    if (line.peek().at === 'online') return;
    line.value = { at: 'online' };
    wake();
  };

  /** Resolves when it is time to try again. */
  const rest = (why: 'network' | 'server'): Promise<void> => {
    const before = line.peek();
    const wait = backOff[Math.min(failures, backOff.length - 1)] ?? 30_000;
    const now = clock.now();
    failures += 1;
    line.value = { at: 'offline', since: before.at === 'offline' ? before.since : now, retryAt: now + wait, why };
    return new Promise((resolve) => {
      const cancel = clock.after(wait, () => {
        sleepers = sleepers.filter((each) => each !== done);
        resolve();
      });
      const done = (): void => {
        cancel();
        resolve();
      };
      sleepers.push(done);
    });
  };

  const unlocked = (): void => {
    if (!locked.peek()) return;
    locked.value = false;
    gate.resolve();
  };
  const lock = (): void => {
    if (locked.peek()) return;
    gate = Promise.withResolvers<void>();
    locked.value = true;
  };

  const closed = (): void => {
    signedIn.value = false;
    unlocked();
  };

  /** An answer is whole or there is none: one that breaks off, or comes for too long, means no line. */
  const raw = async (url: string, init: RequestInit): Promise<Response> => {
    try {
      const answer = await fetch(url, { credentials: 'same-origin', signal: AbortSignal.timeout(timeout), ...init });
      const body = await answer.arrayBuffer();
      // Chromium gives a 204 a body, and takes none for it.
      return new Response(body.byteLength > 0 ? body : null, answer);
    } catch (cause) {
      throw new ModelError('net/offline', `${url} did not answer`, { cause });
    }
  };

  /** Several requests that meet a locked session unlock it once. */
  const unlock = oncePerKey(async (url: string): Promise<'open' | 'locked' | 'over'> => {
    const answer = await raw(url, { method: 'POST' });
    if (answer.ok) return 'open';
    if (answer.status === 401) return 'over';
    if (answer.status !== 423) throw new ModelError('net/server', answeredWith(answer));
    lock();
    return 'locked';
  });

  /** Whether 401 means that nobody is signed in, and not that something shown was wrong. */
  const isOver = async (answer: Response): Promise<boolean> => {
    const said = (await answer
      .clone()
      .json()
      .catch(() => null)) as { type?: string } | null;
    return !said?.type?.startsWith(problemPrefix) || said.type === `${problemPrefix}unauthenticated`;
  };

  const plain = async (url: string, init: RequestInit = {}): Promise<Response> => {
    for (let tries = 0; ; tries += 1) {
      while (locked.peek()) await gate.promise;
      const answer = await raw(url, init);
      if (answer.status === 423 && tries < most423 && (await unlock('/auth/unlock')) !== 'over') continue;
      if (answer.status !== 423 && !(answer.status === 401 && (await isOver(answer)))) return answer;
      closed();
      throw new ModelError('auth/signed-out', 'the session is over');
    }
  };

  const post = async (calls: readonly Queued[]): Promise<JmapResponse> => {
    const methodCalls = calls.map((call): Invocation => [call.method, call.args, call.id]);
    const answer = await plain('/jmap/api', {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'application/json' },
      body: JSON.stringify({ using, methodCalls }, wellFormed),
    });
    if (answer.status === 400 || answer.status === 403 || answer.status === 413)
      throw new ModelError('jmap/request', answeredWith(answer));
    if (!answer.ok) throw new ModelError('net/server', answeredWith(answer));
    try {
      return (await answer.json()) as JmapResponse;
    } catch (cause) {
      throw new ModelError('net/server', 'Postern’s answer broke off.', { cause });
    }
  };

  const send = async (calls: readonly Queued[]): Promise<void> => {
    const repeatable = calls.every((call) => call.repeatable);
    for (;;) {
      try {
        const answer = await post(calls);
        online();
        sessionState.value = answer.sessionState;
        settle(calls, answer.methodResponses);
        return;
      } catch (error) {
        const code = error instanceof ModelError ? error.code : null;
        const passing = code === 'net/offline' || code === 'net/server';
        if (!passing || !repeatable) {
          for (const call of calls) call.reject(error);
          if (!passing) return;
        }
        await rest(code === 'net/offline' ? 'network' : 'server');
        if (!repeatable) return;
      }
    }
  };

  const flush = (): void => {
    const calls = queue;
    queue = [];
    for (const request of packed(calls, maxCalls)) void send(request);
  };

  return {
    line,
    signedIn,
    sessionState,
    wake,
    fetch: plain,
    locked,
    lock,
    unlocked,
    closed,
    opened: () => {
      signedIn.value = true;
    },
    call: (method, given) => {
      const args = given as Record<string, unknown>;
      const id = `c${nextId++}`;
      const before = queue.filter((call) => referredIds(args).includes(call.id));
      const group = before[0]?.group ?? nextId;
      for (const other of queue) if (before.some((call) => call.group === other.group)) other.group = group;
      const { promise, resolve, reject } = Promise.withResolvers<never>();
      // Of a call that others refer to nobody may want the answer itself: that it failed, they hear.
      promise.catch(() => undefined);
      if (queue.length === 0) queueMicrotask(flush);
      queue.push({
        id,
        method,
        args,
        group,
        repeatable: isRepeatable(args),
        resolve: resolve as (answer: unknown) => void,
        reject,
      });
      return { answer: promise, ref: (path) => ({ resultOf: id, name: method, path }) };
    },
  };
};
