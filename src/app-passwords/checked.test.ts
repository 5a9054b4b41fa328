import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkedLabel, checkedNetworks, checkedProtocols, checkedUser } from './checked.ts';
import { AppPasswordError, type AppPasswordCode } from './errors.ts';
import { granted } from './policy.ts';
import { openPolicy } from './policy.testkit.ts';
import { protocols } from './types.ts';

const refuses = (code: AppPasswordCode, ...tasks: readonly (() => unknown)[]): void => {
  for (const task of tasks)
    assert.throws(task, (error) => error instanceof AppPasswordError && error.code === code, String(task));
};

test('A13 names: quotes are text; what cannot be shown is refused', () => {
  assert.equal(checkedLabel(` Robert'); DROP TABLE "x";-- `), `Robert'); DROP TABLE "x";--`);
  assert.equal(checkedLabel('שולחן עבודה'), 'שולחן עבודה');
  assert.equal(checkedLabel('e\u0301'), 'é');
  assert.equal(checkedLabel('👩‍💻'.repeat(20)), '👩‍💻'.repeat(20));
  refuses(
    'app-password/label',
    ...[
      '',
      '  ',
      'a\0b',
      'a\nb',
      'x'.repeat(101),
      'x'.repeat(10_000),
      '\u202Egnp.exe',
      'a\u200Fb',
      '\uD800',
      'a\u2028b',
    ].map((text) => () => checkedLabel(text)),
  );
});

test('A13 users: full addresses in lower case, nothing a mask or an option could be made of', () => {
  assert.equal(checkedUser('Alice@Example.ORG', []), 'alice@example.org');
  assert.equal(checkedUser(`o'brien+x@example.org`, ['example.org']), `o'brien+x@example.org`);
  refuses(
    'app-password/user',
    ...[
      'alice',
      '*@example.org',
      'a?@example.org',
      '-A@example.org',
      'a b@example.org',
      'a"@example.org',
      'a%u@example.org',
      'a\0@example.org',
      'a@b@c',
      '@x',
      'a@',
      `${'x'.repeat(300)}@example.org`,
    ].map((text) => () => checkedUser(text, [])),
  );
  refuses('app-password/domain', () => checkedUser('alice@other.org', ['example.org']));
});

test('A10 protocols, networks and expiry', () => {
  assert.deepEqual(checkedProtocols(['submission', 'imap', 'imap'], protocols), ['imap', 'submission']);
  assert.deepEqual(checkedNetworks(['192.0.2.7', ' 2001:db8::/32 ']), ['192.0.2.7/32', '2001:db8::/32']);
  refuses(
    'app-password/protocols',
    () => checkedProtocols([], protocols),
    () => checkedProtocols(['ftp'], protocols),
    () => checkedProtocols(['pop3'], ['imap']),
  );
  refuses(
    'app-password/networks',
    () => checkedNetworks(['300.1.1.1']),
    () => checkedNetworks(["1.2.3.4' OR 1"]),
    () => checkedNetworks(Array.from({ length: 21 }, () => '192.0.2.1')),
  );
  const wish = { label: 'x', program: 'other', protocols: ['imap'] } as const;
  const week = { ...openPolicy, longest: 7 };
  assert.equal(granted(wish, openPolicy, 100).expires, null);
  assert.equal(granted(wish, week, 100).expires, 107);
  refuses(
    'app-password/expiry',
    () => granted({ ...wish, expires: 100 }, week, 100),
    () => granted({ ...wish, expires: 108 }, week, 100),
    () => granted({ ...wish, expires: Number.NaN }, openPolicy, 100),
  );
});
