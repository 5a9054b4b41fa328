import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Clock } from '#base/clock.ts';
import { silent } from '#base/log.ts';
import { openIndex } from '#index/open.ts';
import { openStore } from '#store/open.ts';
import type { Store, Submission, SubmissionState } from '#store/types.ts';
import { recordBinding } from '#vault/associated.ts';
import { openRecord, sealRecord } from '#vault/seal-record.ts';
import { digest } from './digest.ts';
import { Outbox } from './outbox.ts';
import type { SendOutcome } from './outbox-step.ts';
import type { Ticket } from './ticket.ts';
import type { SentFolder } from './sent-folder.ts';
import { decodeSubmission, encodeSubmission, newSubmissionRecord } from './submission.ts';
import { plainKeeper, seedStore, testMailAccount } from './test-account.ts';

const raw = Buffer.from(
  'From: alice@village.test\r\nTo: bob@village.test\r\nSubject: hi\r\nMessage-ID: <o1@village.test>\r\n\r\nhello\r\n',
);

/** Time that moves only when told; timers run when their time has come. */
const heldClock = (): Clock & { forward(ms: number): void } => {
  let now = 1_700_000_000_000;
  const timers = new Set<{ at: number; task: () => void }>();
  return {
    now: () => now,
    after: (ms, task) => {
      const timer = { at: now + ms, task };
      timers.add(timer);
      return () => timers.delete(timer);
    },
    forward: (ms) => {
      now += ms;
      for (const timer of timers.values().toArray()) if (timer.at <= now && timers.delete(timer)) timer.task();
    },
  };
};

/** An outbox with a store and an index that are real, and servers that are not. */
const open = async () => {
  const folder = mkdtempSync(join(tmpdir(), 'postern-outbox-'));
  const store = await openStore(`sqlite:${join(folder, 'store.db')}`, { mode: 'direct' });
  const account = testMailAccount(0, 'alice@village.test');
  await seedStore(store, account);
  const index = openIndex(join(folder, 'index.db'), randomBytes(32));
  const keeper = plainKeeper();
  const clock = heldClock();
  const servers = {
    taken: 0,
    filed: 0,
    inSent: false,
    filesItself: false,
    fileError: null as Error | null,
    answer: (): Promise<SendOutcome> => Promise.resolve({ at: 'accepted', reply: '250 2.0.0 ok', refused: [] }),
  };
  const sent: SentFolder = {
    get filesItself() {
      return servers.filesItself;
    },
    has: () => Promise.resolve(servers.inSent || servers.filed > 0),
    append: (message) => {
      if (servers.fileError !== null) return Promise.reject(servers.fileError);
      assert.deepEqual(message, raw);
      servers.filed += 1;
      return Promise.resolve();
    },
  };
  const outboxes: Outbox[] = [];
  const start = (instead: Partial<ConstructorParameters<typeof Outbox>[0]> = {}): Outbox => {
    const send = async (): Promise<SendOutcome> => {
      servers.taken += 1;
      return servers.answer();
    };
    const outbox = new Outbox({
      account,
      index,
      store,
      keeper,
      clock,
      log: silent,
      mayTry: () => true,
      random: () => 0,
      send,
      sent,
      nudge: () => undefined,
      ...instead,
    });
    outboxes.push(outbox);
    return outbox;
  };
  const sealed = async (id: string, bytes: Buffer) => {
    const row = {
      id,
      user: account.user,
      account: account.id,
      purpose: 'submission' as const,
      generation: 1,
      updatedAt: clock.now(),
    };
    return { ...row, ...(await sealRecord(keeper, recordBinding(row), bytes)) };
  };
  const box = index.write((t) =>
    t.saveMailbox({
      pathRaw: 'Drafts',
      path: 'Drafts',
      delimiter: '/',
      parent: null,
      name: 'Drafts',
      role: 'drafts',
      noselect: false,
      subscribed: true,
      readOnly: false,
      keywordsAllowed: true,
      uidvalidity: 5,
      uidnext: 1,
      modseq: '0',
      exists: 0,
      lowUid: 0,
      state: 'live',
    }),
  );
  const number = index.write((t) =>
    t.addLocal(box.id, { ...digest(raw), keywords: ['$draft'], deleted: false, receivedAt: 1_700_000_000 }),
  );
  const record = newSubmissionRecord({
    identityId: 'I1',
    emailId: `M${number.toString(36)}`,
    threadId: 'T1',
    envelope: {
      mailFrom: { email: 'alice@village.test', parameters: { HOLDFOR: '10' } },
      rcptTo: [{ email: 'bob@village.test', parameters: null }],
    },
    messageId: 'o1@village.test',
    createdAt: clock.now(),
    sendAt: clock.now() + 10_000,
    wantsSentCopy: true,
    onSuccessUpdateEmail: { 'keywords/$draft': null, 'keywords/$seen': true },
  });
  const put = async (state: SubmissionState): Promise<Submission> => {
    const row: Submission = {
      id: 'S1',
      user: account.user,
      account: account.id,
      state,
      sendAt: record.sendAt,
      tries: 0,
      updatedAt: clock.now(),
      record: await sealed('S1-record', encodeSubmission(record)),
      message: await sealed('S1-message', raw),
    };
    await store.saveSubmission(row);
    return row;
  };
  const state = async (): Promise<SubmissionState | undefined> => (await store.submission('S1'))?.state;
  const said = async () => {
    const row = await store.submission('S1');
    assert.ok(row);
    return decodeSubmission(await openRecord(keeper, recordBinding(row.record), row.record));
  };
  const keywords = (): string[] => index.read((reader) => reader.email(number)?.keywords ?? []);
  const changes = (): string => index.read((reader) => reader.state('EmailSubmission'));
  return {
    servers,
    clock,
    store,
    start,
    put,
    state,
    said,
    keywords,
    changes,
    [Symbol.asyncDispose]: async () => {
      await Promise.all(
        outboxes.map((outbox) => Promise.race([outbox.close(), new Promise((resolve) => setTimeout(resolve, 50))])),
      );
      index[Symbol.dispose]();
      await store[Symbol.asyncDispose]();
      rmSync(folder, { recursive: true, force: true });
    },
  };
};

