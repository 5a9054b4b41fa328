import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Answers } from './answers.ts';
import { openTestGateway, type TestGateway } from './fixture.ts';

const list = ({ accountId, box }: TestGateway, limit = 10): Buffer =>
  Buffer.from(
    JSON.stringify({
      using: ['urn:ietf:params:jmap:core', 'urn:ietf:params:jmap:mail'],
      methodCalls: [
        ['Email/query', { accountId, filter: { inMailbox: `B${box.inbox}` }, limit }, 'q'],
        ['Email/get', { accountId, '#ids': { resultOf: 'q', name: 'Email/query', path: '/ids' } }, 'g'],
      ],
    }),
  );

const ask = async ({ gateway, caller }: TestGateway, body: Buffer): Promise<string> =>
  (await gateway.api(caller, Buffer.from(body))).body.toString();

test('J11 what is asked for a second time is remembered, and is what it would be anew', async () => {
  using g = openTestGateway();
  const { caller } = g;
  g.deliver('From: a@example.org\nSubject: One\n\nText');
  const answers = new Answers();
  const key = Answers.keyOf(list(g));
  const stamp = Answers.stamp(caller);
  let ran = 0;
  const keep = (text: string): void => answers.keep(caller, key, stamp, Buffer.from(text), [() => (ran += 1)]);
  keep('first');
  assert.equal(answers.find(caller, key), undefined, 'asked for once');
  keep('second');
  assert.deepEqual([answers.find(caller, key)?.toString(), ran], ['second', 1], 'its tasks run again');
  const given = answers.find(caller, key);
  given?.fill(0);
  assert.equal(answers.find(caller, key)?.toString(), 'second', 'what went out was a copy');
  g.deliver('From: b@example.org\nSubject: Two\n\nText');
  assert.equal(answers.find(caller, key), undefined, 'of other states');
  assert.equal(answers.find({ ...caller, readOnly: true }, key), undefined);
});

test('J11 an answer from memory follows mail, flags and the state of the session', async () => {
  using g = openTestGateway();
  const body = list(g);
  const before = [await ask(g, body), await ask(g, body), await ask(g, body)];
  assert.deepEqual(new Set(before).size, 1);
  const id = g.deliver('From: a@example.org\nSubject: One\n\nText');
  const [one, two, three] = [await ask(g, body), await ask(g, body), await ask(g, body)];
  assert.ok(one.includes(`"${id}"`) && one === two && two === three);
  await g.one('Email/set', { update: { [id]: { 'keywords/$seen': true } } });
  assert.match(await ask(g, body), /"keywords":\{"\$seen":true\}/u);
  const stateOf = (answer: string): string => (JSON.parse(answer) as { sessionState: string }).sessionState;
  await ask(g, body);
  const live = stateOf(await ask(g, body));
  g.engine.setStatus({ at: 'refused' } as never);
  assert.notEqual(stateOf(await ask(g, body)), live);
});

test('J11 only so many answers are remembered', () => {
  using g = openTestGateway();
  const { caller } = g;
  const answers = new Answers();
  const stamp = Answers.stamp(caller);
  const keys = Array.from({ length: 70 }, (_, at) => Answers.keyOf(list(g, at)));
  for (const key of keys.flatMap((each) => [each, each])) answers.keep(caller, key, stamp, Buffer.alloc(30_000), []);
  const kept = keys.map((key) => answers.find(caller, key) !== undefined);
  assert.deepEqual([kept[0], kept.at(-1), kept.filter(Boolean).length], [false, true, 33]);
  assert.equal(Answers.keyOf(Buffer.alloc(30_000)), null, 'a request may be too long to be remembered');
});
