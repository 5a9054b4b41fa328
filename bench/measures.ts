import { fork } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { Agent } from 'node:http';
import { setTimeout as wait } from 'node:timers/promises';
import type { RunningDovecot } from '#cli/demo/dovecot.ts';
import { type Figure, figure, inTurn, median, times } from './figures.ts';
import { RawImap } from './limit/imap.ts';
import type { Manifest } from './mailbox/write.ts';
import { must } from '#base/must.ts';
import { Client, type Invocation, post, type RunningPostern } from './postern.ts';

export interface Ground {
  dovecot: RunningDovecot;
  postern: RunningPostern;
  big: { address: string; password: string };
  small: readonly { address: string; password: string }[];
  manifest: Manifest;
  smtpPort: number;
  client: Client;
  /** One more Postern, with a data folder of its own. */
  another: (environment?: Record<string, string>) => Promise<RunningPostern>;
}

/** What Postern's bulk FETCH asks for. */
const items =
  '(UID FLAGS INTERNALDATE RFC822.SIZE BODYSTRUCTURE MODSEQ BODY.PEEK[HEADER.FIELDS (DATE FROM SENDER REPLY-TO TO CC BCC SUBJECT MESSAGE-ID IN-REPLY-TO REFERENCES LIST-ID LIST-UNSUBSCRIBE AUTO-SUBMITTED PRECEDENCE)])';
const rowProperties = [
  'id',
  'threadId',
  'mailboxIds',
  'keywords',
  'hasAttachment',
  'from',
  'to',
  'subject',
  'receivedAt',
  'size',
  'preview',
];

const raw = (g: Ground): Promise<RawImap> => RawImap.open(g.dovecot.imapPort, g.big.address, g.big.password);

/** The list of a get answer, or of the one at `key`. */
const listOf = <T>(answer: Record<string, unknown> | undefined, key = 'list'): T[] =>
  must(answer, 'an answer')[key] as T[];

const inboxOf = async (client: Client): Promise<string | null> => {
  const [answer] = await client.call(['Mailbox/get', { ids: null }, '0']);
  return listOf<{ id: string; role: string | null }>(answer).find((box) => box.role === 'inbox')?.id ?? null;
};

/** One page of the list as the app asks for it. */
const page = (inbox: string, position: number, limit = 50, collapseThreads = true): Invocation[] => [
  [
    'Email/query',
    {
      filter: { inMailbox: inbox },
      sort: [{ property: 'receivedAt', isAscending: false }],
      collapseThreads,
      position,
      limit,
      calculateTotal: true,
    },
    '0',
  ],
  ['Email/get', { '#ids': { resultOf: '0', name: 'Email/query', path: '/ids' }, properties: rowProperties }, '1'],
  ['Thread/get', { '#ids': { resultOf: '1', name: 'Email/get', path: '/list/*/threadId' } }, '2'],
];

interface AccountState {
  progress: { known: number; total: number; done: boolean; searchable: number; read: number };
}

const stateOf = async (client: Client): Promise<AccountState> => {
  const [answer] = await client.call(['MailAccount/get', { ids: null }, '0']);
  return must(listOf<AccountState>(answer)[0], 'one account');
};

/** The main thread since this was last asked, in ms, as Postern itself tells on /metrics; the first asking begins it. */
const mainThread = async (
  g: Ground,
): Promise<{ work: number; longest: { work: number; queue: number; pause: number } }> => {
  const text = (await g.client.get('/metrics')).toString();
  const ms = (name: string): number =>
    Number(
      text
        .split('\n')
        .find((line) => line.startsWith(`postern_main_thread_${name} `))
        ?.split(' ')[1],
    ) * 1000;
  const of = (part: string): number => ms(`delay_seconds{in="${part}"}`);
  return { work: ms('work_seconds'), longest: { work: of('work'), queue: of('queue'), pause: of('pause') } };
};

const fetchAll = async (g: Ground, what: string): Promise<number> => {
  const imap = await raw(g);
  let seconds = 0;
  for (const mailbox of Object.keys(g.manifest.mailboxes)) {
    await imap.command(`EXAMINE "${mailbox}"`);
    const began = performance.now();
    await imap.command(`FETCH 1:* ${what}`);
    seconds += (performance.now() - began) / 1000;
  }
  imap.close();
  return seconds;
};

