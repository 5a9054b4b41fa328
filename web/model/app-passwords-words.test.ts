import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AppPassword, AppPasswordPolicy } from '#jmap/app-password.ts';
import { ownOf, ownWords } from './app-passwords-own.ts';
import { freeName, isOnPhone, lifeWords, lives, offeredLife, offeredProtocols } from './app-passwords-programs.ts';
import {
  mayWords,
  modeWords,
  policyWords,
  protocolWords,
  rowWords,
  sinceWords,
  untilWords,
} from './app-passwords-words.ts';

const now = new Date(2025, 10, 6, 9, 50);
const day = 24 * 60;
const ago = (minutes: number): string => new Date(now.getTime() - minutes * 60_000).toISOString();
const item = (more: Record<string, unknown> = {}): AppPassword =>
  ({
    id: 'P1',
    name: 'Phone',
    program: 'apple',
    protocols: ['imap', 'submission'],
    networks: [],
    createdAt: ago(248 * day),
    expiresAt: null,
    state: 'active',
    worksUntil: null,
    replacedBy: null,
    lastUsed: { at: ago(4), protocol: 'imap', network: '198.51.100.7' },
    unusedDays: 0,
    own: false,
    imported: false,
    ...more,
  }) as unknown as AppPassword;

test('AP6 times as a person says them', () => {
  assert.deepEqual(
    [0, 4, 70, day, 3 * day, 20 * day, 59 * day, 214 * day, 400 * day, 900 * day].map((minutes) =>
      sinceWords(ago(minutes), now),
    ),
    [
      'Just now',
      '4 minutes ago',
      'Today 08:40',
      'Yesterday 09:50',
      'Monday 09:50',
      '17 October',
      '8 September',
      '7 months ago',
      '13 months ago',
      '2 years ago',
    ],
  );
  assert.deepEqual(
    [ago(-60), ago(-day), ago(-40 * day)].map((each) => untilWords(each, now)),
    ['today 10:50', 'tomorrow 09:50', '16 December'],
  );
});

test('AP6 a row says what it is, what it may do and when it was used', () => {
  assert.deepEqual(rowWords(item(), now), {
    made: 'Apple Mail, made 3 March',
    may: 'Read and send',
    mayDetail: 'IMAP and SMTP',
    used: '4 minutes ago',
    usedDetail: 'IMAP, 198.51.100.7',
    doubt: false,
  });
  const scanner = rowWords(
    item({ program: 'scanner', protocols: ['submission'], networks: ['192.0.2.40/32', '2001:db8::/32'] }),
    now,
  );
  assert.equal(scanner.mayDetail, 'SMTP, from 192.0.2.40 and 2001:db8::/32 only');
  assert.equal(scanner.made, 'Made 3 March');
  assert.match(
    rowWords(item({ networks: ['1.1.1.1/32', '2.2.2.2/32', '3.3.3.3/32', '4.4.4.4/32'] }), now).mayDetail,
    /from 4 networks only/u,
  );
  assert.match(rowWords(item({ imported: true }), now).made, /made 3 March elsewhere/u);
});

test('AP6 90 days without use are asked about; an end that is near is told', () => {
  const old = rowWords(item({ lastUsed: { at: ago(214 * day), protocol: 'imap', network: '' }, unusedDays: 214 }), now);
  assert.deepEqual([old.used, old.usedDetail, old.doubt], ['7 months ago', 'Not used since April. Revoke it?', true]);
  assert.equal(rowWords(item({ unusedDays: 89 }), now).doubt, false);
  const never = rowWords(item({ lastUsed: null, unusedDays: 248 }), now);
  assert.deepEqual([never.used, never.usedDetail, never.doubt], ['Never used', 'Made in March. Revoke it?', true]);
  const fresh = rowWords(item({ lastUsed: null, unusedDays: 0 }), now);
  assert.deepEqual([fresh.used, fresh.usedDetail, fresh.doubt], ['Never used', null, false]);
  const unknown = rowWords(item({ lastUsed: null, unusedDays: null }), now);
  assert.deepEqual([unknown.used, unknown.doubt], ['Not known', false]);
  assert.match(rowWords(item({ expiresAt: ago(-3 * day) }), now).made, /, ends in 3 days$/u);
  assert.match(rowWords(item({ expiresAt: ago(-60 * day) }), now).made, /, ends 5 January 2026$/u);
  assert.match(rowWords(item({ expiresAt: ago(day), state: 'expired' }), now).made, /, ended 5 November$/u);
});

