import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openTestGateway } from '../fixture.ts';
import { identity } from '../submission/submission.testkit.ts';

test('RFC 8621 §6 the first identity is made of the account, once, and sealed', async () => {
  using g = openTestGateway();
  const { list } = await g.one('Identity/get', {});
  assert.equal(list.length, 1);
  assert.deepEqual([list[0].name, list[0].email, list[0].mayDelete], ['Ana', 'ana@example.org', false]);
  assert.deepEqual((await g.one('Identity/get', {})).list, list);
  const [record] = g.store.kept.values();
  assert.doesNotMatch(record!.sealed.toString('latin1'), /ana@/);
});

test('until it is edited the first identity is called as its last letters were', async () => {
  using g = openTestGateway();
  g.open.account.name = 'example.org';
  const id = await identity(g);
  g.deliver('From: Ana Lindqvist <ANA@example.org>\nSubject: a\n\nx', { mailbox: g.box.sent });
  assert.equal((await g.one('Identity/get', {})).list[0].name, 'Ana Lindqvist');
  await g.one('Identity/set', { update: { [id]: { textSignature: 'A.' } } });
  await g.one('Identity/set', { update: { [id]: { name: '' } } });
  assert.equal((await g.one('Identity/get', {})).list[0].name, '', 'what the user has set stands');
});

test('RFC 8621 §6.3 Identity/set: create, update, destroy, errors, changes', async () => {
  using g = openTestGateway();
  const first = await identity(g);
  const { state } = await g.one('Identity/get', { ids: [] });
  const made = await g.one('Identity/set', {
    create: {
      ok: { email: 'desk@example.org', textSignature: '-- \nDesk' },
      bad: { email: 'nobody' },
      odd: { email: 'a@b.c', mayDelete: false },
    },
  });
  assert.deepEqual(made.notCreated.bad.properties, ['email']);
  assert.deepEqual(made.notCreated.odd.properties, ['mayDelete']);
  const second = made.created.ok.id;
  const changed = await g.one('Identity/set', {
    update: {
      [second]: { name: 'Desk', htmlSignature: null, replyTo: [{ name: null, email: 'r@example.org' }] },
      [first]: { email: 'other@example.org' },
      Inone: { name: 'x' },
    },
  });
  assert.deepEqual(changed.updated, { [second]: null });
  assert.deepEqual(changed.notUpdated[first].properties, ['email']);
  assert.equal(changed.notUpdated['Inone'].type, 'notFound');
  const { list } = await g.one('Identity/get', {
    ids: [second],
    properties: ['name', 'replyTo', 'textSignature', 'mayDelete'],
  });
  assert.deepEqual(list, [
    {
      id: second,
      name: 'Desk',
      replyTo: [{ name: null, email: 'r@example.org' }],
      textSignature: '-- \nDesk',
      mayDelete: true,
    },
  ]);
  assert.deepEqual((await g.one('Identity/changes', { sinceState: state })).created, [second]);
  const gone = await g.one('Identity/set', { destroy: [first, second] });
  assert.deepEqual(gone.destroyed, [first]);
  assert.equal(gone.notDestroyed[second].type, 'forbidden');
});

test('J34 two changes of an identity at once are both there, and the last identity stays', async () => {
  using g = openTestGateway();
  const first = await identity(g);
  const update = (patch: object) => g.one('Identity/set', { update: { [first]: patch } });
  await Promise.all([update({ name: 'Ana L.' }), update({ textSignature: 'A.' }), identity(g)]);
  const { list, state } = await g.one('Identity/get', { ids: [first] });
  assert.deepEqual([list[0].name, list[0].textSignature], ['Ana L.', 'A.']);
  const { created } = await g.one('Identity/set', { ifInState: state, create: { b: { email: 'b@example.org' } } });
  const gone = await Promise.all([first, created.b.id].map((id) => g.one('Identity/set', { destroy: [id] })));
  assert.equal(gone.filter(({ destroyed }) => destroyed !== null).length, 1);
});
