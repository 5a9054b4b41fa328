import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect as dial } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '#base/clock.ts';
import type { Clock } from '#base/clock.ts';
import { silent } from '#base/log.ts';
import type { Log } from '#base/log.ts';
import { openImap } from '#imap/session.ts';
import type { ImapSession } from '#imap/session.ts';
import { query } from '#index/fixture.ts';
import { openIndex } from '#index/open.ts';
import type { Email, Index } from '#index/types.ts';
import { newSlot, newUser, usualAccount } from '#store/new-rows.ts';
import { openStore } from '#store/open.ts';
import type { MailAccount, Store } from '#store/types.ts';
import type { Keeper, MailAccountId, SessionId, SlotId, Target, UserId } from '#vault/keeper.ts';
import type { Engine } from './engine.ts';
import { openEngine } from './open.ts';
import type { EngineParts } from './open.ts';

type Maybe<T> = T | undefined | null | false;

/** For the tests of this room: an account on a server of the village, without a keeper process. */
export interface TestAccount extends AsyncDisposable {
  engine: Engine;
  index: Index;
  store: Store;
  account: MailAccount;
  keeper: Keeper;
  /** Connections made so far: one LOGIN each. */
  readonly logins: number;
  readonly sessions: readonly ImapSession[];
  /** Closes the engine and opens another on the same index and store, as after a restart. */
  restart(instead?: Partial<EngineParts>): Promise<void>;
  /** A second IMAP client of the same user. */
  client(): Promise<ImapSession>;
  /** Waits until `ready` gives something that is not undefined, null or false. */
  until<T>(ready: () => Maybe<T> | Promise<Maybe<T>>, what: string): Promise<T>;
}

/** A clock whose timers of so many milliseconds and more run only when a test lets time pass. */
export const handClock = (from: number) => {
  let ahead = 0;
  const timers = new Map<() => void, number>();
  const clock: Clock = {
    now: () => systemClock.now() + ahead,
    after: (ms, task) => {
      if (ms < from) return systemClock.after(ms, task);
      timers.set(task, clock.now() + ms);
      return () => timers.delete(task);
    },
  };
  const pass = (ms: number): void => {
    ahead += ms;
    for (const [task] of [...timers].filter(([, due]) => due <= clock.now())) {
      timers.delete(task);
      task();
    }
  };
  return { clock, pass };
};

/** LOGIN by hand, and the line that the keeper puts in front. */
export const signIn = async (port: number, user: { address: string; password: string }): Promise<ImapSession> => {
  const socket = dial(port, '127.0.0.1');
  socket.setNoDelay(true);
  const token = Buffer.from(`\0${user.address}\0${user.password}`).toString('base64');
  let said = '';
  const line = await new Promise<string>((resolve, reject) => {
    socket.once('error', reject);
    socket.once('close', () => reject(new Error('the server hung up')));
    socket.on('data', (chunk) => {
      const first = said === '';
      said += chunk.toString('latin1');
      if (first) socket.write(`a AUTHENTICATE PLAIN ${token}\r\n`);
      const answer = /^a (\w+)[^\r]*\r\n/m.exec(said);
      if (answer?.[1] === 'OK') resolve(answer[0]);
      else if (answer !== null) reject(new Error('the server refused'));
    });
  });
  socket.removeAllListeners('data').removeAllListeners('error').removeAllListeners('close').pause();
  const capabilities = /\[CAPABILITY ([^\]]+)\]/.exec(line)?.[1] ?? 'IMAP4rev1';
  socket.unshift(Buffer.from(`* PREAUTH [CAPABILITY ${capabilities}] ready\r\n`));
  return openImap(
    { stream: socket, capabilities: capabilities.split(' '), greeting: '* OK Dovecot ready.' },
    { host: 'village.test' },
  );
};

