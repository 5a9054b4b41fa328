import { join } from 'node:path';
import { systemClock } from '#base/clock.ts';
import { must } from '#base/must.ts';
import { openStore } from '#store/open.ts';
import { Arena } from '#vault/arena.ts';
import { HostKeys } from '#vault/host-keys.ts';
import { hashToken } from '#vault/keys.ts';
import { openSession } from '#vault/slots.ts';
import type { Instance } from './instance.ts';

/** The user key of whoever is signed in, from the three shares: cookies, row and secret file. Not asked of the keeper. */
export const userKeyOf = async ({ browser, data, secretFile }: Instance): Promise<Buffer> => {
  const cookie = (name: string): Buffer => Buffer.from(must(browser.jar.get(name), name).value, 'base64url');
  await using store = await openStore(`sqlite:${join(data, 'postern.db')}`, { mode: 'direct' });
  const session = must(await store.sessionByTokenHash(hashToken(cookie('postern'))), 'the session');
  const arena = new Arena(100);
  try {
    return openSession(new HostKeys(arena, secretFile, systemClock), session, cookie('postern-key'));
  } finally {
    arena.close();
  }
};
