import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { MessageChannel, type MessagePort } from 'node:worker_threads';
import { silent } from '#base/log.ts';
import { systemClock } from '#base/clock.ts';
import type { Gateway } from '#gateway/types.ts';
import { IndexError } from '#index/errors.ts';
import type { ChangeType, Index } from '#index/types.ts';
import type { MailAccount, SealedRecord, Store } from '#store/types.ts';
import type { Engine } from '#upstream/engine.ts';
import type { Keeper, UserId } from '#vault/keeper.ts';
import { RoomError } from './errors.ts';
import { emptyDesk } from '#gateway/app-password/desk.ts';
import { openLinks } from './links.ts';
import { type Line, type Mailrooms, openMailrooms } from './mailrooms.ts';
import type { Who } from './protocol.ts';
import { pulling } from './pulling.ts';
import { openOwnPasswords } from './own-passwords.ts';
import { Room } from './room.ts';

/** A mailroom at the other end of a port. */
const overPort = (port: MessagePort): Line => ({
  post: (message, move) => port.postMessage(message, move),
  onMessage: (listener) => port.on('message', listener),
  onEnd: (listener) => port.once('close', listener),
  end: async () => {
    port.postMessage('end');
    await new Promise<void>((resolve) => port.once('close', resolve));
  },
});

const user = 'u1' as UserId;
const who: Who = { user, readOnly: false, proven: false, sessionState: 's1' };
const account = { id: 'aa-bb', user, address: 'alice@village.test' } as unknown as MailAccount;

class World implements AsyncDisposable {
  open = true;
  states: Record<string, Record<string, string>> = { Aaabb: { Email: 'e-1', Mailbox: 'e-1' } };
  records: SealedRecord[] = [];
  log: string[] = [];
  unreadable = 0;
  damaged: (error: IndexError) => void = () => undefined;
  accounts = [account];
  /** Engines take so long to close. */
  closing: Promise<unknown> = Promise.resolve();
  /** Opening a user gets no further before this resolves. */
  opening: Promise<unknown> = Promise.resolve();
  changed: (types: ReadonlySet<ChangeType>) => void = () => undefined;
  download: AsyncIterable<Buffer> | null = null;
  api: Gateway['api'] = async (_caller, body) => ({
    status: 200,
    type: 'application/json',
    body: Buffer.from(body),
    level: null,
  });
  readonly folder = mkdtempSync(join(tmpdir(), 'postern-room-'));
  readonly rooms: Mailrooms;

  constructor() {
    const keeper = {
      isOpen: async () => this.open,
      makeKey: async () => {
        await this.opening;
        return { key: Buffer.from('key'), wrapped: Buffer.from('wrapped') };
      },
      openKey: async (_binding: unknown, wrapped: Buffer) => Buffer.from(`opened ${wrapped.toString()}`),
    } as unknown as Keeper;
    const store = {
      accounts: async () => this.accounts,
      records: async () => this.records,
      saveRecord: async (record: SealedRecord) => void this.records.push(record),
    } as unknown as Store;
    const gateway = {
      api: (caller, body) => this.api(caller, body),
      states: () => structuredClone(this.states),
      download: async () => this.download && { type: 'text/plain', size: null, chunks: this.download },
    } as Partial<Gateway> as Gateway;
    const openIndex = (file: string, key: Buffer, damaged: (error: IndexError) => void): Index => {
      this.damaged = damaged;
      this.log.push(`index ${file.slice(this.folder.length + 1)} ${key.toString()}`);
      if (this.unreadable-- > 0) throw new IndexError('index/unreadable', 'damaged');
      return {
        follow: () => undefined,
        onChange: (listener: typeof this.changed) => ((this.changed = listener), () => undefined),
        [Symbol.dispose]: () => void this.log.push('index closed'),
      } as unknown as Index;
    };
    const engine = {
      onStatus: () => () => undefined,
      refusal: null,
      retry: () => void this.log.push('retried'),
      [Symbol.asyncDispose]: () => this.closing.then(() => void this.log.push('engine closed')),
    } as unknown as Engine;
    const links = openLinks(Buffer.alloc(32));
    const start = (): Line => {
      const { port1, port2 } = new MessageChannel();
      const parts = {
        store,
        keeper,
        gateway,
        openIndex,
        openEngine: () => engine,
        folder: this.folder,
        clock: systemClock,
        log: silent,
        links,
        own: openOwnPasswords(emptyDesk),
      };
      const room = new Room(parts, (message, move = []) => port2.postMessage(message, move));
      port2.on('message', (message) => {
        if (message === 'end') void room[Symbol.asyncDispose]().then(() => port2.close());
        else if (message === 'crash') port2.close();
        else void room.take(message);
      });
      this.crash = () => port1.postMessage('crash');
      return overPort(port1);
    };
    this.rooms = openMailrooms(1, start, silent);
  }
  crash: () => void = () => undefined;

