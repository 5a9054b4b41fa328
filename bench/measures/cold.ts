import { readdirSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { type Figure, figure } from '../figures.ts';
import { Client } from '../postern.ts';
import type { Ground } from './ground.ts';
import { fetchAll, items, stateOf } from './sync.ts';

/** What Dovecot keeps of the messages it was asked about goes; the messages themselves stay in the system's page cache. */
const forget = (g: Ground): void => {
  const folder = join(g.mail, g.big.address, 'index');
  const found = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter(
    (path) => basename(path) === 'dovecot.index.cache',
  );
  if (found.length === 0) throw new Error('Dovecot keeps its caches elsewhere');
  for (const path of found) rmSync(join(folder, path));
};

/** Seconds to read all of it over a raw socket. */
const fetchCold = (g: Ground, what: string): Promise<number> => {
  forget(g);
  return fetchAll(g, what);
};

const withPreviews = items.replace('PREVIEW (LAZY)', 'PREVIEW');

/**
 * A mailbox of which nobody has asked the server for these items before: what the first sync of an account that another
 * program was used for meets. The server then reads and parses every message.
 */
export const coldSync = async (g: Ground): Promise<Figure[]> => {
  const before = [await fetchCold(g, items), await fetchCold(g, withPreviews)] as const;
  forget(g);
  await using postern = await g.another();
  const client = new Client(postern.origin);
  await client.signIn(g.big.address, g.big.password, g.dovecot.imapPort, g.smtpPort);
  const authenticated = performance.now();
  const seconds = (): number => (performance.now() - authenticated) / 1000;
  let state = await stateOf(client);
  const until = async (isOver: () => boolean): Promise<number> => {
    for (; !isOver(); state = await stateOf(client)) await wait(50);
    return seconds();
  };
  const synced = await until(() => state.progress.done);
  const searchable = await until(() => state.progress.searchable >= state.progress.known);
  client.close();
  const after = [await fetchCold(g, items), await fetchCold(g, withPreviews)] as const;
  const limit = (which: 0 | 1): number => g.manifest.size / ((before[which] + after[which]) / 2);
  const { known } = state.progress;
  return [
    figure(
      'first sync of a mailbox the server was never asked about',
      'messages/s',
      known / synced,
      limit(0),
      'rows and conversations; Dovecot without its caches; limit: the same FETCH, likewise',
    ),
    figure(
      '– headers and previews searchable',
      'messages/s',
      known / searchable,
      limit(1),
      'full text over headers and preview; limit: the same FETCH with PREVIEW, likewise',
    ),
  ];
};