test('O1 O3 O5 O6 O13 held, sent when its time has come, filed once', async () => {
  await using it = await open();
  await it.put('held');
  const outbox = it.start();
  await outbox.nudge();
  assert.deepEqual([await it.state(), it.servers.taken], ['held', 0]);
  const before = it.changes();
  it.clock.forward(10_000);
  await outbox.nudge();
  assert.deepEqual([await it.state(), it.servers.taken, it.servers.filed], ['filed', 1, 1]);
  assert.equal((await it.said()).deliveryStatus['bob@village.test']?.smtpReply, '250 2.0.0 ok');
  assert.equal((await it.said()).sentCopy, 'appended');
  assert.deepEqual(it.keywords(), ['$seen']);
  assert.notEqual(it.changes(), before);
  await outbox.nudge();
  assert.equal(it.servers.taken, 1);
});

test('O2 what was canceled is not sent', async () => {
  await using it = await open();
  await it.put('held');
  const outbox = it.start();
  await outbox.nudge();
  assert.equal(await it.store.moveSubmission('S1', 'held', 'canceled'), true);
  it.clock.forward(60_000);
  await outbox.nudge();
  assert.deepEqual([await it.state(), it.servers.taken], ['canceled', 0]);
});

test('O3 what falls due while the outbox looks for its next time is sent, not left until somebody asks', async () => {
  await using it = await open();
  it.clock.forward(10_000);
  let late: Promise<unknown> | null = null;
  const store = new Proxy(it.store, {
    get: (target, name) => {
      const value: unknown = Reflect.get(target, name);
      if (typeof value !== 'function') return value;
      if (name !== 'dueSubmissions') return (value as (...args: unknown[]) => unknown).bind(target);
      return async (account: Parameters<Store['dueSubmissions']>[0], until: number) => {
        const rows = await target.dueSubmissions(account, until);
        if (until === Number.MAX_SAFE_INTEGER) late ??= it.put('due').then(() => void outbox.nudge());
        await late;
        return rows;
      };
    },
  });
  const outbox = it.start({ store });
  await outbox.nudge();
  for (let turn = 0; turn < 100 && (await it.state()) !== 'filed'; turn += 1)
    await new Promise((resolve) => setTimeout(resolve, 10));
  assert.equal(it.servers.taken, 1);
});

test('O4 of two that see a due row only one sends it', async () => {
  await using it = await open();
  await it.put('due');
  it.clock.forward(10_000);
  await Promise.all([it.start().nudge(), it.start().nudge()]);
  assert.equal(it.servers.taken, 1);
});

test('O7 a crash after acceptance only files', async () => {
  await using it = await open();
  await it.put('sent');
  await it.start().nudge();
  assert.deepEqual([await it.state(), it.servers.taken, it.servers.filed], ['filed', 0, 1]);
});

test('O8 a row found in sending is unknown, and is not sent by itself', async () => {
  await using it = await open();
  await it.put('sending');
  const outbox = it.start();
  await outbox.nudge();
  assert.deepEqual([await it.state(), it.servers.taken], ['unknown', 0]);
  assert.equal((await it.said()).failure?.code, 'send/unknown');
  for (let minute = 0; minute < 30; minute += 1) {
    it.clock.forward(60_000);
    await outbox.nudge();
  }
  assert.deepEqual([await it.state(), it.servers.taken], ['unknown', 0]);
});

test('O8 an unknown row whose message is in Sent was sent', async () => {
  await using it = await open();
  await it.put('sending');
  it.servers.inSent = true;
  await it.start().nudge();
  assert.deepEqual([await it.state(), it.servers.taken, it.servers.filed], ['filed', 0, 0]);
  assert.equal((await it.said()).sentCopy, 'found');
});

test('O7 O8 a process that dies in the middle of sending does not make another send again', async () => {
  await using it = await open();
  await it.put('due');
  it.clock.forward(10_000);
  it.servers.answer = () => new Promise(() => undefined);
  void it.start().nudge();
  while ((await it.state()) !== 'sending') await new Promise((resolve) => setTimeout(resolve, 5));
  await it.start().nudge();
  assert.deepEqual([await it.state(), it.servers.taken], ['unknown', 1]);
});

