import assert from 'node:assert/strict';
import { Socket } from 'node:net';
import { test } from 'node:test';
import { stillClock } from '#base/clock.testkit.ts';
import { Admissions } from './admissions.ts';
import { Arena } from './arena.ts';
import type { SignedIn } from './connect.ts';
import type { MailAccountId, Target, UserId } from './keeper.ts';

const target: Target = { protocol: 'imap', host: 'h', port: 993, security: 'tls', username: 'alice', pin: null };
const owner = { user: 'u' as UserId, account: 'a' as MailAccountId };

test('V40 a parked connection is for the user, account and server it was made for, once', () => {
  const admissions = new Admissions(new Arena(8), stillClock());
  const socket = new Socket();
  const handle = admissions.hold(target, Buffer.from('right'), { socket } as Partial<SignedIn> as SignedIn);
  assert.equal(admissions.take(owner, target), null, 'the sign-in is not finished');
  admissions.finish(handle, owner);
  for (const [who, where] of [
    [{ ...owner, user: 'v' as UserId }, target],
    [{ ...owner, account: 'b' as MailAccountId }, target],
    [owner, { ...target, host: 'g' }],
    [owner, { ...target, username: 'bob' }],
    [owner, { ...target, pin: 'ab'.repeat(32) }],
  ] as const)
    assert.equal(admissions.take(who, where), null);
  assert.equal(admissions.take(owner, target)?.socket, socket);
  assert.equal(admissions.take(owner, target), null);
  admissions.close();
});
