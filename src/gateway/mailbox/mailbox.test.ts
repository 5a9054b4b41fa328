import assert from 'node:assert/strict';
import { test } from 'node:test';
import { addMailbox } from '#index/fixture.ts';
import { capabilities } from '#jmap/core.ts';
import { UpstreamError } from '#upstream/errors.ts';
import { openTestGateway } from '../fixture.ts';
import { mailboxId } from '../ids.ts';

test('RFC 8621 §2 Mailbox/get: every property, roles, counts, rights', async () => {
  using g = openTestGateway();
  g.deliver('Subject: a\n\nx', { keywords: ['$seen'] });
  g.deliver('Subject: b\n\nx');
  const { list, state, notFound } = await g.one('Mailbox/get', {});
  assert.equal(typeof state, 'string');
  assert.deepEqual(notFound, []);
  const inbox = list.find((box: { role: string }) => box.role === 'inbox');
  assert.equal(inbox.id, mailboxId(g.box.inbox));
  assert.deepEqual([inbox.totalEmails, inbox.unreadEmails, inbox.totalThreads, inbox.unreadThreads], [2, 1, 2, 1]);
  assert.equal(inbox.myRights.mayDelete, false);
  assert.equal(inbox.myRights.mayReadItems, true);
  assert.equal(inbox.parentId, null);
  const few = await g.one('Mailbox/get', { ids: [inbox.id, 'Bzz'], properties: ['name'] });
  assert.deepEqual(few.list, [{ id: inbox.id, name: 'INBOX' }]);
  assert.deepEqual(few.notFound, ['Bzz']);
  assert.equal((await g.one('Mailbox/get', { properties: ['colour'] })).type, 'invalidArguments');
});

test('J45 who asks for all mailboxes gets all, also more than may be named in one call', async () => {
  using g = openTestGateway();
  for (let n = 0; n < 1_200; n += 1) addMailbox(g.index, `Folder ${n}`);
  const { list } = await g.one('Mailbox/get', { ids: null, properties: ['name'] });
  assert.equal(list.length, 1_205);
  const ids = list.map(({ id }: { id: string }) => id);
  assert.equal((await g.one('Mailbox/get', { ids })).type, 'requestTooLarge');
});

test('RFC 8621 §2.2 Mailbox/changes: updatedProperties when only counts changed', async () => {
  using g = openTestGateway();
  const { state } = await g.one('Mailbox/get', { ids: [] });
  g.deliver('Subject: a\n\nx');
  const changes = await g.one('Mailbox/changes', { sinceState: state });
  assert.deepEqual(changes.updated, [mailboxId(g.box.inbox)]);
  assert.deepEqual(changes.updatedProperties, ['totalEmails', 'unreadEmails', 'totalThreads', 'unreadThreads']);
  assert.equal(changes.oldState, state);
  assert.notEqual(changes.newState, state);
  const none = await g.one('Mailbox/changes', { sinceState: changes.newState });
  assert.deepEqual([none.created, none.updated, none.destroyed, none.updatedProperties], [[], [], [], null]);
});

test('RFC 8620 §5.2 J3 /changes from an unknown state: cannotCalculateChanges; maxChanges 0: invalidArguments', async () => {
  using g = openTestGateway();
  for (const name of [
    'Mailbox/changes',
    'Thread/changes',
    'Email/changes',
    'Identity/changes',
    'EmailSubmission/changes',
    'MailAccount/changes',
  ]) {
    assert.equal((await g.one(name, { sinceState: 'elsewhere-12' })).type, 'cannotCalculateChanges', name);
    assert.equal((await g.one(name, { sinceState: 'x', maxChanges: 0 })).type, 'invalidArguments', name);
  }
});

