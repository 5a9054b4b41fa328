import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { EmailId, SubmissionId } from '#jmap/ids.ts';
import type { EmailSubmission } from '#jmap/mail.ts';
import { openMail } from './mail.ts';
import { fateOf, fateWords, openOutbox, plainWords } from './outbox.ts';
import { account, accountId, fakeServer, head, settled, submission } from './testing.ts';
import { openToasts } from './toasts.ts';
import { openUndo } from './undo.ts';

/** An outbox over a server that has this one submission. */
const desk = (before: EmailSubmission = submission()) => {
  let now = before;
  const stored = new Map<string, string>();
  const calls: Record<string, unknown>[] = [];
  const server = fakeServer({
    'EmailSubmission/get': () => ({ accountId, state: '1', list: [now], notFound: [] }),
    'EmailSubmission/query': () => ({ accountId, queryState: '1', position: 0, ids: ['S1'], total: 1 }),
    'EmailSubmission/set': (args) => {
      calls.push(args['update'] as Record<string, unknown>);
      return { accountId, oldState: '1', newState: '2', updated: { S1: null } };
    },
    'Email/get': () => ({ accountId, state: '1', list: [head('M1', { subject: 'Cars' })], notFound: [] }),
  });
  const { connection, clock } = server;
  const toasts = openToasts(clock);
  const undo = openUndo();
  const storage = {
    get: (key: string) => stored.get(key) ?? null,
    set: (key: string, value: string) => void stored.set(key, value),
  };
  const outbox = openOutbox({ connection, clock, toasts, undo, storage });
  const mail = openMail(connection, accountId, account);
  const reopened: EmailId[] = [];
  let sent = 0;
  const watch = (): void =>
    outbox.watch({
      mail,
      id: 'S1' as SubmissionId,
      sendAt: clock.now() + 20_000,
      subject: 'Cars',
      reopen: () => reopened.push('M1' as EmailId),
      now: null,
      sent: () => void (sent += 1),
    });
  return {
    sent: () => sent,
    toasts,
    undo,
    clock,
    calls,
    reopened,
    watch,
    resume: () => outbox.resume(mail, (id) => reopened.push(id)),
    /** The server says something else, and push tells. */
    becomes: async (more: Record<string, unknown>): Promise<void> => {
      now = submission(more);
      mail.tellSubmissions();
      await settled();
    },
    shown: (): string | undefined => toasts.current.peek()?.text,
  };
};

test('a letter counts down, is on its way, and is sent only once the server took it', async () => {
  const { watch, clock, shown, becomes, undo, sent } = desk();
  watch();
  assert.equal(shown(), 'Sending in 20 s');
  clock.pass(5_000);
  assert.equal(shown(), 'Sending in 15 s');
  clock.pass(15_000);
  await settled();
  assert.equal(shown(), 'Sending', 'the hold is over, nothing is known yet');
  await becomes({ stage: 'sending' });
  assert.equal(undo.items.peek().length, 0);
  assert.equal(sent(), 0);
  await becomes({ stage: 'filed' });
  assert.equal(shown(), 'Sent');
  assert.equal(sent(), 1);
});

test('z takes it back while it is held', async () => {
  const { watch, undo, calls, reopened } = desk();
  watch();
  undo.undo();
  await settled();
  assert.deepEqual(calls, [{ S1: { undoStatus: 'canceled' } }]);
  assert.deepEqual(reopened, ['M1']);
});

test('a refusal is told in the words of the server, aloud, with a way back', async () => {
  const { watch, becomes, toasts, reopened } = desk();
  watch();
  await becomes({ stage: 'failed', words: '552 5.2.2 mailbox full for jonas@ek.example.' });
  const words = 'Not sent yet: “Cars”. The server said: mailbox full for jonas@ek.example. It is kept in your drafts.';
  assert.equal(toasts.current.peek()?.text, words);
  assert.equal(toasts.assertive.peek().text, words);
  toasts.current.peek()?.actions[0]?.run();
  assert.deepEqual(reopened, ['M1']);
});

test('a temporary refusal says when it is tried again, and is followed to its end', async () => {
  const { watch, becomes, shown, clock } = desk();
  watch();
  const nextTryAt = '2025-11-06T08:55:00Z';
  await becomes({ stage: 'due', tries: 1, nextTryAt, words: '451 4.7.1 come back later' });
  assert.match(shown() ?? '', /^Not sent yet: “Cars”\. The server said: come back later\. Trying again at \d\d:55\.$/u);
  clock.pass(20_000);
  await settled();
  await becomes({ stage: 'sent' });
  assert.equal(shown(), 'Sent');
});

test('when nobody can know whether it went, that is said, and it is sent again only when asked', async () => {
  const { watch, becomes, toasts, calls } = desk();
  watch();
  await becomes({ stage: 'unknown' });
  assert.match(toasts.current.peek()?.text ?? '', /^It is not known whether “Cars” went out: .* look in Sent/u);
  assert.deepEqual(calls, []);
  toasts.current.peek()?.actions[1]?.run();
  await settled();
  assert.deepEqual(calls, [{ S1: { stage: 'due' } }]);
});

test('some recipients may be refused while the others have it', () => {
  const deliveryStatus = {
    'a@x': { smtpReply: '250 ok', delivered: 'unknown', displayed: 'unknown' },
    'b@x': { smtpReply: '550 5.1.1 no such user', delivered: 'no', displayed: 'unknown' },
  };
  const fate = fateOf(submission({ stage: 'sent', deliveryStatus }) as never);
  assert.deepEqual(fateWords(fate, 'Cars'), {
    text: 'Sent “Cars”, but not to b@x. The server said: no such user.',
    tone: 'failed',
  });
});

test('the next visit takes up what is held, and tells once of what failed', async () => {
  const failed = desk(submission({ stage: 'failed', words: '550 no' }));
  await failed.resume();
  assert.match(failed.shown() ?? '', /^Not sent yet: “Cars”\. The server said: no\./u);
  failed.toasts.dismiss();
  await failed.resume();
  assert.equal(failed.shown(), undefined);

  const deliveryStatus = {
    'x@elsewhere.example': { delivered: 'no', smtpReply: '550 5.1.1 Unknown', displayed: 'unknown' } as const,
  };
  const partly = desk(submission({ stage: 'filed', deliveryStatus }));
  await partly.resume();
  assert.match(partly.shown() ?? '', /but not to x@elsewhere\.example\. The server said: Unknown\./u);
  partly.toasts.dismiss();
  await partly.resume();
  assert.equal(partly.shown(), undefined);

  const held = desk();
  await held.resume();
  assert.equal(held.shown(), 'Sending in 20 s');
  assert.equal(held.undo.items.peek().length, 1);
});

test('O19 what another program sends in days is no countdown, and not what z takes back; in the end it is told', async () => {
  const later = desk(submission({ sendAt: '2025-11-09T08:50:00Z' }));
  await later.resume();
  assert.equal(later.shown(), undefined);
  assert.equal(later.undo.items.peek().length, 0);
  await later.becomes({ stage: 'sent' });
  assert.equal(later.shown(), 'Sent');
});

test('reply codes are left out of what people read', () => {
  assert.equal(plainWords('550 5.1.1 <x@y> is unknown.'), '<x@y> is unknown');
  assert.equal(plainWords('554-Blocked'), 'Blocked');
  assert.equal(plainWords('no code at all'), 'no code at all');
});
