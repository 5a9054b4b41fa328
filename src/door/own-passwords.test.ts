import assert from 'node:assert/strict';
import { test } from 'node:test';
import { stillClock } from '#base/clock.testkit.ts';
import type { Target, UserId } from '#vault/keeper.ts';
import { OwnPasswords } from './own-passwords.ts';
import type { DoorParts } from './parts.ts';

const imap: Target = { protocol: 'imap', host: 'h', port: 993, security: 'tls', username: 'ada', pin: null };

test('A88 a token of OAuth is not swapped, even where the operator wants every password to be', async () => {
  const asked: string[] = [];
  const own = new OwnPasswords({
    config: { publicUrl: null, appPasswords: { swap: 'required', swapNetworks: [] } },
    clock: stillClock(),
    mailrooms: { ask: (_user: unknown, op: string) => (asked.push(op), Promise.reject(new Error('nobody is asked'))) },
  } as unknown as DoorParts);
  const servers = { imap, smtp: { ...imap, protocol: 'smtp' } as const };
  const kept = await own.keep({
    user: 'u' as UserId,
    servers,
    account: null,
    plain: { auth: 'oauth', authId: 'google' },
    ownSmtp: false,
  });
  assert.deepEqual([kept.seal, kept.auth.auth, kept.auth.authId, asked], [{}, 'oauth', 'google', []]);
});
