import assert from 'node:assert/strict';
import { test } from 'node:test';
import { found } from '#index/fixture.ts';
import { intents, openTestGateway } from '../fixture.ts';
import { mailboxId } from '../ids.ts';

test('RFC 8621 §4.6 J20 Email/set update: keywords and mailboxIds by patch and by full value, answered at once, as intents', async () => {
  using g = openTestGateway();
  const a = g.deliver('Subject: a\n\nx', { keywords: ['$seen', 'work'] });
  const b = g.deliver('Subject: b\n\nx');
  const [inbox, archive] = [mailboxId(g.box.inbox), mailboxId(g.box.archive)];
  const { updated, notUpdated, oldState, newState } = await g.one('Email/set', {
    update: {
      [a]: {
        'keywords/$Flagged': true,
        'keywords/$seen': null,
        [`mailboxIds/${inbox}`]: null,
        [`mailboxIds/${archive}`]: true,
      },
      [b]: { keywords: { $answered: true }, mailboxIds: { [archive]: true } },
    },
  });
  assert.equal(notUpdated, null);
  assert.deepEqual(updated, { [a]: null, [b]: null });
  assert.notEqual(oldState, newState);
  const { list, state } = await g.one('Email/get', { ids: [a, b], properties: ['keywords', 'mailboxIds'] });
  assert.equal(state, newState);
  assert.deepEqual(list[0], { id: a, keywords: { $flagged: true, work: true }, mailboxIds: { [archive]: true } });
  assert.deepEqual(list[1], { id: b, keywords: { $answered: true }, mailboxIds: { [archive]: true } });
  assert.equal(g.engine.nudged, 1);
  assert.deepEqual(
    intents(g)
      .map((intent) => intent.want.kind)
      .toSorted(),
    ['keywords', 'keywords', 'move', 'move'],
  );
});

test('J21 an Email that lies in several mailboxes by its strong id leaves one, comes back, and moves out of all', async () => {
  using g = openTestGateway();
  const copy = (uid: number) => found(uid, { strongId: 'x', envelope: { messageId: 'x@x', subject: 'Twice' } });
  g.index.write((t) => {
    t.add(g.box.inbox, [copy(70)]);
    t.add(g.box.archive, [copy(9)]);
  });
  const [inbox, archive, trash] = [g.box.inbox, g.box.archive, g.box.trash].map(mailboxId);
  const [id = ''] = (await g.one('Email/query', { filter: { subject: 'Twice' } })).ids as string[];
  const patch = async (...keys: [string | undefined, true | null][]) => {
    const update = { [id]: Object.fromEntries(keys.map(([box, value]) => [`mailboxIds/${box}`, value])) };
    const answer = await g.one('Email/set', { update });
    assert.equal(answer.notUpdated, null, JSON.stringify(answer.notUpdated));
    return Object.keys(
      (await g.one('Email/get', { ids: [id], properties: ['mailboxIds'] })).list[0].mailboxIds,
    ).toSorted();
  };
  const both = [inbox, archive].map(String).toSorted();
  const kinds = (): string[] => intents(g).map(({ want }) => want.kind);
  assert.deepEqual([await patch([inbox, null], [archive, true]), kinds()], [[archive], ['leave']]);
  assert.deepEqual([await patch([inbox, true]), kinds()], [both, []]);
  assert.deepEqual(await patch([inbox, null], [archive, null], [trash, true]), [trash]);
  assert.deepEqual(kinds(), ['move', 'leave'], 'it is in Trash before it leaves Archive');
  assert.deepEqual([await patch([inbox, true], [archive, true], [trash, null]), kinds()], [both, []]);
  assert.deepEqual(await patch([inbox, null], [archive, null], [trash, true]), [trash]);
  const { notUpdated } = await g.one('Email/set', { update: { [id]: { [`mailboxIds/${trash}`]: null } } });
  assert.equal(notUpdated[id].type, 'invalidProperties');
});

test('RFC 8621 §4.6 Email/set update: what is refused, and with which error', async () => {
  using g = openTestGateway();
  const id = g.deliver('Subject: a\n\nx');
  const [inbox, archive] = [mailboxId(g.box.inbox), mailboxId(g.box.archive)];
  const cases: [object, string, string[]?][] = [
    [{ subject: 'new' }, 'invalidProperties', ['subject']],
    [{ 'keywords/a b': true }, 'invalidProperties', ['keywords']],
    [{ 'keywords/x': false }, 'invalidProperties', ['keywords']],
    [{ keywords: { $deleted: true } }, 'invalidProperties', ['keywords']],
    [{ mailboxIds: {} }, 'invalidProperties', ['mailboxIds']],
    [{ mailboxIds: { Bzz: true } }, 'invalidProperties', ['mailboxIds']],
    [{ [`mailboxIds/${archive}`]: true }, 'tooManyMailboxes'],
    [{ mailboxIds: { [inbox]: true, [archive]: true } }, 'tooManyMailboxes'],
    [{ keywords: { a: true }, 'keywords/b': true }, 'invalidPatch'],
    [{ 'keywords/a/b': true }, 'invalidPatch'],
    [{ keywords: Object.fromEntries(Array.from({ length: 101 }, (_, at) => [`k${at}`, true])) }, 'tooManyKeywords'],
  ];
  for (const [patch, type, properties] of cases) {
    const { notUpdated, updated } = await g.one('Email/set', { update: { [id]: patch } });
    assert.equal(updated, null, JSON.stringify(patch));
    assert.equal(notUpdated[id].type, type, JSON.stringify(patch));
    if (properties) assert.deepEqual(notUpdated[id].properties, properties);
  }
  const { notUpdated } = await g.one('Email/set', { update: { Mzz: { 'keywords/x': true } } });
  assert.equal(notUpdated['Mzz'].type, 'notFound');
  assert.equal(intents(g).length, 0);
});

