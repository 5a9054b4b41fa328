import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { it } from 'node:test';
import { onEveryStore, signUp } from './every-store.testkit.ts';
import { aRecord, aSubmission } from './store.testkit.ts';

await onEveryStore((place) => {
  it('keeps records by user, account and purpose', async () => {
    const { store } = place;
    const { user, account } = await signUp(store);
    const ofUser = aRecord(user.id, null, { purpose: 'preference' });
    const draft = aRecord(user.id, account.id, { sealed: randomBytes(300_000) });
    await store.saveRecord(ofUser);
    await store.saveRecord(draft);
    assert.deepEqual(await store.records(user.id, null, 'preference'), [ofUser]);
    assert.deepEqual(await store.records(user.id, account.id, 'draft'), [draft]);
    assert.deepEqual(await store.records(user.id, null, 'draft'), []);
    const next = { ...draft, generation: 2, sealed: Buffer.alloc(0), updatedAt: 2000 };
    await store.saveRecord(next);
    assert.deepEqual(await store.record(draft.id), next);
    await store.deleteRecord(draft.id);
    assert.equal(await store.record(draft.id), null);
  });

  it('lists submissions that are due, oldest first', async () => {
    const { store } = place;
    const { account } = await signUp(store);
    const late = aSubmission(account, { sendAt: 200, state: 'due' });
    const early = aSubmission(account, { sendAt: 100 });
    const future = aSubmission(account, { sendAt: 300 });
    const sent = aSubmission(account, { sendAt: 50, state: 'sent' });
    for (const one of [late, early, future, sent]) await store.saveSubmission(one);
    assert.deepEqual(await store.dueSubmissions(account.id, 200), [early, late]);
    assert.deepEqual(await store.submissions(account.id), [sent, early, late, future]);
    assert.deepEqual(await store.submission(early.id), early);
  });

  it('O36 gives of a history what is asked for', async () => {
    const { store } = place;
    const { account } = await signUp(store);
    const old = aSubmission(account, { sendAt: 50, state: 'filed', updatedAt: 60 });
    const late = aSubmission(account, { sendAt: 100, state: 'filed', updatedAt: 110 });
    const held = aSubmission(account, { sendAt: 200, updatedAt: 90 });
    for (const one of [old, late, held]) await store.saveSubmission(one);
    assert.deepEqual(await store.submissions(account.id, { updatedSince: 90 }), [late, held]);
    assert.deepEqual(await store.submissions(account.id, { sendSince: 100, states: ['filed'] }), [late]);
  });

  it('O37 forgets what is done with, some at a time, and nothing else', async () => {
    const { store } = place;
    const { account } = await signUp(store);
    const { account: another } = await signUp(store);
    const old = (['filed', 'canceled', 'filed'] as const).map((state) => aSubmission(account, { state, updatedAt: 9 }));
    const states = ['held', 'due', 'sending', 'sent', 'failed', 'unknown'] as const;
    const kept = [
      ...states.map((state) => aSubmission(account, { state, updatedAt: 9 })),
      aSubmission(account, { state: 'filed', updatedAt: 10 }),
    ];
    const theirs = aSubmission(another, { state: 'filed', updatedAt: 9 });
    for (const one of [...old, ...kept, theirs]) await store.saveSubmission(one);
    const forgotten = [
      await store.forgetSubmissions(account.id, 10, 2),
      await store.forgetSubmissions(account.id, 10, 2),
      await store.forgetSubmissions(account.id, 10, 2),
    ];
    assert.deepEqual(
      forgotten.map(({ length }) => length),
      [2, 1, 0],
    );
    assert.deepEqual(forgotten.flat().toSorted(), old.map(({ id }) => id).toSorted());
    for (const { record, message } of old)
      assert.deepEqual([await store.record(record.id), await store.record(message.id)], [null, null]);
    assert.equal((await store.submissions(account.id)).length, kept.length);
    assert.deepEqual(await store.submissions(another.id), [theirs]);
  });

  it('deletes a submission with its two records', async () => {
    const { store } = place;
    const { account } = await signUp(store);
    const made = aSubmission(account);
    await store.saveSubmission(made);
    await store.deleteSubmission(made.id);
    assert.equal(await store.submission(made.id), null);
    assert.equal(await store.record(made.message.id), null);
    assert.equal(await store.record(made.record.id), null);
  });

  it('moves a submission for one of two racing workers only', async () => {
    const { store } = place;
    await using other = await place.again();
    const { account } = await signUp(store);
    for (let round = 0; round < 8; round += 1) {
      const made = aSubmission(account);
      await store.saveSubmission(made);
      const record = { ...made.record, generation: 2, sealed: randomBytes(40) };
      const moves = await Promise.all([
        store.moveSubmission(made.id, 'held', 'sending', { tries: 1, record }),
        other.moveSubmission(made.id, 'held', 'sending', { tries: 1, record }),
        store.moveSubmission(made.id, 'held', 'canceled'),
        other.moveSubmission(made.id, 'held', 'canceled'),
      ]);
      assert.equal(moves.filter(Boolean).length, 1);
      const now = await store.submission(made.id);
      const sending = moves[0] || moves[1];
      assert.equal(now?.state, sending ? 'sending' : 'canceled');
      assert.equal(now?.record.generation, sending ? 2 : 1);
      assert.equal(now?.updatedAt, 42_000);
    }
  });
});