  async [Symbol.asyncDispose](): Promise<void> {
    await this.rooms[Symbol.asyncDispose]();
    rmSync(this.folder, { recursive: true });
  }
}

const code = (wanted: string) => (error: unknown) => error instanceof RoomError && error.code === wanted;
const ask = (world: World, text: string) => world.rooms.ask('api', who, { body: Buffer.from(text) });

test('D23 the first request opens the user once, makes the index key, and answers bytes with bytes', async () => {
  await using world = new World();
  const answers = await Promise.all([ask(world, 'one'), ask(world, 'two')]);
  assert.deepEqual(
    answers.map((a) => Buffer.from(a.body).toString()),
    ['one', 'two'],
  );
  assert.deepEqual(world.log, ['index aa-bb.db key']);
  assert.equal(world.records[0]?.purpose, 'index-key');
  assert.deepEqual([world.rooms.census().users, world.rooms.census().accounts], [1, 1]);
});

test('a user who comes again opens the index with the stored key', async () => {
  await using world = new World();
  await ask(world, 'x');
  await world.rooms.ask('close', who, {});
  await ask(world, 'x');
  assert.deepEqual(world.log, ['index aa-bb.db key', 'engine closed', 'index closed', 'index aa-bb.db opened wrapped']);
});

test('without the user key the answer is locked', async () => {
  await using world = new World();
  world.open = false;
  await assert.rejects(ask(world, 'x'), code('room/locked'));
  world.open = true;
  await ask(world, 'x');
});

test('D75 the tide of a user is shared while the accounts are open, and rises when something changes', async () => {
  await using world = new World();
  assert.equal(world.rooms.tide(user), null);
  world.api = async ({ host }, body) => ({ status: 200, type: 't', body, level: host.tide.level });
  const { level } = await ask(world, 'x');
  const tide = world.rooms.tide(user);
  assert.ok(tide && tide.level === level);
  world.changed(new Set());
  assert.ok(tide.level > level, 'told by an index');
  const { level: then } = await ask(world, 'x');
  assert.equal(then, tide.level);
  await world.rooms.ask('accounts', who, { renew: null, erase: null });
  assert.ok(tide.level > Number(then), 'accounts may be others');
  const last = tide.level;
  await world.rooms.ask('close', who, {});
  assert.deepEqual([world.rooms.tide(user), tide.level > last], [null, true]);
  await ask(world, 'x');
  assert.notEqual(world.rooms.tide(user), tide, 'another one, though it may stand as high');
  assert.ok(world.rooms.tide(user));
  world.crash();
  await assert.rejects(ask(world, 'x'), code('room/gone'));
  assert.equal(world.rooms.tide(user), null, 'of a room that has ended nobody knows');
});

test('an account that comes while its user is being opened is opened, too', async () => {
  await using world = new World();
  const opening = Promise.withResolvers<void>();
  world.opening = opening.promise;
  const asked = ask(world, 'x');
  await new Promise((resolve) => setTimeout(resolve, 20));
  world.accounts = [account, { ...account, id: 'cc-dd' } as MailAccount];
  const told = world.rooms.ask('accounts', who, { renew: null, erase: null });
  await new Promise((resolve) => setTimeout(resolve, 20));
  opening.resolve();
  await Promise.all([told, asked]);
  assert.equal(world.rooms.census().accounts, 2);
});

test('D25 an index that cannot be read is made anew', async () => {
  await using world = new World();
  world.unreadable = 1;
  await ask(world, 'x');
  assert.equal(world.log.length, 2);
});

test('D25 so is one of which that shows while it is used, once however often it is told', async () => {
  await using world = new World();
  await ask(world, 'x');
  const file = join(world.folder, 'aa-bb.db');
  writeFileSync(file, 'damaged');
  const { damaged } = world;
  const closing = Promise.withResolvers<void>();
  world.closing = closing.promise;
  for (let n = 0; n < 3; n += 1) damaged(new IndexError('index/unreadable', 'damaged'));
  const meanwhile = ask(world, 'y');
  assert.equal(existsSync(file), true, 'nobody writes into a file that is still open');
  closing.resolve();
  await meanwhile;
  damaged(new IndexError('index/unreadable', 'told late'));
  await ask(world, 'z');
  assert.deepEqual(world.log.slice(1), ['engine closed', 'index closed', 'index aa-bb.db opened wrapped']);
  assert.equal(existsSync(file), false);
  assert.equal(world.rooms.census().accounts, 1);
});

test('an answer on its way is finished before the accounts close', async () => {
  await using world = new World();
  await ask(world, 'x');
  let finish: () => void = () => undefined;
  world.api = async (_caller, body) => {
    await new Promise<void>((resolve) => (finish = resolve));
    world.log.push('answered');
    return { status: 200, type: 't', body, level: null };
  };
  const answer = ask(world, 'slow');
  await new Promise((resolve) => setTimeout(resolve, 5));
  const closed = world.rooms.ask('close', who, {});
  await new Promise((resolve) => setTimeout(resolve, 5));
  finish();
  await Promise.all([answer, closed]);
  assert.deepEqual(world.log.slice(1), ['answered', 'engine closed', 'index closed']);
});

