import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SubmissionState } from '#store/types.ts';
import { InHand } from './in-hand.ts';
import type { SendOutcome } from './outbox-step.ts';
import { open } from './outbox.testkit.ts';

/** The user leaves, or the process ends, in the midst of it. */

const sendingNow = async (it: Awaited<ReturnType<typeof open>>, answer: Promise<SendOutcome>) => {
  await it.put('due', { onCancelUpdateEmail: { 'keywords/$draft': true, 'keywords/$seen': null } });
  it.clock.pass(10_000);
  it.servers.answer = () => answer;
  const outbox = it.start();
  const round = outbox.nudge();
  await until(it, 'sending');
  return { outbox, round };
};

const until = async (it: Awaited<ReturnType<typeof open>>, state: SubmissionState): Promise<void> => {
  for (let turn = 0; turn < 400 && (await it.state()) !== state; turn += 1)
    await new Promise((resolve) => setTimeout(resolve, 5));
  assert.equal(await it.state(), state);
};

/** Closes though the server does not answer. */
const close = async (it: Awaited<ReturnType<typeof open>>, outbox: { close(): Promise<void> }): Promise<void> => {
  const closed = outbox.close();
  for (let n = 0; n < 3; n += 1) {
    await new Promise((resolve) => setImmediate(resolve));
    it.clock.pass(20_000);
  }
  await closed;
};

const accepted: SendOutcome = { at: 'accepted', reply: '250 2.0.0 ok', refused: [] };
const refused = (permanent: boolean): SendOutcome => ({
  at: 'refused',
  permanent,
  code: 'smtp/refused',
  words: 'no',
  refused: [],
});

for (const [name, outcome, state, keywords] of [
  ['accepted', accepted, 'filed', ['$seen']],
  ['refused for now', refused(false), 'due', ['$seen']],
  ['refused for good', refused(true), 'failed', ['$draft']],
] as const)
  test(`O31 what is still in hand when its user is back is not taken over, and settled when the server answers: ${name}`, async () => {
    await using it = await open();
    const answer = Promise.withResolvers<SendOutcome>();
    it.index.write((t) => t.setKeywords(it.number, ['$seen'], ['$draft'], 0));
    const { outbox, round } = await sendingNow(it, answer.promise);
    await close(it, outbox);
    const next = it.start();
    await next.nudge();
    assert.deepEqual([await it.state(), it.servers.taken], ['sending', 1]);
    answer.resolve(outcome);
    await round;
    await until(it, state);
    await next.nudge();
    assert.deepEqual([await it.state(), it.servers.taken, it.keywords()], [state, 1, keywords]);
  });

test('O31 a closed outbox uses the index no more, and the next one does what is left', async () => {
  await using it = await open();
  const answer = Promise.withResolvers<SendOutcome>();
  const { outbox, round } = await sendingNow(it, answer.promise);
  await close(it, outbox);
  const before = it.changes();
  await round;
  answer.resolve(accepted);
  await until(it, 'sent');
  assert.equal(it.changes(), before);
  await it.start().nudge();
  assert.deepEqual([await it.state(), it.servers.taken], ['filed', 1]);
});

test('O8 O31 what a closed outbox could not write is unknown to the next', async () => {
  await using it = await open();
  await it.put('due');
  it.clock.pass(10_000);
  const answer = Promise.withResolvers<SendOutcome>();
  it.servers.answer = () => answer.promise;
  const store = new Proxy(it.store, {
    get: (target, name) => {
      const value: unknown = Reflect.get(target, name);
      if (typeof value !== 'function') return value;
      const real = (value as (...args: unknown[]) => unknown).bind(target);
      if (name !== 'moveSubmission') return real;
      return (id: string, from: string, ...more: unknown[]) =>
        from === 'sending' ? Promise.reject(new Error('the store is away')) : real(id, from, ...more);
    },
  });
  const outbox = it.start({ store });
  const round = outbox.nudge();
  await until(it, 'sending');
  await close(it, outbox);
  await it.start().nudge();
  assert.equal(await it.state(), 'sending');
  answer.resolve(accepted);
  await round;
  await until(it, 'unknown');
  assert.deepEqual([await it.state(), it.servers.taken], ['unknown', 1]);
});

