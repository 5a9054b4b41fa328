import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SignInLimits } from './limits.ts';

/** So many attempts of which none was right, each by another way; how many were let through. */
const letThrough = (most: number, way: (nth: number) => Parameters<SignInLimits['attempt']>): number => {
  const limits = new SignInLimits({ now: () => 1_000, after: () => () => undefined });
  for (let nth = 0; nth < most; nth += 1) {
    try {
      limits.attempt(...way(nth));
    } catch {
      return nth;
    }
  }
  return most;
};

test('D5 the network of an IPv6 address is its /64, wherever it has zeros', () => {
  const of = (address: (nth: string) => string): number =>
    letThrough(100, (nth) => [address((nth + 1).toString(16)), [`user ${nth}`], false]);
  for (const network of ['2001:db8:1:7', '2001:db8:1:0', '2001:db8:0:0', '2001:0:0:7']) {
    assert.equal(
      of((nth) => `${network}:${nth}:2:3:4`),
      30,
      network,
    );
    assert.equal(
      of((nth) => (nth.length > 1 ? `${network}::${nth}` : `${network}:${nth}:2:3:4`)),
      30,
      network,
    );
  }
  assert.equal(
    of((nth) => `2001:db8:1:${nth}::1`),
    100,
    'many networks',
  );
  assert.equal(
    of((nth) => (nth.length > 1 ? '::ffff:192.0.2.1' : '192.0.2.1')),
    30,
    'one address, as IPv6 and as IPv4',
  );
});

test('D5 guesses at an account from everywhere do not slow a browser that was here before', () => {
  const from = (nth: number): string => `198.51.${nth}.1`;
  assert.equal(
    letThrough(100, (nth) => [from(nth), ['alice'], false]),
    30,
    'strangers',
  );
  assert.equal(
    letThrough(100, (nth) => [from(nth), ['alice'], nth >= 30]),
    100,
    'the owner after them, from wherever',
  );
});