export const firstSync = async (g: Ground): Promise<Figure[]> => {
  // Both sides meet a server whose own caches are warm; a cold one is slower than any client.
  await fetchAll(g, items);
  const headSeconds = median(
    await times(5, async () => {
      const imap = await raw(g);
      const { text } = await imap.command('SELECT INBOX', true);
      const exists = Number(/\* (\d+) EXISTS/.exec(text)?.[1]);
      await imap.command(`FETCH ${exists - 49}:* ${items}`);
      imap.close();
    }),
  );
  // Before and after: the machine is not the same from one ten seconds to the next.
  const limits = async (): Promise<{ rows: number; previews: number }> => ({
    rows: await fetchAll(g, items),
    previews: await fetchAll(g, '(UID PREVIEW)'),
  });
  const before = await limits();
  const textSeconds = await fetchAll(g, '(UID BODY.PEEK[]<0.16384>)');

  await mainThread(g);
  const cpu = g.postern.cpu();
  await g.client.signIn(g.big.address, g.big.password, g.dovecot.imapPort, g.smtpPort);
  const authenticated = performance.now();
  let rows = 0;
  while (rows < Math.min(50, g.manifest.size)) {
    const inbox = await inboxOf(g.client);
    if (inbox !== null) rows = listOf((await g.client.call(...page(inbox, 0, 50, false)))[1]).length;
    await wait(5);
  }
  const first = performance.now() - authenticated;
  const inbox = (await inboxOf(g.client)) ?? '';
  const during: number[] = [];
  let state = await stateOf(g.client);
  /** Somebody reads while the account syncs, and is told how far it is. */
  const look = async (): Promise<void> => {
    await wait(50);
    const asked = performance.now();
    await g.client.call(...page(inbox, 0));
    during.push(performance.now() - asked);
    state = await stateOf(g.client);
  };
  while (!state.progress.done) await look();
  const synced = (performance.now() - authenticated) / 1000;
  const syncCpu = g.postern.cpu() - cpu;
  while (state.progress.searchable < state.progress.known) await look();
  const searchable = (performance.now() - authenticated) / 1000;
  const readBefore = state.progress.read;
  const textCpu = g.postern.cpu();
  const resumed = performance.now();
  while (state.progress.read < state.progress.known) await look();
  const read = (performance.now() - resumed) / 1000;
  const readCpu = g.postern.cpu() - textCpu;
  const after = await limits();
  const rowSeconds = (before.rows + after.rows) / 2;
  const previewSeconds = rowSeconds + (before.previews + after.previews) / 2;
  during.sort((a, b) => a - b);
  const { work, longest } = await mainThread(g);
  const n = state.progress.known;
  return [
    figure('first rows after authentication', 'ms', first, headSeconds, 'limit: LOGIN, SELECT, FETCH of the newest 50'),
    figure(
      'first sync, rows and conversations',
      'messages/s',
      n / synced,
      g.manifest.size / rowSeconds,
      `${n} messages in ${Object.keys(g.manifest.mailboxes).length} mailboxes`,
    ),
    figure('first sync, CPU', 'messages/CPU-s', n / syncCpu, null, 'Postern with its keeper'),
    figure(
      'first sync, headers and previews searchable',
      'messages/s',
      n / searchable,
      g.manifest.size / previewSeconds,
      'full text over headers and preview; limit: the rows, then PREVIEW of all',
    ),
    figure(
      'bodies searchable, after that',
      'messages/s',
      (n - readBefore) / read,
      g.manifest.size / textSeconds,
      'up to 16 kB of each, newest first; limit: BODY.PEEK[]<0.16384> of all',
    ),
    figure('bodies searchable, CPU', 'messages/CPU-s', (n - readBefore) / readCpu, null, 'Postern with its keeper'),
    figure(
      'list page while the account syncs',
      'ms',
      median(during),
      null,
      `of ${during.length}; one in twenty over ${(during[Math.floor(during.length * 0.95)] ?? 0).toFixed(0)}, slowest ${(during.at(-1) ?? 0).toFixed(0)}`,
    ),
    figure('main thread busy without a break, longest', 'ms', work, null, 'on a processor, while the account synced'),
    figure(
      'main thread stood still, longest',
      'ms',
      longest.work + longest.queue + longest.pause,
      null,
      `${longest.work.toFixed(1)} of it busy, ${longest.queue.toFixed(1)} in the queue for a processor, ${longest.pause.toFixed(1)} in a pause`,
    ),
  ];
};

/** Runs one of the limits in a process of its own; `task` gets its first message. */
const withLimit = async <M, T>(
  file: string,
  parameters: readonly string[],
  task: (message: M) => Promise<T>,
): Promise<T> => {
  const child = fork(new URL(file, import.meta.url), parameters, { execArgv: ['--expose-gc'] });
  const [message] = (await once(child, 'message')) as [M];
  try {
    return await task(message);
  } finally {
    child.disconnect();
  }
};