test('D24 changes are told once for several commits, with the types that moved', async () => {
  await using world = new World();
  await ask(world, 'x');
  const heard: [string, Record<string, string>][] = [];
  const first = new Promise<void>((resolve) =>
    world.rooms.onChange((_user, id, states) => (heard.push([id, states]), resolve())),
  );
  world.states['Aaabb'] = { Email: 'e-2', Mailbox: 'e-1' };
  world.changed(new Set(['Email']));
  world.changed(new Set(['Email']));
  await first;
  assert.deepEqual(heard, [['Aaabb', { Email: 'e-2' }]]);
});

test('D23 a download is pulled: a reader that stops, stops the source', async () => {
  await using world = new World();
  let made = 0;
  let ended = false;
  world.download = (async function* () {
    try {
      for (;;) yield Buffer.from(`chunk ${(made += 1)}`);
    } finally {
      ended = true;
    }
  })();
  const found = await world.rooms.ask('download', who, { account: 'Aaabb', blob: 'G1' });
  assert.ok(found);
  const reader = (await pulling(found.port)).getReader();
  assert.equal(Buffer.from((await reader.read()).value ?? []).toString(), 'chunk 1');
  await reader.cancel();
  while (!ended) await new Promise((resolve) => setTimeout(resolve, 1));
  assert.ok(made <= 5, `${made} chunks made for one read`);
});

test('what is on its way when the reader leaves harms nobody', async () => {
  for (const late of [{ chunk: new Uint8Array(3) }, { end: true }]) {
    const { port1, port2 } = new MessageChannel();
    port2.once('message', () => port2.postMessage({ chunk: new Uint8Array(3) }));
    const stream = await pulling(port1);
    port2.postMessage(late);
    await stream.cancel();
    // An error of a port is nobody's to catch: it would end the process, and with it the test.
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
});

test('D30 a download ends, and one that breaks off says so', async () => {
  await using world = new World();
  world.download = (async function* () {
    yield Buffer.from('all');
  })();
  const whole = await world.rooms.ask('download', who, { account: 'Aaabb', blob: 'G1' });
  assert.equal(await new Response(whole && (await pulling(whole.port))).text(), 'all');
  world.download = (async function* () {
    yield Buffer.from('half');
    throw new Error('line dropped');
  })();
  const half = await world.rooms.ask('download', who, { account: 'Aaabb', blob: 'G1' });
  await assert.rejects(new Response(half && (await pulling(half.port))).text());
  world.download = {
    [Symbol.asyncIterator]: () => ({ next: () => Promise.reject(new IndexError('index/full', 'no room')) }),
  };
  const none = await world.rooms.ask('download', who, { account: 'Aaabb', blob: 'G1' });
  assert.ok(none);
  await assert.rejects(pulling(none.port), code('room/full'), 'told before any of it is promised');
});

test('D25 a room that ends is replaced; what waited is told', async () => {
  await using world = new World();
  await ask(world, 'x');
  world.api = () => new Promise(() => undefined);
  const lost = ask(world, 'never');
  world.crash();
  await assert.rejects(lost, code('room/gone'));
  await assert.rejects(ask(world, 'too soon'), code('room/gone'));
  await new Promise((resolve) => setTimeout(resolve, 1_100));
  world.api = async (_caller, body) => ({ status: 200, type: 't', body, level: null });
  assert.equal(Buffer.from((await ask(world, 'again')).body).toString(), 'again');
});

test('an error of the gateway arrives as a code, without its words', async () => {
  await using world = new World();
  world.api = async () => {
    throw new Error('secret subject line');
  };
  await assert.rejects(
    ask(world, 'x'),
    (error) => error instanceof RoomError && error.code === 'room/defect' && !error.message.includes('secret'),
  );
});

test('D27 signed links: whose part, until when, and nobody else makes one', () => {
  const links = openLinks(Buffer.alloc(32, 1));
  const claim = { user, account: 'A1', email: 'M1', expires: 1_000 };
  const token = links.part(claim);
  assert.deepEqual(links.readPart(token, 999_000), claim);
  assert.equal(links.readPart(token, 1_000_001), null);
  assert.equal(links.readDocument(token, 0), null, 'a part is not a document');
  assert.equal(openLinks(Buffer.alloc(32, 2)).readPart(token, 0), null);
  for (const wrong of ['', '.', 'a.b', `${token}x`, token.slice(1), `${token}.${token}`])
    assert.equal(links.readPart(wrong, 0), null, wrong);
  const query = new URLSearchParams(links.out('https://example.org/?a=1&b=2#x'));
  assert.ok(links.isOut(query.get('u') ?? '', query.get('sig') ?? ''));
  assert.ok(!links.isOut('https://evil.example/', query.get('sig') ?? ''));
});
