import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ImapError } from '#imap/errors.ts';
import type { ImapSession } from '#imap/session.ts';
import { UpstreamError } from './errors.ts';
import { Line, urgency } from './line.ts';

/** As much of a session as a line needs: it stands until it is ended. */
const openSession = () => {
  const listeners: (() => void)[] = [];
  const session = {
    ended: null as ImapError | null,
    onEnd: (listener: () => void) => listeners.push(listener),
  };
  const end = (): void => {
    session.ended = new ImapError('imap/closed');
    for (const listener of listeners) listener();
  };
  return { session: session as unknown as ImapSession, end };
};

const away = { code: 'net/away' };

test('a job of one connection is rejected when that ends before it has begun; others wait for the next', async () => {
  const line = new Line();
  const [first, second] = [openSession(), openSession()];
  line.attach(first.session);
  const running = Promise.withResolvers<void>();
  const ran: string[] = [];
  const long = line.run(
    async () => {
      ran.push('long');
      await running.promise;
    },
    { urgency: urgency.background },
  );
  const bound = line.run(async () => ran.push('bound'), { urgency: urgency.arrival, only: first.session });
  const free = line.run(async () => ran.push('free'), { urgency: urgency.arrival, again: false });
  first.end();
  await assert.rejects(bound, away);
  await assert.rejects(
    line.run(async () => ran.push('late'), { urgency: urgency.user, only: first.session }),
    away,
  );
  running.reject(new ImapError('imap/closed'));
  line.attach(second.session);
  await Promise.all([long.catch(() => undefined), free]);
  assert.deepEqual(ran.toSorted(), ['free', 'long', 'long']);
});

test('a job that may begin again does so once, and never when it is bound to the connection that broke', async () => {
  const line = new Line();
  const sessions = [openSession(), openSession(), openSession()];
  const breaking = (at: number) => async (): Promise<void> => {
    sessions[at]?.end();
    throw new ImapError('imap/closed');
  };
  for (const [at, { session }] of sessions.entries()) {
    line.attach(session);
    await assert.rejects(line.run(breaking(at), { urgency: urgency.user, only: session }), away);
  }
});

test('a job that would begin again is rejected when the line is given up meanwhile', async () => {
  const line = new Line();
  const { session, end } = openSession();
  const running = Promise.withResolvers<void>();
  line.attach(session);
  const job = line.run(() => running.promise, { urgency: urgency.background });
  line.fail(new UpstreamError('engine/closed', 'the account was closed'));
  end();
  running.reject(new ImapError('imap/closed'));
  await assert.rejects(job, { code: 'engine/closed' });
  await line.quiet();
  assert.equal(line.busy, false);
});
