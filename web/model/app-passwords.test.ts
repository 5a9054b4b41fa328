import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AppPassword, NewAppPassword } from '#jmap/app-password.ts';
import { openAppPasswords } from './app-passwords.ts';
import { accountId, fakeServer, type Handlers, settled } from './testing.ts';
import { proofAsked } from './unlockers/proof.ts';

const item = (id: string, more: Record<string, unknown> = {}): AppPassword =>
  ({ id, name: `Name of ${id}`, state: 'active', own: false, worksUntil: null, ...more }) as unknown as AppPassword;
const wish: NewAppPassword = { name: 'Phone', program: 'apple', protocols: ['imap'] };
const none = { accountId, oldState: '1', newState: '2' };

const open = (set: Handlers[string], more: Handlers = {}) => {
  const server = {
    list: [item('P1'), item('P2'), item('P9', { own: true })],
    question: null as object | null,
    away: false,
  };
  const fake = fakeServer({
    'AppPassword/get': () =>
      server.away
        ? { error: 'serverUnavailable' }
        : { accountId, state: '1', list: server.list, notFound: [], question: server.question },
    'AppPassword/set': set,
    ...more,
  });
  const passwords = openAppPasswords(fake.connection, accountId);
  const shown = (): string[] | string => {
    const state = passwords.state.peek();
    return state.at === 'ready' ? state.list.map(({ id }) => id) : state.at;
  };
  return { passwords, shown, server, ...fake };
};
const ids = (list: readonly string[]): AppPassword['id'][] => list as AppPassword['id'][];

test('AP1 a row goes when the server has revoked it, and not before', async () => {
  const answer = Promise.withResolvers<void>();
  const { passwords, shown, server } = open(async ({ destroy }) => {
    await answer.promise;
    server.list = server.list.filter(({ id }) => !(destroy as string[]).includes(id));
    return { ...none, destroyed: destroy };
  });
  await passwords.load();
  const revoking = passwords.revoke(ids(['P1']));
  await settled();
  assert.deepEqual([shown(), passwords.doing.peek().get(ids(['P1'])[0]!)], [['P1', 'P2', 'P9'], 'revoking']);
  answer.resolve();
  assert.deepEqual(await revoking, { gone: ['P1'], words: null });
  assert.deepEqual([shown(), passwords.doing.peek().size], [['P2', 'P9'], 0]);
});

test('AP1 what the server refused or has not confirmed is never told as revoked', async () => {
  const refusals = [
    { type: 'unconfirmed', description: 'Dovecot does not answer.' },
    { type: 'serverFail', description: 'The database is read-only.' },
    { type: 'notFound' },
  ];
  const { passwords, shown, server } = open(() => ({ ...none, notDestroyed: { P1: refusals.shift() } }));
  await passwords.load();
  const first = await passwords.revoke(ids(['P1']));
  assert.deepEqual(first.gone, []);
  assert.match(first.words ?? '', /may still work.*Dovecot does not answer/u);
  const second = await passwords.revoke(ids(['P1', 'P2']));
  assert.deepEqual(second.gone, ['P2']);
  assert.match(second.words ?? '', /The database is read-only/u);
  assert.deepEqual(shown(), ['P1', 'P2', 'P9'], 'the list is what the server says');
  server.list = [];
  assert.deepEqual(await passwords.revoke(ids(['P1'])), { gone: ['P1'], words: null }, 'gone already is gone');
});

test('AP7 a database that is away changes nothing here and is told as such', async () => {
  const { passwords, shown, server } = open(() => ({ error: 'serverUnavailable' }));
  await passwords.load();
  const result = await passwords.revoke(ids(['P1']));
  assert.deepEqual(result.gone, []);
  assert.match(result.words ?? '', /Your mail works on/u);
  assert.deepEqual(shown(), ['P1', 'P2', 'P9']);
  const outcome = await passwords.create(wish);
  assert.match(outcome.at === 'failed' ? outcome.words : '', /does not answer/u);
  assert.equal(passwords.fresh.peek(), null);
  server.away = true;
  await passwords.load();
  assert.equal(shown(), 'away');
  server.away = false;
  await passwords.load();
  assert.deepEqual(shown(), ['P1', 'P2', 'P9']);
});

test('AP2 a new password is shown with its answer and forgotten when it is put away', async () => {
  const made = { ...item('P3'), password: 'pstsecret', setup: {} };
  const { passwords, shown, server } = open(() => {
    server.list.push(item('P3'));
    return { ...none, created: { new: made } };
  });
  await passwords.load();
  assert.deepEqual(await passwords.create(wish), { at: 'done' });
  assert.deepEqual([passwords.fresh.peek()?.item.password, passwords.fresh.peek()?.taken], ['pstsecret', false]);
  assert.deepEqual(shown(), ['P1', 'P2', 'P9', 'P3']);
  assert.ok(!JSON.stringify(passwords.state.peek()).includes('pstsecret'), 'the list never has it');
  passwords.took();
  assert.equal(passwords.fresh.peek()?.taken, true);
  passwords.putAway();
  assert.equal(passwords.fresh.peek(), null);
});

