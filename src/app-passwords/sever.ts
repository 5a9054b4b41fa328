import { execFile } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { AppPasswordError } from './errors.ts';

/** What Dovecot is told. @throws AppPasswordError `app-password/not-cut` */
export interface Sever {
  /** It forgets the user's cached logins. */
  forget(user: string): Promise<void>;
  /** It forgets them, and ends his open connections. */
  cut(user: string): Promise<void>;
}

const patience = 10_000;
/** How `doveadm kick` ends when there was nobody to kick: EX_NOHOST of sysexits.h. */
const nobody = 68;

/** A login that was answered just before stands among Dovecot's connections (anvil) a moment later: `kick` would miss it. */
const settleMs = 300;

/** In this order: a login that comes between the two finds no cached answer and the new row. */
const flushThenKick = (forget: Sever['forget'], kick: (user: string) => Promise<void>): Sever => ({
  forget,
  cut: async (user) => {
    await forget(user);
    await sleep(settleMs);
    await kick(user);
  },
});

const notCut = (what: string, cause?: unknown): AppPasswordError =>
  new AppPasswordError('app-password/not-cut', `Dovecot could not be told: ${what}`, { cause });

/** `program` with its own words before ours: `['doveadm', '-c', '/etc/dovecot/dovecot.conf']`, `['ssh', 'mail', 'doveadm']`. */
export const severByCommand = ([program = 'doveadm', ...words]: readonly string[]): Sever => {
  const run = (task: readonly string[]): Promise<void> =>
    new Promise((resolve, reject) => {
      execFile(program, [...words, ...task], { timeout: patience, maxBuffer: 1 << 16 }, (error) => {
        if (!error || (task[0] === 'kick' && error.code === nobody)) resolve();
        else reject(notCut(`doveadm ${task[0] ?? ''} ended with ${error.code ?? error.signal ?? '?'}`));
      });
    });
  return flushThenKick(
    (user) => run(['auth', 'cache', 'flush', user]),
    (user) => run(['kick', user]),
  );
};

interface Answer {
  tag: string;
  isFine: boolean;
  exitCode: number | null;
}

const answersOf = (data: unknown): Answer[] =>
  (Array.isArray(data) ? (data as unknown[]) : []).map((one) => {
    const [kind, body, tag] = Array.isArray(one) ? (one as unknown[]) : [];
    const exitCode =
      typeof body === 'object' && body !== null && 'exitCode' in body && typeof body.exitCode === 'number'
        ? body.exitCode
        : null;
    return { tag: String(tag), isFine: kind === 'doveadmResponse', exitCode };
  });

type Task = readonly [name: string, parameters: object, tag: 'flush' | 'kick'];

/** Doveadm's HTTP API: `url` as `http://127.0.0.1:8080/doveadm/v1`, `key` as its `doveadm_api_key`. */
export const severByHttp = (url: string, key: string): Sever => {
  const ask = async (task: Task): Promise<Answer[]> => {
    try {
      const response = await fetch(url, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          authorization: `X-Dovecot-API ${Buffer.from(key).toString('base64')}`,
        },
        body: JSON.stringify([task]),
        redirect: 'error',
        signal: AbortSignal.timeout(patience),
      });
      if (!response.ok) throw notCut(`HTTP ${response.status}`);
      return answersOf(await response.json());
    } catch (error) {
      throw error instanceof AppPasswordError ? error : notCut('no answer', error);
    }
  };
  const run = async (task: Task): Promise<void> => {
    const [, , tag] = task;
    const answer = (await ask(task)).find((one) => one.tag === tag);
    if (!answer?.isFine && !(tag === 'kick' && answer?.exitCode === nobody))
      throw notCut(`${tag} ended with ${answer?.exitCode ?? 'no answer'}`);
  };
  return flushThenKick(
    (user) => run(['authCacheFlush', { user: [user] }, 'flush']),
    (user) => run(['kick', { mask: [user] }, 'kick']),
  );
};

/** For an operator whose Dovecot caches nothing and who accepts that open connections go on. */
export const severNothing: Sever = { forget: async () => undefined, cut: async () => undefined };