test('RFC 8621 §2.3 Mailbox/query: filters, sorts, tree, window', async () => {
  using g = openTestGateway();
  const made = await g.one('Mailbox/set', { create: { a: { name: 'Zoo' }, b: { name: 'Ape', parentId: '#a' } } });
  assert.equal(made.created.a.role, null);
  const zoo = made.created.a.id;
  const ape = made.created.b.id;
  const query = async (args: object): Promise<string[]> => (await g.one('Mailbox/query', { ...args })).ids;
  assert.deepEqual(await query({ filter: { role: 'inbox' } }), [mailboxId(g.box.inbox)]);
  assert.deepEqual(new Set(await query({ filter: { hasAnyRole: false } })), new Set([ape, zoo]));
  assert.deepEqual(await query({ filter: { parentId: zoo } }), [ape]);
  assert.deepEqual(await query({ filter: { name: 'ap' } }), [ape]);
  assert.deepEqual(await query({ filter: { name: 'ap' }, filterAsTree: true }), []);
  const tree = await query({ sort: [{ property: 'name' }], sortAsTree: true });
  assert.equal(tree.indexOf(ape), tree.indexOf(zoo) + 1);
  const byName = await query({ sort: [{ property: 'name', isAscending: false }] });
  assert.equal(byName[0], zoo);
  const page = await g.one('Mailbox/query', {
    sort: [{ property: 'name' }],
    position: -2,
    limit: 1,
    calculateTotal: true,
  });
  assert.deepEqual([page.total, page.position, page.ids.length], [7, 5, 1]);
  const anchored = await g.one('Mailbox/query', {
    sort: [{ property: 'name' }],
    anchor: zoo,
    anchorOffset: -1,
    limit: 2,
  });
  assert.equal(anchored.ids[1], zoo);
  assert.equal((await g.one('Mailbox/query', { anchor: 'Bzz' })).type, 'anchorNotFound');
  assert.equal((await g.one('Mailbox/query', { sort: [{ property: 'colour' }] })).type, 'unsupportedSort');
  assert.equal((await g.one('Mailbox/query', { filter: { colour: 'red' } })).type, 'unsupportedFilter');
  assert.equal(
    (await g.one('Mailbox/query', { filter: { operator: 'XOR', conditions: [] } })).type,
    'invalidArguments',
  );
});

test('RFC 8621 §2.5 Mailbox/set: create with a parent made in the same call, in any order', async () => {
  using g = openTestGateway();
  const answer = await g.one('Mailbox/set', {
    create: { child: { name: 'Inner', parentId: '#outer' }, outer: { name: 'Outer' } },
  });
  assert.equal(answer.notCreated, null);
  const { list } = await g.one('Mailbox/get', { ids: [answer.created.child.id] });
  assert.equal(list[0].parentId, answer.created.outer.id);
  assert.equal('name' in answer.created.child, false, 'only what the server set is told');
});

test('RFC 8621 §2.5 Mailbox/set: what is refused, and with which error', async () => {
  using g = openTestGateway();
  const { created, notCreated } = await g.one('Mailbox/set', {
    create: {
      ok: { name: 'Work' },
      twin: { name: 'Archive' },
      nameless: {},
      slash: { name: 'a/b' },
      lost: { name: 'x', parentId: 'Bzz' },
      role: { name: 'y', role: 'inbox' },
      taken: { name: 'z', role: 'sent' },
      odd: { name: 'z', totalEmails: 5 },
      below: { name: 'z', sortOrder: -1 },
      worded: { name: 'z', sortOrder: '1' },
      part: { name: 'z', sortOrder: 1.5 },
    },
  });
  assert.deepEqual(Object.keys(created), ['ok']);
  assert.equal(notCreated.twin.type, 'alreadyExists');
  assert.equal(notCreated.twin.existingId, mailboxId(g.box.archive));
  for (const [key, property] of [
    ['nameless', 'name'],
    ['slash', 'name'],
    ['lost', 'parentId'],
    ['role', 'role'],
    ['taken', 'role'],
    ['odd', 'totalEmails'],
    ['below', 'sortOrder'],
    ['worded', 'sortOrder'],
    ['part', 'sortOrder'],
  ] as const) {
    assert.equal(notCreated[key].type, 'invalidProperties', key);
    assert.deepEqual(notCreated[key].properties, [property], key);
  }
  const work = created.ok.id;
  const { updated, notUpdated } = await g.one('Mailbox/set', {
    update: {
      [work]: { name: 'Play', isSubscribed: false },
      [mailboxId(g.box.inbox)]: { name: 'Other' },
      [mailboxId(g.box.sent)]: { totalEmails: 1 },
      [mailboxId(g.box.trash)]: { 'myRights/mayDelete/deep': true },
      Bzz: { name: 'x' },
    },
  });
  assert.deepEqual(updated, { [work]: null });
  assert.equal(notUpdated[mailboxId(g.box.inbox)].type, 'forbidden');
  assert.equal(notUpdated[mailboxId(g.box.sent)].type, 'invalidProperties');
  assert.equal(notUpdated[mailboxId(g.box.trash)].type, 'invalidPatch');
  assert.equal(notUpdated['Bzz'].type, 'notFound');
  const { list } = await g.one('Mailbox/get', { ids: [work], properties: ['name', 'isSubscribed'] });
  assert.deepEqual(list, [{ id: work, name: 'Play', isSubscribed: false }]);
});

