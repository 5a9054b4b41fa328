import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Clock } from '#base/clock.ts';
import type { Log } from '#base/log.ts';
import { emptyDesk } from '#gateway/app-password/desk.ts';
import { openGateway } from '#gateway/gateway.ts';
import type { Gateway } from '#gateway/types.ts';
import { IndexError } from '#index/errors.ts';
import { openIndex } from '#index/open.ts';
import type { Index } from '#index/types.ts';
import { usualAccount } from '#store/new-rows.ts';
import type { MailAccount, SealedRecord, Store } from '#store/types.ts';
import type { Engine } from '#upstream/engine.ts';
import { UpstreamError } from '#upstream/errors.ts';
import type { Keeper, MailAccountId, Target, UserId } from '#vault/keeper.ts';
import { openHost } from './host.ts';
import { openLinks } from './links.ts';
import { openOwnPasswords } from './own-passwords.ts';
import type { AskMessage, RoomMessage, Who } from './protocol.ts';
import { Room } from './room.ts';

/** Closing while something is under way: real indexes and a real gateway, a clock that goes when it is told to. */

const user = 'u1' as UserId;
const who: Who = { user, readOnly: false, proven: false, sessionState: 's1' };

/** Timers run only by {@link run}. */
class TestClock implements Clock {
  readonly due = new Set<{ ms: number; task: () => void }>();
  now = (): number => 1_795_000_000_000;
  after = (ms: number, task: () => void): (() => void) => {
    const timer = { ms, task };
    this.due.add(timer);
    return () => void this.due.delete(timer);
  };
  /** All that are due within so many milliseconds, and what they set for that time. */
  run(within: number): void {
    for (const timer of this.due) if (timer.ms <= within && this.due.delete(timer)) timer.task();
  }
}

const accountOf = (name: string): MailAccount => {
  const target = { protocol: 'imap', host: 'h', port: 1, security: 'tls', username: name, pin: null } as Target;
  const id = `${name}-1` as MailAccountId;
  const said = { id, user, address: `${name}@village.test`, name, position: 0, colour: 'patina' as const };
  return { ...said, imap: target, smtp: { ...target, protocol: 'smtp' }, ...usualAccount(0) };
};

class World implements AsyncDisposable {
  readonly clock = new TestClock();
  readonly folder = mkdtempSync(join(tmpdir(), 'postern-closing-'));
  readonly accounts = [accountOf('alice')];
  readonly indexes: Index[] = [];
  readonly said: RoomMessage[] = [];
  readonly logged: string[] = [];
  handingOver = Promise.resolve();
  engineCloses = Promise.resolve();
  /** How often states were asked for. */
  asked = 0;
  whileAsked: () => void = () => undefined;
  unlocked = true;
  /** Answers instead of the gateway. */
  api: Gateway['api'] | null = null;
  readonly parts;
  readonly room: Room;
  #next = 0;

  constructor() {
    const records: SealedRecord[] = [];
    const keeper = {
      isOpen: async () => this.unlocked,
      makeKey: async () => ({ key: Buffer.alloc(32, 7), wrapped: Buffer.from('wrapped') }),
      openKey: async () => Buffer.alloc(32, 7),
    } as unknown as Keeper;
    const store = {
      accounts: async () => [...this.accounts],
      records: async (_user: UserId, account: MailAccountId) => records.filter((each) => each.account === account),
      saveRecord: async (record: SealedRecord) => void records.push(record),
    } as unknown as Store;
    const log: Log = (_level, event, facts) => void this.logged.push(`${event} ${facts?.['code'] ?? ''}`.trim());
    const real = openGateway({ clock: this.clock, log });
    const gateway: Gateway = {
      ...real,
      api: (caller, body) => (this.api ?? real.api)(caller, body),
      states: (caller) => {
        this.asked += 1;
        this.whileAsked();
        return real.states(caller);
      },
    };
    const engine = {
      handOver: () => this.handingOver,
      connection: { at: 'live' },
      refusal: null,
      progress: { known: 0, total: 0, reachesTo: null, done: true },
      onStatus: () => () => undefined,
      onRefusal: () => () => undefined,
      retry: () => undefined,
      [Symbol.asyncDispose]: () => this.engineCloses,
    } as unknown as Engine;
    this.parts = {
      store,
      keeper,
      gateway,
      openIndex: (file: string, key: Buffer): Index => {
        const index = openIndex(file, key);
        this.indexes.push(index);
        return index;
      },
      openEngine: () => engine,
      folder: this.folder,
      clock: this.clock,
      log,
      links: openLinks(Buffer.alloc(32)),
      own: openOwnPasswords(emptyDesk),
    };
    this.room = new Room(this.parts, (message) => void this.said.push(message));
  }

