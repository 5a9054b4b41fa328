import { Agent } from 'node:http';
import { setTimeout as wait } from 'node:timers/promises';
import { type Figure, figure, inTurn, times } from '../figures.ts';
import { type Invocation, post } from '../postern.ts';
import { type Ground, inboxOf, page } from './ground.ts';
import { withBareHttp } from './limit.ts';

/** What a sync leaves to be done is over: pieces of the full text are joined for half a minute after it. */
const quiet = async (g: Ground): Promise<void> => {
  for (let tries = 0; tries < 60; tries += 1) {
    const before = g.postern.cpu();
    await wait(2_000);
    if (g.postern.cpu() - before < 0.05) return;
  }
  throw new Error('Postern does not come to rest');
};

export const listPages = async (g: Ground): Promise<Figure[]> => {
  await quiet(g);
  const inbox = (await inboxOf(g.client)) ?? '';
  const figures: Figure[] = [];
  const deep = Math.min(50_000, Math.floor(g.manifest.size / 2));
  // Every request differs in its call id, so that no whole answer comes from memory. The rows do, from the second time on.
  const distinct = (calls: Invocation[], i: number): Buffer =>
    g.client.body(
      calls
        .map(([name, args, id]) => [name, args, `${id}.${i}`] as const)
        .map(([name, args, id]) => [
          name,
          JSON.parse(JSON.stringify(args).replaceAll(/"resultOf":"(\d)"/g, `"resultOf":"$1.${i}"`)) as Record<
            string,
            unknown
          >,
          id,
        ]),
    );
  const flat = (position: number): Invocation[] =>
    page(inbox, position).map(([name, args, id]) => [
      name,
      { ...args, ...(name === 'Email/query' ? { collapseThreads: false } : {}) },
      id,
    ]);
  const cases: [string, Invocation[]][] = [
    ['list page, 50 newest conversations', page(inbox, 0)],
    ['list page, 50 newest messages', flat(0)],
    [`list page at depth ${deep}`, flat(deep)],
  ];
  const warm = 1_000;
  const counted = 200;
  /** Bodies made before the clock runs: what the asking side spends on them is not Postern's time. */
  const bodies = (calls: Invocation[]): Buffer[] =>
    Array.from({ length: 1 + warm + counted }, (_, i) => distinct(calls, i));
  /** Asks the bare server as Postern is asked. */
  const beside = async <T>(
    body: Buffer,
    task: (bare: () => Promise<unknown>, length: number) => Promise<T>,
  ): Promise<T> => {
    const { length } = (await g.client.send(body)).body;
    return withBareHttp(length, async (origin) => {
      const agent = new Agent({ keepAlive: true });
      const found = await task(() => post(agent, origin, '/', body, g.client.headers), length);
      agent.destroy();
      return found;
    });
  };
  for (const [name, calls] of cases) {
    const [body = Buffer.alloc(0), ...others] = bodies(calls);
    await beside(body, async (bare, length) => {
      const ms = await inTurn(
        {
          bare,
          made: (i) => g.client.send(others[i] ?? body),
          again: () => g.client.send(body),
        },
        { warm, rounds: 10, each: counted / 10 },
      );
      figures.push(
        figure(name, 'ms', ms.made, ms.bare, `${length} bytes; limit: a bare HTTP answer of the same bytes`),
        figure(`${name}, asked again`, 'ms', ms.again, ms.bare, 'the same request, nothing changed'),
      );
    });
  }
  const pages = Math.max(1, Math.min(200, Math.floor(deep / 50) - 2));
  const unseen = Array.from({ length: pages }, (_, i) => distinct(flat(100 + 50 * i), i));
  await beside(distinct(flat(50), 0), async (bare) => {
    const rounds = Math.max(1, Math.floor(pages / 20));
    await times(warm, bare, 0);
    const ms = await inTurn(
      { bare, made: (i) => g.client.send(unseen[i] ?? Buffer.alloc(0)) },
      { warm: 0, rounds, each: Math.min(20, pages) },
    );
    figures.push(
      figure('list page never seen', 'ms', ms.made, ms.bare, `${pages} pages one after another, no row in memory`),
    );
  });
  return figures;
};

const loginCount = (g: Ground): number => g.dovecot.signIns().length;

export const logins = async (g: Ground): Promise<Figure[]> => {
  const before = loginCount(g);
  const inbox = (await inboxOf(g.client)) ?? '';
  for (let i = 0; i < 100; i += 1) await g.client.call(['Mailbox/get', { ids: null }, 'm'], ...page(inbox, i));
  return [
    figure(
      'LOGINs during 100 refreshes',
      'logins',
      loginCount(g) - before,
      100,
      'limit: a webmail that signs in for each click',
    ),
  ];
};

const perSecond = async (clients: number, send: () => Promise<unknown>): Promise<number> => {
  const until = performance.now() + 3000;
  let n = 0;
  const began = performance.now();
  await Promise.all(
    Array.from({ length: clients }, async () => {
      while (performance.now() < until) {
        await send();
        n += 1;
      }
    }),
  );
  return (n / (performance.now() - began)) * 1000;
};

export const requestsPerSecond = async (g: Ground): Promise<Figure[]> => {
  const inbox = (await inboxOf(g.client)) ?? '';
  const body = g.client.body(page(inbox, 0));
  const { length } = (await g.client.send(body)).body;
  const figures: Figure[] = [];
  for (const clients of [1, 8, 32]) {
    const made = await perSecond(clients, () => g.client.send(body));
    const limit = await withBareHttp(length, async (origin) => {
      const agent = new Agent({ keepAlive: true, maxSockets: 64 });
      const found = await perSecond(clients, () => post(agent, origin, '/', body, {}));
      agent.destroy();
      return found;
    });
    figures.push(
      figure(
        `list, ${clients} client${clients === 1 ? '' : 's'}`,
        'requests/s',
        made,
        limit,
        'the asking process shares the machine',
      ),
    );
  }
  return figures;
};