test('RFC 8621 §2.5 Mailbox/set: a mailbox cannot come to lie below itself, however deep', async () => {
  using g = openTestGateway();
  const { created } = await g.one('Mailbox/set', {
    create: { a: { name: 'A' }, b: { name: 'B', parentId: '#a' }, c: { name: 'C', parentId: '#b' } },
  });
  const [a, b, c] = [created.a.id, created.b.id, created.c.id];
  for (const parentId of [a, b, c]) {
    const { notUpdated } = await g.one('Mailbox/set', { update: { [a]: { parentId } } });
    assert.deepEqual([notUpdated[a].type, notUpdated[a].properties], ['invalidProperties', ['parentId']]);
  }
  const { updated } = await g.one('Mailbox/set', { update: { [c]: { parentId: a } } });
  assert.deepEqual(updated, { [c]: null });
});

test('J24 Mailbox/set create with a role that is free: the mailbox of that role, where the server has it', async () => {
  using g = openTestGateway();
  const { created } = await g.one('Mailbox/set', { create: { j: { name: 'Junk mail', role: 'junk' } } });
  const { list } = await g.one('Mailbox/get', { ids: [created.j.id], properties: ['role', 'name'] });
  assert.equal(list[0].role, 'junk');
  assert.equal(created.j.name, list[0].name);
});

test('RFC 8621 §2.5 Mailbox/set destroy: mailboxHasChild, mailboxHasEmail, onDestroyRemoveEmails, parents after children', async () => {
  using g = openTestGateway();
  const { created } = await g.one('Mailbox/set', {
    create: { a: { name: 'A' }, b: { name: 'B', parentId: '#a' }, full: { name: 'Full' }, kept: { name: 'Protected' } },
  });
  const { a, b, full, kept } = created;
  g.deliver('Subject: x\n\ny', { mailbox: Number.parseInt(full.id.slice(1), 36) as typeof g.box.inbox });
  const first = await g.one('Mailbox/set', { destroy: [a.id, full.id, kept.id, mailboxId(g.box.inbox)] });
  assert.equal(first.notDestroyed[a.id].type, 'mailboxHasChild');
  assert.equal(first.notDestroyed[full.id].type, 'mailboxHasEmail');
  assert.deepEqual(first.notDestroyed[kept.id], { type: 'forbidden', description: 'Not this one.' });
  assert.equal(first.notDestroyed[mailboxId(g.box.inbox)].type, 'forbidden');
  const second = await g.one('Mailbox/set', {
    destroy: [a.id, b.id, full.id],
    onDestroyRemoveEmails: true,
    update: { [a.id]: { name: 'C' } },
  });
  assert.deepEqual(new Set(second.destroyed), new Set([a.id, b.id, full.id]));
  assert.equal(second.notUpdated[a.id].type, 'willDestroy');
});

test('RFC 8620 §5.3 ifInState: stateMismatch and nothing is done', async () => {
  using g = openTestGateway();
  assert.equal((await g.one('Mailbox/set', { ifInState: 'old', create: { a: { name: 'A' } } })).type, 'stateMismatch');
  const { state, list } = await g.one('Mailbox/get', {});
  assert.equal(list.length, 5);
  const { oldState, newState } = await g.one('Mailbox/set', { ifInState: state, create: { a: { name: 'A' } } });
  assert.equal(oldState, state);
  assert.equal((await g.one('Mailbox/get', { ids: [] })).state, newState);
});