test('RFC 8620 §5.3 Email/set update: what is fixed may be given as it is, all of what was read too', async () => {
  using g = openTestGateway();
  const id = g.deliver(
    'From: Ana <ana@example.org>\nSubject: a\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\ntext, longer\n--b\nContent-Type: image/png\nContent-Transfer-Encoding: base64\n\ncG5n\n--b--\n',
  );
  const reads = [
    {},
    { fetchAllBodyValues: true, maxBodyValueBytes: 5 },
    { bodyProperties: ['partId', 'header:Content-Type', 'subParts', 'headers', 'size'], fetchTextBodyValues: true },
    { properties: ['bodyStructure', 'headers', 'header:From:asAddresses', 'header:X:all', 'preview', 'size', 'id'] },
  ];
  for (const [at, read] of reads.entries()) {
    const [whole] = (await g.one('Email/get', { ids: [id], ...read })).list;
    const { keywords: _keywords, ...rest } = whole;
    const { updated, notUpdated } = await g.one('Email/set', {
      update: { [id]: { ...rest, [`keywords/k${at}`]: true } },
    });
    assert.deepEqual([updated, notUpdated], [{ [id]: null }, null]);
  }
  const [whole] = (await g.one('Email/get', { ids: [id], fetchAllBodyValues: true })).list;
  assert.deepEqual(Object.keys(whole.keywords), ['k0', 'k1', 'k2', 'k3']);
  const cases: [object, string[]][] = [
    [{ ...whole, id: 'M999', subject: 'b' }, ['id', 'subject']],
    [{ ...whole, from: [{ name: 'Eve', email: 'ana@example.org' }], nonsense: 1 }, ['from', 'nonsense']],
    [{ ...whole, bodyValues: { ...whole.bodyValues, 9: whole.bodyValues[1] } }, ['bodyValues']],
    [{ ...whole, attachments: [{ ...whole.attachments[0], type: 'image/gif' }] }, ['attachments']],
    [{ ...whole, 'from/0': whole.from[0] }, ['from']],
  ];
  for (const [patch, properties] of cases) {
    const { notUpdated } = await g.one('Email/set', { update: { [id]: patch } });
    assert.deepEqual([notUpdated[id].type, notUpdated[id].properties.toSorted()], ['invalidProperties', properties]);
  }
  const gone = await g.one('Email/set', { update: { M999: { id: 'M999' } } });
  assert.equal(gone.notUpdated.M999.type, 'notFound');
});

test('RFC 8620 §5.3 ifInState: of several that ask in the same state one changes it, and the others leave nothing', async () => {
  using g = openTestGateway();
  const id = g.deliver('Subject: a\n\nx');
  const { state } = await g.one('Email/get', { ids: [] });
  const create = { d: { mailboxIds: { [mailboxId(g.box.drafts)]: true }, subject: 'd' } };
  const answers = await Promise.all(
    ['one', 'two', 'three'].map((word) =>
      g.one('Email/set', { ifInState: state, create, update: { [id]: { [`keywords/${word}`]: true } } }),
    ),
  );
  const refused = answers.filter(({ type }) => type === 'stateMismatch');
  assert.deepEqual([answers.length, refused.length], [3, 2]);
  assert.equal(g.store.kept.size, 1, 'no durable copy of a draft that was not made');
  const { list } = await g.one('Email/get', { ids: [id], properties: ['keywords'] });
  assert.equal(Object.keys(list[0].keywords).length, 1);
});

test('J22 keywords a mailbox cannot keep are refused, IMAP flags are not', async () => {
  using g = openTestGateway();
  const id = g.deliver('Subject: a\n\nx');
  g.index.write((t) => t.patchMailbox(g.box.inbox, { keywordsAllowed: false }));
  const refused = await g.one('Email/set', { update: { [id]: { 'keywords/work': true } } });
  assert.equal(refused.notUpdated[id].type, 'invalidProperties');
  assert.deepEqual((await g.one('Email/set', { update: { [id]: { 'keywords/$flagged': true } } })).updated, {
    [id]: null,
  });
});

test('RFC 8621 §4.6 a thousand Emails are one transaction; more are requestTooLarge', async () => {
  using g = openTestGateway();
  g.index.write((t) =>
    t.add(
      g.box.inbox,
      Array.from({ length: 1000 }, (_, at) => found(at + 1)),
    ),
  );
  const { ids } = (await g.one('Email/query', {})) as { ids: string[] };
  let commits = 0;
  g.index.onChange(() => (commits += 1));
  const update = Object.fromEntries(ids.map((id) => [id, { 'keywords/$seen': true }]));
  const { updated } = await g.one('Email/set', { update });
  assert.equal(Object.keys(updated).length, 1000);
  assert.equal(commits, 1);
  assert.equal((await g.one('Email/set', { update, destroy: ['Mzz'] })).type, 'requestTooLarge');
});

test('RFC 8621 §4.6 Email/set destroy and willDestroy', async () => {
  using g = openTestGateway();
  const id = g.deliver('Subject: a\n\nx');
  const answer = await g.one('Email/set', { destroy: [id, 'Mzz'], update: { [id]: { 'keywords/$seen': true } } });
  assert.deepEqual(answer.destroyed, [id]);
  assert.equal(answer.notUpdated[id].type, 'willDestroy');
  assert.equal(answer.notDestroyed['Mzz'].type, 'notFound');
  assert.deepEqual((await g.one('Email/get', { ids: [id] })).notFound, [id]);
});
