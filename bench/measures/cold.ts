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

/**
 * A mailbox of which nobody has asked the server for these items before: what the first sync of an account that another
 * program was used for meets. The server then reads and parses every message.
 */
export const coldSync = async (g: Ground): Promise<Figure[]> => {
  forget(g);
  const before = await fetchAll(g, items);
  forget(g);
  await using postern = await g.another();
  const client = new Client(postern.origin);
  await client.signIn(g.big.address, g.big.password, g.dovecot.imapPort, g.smtpPort);
  const authenticated = performance.now();
  let state = await stateOf(client);
  while (!state.progress.done) {
    await wait(50);
    state = await stateOf(client);
  }
  const synced = (performance.now() - authenticated) / 1000;
  client.close();
  forget(g);
  const after = await fetchAll(g, items);
  return [
    figure(
      'first sync of a mailbox the server was never asked about',
      'messages/s',
      state.progress.known / synced,
      g.manifest.size / ((before + after) / 2),
      'rows and conversations; Dovecot without its caches; limit: the same FETCH, likewise',
    ),
  ];
};
