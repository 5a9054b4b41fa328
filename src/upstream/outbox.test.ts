import assert from 'node:assert/strict';
import { test } from 'node:test';
import { IndexError } from '#index/errors.ts';
import type { Store } from '#store/types.ts';
import { InHand } from './in-hand.ts';
import type { SendOutcome } from './outbox-step.ts';
import { open, raw } from './outbox.testkit.ts';
import type { Ticket } from './ticket.ts';

test('O1 O3 O5 O6 O13 held, sent when its time has come, filed once', async () => {
  await using it = await open();
  await it.put('held');
  const outbox = it.start();
  await outbox.nudge();
  assert.deepEqual([await it.state(), it.servers.taken], ['held', 0]);
  const before = it.changes();
  it.clock.pass(10_000);
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
  it.clock.pass(60_000);
  await outbox.nudge();
  assert.deepEqual([await it.state(), it.servers.taken], ['canceled', 0]);
});

test('O3 what falls due while the outbox looks for its next time is sent, not left until somebody asks', async () => {
  await using it = await open();
  it.clock.pass(10_000);
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
  it.clock.pass(10_000);
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
    it.clock.pass(60_000);
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
  it.clock.pass(10_000);
  it.servers.answer = () => new Promise(() => undefined);
  void it.start().nudge();
  while ((await it.state()) !== 'sending') await new Promise((resolve) => setTimeout(resolve, 5));
  await it.start({ inHand: new InHand() }).nudge();
  assert.deepEqual([await it.state(), it.servers.taken], ['unknown', 1]);
});

test('O9 O10 refusals: for now, and for good', async () => {
  await using it = await open();
  await it.put('due');
  it.clock.pass(10_000);
  it.servers.answer = () =>
    Promise.resolve({ at: 'refused', permanent: false, code: 'smtp/refused', words: '451 later', refused: [] });
  const outbox = it.start();
  await outbox.nudge();
  assert.deepEqual([await it.state(), (await it.said()).failure?.words], ['due', '451 later']);
  await outbox.nudge();
  assert.equal(it.servers.taken, 1);
  it.servers.answer = () =>
    Promise.resolve({ at: 'refused', permanent: true, code: 'smtp/refused', words: '550 never', refused: [] });
  it.clock.pass(61_000);
  await outbox.nudge();
  assert.deepEqual([await it.state(), (await it.said()).failure?.words, it.servers.taken], ['failed', '550 never', 2]);
});

test('O15 O32 while the index cannot be written letters are sent, and what is done to Emails is done once it can', async () => {
  await using it = await open();
  await it.put('due');
  const back = { onSuccessUpdateEmail: null, onCancelUpdateEmail: { 'keywords/$flagged': true } };
  await it.put('canceled', back, 'S2');
  it.clock.pass(10_000);
  let isFull = true;
  const index = new Proxy(it.index, {
    get: (target, name) => {
      if (name === 'write' && isFull) throw new IndexError('index/full', 'no room');
      const value: unknown = Reflect.get(target, name);
      return typeof value === 'function' ? (value.bind(target) as unknown) : value;
    },
  });
  const outbox = it.start({ index });
  await outbox.nudge();
  assert.deepEqual([await it.state(), it.servers.taken, it.keywords()], ['sent', 1, ['$draft']]);
  isFull = false;
  it.clock.pass(5 * 60_000);
  await outbox.nudge();
  assert.deepEqual([await it.state(), it.servers.taken, it.keywords()], ['filed', 1, ['$seen', '$flagged']]);
  assert.equal((await it.said('S2')).onCancelUpdateEmail, null);
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
  it.clock.pass(10_000);
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

test('O13 a letter that was destroyed while it waited leaves a copy in Sent when it went', async () => {
  await using it = await open();
  const sent = it.index.write((t) =>
    t.saveMailbox({ ...it.box, pathRaw: 'Sent', path: 'Sent', name: 'Sent', role: 'sent' }),
  );
  const toSent = { 'keywords/$draft': null, [`mailboxIds/B${sent.id.toString(36)}`]: true };
  for (const destroyed of [false, true]) {
    await it.put('sent', { wantsSentCopy: false, sentCopy: 'none', onSuccessUpdateEmail: toSent });
    if (destroyed) it.index.write((t) => t.destroy(it.number, 0));
    await it.start().nudge();
    assert.deepEqual([await it.state(), it.servers.filed], ['filed', Number(destroyed)]);
    await it.store.deleteSubmission('S1');
  }
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
  it.clock.pass(10_000);
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
  let noted = '';
  const ticket = (longest: number, answer: SendOutcome): Ticket => ({
    longest: () => Promise.resolve(longest),
    take: (_envelope, message, seconds) => {
      assert.deepEqual(message, raw);
      taken.push(seconds);
      noted = it.changes();
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
  assert.notEqual(it.changes(), noted, 'another device hears that it is held again');
  await outbox.handOver(ticket(60, accepted));
  assert.deepEqual([taken, await it.state(), it.servers.filed], [[10, 10], 'filed', 1]);
  it.clock.pass(60_000);
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
  it.clock.pass(10_000);
  await outbox.nudge();
  assert.deepEqual([asked, it.servers.taken], [0, 0]);
  mayTry = true;
  await outbox.live();
  assert.deepEqual([await it.state(), it.servers.taken], ['filed', 1]);
});

test('O37 what was filed or taken back ninety days ago is forgotten and noted; what failed waits', async () => {
  await using it = await open();
  for (const state of ['filed', 'canceled', 'failed', 'unknown'] as const) await it.put(state, {}, state);
  const outbox = it.start();
  await outbox.nudge();
  it.clock.pass(89 * 86_400_000);
  await outbox.nudge();
  assert.equal(await it.count(), 4);
  const before = it.changes();
  it.clock.pass(2 * 86_400_000);
  await outbox.nudge();
  assert.equal(await it.count(), 2);
  const changed = it.index.read((reader) => reader.changes('EmailSubmission', before, 10));
  assert.deepEqual(changed?.destroyed.toSorted(), ['canceled', 'filed']);
});