test('AP1 what has not been confirmed may still work, and the row says so', () => {
  const used = (state: string, more = {}): string => rowWords(item({ state, ...more }), now).used;
  assert.deepEqual(
    ['paused', 'expired', 'pausing', 'revoking'].map((state) => used(state)),
    ['Paused, opens nothing', 'Ended, opens nothing', 'Pausing, may still work', 'Revoking, may still work'],
  );
  assert.equal(rowWords(item({ state: 'revoking' }), now).doubt, true);
  const replaced = rowWords(item({ state: 'replaced', worksUntil: ago(-day) }), now);
  assert.deepEqual([replaced.used, replaced.usedDetail], ['Replaced by a new one', 'Still works until tomorrow 09:50']);
});

test('what protocols allow, what the operator allows', () => {
  assert.deepEqual(
    [['imap'], ['pop3', 'submission'], ['submission'], ['sieve'], ['imap', 'sieve']].map((each) =>
      mayWords(each as never),
    ),
    ['Read only', 'Read and send', 'Send only', 'Change filters only', 'Read only'],
  );
  assert.equal(protocolWords(['imap', 'pop3', 'sieve']), 'IMAP, POP and ManageSieve');
  const policy: AppPasswordPolicy = {
    most: 25,
    longestDays: 90,
    protocols: ['submission', 'sieve'],
    required: true,
    onMainChange: 'ask',
  };
  assert.match(
    policyWords(policy, 1),
    /needs an app password.*25 app passwords; 1 is in use\. Each one works for 90 days at most\.$/u,
  );
  assert.match(policyWords({ ...policy, required: false, most: null, longestDays: null }, 0), /works in programs too/u);
  assert.match(policyWords({ ...policy, onMainChange: 'drop' }, 2), /; 2 are in use.*all of them are revoked\.$/u);
  assert.deepEqual(offeredProtocols('apple', policy), ['submission']);
  assert.deepEqual(offeredProtocols('script', policy), ['submission'], 'never nothing');
  assert.deepEqual(lives(policy), [7, 30, 90]);
  assert.deepEqual(
    [lives({ longestDays: null }).at(-1), offeredLife('script', policy), offeredLife('apple', policy)],
    [null, 90, 90],
  );
  assert.deepEqual(
    [offeredLife('script', { longestDays: null }), offeredLife('apple', { longestDays: null })],
    [365, null],
  );
  assert.deepEqual([null, 365, 30, 1].map(lifeWords), ['Never', 'In a year', 'In 30 days', 'In 1 day']);
  assert.equal(freeName('iPhone', [{ name: 'IPHONE' }, { name: 'iPhone 2' }]), 'iPhone 3');
  assert.deepEqual([item(), item({ program: 'script' })].map(isOnPhone), [true, false]);
  const here = { mode: 'here', provider: null } as never;
  assert.deepEqual(
    [here, { mode: 'provider', provider: { name: 'Google' } } as never, { mode: 'one-password' } as never].map(
      modeWords,
    ),
    ['managed here', 'managed at Google', 'one password only'],
  );
});

test('what Postern keeps, since when, and whether it works', () => {
  const own = {
    auth: 'app-password',
    id: null,
    since: ago(248 * day),
    checkedAt: ago(2),
    refused: false,
    note: null,
  } as const;
  assert.deepEqual(ownWords(own, now), {
    kept: 'App password, saved 3 March',
    state: 'Works',
    detail: 'Checked 2 minutes ago',
    refused: false,
    action: 'Replace',
  });
  const refused = ownWords({ ...own, auth: 'password', refused: true, checkedAt: ago(day) }, now);
  assert.deepEqual(
    [refused.state, refused.detail],
    ['Needs replacing', 'The server refuses it. It last worked: Yesterday 09:50'],
  );
  assert.equal(ownWords({ ...own, auth: 'minted' }, now).action, null);
  assert.equal(ownWords({ ...own, auth: 'oauth', since: null }, now).action, 'Connect again');
  assert.deepEqual(
    [ownWords({ ...own, checkedAt: null }, now).state, ownWords({ ...own, checkedAt: null }, now).detail],
    ['Not checked yet', null],
  );
  const facts = {
    auth: 'password',
    authSince: null,
    checkedAt: ago(0),
    state: 'refused',
    words: 'Invalid login',
  } as never;
  assert.deepEqual(ownOf(own, facts), {
    ...own,
    auth: 'password',
    checkedAt: ago(0),
    refused: true,
    note: 'The server said: Invalid login',
  });
  assert.equal(ownOf(own, undefined), own);
});