  get index(): Index {
    const last = this.indexes.at(-1);
    assert.ok(last);
    return last;
  }

  ask<O extends AskMessage['op']>(op: O, ask: AskMessage<O>['ask']): Promise<RoomMessage> {
    const id = (this.#next += 1);
    return this.room
      .take({ id, op, who, ask } as AskMessage)
      .then(() => this.said.find((message) => 'id' in message && message.id === id) as RoomMessage);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const ended = this.room[Symbol.asyncDispose]();
    // Who is waited for gets no more time than this.
    await turns();
    this.clock.run(60_000);
    await ended;
    rmSync(this.folder, { recursive: true, force: true });
  }
}

const turns = async (): Promise<void> => {
  for (let n = 0; n < 10; n += 1) await new Promise((resolve) => setImmediate(resolve));
};

const mailboxGet = Buffer.from(
  JSON.stringify({
    using: ['urn:ietf:params:jmap:core', 'urn:ietf:params:jmap:mail', 'https://postern.email/jmap'],
    methodCalls: [['Mailbox/get', { accountId: 'Aalice1', ids: null }, 'c0']],
  }),
);

const failure = (message: RoomMessage): string => ('failed' in message ? message.failed.code : 'answered');

test('S62 what stirs while states are read sets no second timer, and none outlives the host', async () => {
  await using world = new World();
  const host = await openHost(world.parts, user, {
    changed: () => undefined,
    ended: () => undefined,
    locked: () => undefined,
    damaged: () => undefined,
  });
  world.clock.run(1_000);
  assert.equal(world.clock.due.size, 0, 'nothing stirs');
  const change = (): void => world.index.write((t) => t.note('EmailSubmission', 's1', 'updated'));
  change();
  world.whileAsked = () => {
    world.whileAsked = () => undefined;
    change();
  };
  const before = world.asked;
  const due = [...world.clock.due];
  for (const timer of due) if (world.clock.due.delete(timer)) timer.task();
  assert.equal(world.asked, before + 1);
  assert.equal(world.clock.due.size, 1, 'one timer, which is known when the host closes');
  await host[Symbol.asyncDispose]();
  assert.equal(world.clock.due.size, 0);
  world.clock.run(1_000);
  assert.equal(world.asked, before + 1);
  assert.deepEqual(world.logged, []);
});

/** An answer on its way that looks into the index only after `go`. */
const slowAnswer = async (world: World) => {
  const { promise: held, resolve: go } = Promise.withResolvers<void>();
  const { index } = world;
  world.api = async () => {
    await held;
    return {
      status: 200,
      type: 't',
      body: Buffer.from(String(index.read((reader) => reader.intentCount()))),
      level: null,
    };
  };
  const slow = world.ask('api', { body: mailboxGet });
  await turns();
  return { slow, go, index };
};

test('S60 a call that outlasts the patience of the one who closes is told to ask again; nobody else notices', async () => {
  await using world = new World();
  await world.ask('states', {});
  const { slow, go, index } = await slowAnswer(world);
  const closed = world.ask('close', {});
  await turns();
  world.clock.run(5_000);
  await closed;
  go();
  assert.equal(failure(await slow), 'room/gone');
  assert.deepEqual(world.logged, [], 'it is no defect');
  assert.throws(() => index.read((reader) => reader.intentCount()), { code: 'index/closed' });
  assert.throws(() => index.write((t) => t.setValue('a', 'b')), { code: 'index/closed' });
  world.api = null;
  assert.equal(failure(await world.ask('api', { body: mailboxGet })), 'answered');
});

test('S60 an account that is removed while it is asked: the call is told, the others go on, its file goes', async () => {
  await using world = new World();
  world.accounts.push(accountOf('berta'));
  await world.ask('states', {});
  const [, berta] = world.indexes;
  assert.ok(berta);
  const { promise: held, resolve: go } = Promise.withResolvers<void>();
  world.api = async () => {
    await held;
    return {
      status: 200,
      type: 't',
      body: Buffer.from(String(berta.read((reader) => reader.intentCount()))),
      level: null,
    };
  };
  const slow = world.ask('api', { body: mailboxGet });
  await turns();
  const { id } = world.accounts.pop() as MailAccount;
  const removed = world.ask('accounts', { renew: null, erase: id });
  await turns();
  // Nobody can ask for it any more, while the one who did is waited for.
  const states = await world.ask('states', {});
  assert.deepEqual(Object.keys('answer' in states ? (states.answer ?? {}) : {}), ['Aalice1']);
  world.clock.run(5_000);
  await removed;
  go();
  assert.equal(failure(await slow), 'room/gone');
  world.api = null;
  assert.equal(failure(await world.ask('api', { body: mailboxGet })), 'answered');
  assert.deepEqual(world.logged, []);
});

test('S61 what is asked while a user is closed is answered by the accounts when they are open again', async () => {
  await using world = new World();
  await world.ask('states', {});
  const closed = world.ask('close', {});
  const answers = [world.ask('states', {}), world.ask('api', { body: mailboxGet })];
  await closed;
  for (const answer of await Promise.all(answers)) {
    assert.equal(failure(answer), 'answered');
    assert.doesNotMatch(JSON.stringify(answer), /accountNotFound/);
  }
  assert.equal(world.indexes.length, 2);
});

test('S61 a host that closes again in the very turn in which it opened is not worked with', async () => {
  await using world = new World();
  const first = world.ask('states', {});
  const second = first.then(() => world.ask('close', {}));
  const third = world.ask('states', {});
  const answers = await Promise.all([first, third]);
  await second;
  for (const answer of answers)
    assert.deepEqual(Object.keys('answer' in answer ? (answer.answer ?? {}) : {}), ['Aalice1']);
});

test('S62 an index that cannot be closed keeps nobody out: it is said, and the user comes again', async () => {
  await using world = new World();
  await world.ask('states', {});
  const { index } = world;
  const dispose = index[Symbol.dispose].bind(index);
  index[Symbol.dispose] = () => {
    dispose();
    throw new IndexError('index/full', 'no room');
  };
  assert.equal(failure(await world.ask('close', {})), 'answered');
  assert.deepEqual(world.logged, ['index did not close index/full']);
  assert.equal(failure(await world.ask('states', {})), 'answered');
});

test('S62 a state that cannot be stored ends nobody: it is said, and told when it can be', async () => {
  await using world = new World();
  await world.ask('states', {});
  world.clock.run(1_000);
  const { index } = world;
  const read = index.read.bind(index);
  index.read = () => {
    throw new IndexError('index/full', 'no room');
  };
  index.write((t) => t.note('EmailSubmission', 's1', 'updated'));
  world.clock.run(0);
  assert.deepEqual(world.logged, ['states index/full']);
  index.read = read;
  index.write((t) => t.note('EmailSubmission', 's2', 'updated'));
  world.clock.run(1_000);
  assert.ok(world.said.some((message) => 'event' in message && message.event === 'changed'));
});

test('S60 an engine that was closed under a call is no defect either', async () => {
  await using world = new World();
  world.api = async () => {
    throw new UpstreamError('engine/closed', 'the account was closed');
  };
  assert.equal(failure(await world.ask('api', { body: mailboxGet })), 'room/gone');
  assert.deepEqual(world.logged, []);
});

test('S60 a room that ends while answers are under way, waits for them and lets nobody in', async () => {
  const world = new World();
  await world.ask('states', {});
  const { slow, go } = await slowAnswer(world);
  const ended = world.room[Symbol.asyncDispose]();
  await turns();
  const late = world.ask('states', {});
  await turns();
  go();
  assert.equal(failure(await slow), 'answered');
  assert.equal(failure(await late), 'room/gone');
  await ended;
  assert.deepEqual(world.logged, []);
  rmSync(world.folder, { recursive: true, force: true });
});

test('O31 who is back while accounts still close is answered by them when they are open again', async () => {
  await using world = new World();
  await world.ask('open', {});
  const closes = Promise.withResolvers<void>();
  world.engineCloses = closes.promise;
  const rest = world.ask('rest', { only: [] });
  await turns();
  const open = world.ask('open', {});
  const states = world.ask('states', {});
  await turns();
  closes.resolve();
  assert.deepEqual((await Promise.all([rest, open])).map(failure), ['answered', 'answered']);
  const answer = await states;
  assert.deepEqual(Object.keys('answer' in answer ? (answer.answer ?? {}) : {}), ['Aalice1']);
});

test('O31 who is back while letters are handed over stays', async () => {
  await using world = new World();
  await world.ask('open', {});
  const over = Promise.withResolvers<void>();
  world.handingOver = over.promise;
  const rest = world.ask('rest', { only: [] });
  await turns();
  await world.ask('open', {});
  over.resolve();
  await rest;
  const answer = await world.ask('states', {});
  assert.deepEqual(Object.keys('answer' in answer ? (answer.answer ?? {}) : {}), ['Aalice1']);
});
