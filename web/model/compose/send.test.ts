import assert from 'node:assert/strict';
import { test } from 'node:test';
import { signal } from '@preact/signals-core';
import type { EmailId, IdentityId } from '#jmap/ids.ts';
import type { Identity } from '#jmap/mail.ts';
import { openMail } from '../mail.ts';
import { account, accountId, fakeServer, type FakeServer } from '../testing.ts';
import type { Draft } from './draft.ts';
import { emptyLetter, type Letter } from './letter.ts';
import { InDoubt, send } from './send.ts';

const identity = { id: 'I1' as IdentityId, name: 'Ada', email: 'ada@lindqvist.example' } as Identity;

/** A letter that is kept, and a server that takes each letter once. */
const begin = (known: string | null = null) => {
  const handedIn: string[] = [];
  const server = fakeServer({
    'EmailSubmission/set': ({ create, update }) => {
      if (update) return { accountId, updated: update as object, created: null };
      const id = known ?? `S${handedIn.length + 1}`;
      if (known !== null || handedIn.length > 0)
        return {
          accountId,
          created: null,
          notCreated: { letter: { type: 'alreadyExists', existingId: known ?? 'S1' } },
        };
      handedIn.push(JSON.stringify(create));
      return { accountId, created: { letter: { id } } };
    },
    'EmailSubmission/get': ({ ids }) => ({
      accountId,
      state: '1',
      list: (ids as string[]).map((id) => ({ id, sendAt: '2025-11-06T08:50:09Z' })),
      notFound: [],
    }),
    'Mailbox/get': () => ({ accountId, state: '1', list: [], notFound: [] }),
    'Mailbox/set': () => ({ accountId, created: null, notCreated: { box: { type: 'forbidden' } } }),
  });
  const letter = signal<Letter>({ ...emptyLetter, subject: 'Boats', to: [{ name: null, email: 'bob@x.example' }] });
  const draft = {
    letter,
    emailId: signal('M1' as EmailId),
    identity: () => identity,
    handOver: (work) => work('M1' as EmailId, letter.peek()),
  } as Partial<Draft> as Draft;
  let reopened = 0;
  const mail = openMail(server.connection, accountId, account);
  const { connection, clock } = server;
  const hand = () => send({ connection, mail, draft, hold: 20, now: clock.now, reopen: () => (reopened += 1) });
  return { server, hand, handedIn, reopened: () => reopened };
};

/** The answers to the next letters that are handed in do not arrive. */
const loseLetters = (server: FakeServer, times: number): void => {
  let left = times;
  server.loses = (calls) =>
    calls.some(([name, args]) => name === 'EmailSubmission/set' && 'create' in args) && (left -= 1) >= 0;
};

test('O34 a letter whose answer was lost is asked for again, and is one letter', async () => {
  const { server, hand, handedIn } = begin();
  loseLetters(server, 1);
  const leaving = await hand();
  assert.equal(handedIn.length, 1);
  assert.equal(leaving.id, 'S1');
  assert.equal(leaving.sendAt, Date.parse('2025-11-06T08:50:09Z'), 'what the server knows, not another hold');
});

test('O34 a letter that another device handed in is followed as one of our own', async () => {
  const { hand, handedIn } = begin('S9');
  const leaving = await hand();
  assert.deepEqual([leaving.id, handedIn.length], ['S9', 0]);
});

test('nobody knows whether it was taken: that is said, and it is not brought back as a draft', async () => {
  const { server, hand, reopened } = begin();
  loseLetters(server, 2);
  await assert.rejects(hand(), (error) => error instanceof InDoubt);
  const again = begin();
  const leaving = await again.hand();
  loseLetters(again.server, 2);
  await assert.rejects(leaving.now?.() ?? Promise.resolve(), (error) => error instanceof InDoubt);
  assert.deepEqual([reopened(), again.reopened()], [0, 0]);
});