test('J26 Mailbox/set update of the role: the user’s choice, one mailbox each, and back to what the server says', async () => {
  using g = openTestGateway();
  const { created } = await g.one('Mailbox/set', { create: { a: { name: 'Outgoing' }, b: { name: 'Elsewhere' } } });
  const [outgoing, elsewhere] = [created.a.id, created.b.id];
  const sent = mailboxId(g.box.sent);
  const roles = async (): Promise<Record<string, string | null>> =>
    Object.fromEntries(
      (await g.one('Mailbox/get', { ids: [outgoing, elsewhere, sent] })).list.map(
        ({ id, role }: { id: string; role: string | null }) => [id, role],
      ),
    );
  const chosen = async (): Promise<object> => (await g.one('MailAccount/get', {})).list[0].chosenRoles;
  const update = (wish: Record<string, unknown>) => g.one('Mailbox/set', { update: wish });

  const { state } = await g.one('Mailbox/get', { ids: [] });
  const given = await update({ [sent]: { role: null }, [outgoing]: { role: 'sent' } });
  assert.deepEqual(given.updated, { [outgoing]: null, [sent]: null });
  assert.deepEqual(await roles(), { [outgoing]: 'sent', [elsewhere]: null, [sent]: null });
  assert.deepEqual(await chosen(), { sent: outgoing });
  const { updated } = await g.one('Mailbox/changes', { sinceState: state });
  assert.deepEqual(new Set(updated), new Set([outgoing, sent]), 'both are told');

  await update({ [elsewhere]: { role: 'sent' } });
  assert.deepEqual(await roles(), { [outgoing]: null, [elsewhere]: 'sent', [sent]: null });
  await update({ [elsewhere]: { role: 'junk' } });
  assert.deepEqual(await roles(), { [outgoing]: null, [elsewhere]: 'junk', [sent]: 'sent' });
  assert.deepEqual((await update({ [elsewhere]: { role: null } })).updated, { [elsewhere]: null });
  assert.deepEqual(await roles(), { [outgoing]: null, [elsewhere]: null, [sent]: 'sent' });
  assert.deepEqual(await chosen(), {});

  // What the server says of a mailbox comes back with its own role.
  await update({ [sent]: { role: 'archive' } });
  assert.deepEqual(await chosen(), { archive: sent });
  assert.deepEqual((await update({ [sent]: { role: null } })).updated, { [sent]: { role: 'sent' } });
});

test('J26 Mailbox/set update of the role: what is refused', async () => {
  using g = openTestGateway();
  const { created } = await g.one('Mailbox/set', { create: { a: { name: 'One' }, b: { name: 'Two' } } });
  const [one, two] = [created.a.id, created.b.id];
  const refused = async (update: Record<string, unknown>, of: string): Promise<void> => {
    const { notUpdated } = await g.one('Mailbox/set', { update });
    assert.deepEqual([notUpdated?.[of]?.type, notUpdated?.[of]?.properties], ['invalidProperties', ['role']]);
  };
  await refused({ [mailboxId(g.box.inbox)]: { role: 'archive' } }, mailboxId(g.box.inbox));
  await refused({ [mailboxId(g.box.sent)]: { role: null } }, mailboxId(g.box.sent));
  await refused({ [one]: { role: 'inbox' } }, one);
  await refused({ [one]: { role: 'work' } }, one);
  await refused({ [one]: { role: 'junk' }, [two]: { role: 'junk' } }, two);
  g.index.write((t) => t.patchMailbox(g.box.archive, { noselect: true }));
  await refused({ [mailboxId(g.box.archive)]: { role: 'junk' } }, mailboxId(g.box.archive));
  const { list } = await g.one('Mailbox/get', { ids: [one] });
  assert.equal(list[0].role, 'junk');
  const readOnly = { ...g.caller, readOnly: true };
  const methodCalls = [['Mailbox/set', { accountId: g.accountId, update: { [one]: { role: 'sent' } } }, 'a']];
  const { answer } = await g.post(JSON.stringify({ using: Object.values(capabilities), methodCalls }), readOnly);
  assert.equal(answer.methodResponses[0][1].type, 'accountReadOnly');
});

test('S53 a mailbox that the mail server has no room for is overQuota, with its words', async () => {
  using g = openTestGateway();
  g.engine.createMailbox = () =>
    Promise.reject(new UpstreamError('mailbox/full', 'the server refused', { words: 'Your account is full' }));
  const { notCreated } = await g.one('Mailbox/set', { create: { a: { name: 'Plans' } } });
  assert.deepEqual(notCreated.a, { type: 'overQuota', description: 'Your account is full' });
});
