import assert from 'node:assert/strict';
import { test } from 'node:test';
import { problemPrefix } from '#jmap/auth/problems.ts';
import { needsProof, proofAsked, ProofNeeded, withProof } from './proof.ts';

const refusal = (): Response => Response.json({ type: `${problemPrefix}proof-needed` }, { status: 403 });
const other = (): Response => Response.json({ type: `${problemPrefix}read-only` }, { status: 403 });

const settled = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 5));

test('U1 every form of the refusal is known, and nothing else', async () => {
  assert.equal(await needsProof(refusal()), true);
  assert.equal(await needsProof(other()), false);
  assert.equal(await needsProof(new Response('<h1>', { status: 403 })), false);
  assert.equal(await needsProof({ ok: false, problem: { type: `${problemPrefix}proof-needed` } }), true);
  assert.equal(await needsProof({ notCreated: { a: { type: 'proofNeeded' } } }), true);
  assert.equal(await needsProof({ notUpdated: { a: { type: 'forbidden' } }, notDestroyed: null }), false);
  assert.equal(await needsProof(undefined), false);
});

test('U1 one dialog for all that wait; the work is repeated once it is answered', async () => {
  let proven = false;
  let asked = 0;
  const work = (): Promise<Response> => {
    asked += 1;
    return Promise.resolve(proven ? new Response(null, { status: 204 }) : refusal());
  };
  const both = Promise.all([withProof(work), withProof(work)]);
  await settled();
  const question = proofAsked.peek();
  assert.ok(question);
  proven = true;
  question.answer(true);
  assert.deepEqual(
    (await both).map(({ status }) => status),
    [204, 204],
  );
  assert.equal(asked, 4);
  assert.equal(proofAsked.peek(), null);
});

test('U1 closed without an answer: the refusal is the answer, and nothing is repeated', async () => {
  let asked = 0;
  const answer = withProof(() => {
    asked += 1;
    return Promise.resolve(refusal());
  });
  await settled();
  proofAsked.peek()?.answer(false);
  assert.equal((await answer).status, 403);
  assert.equal(asked, 1);
});

test('U1 work may throw what it was refused with', async () => {
  let proven = false;
  const answer = withProof(() => (proven ? Promise.resolve('done') : Promise.reject(new ProofNeeded())));
  await settled();
  proven = true;
  proofAsked.peek()?.answer(true);
  assert.equal(await answer, 'done');
});