test('O9 O10 refusals: for now, and for good', async () => {
  await using it = await open();
  await it.put('due');
  it.clock.forward(10_000);
  it.servers.answer = () =>
    Promise.resolve({ at: 'refused', permanent: false, code: 'smtp/refused', words: '451 later', refused: [] });
  const outbox = it.start();
  await outbox.nudge();
  assert.deepEqual([await it.state(), (await it.said()).failure?.words], ['due', '451 later']);
  await outbox.nudge();
  assert.equal(it.servers.taken, 1);
  it.servers.answer = () =>
    Promise.resolve({ at: 'refused', permanent: true, code: 'smtp/refused', words: '550 never', refused: [] });
  it.clock.forward(61_000);
  await outbox.nudge();
  assert.deepEqual([await it.state(), (await it.said()).failure?.words, it.servers.taken], ['failed', '550 never', 2]);
});

test('O16 after "try again" the same message goes out', async () => {
  await using it = await open();
  await it.put('failed');
  const outbox = it.start();
  await outbox.nudge();
  await it.store.moveSubmission('S1', 'failed', 'due', { sendAt: it.clock.now(), tries: 0 });
  await outbox.nudge();
  assert.deepEqual([await it.state(), it.servers.taken], ['filed', 1]);
});

test('O11 a line that broke with the message in hand is unknown', async () => {
  await using it = await open();
  await it.put('due');
  it.clock.forward(10_000);
  it.servers.answer = () => Promise.resolve({ at: 'unknown', code: 'smtp/unknown' });
  await it.start().nudge();
  assert.equal(await it.state(), 'unknown');
});

test('O13 a provider that files its own copy gets none from us', async () => {
  await using it = await open();
  await it.put('sent');
  it.servers.filesItself = true;
  await it.start().nudge();
  assert.deepEqual([await it.state(), it.servers.filed, (await it.said()).sentCopy], ['filed', 0, 'provider']);
});

test('O14 a copy that cannot be filed leaves the message sent, and is tried again', async () => {
  await using it = await open();
  await it.put('sent');
  it.servers.fileError = new Error('full');
  const outbox = it.start();
  await outbox.nudge();
  assert.deepEqual([await it.state(), (await it.said()).failure?.code], ['sent', 'net/away']);
  it.servers.fileError = null;
  await outbox.live();
  assert.deepEqual([await it.state(), it.servers.taken, it.servers.filed], ['filed', 0, 1]);
});

test('O12 a locked user costs no try', async () => {
  await using it = await open();
  await it.put('due');
  it.clock.forward(10_000);
  it.servers.answer = () => Promise.resolve({ at: 'not-sent', code: 'user/locked', ours: true });
  await it.start().nudge();
  const row = await it.store.submission('S1');
  assert.deepEqual([row?.state, row?.tries], ['due', 0]);
});

test('O17 a ticket takes what is held when its user leaves; what it does not take waits as before', async () => {
  await using it = await open();
  await it.put('held');
  const outbox = it.start();
  await outbox.nudge();
  const taken: number[] = [];
  const ticket = (longest: number, answer: SendOutcome): Ticket => ({
    longest: () => Promise.resolve(longest),
    take: (_envelope, message, seconds) => {
      assert.deepEqual(message, raw);
      taken.push(seconds);
      return Promise.resolve(answer);
    },
  });
  const accepted: SendOutcome = { at: 'accepted', reply: '250 2.0.0 held', refused: [] };
  await outbox.handOver(ticket(0, accepted));
  await outbox.handOver(ticket(5, accepted));
  assert.deepEqual([taken, await it.state()], [[], 'held'], 'further ahead than it takes');
  const refused: SendOutcome = { at: 'refused', permanent: true, code: 'smtp/refused', words: '501 no', refused: [] };
  await outbox.handOver(ticket(60, refused));
  assert.deepEqual([taken, await it.state()], [[10], 'held'], 'a refusal is no failure: it goes the usual way');
  await outbox.handOver(ticket(60, accepted));
  assert.deepEqual([taken, await it.state(), it.servers.filed], [[10, 10], 'filed', 1]);
  it.clock.forward(60_000);
  await outbox.nudge();
  await outbox.handOver(ticket(60, accepted));
  assert.deepEqual([taken.length, it.servers.taken], [2, 0], 'never a second time');
});

test('O17 V106 nothing is handed over and nothing sent while the server refuses the password', async () => {
  await using it = await open();
  await it.put('held');
  let mayTry = false;
  const outbox = it.start({ mayTry: () => mayTry });
  let asked = 0;
  const take = (): Promise<SendOutcome> => {
    asked += 1;
    return it.servers.answer();
  };
  await outbox.handOver({ longest: () => Promise.resolve(60), take });
  it.clock.forward(10_000);
  await outbox.nudge();
  assert.deepEqual([asked, it.servers.taken], [0, 0]);
  mayTry = true;
  await outbox.live();
  assert.deepEqual([await it.state(), it.servers.taken], ['filed', 1]);
});
