import { setTimeout as wait } from 'node:timers/promises';
import { type Figure, figure } from '../figures.ts';
import { Client } from '../postern.ts';
import type { Ground } from './ground.ts';
import { withLimit } from './limit.ts';

export const idleMemory = async (g: Ground): Promise<Figure[]> => {
  // A process of its own: one that has just synced a large mailbox gives memory back while we look. Its heaps keep little
  // garbage: how much of it lies about belongs to the threads, not to the users.
  await using postern = await g.another({ NODE_OPTIONS: '--max-semi-space-size=1' });
  const clients: Client[] = [];
  const signIn = async (users: Ground['small']): Promise<number> => {
    for (const { address, password } of users) {
      const client = new Client(postern.origin);
      await client.signIn(address, password, g.dovecot.imapPort, g.smtpPort);
      clients.push(client);
    }
    await wait(5000);
    return postern.memory();
  };
  // What the first ones cost is the program itself: compiled code, and heaps that grow once.
  const half = Math.ceil(g.small.length / 2);
  const before = await signIn(g.small.slice(0, half));
  const each = ((await signIn(g.small.slice(half))) - before) / Math.max(1, g.small.length - half);
  for (const client of clients) client.close();
  const limit = await withLimit(
    'idle.ts',
    [String(g.dovecot.imapPort), ...g.small.map((user) => user.address)],
    ({ each: octets }: { each: number }) => Promise.resolve(octets),
  );
  return [
    figure(
      'memory of an idle signed-in user',
      'kB',
      each / 1024,
      limit / 1024,
      `mean of the last ${g.small.length - half} of ${g.small.length}, mailboxes empty, keeper included; limit: a bare socket in IDLE`,
    ),
  ];
};

export const scriptBytes = async (g: Ground): Promise<Figure[]> => {
  const html = await (await fetch(`${g.postern.origin}/`)).text();
  const sources = [...html.matchAll(/(?:<script[^>]*src|<link rel="modulepreload"[^>]*href)="([^"]+)"/g)].map(
    (match) => match[1] ?? '',
  );
  let bytes = 0;
  for (const source of sources) {
    const answer = await fetch(new URL(source, g.postern.origin), { headers: { 'accept-encoding': 'gzip' } });
    bytes += Number(answer.headers.get('content-length') ?? 0) || (await answer.arrayBuffer()).byteLength;
  }
  return [figure('script at first load', 'kB gzip', bytes / 1024, 60, 'limit: the budget')];
};