test('O31 a row that another process took for left over becomes what it really is', async () => {
  for (const [outcome, state] of [
    [accepted, 'filed'],
    [refused(false), 'due'],
    [refused(true), 'failed'],
  ] as const) {
    await using it = await open();
    const answer = Promise.withResolvers<SendOutcome>();
    const { round } = await sendingNow(it, answer.promise);
    await it.start({ inHand: new InHand() }).nudge();
    assert.equal(await it.state(), 'unknown');
    answer.resolve(outcome);
    await round;
    assert.deepEqual([await it.state(), it.servers.taken], [state, 1]);
  }
});

test('O7 O31 what is due again because of "Send again" does not go twice when the first was taken after all', async () => {
  await using it = await open();
  const answer = Promise.withResolvers<SendOutcome>();
  const { round } = await sendingNow(it, answer.promise);
  await it.start({ inHand: new InHand() }).nudge();
  await it.store.moveSubmission('S1', 'unknown', 'due', { sendAt: it.clock.now(), tries: 0 });
  answer.resolve(accepted);
  await round;
  assert.deepEqual([await it.state(), it.servers.taken], ['filed', 1]);
});

test('O32 a submission that was canceled when the process died is put back at the next start, once', async () => {
  await using it = await open();
  it.index.write((t) => t.setKeywords(it.number, ['$seen'], ['$draft'], 0));
  await it.put('canceled', { onCancelUpdateEmail: { 'keywords/$draft': true, 'keywords/$seen': null } });
  await it.start().nudge();
  assert.deepEqual([it.keywords(), (await it.said()).onCancelUpdateEmail], [['$draft'], null]);
  it.index.write((t) => t.setKeywords(it.number, ['$seen'], ['$draft'], 0));
  await it.start().nudge();
  assert.deepEqual(it.keywords(), ['$seen'], 'what the user did since stays');
});

test('O32 an Email that was sent anew since lies where the later submission put it', async () => {
  await using it = await open();
  it.index.write((t) => t.setKeywords(it.number, ['$seen'], ['$draft'], 0));
  await it.put('canceled', { onCancelUpdateEmail: { 'keywords/$draft': true, 'keywords/$seen': null } });
  it.clock.pass(1_000);
  await it.put('filed', { createdAt: it.clock.now() }, 'S2');
  await it.start().nudge();
  assert.deepEqual([it.keywords(), (await it.said()).onCancelUpdateEmail], [['$seen'], null]);
});

test('O31 a letter that an outbox made due and then left, closed as it was, is sent by the next at once', async () => {
  await using it = await open();
  await it.put('held');
  it.clock.pass(10_000);
  // The one before makes it due in the moment in which this one would.
  const { store } = it;
  const late = Object.create(store) as typeof store;
  late.moveSubmission = async (id, from, to, patch) => {
    const moved = await store.moveSubmission(id, from, to, patch);
    return moved && from !== 'held';
  };
  await it.start({ store: late }).nudge();
  assert.deepEqual([await it.state(), it.servers.taken], ['filed', 1]);
});

test('O31 a letter that another outbox has in hand for a moment is looked at again when it lets go', async () => {
  await using it = await open();
  const inHand = new InHand();
  const outbox = it.start({ inHand });
  await outbox.nudge();
  await it.put('due');
  it.clock.pass(10_000);
  const letGo = Promise.withResolvers<void>();
  const held = inHand.hold('S1', () => letGo.promise);
  await outbox.nudge();
  assert.deepEqual([await it.state(), it.servers.taken], ['due', 0]);
  letGo.resolve();
  await held;
  await until(it, 'filed');
  assert.equal(it.servers.taken, 1);
});