/** Keys in memory; nothing of the mail servers. */
export const plainKeeper = (): Keeper => {
  const keys = new Map<string, Buffer>();
  const some: Partial<Keeper> = {
    isOpen: () => Promise.resolve(true),
    forget: () => Promise.resolve(),
    narrow: () => Promise.resolve(),
    makeKey: () => {
      const key = randomBytes(32);
      const wrapped = randomBytes(16);
      keys.set(wrapped.toString('hex'), key);
      return Promise.resolve({ key: Buffer.from(key), wrapped });
    },
    openKey: (_binding, wrapped) => Promise.resolve(Buffer.from(keys.get(wrapped.toString('hex')) ?? Buffer.alloc(32))),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
  return some as Keeper;
};

export const seedStore = async (store: Store, account: MailAccount): Promise<void> => {
  const nothing = Buffer.alloc(1);
  const session = {
    id: 's1' as SessionId,
    user: account.user,
    tokenHash: randomBytes(32),
    sealed: nothing,
    generation: 1,
  };
  await store.createUser({
    user: newUser(account.user, 1, { publicKey: nothing, sealed: nothing }),
    account,
    credentials: [],
    slots: [
      newSlot(
        {
          id: 'sl1' as SlotId,
          user: account.user,
          kind: 'mail-password',
          account: account.id,
          generation: 1,
          sealed: nothing,
        },
        1,
      ),
    ],
    session: {
      ...session,
      createdAt: 1,
      lastSeenAt: 1,
      expiresAt: Number.MAX_SAFE_INTEGER,
      userAgent: '',
      address: '',
      remember: false,
    },
  });
};

export const testMailAccount = (imapPort: number, address: string): MailAccount => {
  const target: Target = {
    protocol: 'imap',
    host: '127.0.0.1',
    port: imapPort,
    security: 'none',
    username: address,
    pin: null,
  };
  return {
    id: 'account-1' as MailAccountId,
    user: 'user-1' as UserId,
    address,
    name: 'Test',
    position: 0,
    colour: 'patina',
    imap: target,
    smtp: { ...target, protocol: 'smtp' },
    ...usualAccount(0),
  };
};

export interface TestWish extends Partial<EngineParts> {
  imapPort: number;
  user: { address: string; password: string };
  /** Do not open the engine yet: {@link TestAccount.restart} does. */
  waiting?: boolean;
}

export const openTestAccount = async ({ imapPort, user, waiting, ...instead }: TestWish): Promise<TestAccount> => {
  const folder = mkdtempSync(join(tmpdir(), 'postern-upstream-'));
  const account = testMailAccount(imapPort, user.address);
  const store = instead.store ?? (await openStore(`sqlite:${join(folder, 'store.db')}`, { mode: 'direct' }));
  await seedStore(store, account);
  const index = instead.index ?? openIndex(join(folder, 'index.db'), randomBytes(32));
  const keeper = instead.keeper ?? plainKeeper();
  const sessions: ImapSession[] = [];
  const clients: ImapSession[] = [];
  const log: Log =
    process.env['POSTERN_TEST_LOG'] === undefined
      ? silent
      : (level, event, facts) => void process.stderr.write(`${level} ${event} ${JSON.stringify(facts ?? {})}\n`);
  const parts: EngineParts = {
    account,
    index,
    store,
    keeper,
    clock: systemClock,
    log,
    random: () => 0.5,
    connect: async () => {
      const session = await signIn(imapPort, user);
      sessions.push(session);
      return session;
    },
    send: () => Promise.reject(new Error('nothing is sent in this test')),
    ...instead,
  };
  let engine = waiting === true ? null : openEngine(parts);
  return {
    get engine() {
      if (engine === null) throw new Error('not opened yet');
      return engine;
    },
    index,
    store,
    account,
    keeper,
    sessions,
    get logins() {
      return sessions.length;
    },
    restart: async (other = {}) => {
      await engine?.[Symbol.asyncDispose]();
      engine = openEngine({ ...parts, ...other });
    },
    client: async () => {
      const session = await signIn(imapPort, user);
      clients.push(session);
      return session;
    },
    until: async (ready, what) => {
      const until = Date.now() + 15_000;
      for (;;) {
        const value = await ready();
        if (value !== undefined && value !== null && value !== false) return value;
        if (Date.now() > until) throw new Error(`waited in vain for ${what}`);
        await new Promise((resolve) => setTimeout(resolve, 15));
      }
    },
    [Symbol.asyncDispose]: async () => {
      await engine?.[Symbol.asyncDispose]();
      await Promise.all(clients.map((session) => session.close()));
      index[Symbol.dispose]();
      await store[Symbol.asyncDispose]();
      rmSync(folder, { recursive: true, force: true });
    },
  };
};

/** The Emails of the mailbox that has this role. */
export const inRole = ({ index }: TestAccount, role: string): Email[] =>
  index.read((reader) => {
    const box = reader.mailboxes().find((one) => one.role === role);
    const page = box && reader.query(query({ filter: { op: 'is', inMailbox: box.id }, limit: 5_000 }));
    return page ? reader.emails(page.ids) : [];
  });