/** Runs `task` against a bare HTTP server that answers with `bytes` octets. */
const withBareHttp = <T>(bytes: number, task: (origin: string) => Promise<T>): Promise<T> =>
  withLimit('limit/http.ts', [String(bytes)], ({ port }: { port: number }) => task(`http://127.0.0.1:${port}`));

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

export const openMessage = async (g: Ground): Promise<Figure[]> => {
  const inbox = (await inboxOf(g.client)) ?? '';
  const [, list] = await g.client.call(...page(inbox, 100, 120));
  const ids = listOf<{ id: string }>(list).map((email) => email.id);
  const get = (id: string): Promise<unknown> =>
    g.client.call([
      'Email/get',
      {
        ids: [id],
        properties: ['bodyValues', 'textBody', 'htmlBody', 'attachments', 'headers'],
        fetchAllBodyValues: true,
      },
      '0',
    ]);
  const first = median(await times(40, (i) => get(ids[i] ?? ''), 3));
  const again = median(await times(40, (i) => get(ids[i] ?? ''), 3));
  const imap = await raw(g);
  await imap.command('EXAMINE INBOX');
  const limit = median(
    await times(40, (i) => imap.command(`FETCH ${g.manifest.mailboxes['INBOX']! - 300 - i} (BODY.PEEK[])`), 3),
  );
  imap.close();
  return [
    figure('open a message', 'ms', first, limit, 'limit: FETCH BODY[] on an open connection'),
    figure('open it again', 'ms', again, limit),
  ];
};

export const searches = async (g: Ground): Promise<Figure[]> => {
  const inbox = (await inboxOf(g.client)) ?? '';
  const imap = await raw(g);
  await imap.command('EXAMINE INBOX');
  const figures: Figure[] = [];
  for (const [name, filter, criteria, hidden] of [
    ['search a word of the subject', { subject: 'falconry' }, 'SUBJECT falconry', g.manifest.falconry],
    ['search a word of the body', { text: 'brontide' }, 'TEXT brontide', g.manifest.brontide],
  ] as const) {
    const query: Invocation = [
      'Email/query',
      {
        filter: { inMailbox: inbox, ...filter },
        sort: [{ property: 'receivedAt', isAscending: false }],
        limit: 50,
        calculateTotal: true,
      },
      '0',
    ];
    const found = Number((await g.client.call(query))[0]?.['total']);
    const made = median(await times(20, (i) => g.client.call([query[0], { ...query[1], limit: 50 - (i % 10) }, '0'])));
    const limit = median(await times(3, () => imap.command(`UID SEARCH ${criteria}`), 1));
    figures.push(
      figure(name, 'ms', made, limit, `found ${found} of ${hidden}; limit: UID SEARCH ${criteria.split(' ')[0] ?? ''}`),
    );
  }
  imap.close();
  return figures;
};

const loginCount = (g: Ground): number =>
  readFileSync(g.dovecot.logFile, 'latin1').split('imap-login: Info: Login: user=').length - 1;

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

export const markRead = async (g: Ground): Promise<Figure[]> => {
  const inbox = (await inboxOf(g.client)) ?? '';
  const [answer] = await g.client.call([
    'Email/query',
    {
      filter: { inMailbox: inbox },
      sort: [{ property: 'receivedAt', isAscending: false }],
      position: 2000,
      limit: 1000,
    },
    '0',
  ]);
  const ids = listOf<string>(answer, 'ids');
  const set = async (seen: boolean): Promise<void> => {
    for (let at = 0; at < ids.length; at += 500)
      await g.client.call([
        'Email/set',
        {
          update: Object.fromEntries(
            ids.slice(at, at + 500).map((id) => [id, { 'keywords/$seen': seen ? true : null }]),
          ),
        },
        '0',
      ]);
  };
  let turn = false;
  const made = median(
    await times(4, async () => {
      await set(turn);
      turn = !turn;
    }),
  );
  const imap = await raw(g);
  await imap.command('SELECT INBOX');
  const limit = median(
    await times(4, (i) =>
      imap.command(
        `STORE 1:${Math.min(1000, g.manifest.mailboxes['INBOX'] ?? 0)} ${i % 2 === 0 ? '-' : '+'}FLAGS.SILENT (\\Seen)`,
      ),
    ),
  );
  imap.close();
  return [figure('mark 1,000 read', 'ms', made, limit, 'answered and shown; limit: one STORE of 1,000')];
};

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
    'limit/idle.ts',
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
