import { randomBytes } from 'node:crypto';
import { stillClock } from '#base/clock.testkit.ts';
import { silent } from '#base/log.ts';
import type { Tide } from '#base/tide.ts';
import { toConfig } from '#config/config.ts';
import { readEnv } from '#config/env.ts';
import { toSecrets } from '#config/secrets.ts';
import { RoomError } from '#mailroom/errors.ts';
import { openLinks } from '#mailroom/links.ts';
import type { Mailrooms } from '#mailroom/mailrooms.ts';
import { openStore } from '#store/open.ts';
import type { Store } from '#store/types.ts';
import { VaultError } from '#vault/errors.ts';
import type { Keeper, Opened, SessionRow, SlotId, SlotRow, UserId } from '#vault/keeper.ts';
import { hashToken } from '#vault/keys.ts';
import { openDoorApp } from './app.ts';

/** A keeper that trusts everybody: the key of a session is the last 32 bytes of what it sealed. */
const easyKeeper = (open: Set<UserId>, brought: () => Promise<void>): Keeper => {
  const make = (row: Pick<SessionRow, 'id' | 'user' | 'generation'>) => {
    const [token, unlockKey] = [randomBytes(32), randomBytes(32)];
    return {
      session: { ...row, tokenHash: hashToken(token), sealed: Buffer.from(unlockKey) },
      secrets: { token, unlockKey },
    };
  };
  return {
    publicKey: async () => Buffer.alloc(32, 7),
    admit: async (_target: unknown, secret: { bytes: Buffer }) => {
      if (secret.bytes.toString() !== 'right')
        throw new VaultError('auth/refused', 'no', { words: 'Authentication failed.' });
      return { handle: 'h', capabilities: [], greeting: '', certificate: null };
    },
    enroll: async (wish: Parameters<Keeper['enroll']>[0]): Promise<Opened> => {
      open.add(wish.user);
      const slot = {
        id: wish.slot,
        user: wish.user,
        kind: 'mail-password',
        account: wish.account,
        generation: 1,
        sealed: Buffer.alloc(4),
      } as const;
      return {
        slots: [slot],
        keys: { publicKey: Buffer.alloc(32), sealed: Buffer.alloc(8) },
        credentials: [],
        totpStep: null,
        ...make({ id: wish.session, user: wish.user, generation: 1 }),
      };
    },
    enter: async (wish: Parameters<Keeper['enter']>[0]): Promise<Opened> => {
      open.add(wish.slot.user);
      await brought();
      return {
        slots: [],
        keys: null,
        credentials: [],
        totpStep: null,
        ...make({ id: wish.session, user: wish.slot.user, generation: 1 }),
      };
    },
    makeToken: async (user: UserId, id: SlotId) => ({
      slot: { id, user, kind: 'token', account: null, generation: 1, sealed: Buffer.alloc(4) },
      secret: randomBytes(32),
    }),
    unlockByToken: async ({ user }: SlotRow) => {
      open.add(user);
      await brought();
    },
    open: async ({ slot }: Parameters<Keeper['open']>[0]) => {
      open.add(slot.user);
      await brought();
      return { slot: null, totpStep: null };
    },
    unlock: async (row: SessionRow, _keys: unknown, key: Buffer) => {
      if (!key.equals(row.sealed)) throw new VaultError('session/does-not-open', 'no');
      open.add(row.user);
      await brought();
    },
    rotate: async (row: SessionRow) => make({ id: row.id, user: row.user, generation: row.generation + 1 }),
    isOpen: async (user: UserId) => open.has(user),
    forget: async (user: UserId) => void open.delete(user),
  } as Partial<Record<keyof Keeper, unknown>> as Keeper;
};

interface Options {
  env?: Record<string, string>;
  store?: Partial<Store>;
  dist?: string;
  tide?: Tide;
  /** States are told after this. */
  states?: Promise<void>;
  /** Whoever brings a key hears of it after this. */
  brought?: () => Promise<void>;
}

