import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AuditFacts } from '#jmap/auth/unlockers.ts';
import { deviceName, eventWords, strengthOf, unlockerWords } from './words.ts';

const event = (kind: string, facts: AuditFacts['facts'] = {}): AuditFacts => ({
  at: '2025-11-06T08:50:00Z',
  kind,
  address: '192.0.2.7',
  userAgent: '',
  facts,
});

test('U8 events are said in plain words, and what deserves a second look is marked', () => {
  const cases = [
    [event('sign-in', { by: 'passkey' }), 'Signed in', 'with a passkey', false],
    [event('sign-in-refused', { by: 'mail-password' }), 'Sign-in refused', 'with a mail password', true],
    [event('unlocker-added', { kind: 'passkey', name: 'Laptop' }), 'Added: passkey', 'Laptop', false],
    [event('unlocker-removed', { kind: 'totp' }), 'Removed: second step', '', false],
    [event('key-theft'), 'A copied session was noticed, and ended', '', true],
    [event('something-new'), 'Something new', '', false],
  ] as const;
  for (const [given, title, about, grave] of cases) assert.deepEqual(eventWords(given), { title, about, grave });
});

test('U4 how strong a password looks', () => {
  for (const weak of ['', 'hunter2', 'aaaaaaaaaaaaaaaa', 'password1']) assert.equal(strengthOf(weak), 'weak', weak);
  assert.equal(strengthOf('four green ducks swim'), 'strong');
  assert.equal(strengthOf('tr0ub4dor&3'), 'fair');
});

test('U2 a new passkey is called by its device', () => {
  assert.equal(deviceName('Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X)'), 'iPhone');
  assert.equal(deviceName('Mozilla/5.0 (X11; Linux x86_64)'), 'Linux computer');
  assert.equal(deviceName('curl'), 'This device');
});

test('U2 when an unlocker was added and last used', () => {
  const now = new Date('2025-11-06T08:50:00Z');
  const facts = { id: 'x', kind: 'passkey', name: 'x', account: null, createdAt: '2025-03-03T10:00:00Z' } as const;
  assert.match(unlockerWords({ ...facts, lastUsedAt: null }, now), /^Added 3 Mar.*, not used yet$/u);
  assert.match(unlockerWords({ ...facts, lastUsedAt: '2025-11-06T08:46:00Z' }, now), /, used 4 minutes ago$/u);
});