test('AP2 one that is revoked is shown no longer', async () => {
  const { passwords } = open(({ destroy }) =>
    destroy
      ? { ...none, destroyed: destroy }
      : { ...none, created: { new: { ...item('P3'), password: 'pst', setup: {} } } },
  );
  await passwords.create(wish);
  assert.ok(passwords.fresh.peek());
  await passwords.revoke(ids(['P3']));
  assert.equal(passwords.fresh.peek(), null);
});

test('AP3 making and replacing ask for an unlocker; closed without one nothing is made and nothing is said', async () => {
  let proven = false;
  const { passwords, requests } = open((args) => {
    if (!proven)
      return { ...none, notCreated: { new: { type: 'proofNeeded' } }, notUpdated: { P1: { type: 'proofNeeded' } } };
    if (args['create']) return { ...none, created: { new: { ...item('P3'), password: 'pstone', setup: {} } } };
    const replacement = { ...item('P4'), password: 'psttwo', setup: {} };
    return {
      ...none,
      updated: { P1: { state: 'replaced', worksUntil: '2025-11-07T08:50:00Z', replacedBy: 'P4', replacement } },
    };
  });
  const leaving = passwords.create(wish);
  await settled();
  proofAsked.peek()?.answer(false);
  assert.deepEqual(await leaving, { at: 'left' });
  const making = passwords.create(wish);
  await settled();
  proven = true;
  proofAsked.peek()?.answer(true);
  assert.deepEqual(await making, { at: 'done' });
  assert.equal(passwords.fresh.peek()?.item.password, 'pstone');
  assert.deepEqual(await passwords.rotate(item('P1')), { at: 'done' });
  const fresh = passwords.fresh.peek();
  assert.deepEqual(
    [fresh?.item.password, fresh?.replaces?.id, fresh?.replaces?.worksUntil],
    ['psttwo', 'P1', '2025-11-07T08:50:00Z'],
  );
  const sets = requests.flat().filter(([name]) => name === 'AppPassword/set');
  assert.equal(sets.length, 4);
});

test('AP3 making and replacing are not repeated when their answer was lost; revoking is', async () => {
  for (const act of ['create', 'rotate'] as const) {
    const { passwords, next, requests, clock } = open(() => ({ ...none, destroyed: ['P1'] }));
    next.push(null);
    const going = act === 'create' ? passwords.create(wish) : passwords.rotate(item('P1'));
    await settled();
    for (let turn = 0; turn < 5; turn += 1) {
      clock.pass(30_000);
      await settled();
    }
    const outcome = await going;
    assert.match(outcome.at === 'failed' ? outcome.words : '', /not known whether it was done/u);
    assert.ok(!requests.flat().some(([name]) => name === 'AppPassword/set'), `${act} was sent once, and lost`);
    assert.equal(passwords.fresh.peek(), null);
  }
  const { passwords, next, clock } = open(({ destroy }) => ({ ...none, destroyed: destroy }));
  next.push(null);
  const revoking = passwords.revoke(ids(['P1']));
  await settled();
  clock.pass(1_000);
  assert.deepEqual(await revoking, { gone: ['P1'], words: null });
});

test('what is refused names its field, in words', async () => {
  const refusals = [
    { type: 'invalidProperties', properties: ['networks'], description: 'a network is not of the form 192.0.2.0/24.' },
    { type: 'overQuota', description: 'The operator allows 25.' },
    { type: 'forbidden', description: 'Read only.' },
  ];
  const { passwords } = open(() => ({ ...none, notCreated: { new: refusals.shift() } }));
  const first = await passwords.create(wish);
  assert.deepEqual(first.at === 'failed' && first.field, 'networks');
  const second = await passwords.create(wish);
  assert.match(
    second.at === 'failed' ? second.words : '',
    /as many app passwords as is allowed\. The operator allows 25\./u,
  );
  const third = await passwords.create(wish);
  assert.equal(third.at === 'failed' ? third.words : '', 'The server did not do it: Read only.');
});

test('AP1 revoking all and answering for the changed main password spare what Postern uses, and tell what is not confirmed', async () => {
  const asked: unknown[] = [];
  const answer = { ...none, revoked: ['P1'], unconfirmed: ['P2'], description: 'Dovecot does not answer.' };
  const { passwords, server } = open(() => none, {
    'AppPassword/revokeAll': (args) => {
      asked.push(args);
      server.list = [item('P2', { state: 'revoking' }), item('P9', { own: true })];
      return answer;
    },
    'AppPassword/settle': (args) => {
      asked.push(args);
      server.question = null;
      return { ...none, revoked: [], unconfirmed: [], description: null };
    },
  });
  server.question = { changedAt: '2025-11-05T10:00:00Z' };
  await passwords.load();
  const result = await passwords.revokeAll();
  assert.deepEqual(result.gone, ['P1']);
  assert.match(result.words ?? '', /may still work/u);
  const state = passwords.state.peek();
  assert.deepEqual(state.at === 'ready' && state.list.map((each) => each.state), ['revoking', 'active']);
  assert.deepEqual(await passwords.settle('keep'), { gone: [], words: null });
  const after = passwords.state.peek();
  assert.equal(after.at === 'ready' && after.question, null);
  assert.deepEqual(asked, [{ accountId }, { accountId, choice: 'keep' }]);
});