/** The door without sockets, and a browser's jar. */
export const openApp = async (options: Options = {}) => {
  const clock = stillClock();
  const env = readEnv({ POSTERN_PRIVATE_SERVERS: '127.0.0.1', POSTERN_SESSION_IDLE: '30m', ...options.env });
  const real = await openStore(':memory:', { mode: 'direct', clock });
  const store = new Proxy(real, {
    get: (target, key) => Reflect.get(options.store ?? {}, key) ?? (Reflect.get(target, key) as unknown),
  });
  const open = new Set<UserId>();
  const asked: string[] = [];
  /** What mailrooms were asked by somebody proven. */
  const provenAsks: string[] = [];
  const mailrooms = {
    ask: async (op: string, who: { user: UserId; proven: boolean }) => {
      asked.push(op);
      if (who.proven) provenAsks.push(op);
      if (op !== 'close' && !open.has(who.user)) throw new RoomError('room/locked', 'locked');
      if (op === 'states') {
        await options.states;
        return { A1: { Email: 'e-1' } };
      }
      if (op !== 'api') return null;
      return { status: 200, type: 'application/json', body: Buffer.from('{}'), level: options.tide?.level ?? null };
    },
    onChange: () => () => undefined,
    onLocked: () => () => undefined,
    onEnded: () => () => undefined,
    onAccounts: () => () => undefined,
    tide: () => options.tide ?? null,
    census: () => ({ rooms: 1, users: 1, accounts: 1 }),
  } as Partial<Record<keyof Mailrooms, unknown>> as Mailrooms;
  const app = openDoorApp({
    config: toConfig(env),
    secrets: toSecrets(env),
    store,
    keeper: easyKeeper(open, async () => options.brought?.()),
    mailrooms,
    issuers: [],
    // eslint-disable-next-line require-yield
    discover: async function* () {
      throw new Error('not asked');
    },
    links: openLinks(Buffer.alloc(32)),
    clock,
    log: silent,
    dist: options.dist ?? '/nowhere',
  });
  const jar = new Map<string, string>();
  const fetch = async (
    path: string,
    init: RequestInit & { host?: string; from?: string; jar?: Map<string, string>; origin?: null } = {},
  ) => {
    const mine = init.jar ?? jar;
    const url = `http://${init.host ?? 'localhost:8080'}`;
    const headers = new Headers({
      host: init.host ?? 'localhost:8080',
      cookie: [...mine].map((pair) => pair.join('=')).join('; '),
    });
    if (init.method === 'POST' && init.origin !== null) headers.set('origin', url);
    for (const [name, value] of new Headers(init.headers)) headers.set(name, value);
    const answer = await app.fetch(new Request(`${url}${path}`, { ...init, headers }), {
      remoteAddress: init.from ?? '127.0.0.1',
    });
    for (const line of answer.headers.getSetCookie()) {
      const [name = '', value = ''] = line.split('; ')[0]?.split('=') ?? [];
      if (line.includes('Max-Age=0')) mine.delete(name);
      else mine.set(name, value);
    }
    return answer;
  };
  const post = (path: string, body?: unknown, init: Parameters<typeof fetch>[1] = {}) =>
    fetch(path, {
      method: 'POST',
      ...init,
      ...(body === undefined
        ? {}
        : {
            body: JSON.stringify(body),
            headers: { 'content-type': 'application/json', ...(init.headers as Record<string, string>) },
          }),
    });
  const server = { host: '127.0.0.1', port: 143, security: 'none' };
  const signIn = (password = 'right', init: Parameters<typeof fetch>[1] = {}, remember = false) =>
    post('/auth/sign-in', { address: 'ada@x.example', password, imap: server, smtp: server, remember }, init);
  return {
    app,
    clock,
    store,
    open,
    asked,
    provenAsks,
    jar,
    fetch,
    post,
    signIn,
    [Symbol.asyncDispose]: async () => (app[Symbol.dispose](), real[Symbol.asyncDispose]()),
  };
};

/** Status and type of a problem. */
export const typeOf = async (answer: Response): Promise<string> =>
  `${answer.status} ${((await answer.json()) as { type: string }).type.split(':').at(-1)}`;
