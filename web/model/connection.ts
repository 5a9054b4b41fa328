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
  call<M extends MethodName>(method: M, args: WithReferences<Methods[M]['arguments']>): Call<M>;
  /**
   * One plain request with the session's cookies. 423 is answered by unlocking and asking again.
   * Errors: `net/offline`, `auth/signed-out`; any other status is the caller's.
   */
  fetch(url: string, init?: RequestInit): Promise<Response>;
  /** Tries again at once what waits for the line. */
  wake(): void;
  /** After a sign-in. */
  opened(): void;
  /** After a sign-out, here or in another tab. */
  closed(): void;
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

const settle = (calls: readonly Queued[], answers: readonly Invocation<string, unknown>[]): void => {
  for (const call of calls) {
    const found = answers.find(([name, , id]) => id === call.id && (name === call.method || name === 'error'));
    if (!found) call.reject(new ModelError('net/server', `${call.method} was not answered`));
    else if (found[0] === 'error') {
      const error = found[1] as MethodError;
      call.reject(new MethodFailed(call.method, error.type, error.description ?? null));
    } else call.resolve(found[1]);
  }
};

export const openConnection = ({ fetch, clock, maxCalls = 16 }: ConnectionParts): Connection => {
  const line = signal<Line>({ at: 'online' });
  const signedIn = signal(true);
  const sessionState = signal<string | null>(null);
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

  const closed = (): void => {
    signedIn.value = false;
  };

  const raw = async (url: string, init: RequestInit): Promise<Response> => {
    try {
      return await fetch(url, { credentials: 'same-origin', signal: AbortSignal.timeout(timeout), ...init });
    } catch (cause) {
      throw new ModelError('net/offline', `${url} did not answer`, { cause });
    }
  };

  /** Several requests that meet a locked session unlock it once. */
  const unlock = oncePerKey(async (url: string) => {
    const answer = await raw(url, { method: 'POST' });
    if (answer.status === 401) closed();
    return answer.ok;
  });

  const plain = async (url: string, init: RequestInit = {}): Promise<Response> => {
    const first = await raw(url, init);
    const answer = first.status === 423 && (await unlock('/auth/unlock')) ? await raw(url, init) : first;
    if (answer.status === 401 || answer.status === 423) {
      closed();
      throw new ModelError('auth/signed-out', 'the session is over');
    }
    return answer;
  };

  const post = async (calls: readonly Queued[]): Promise<JmapResponse> => {
    const methodCalls = calls.map((call): Invocation => [call.method, call.args, call.id]);
    const answer = await plain('/jmap/api', {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'application/json' },
      body: JSON.stringify({ using, methodCalls }),
    });
    if (answer.status === 400 || answer.status === 403 || answer.status === 413)
      throw new ModelError('jmap/request', `the request was refused with ${answer.status}`);
    if (!answer.ok) throw new ModelError('net/server', `status ${answer.status}`);
    try {
      return (await answer.json()) as JmapResponse;
    } catch (cause) {
      throw new ModelError('net/server', 'the answer broke off', { cause });
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
