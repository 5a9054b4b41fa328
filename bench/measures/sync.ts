import { setTimeout as wait } from 'node:timers/promises';
import { must } from '#base/must.ts';
import { type Figure, figure, median, times } from '../figures.ts';
import type { Client } from '../postern.ts';
import { type Ground, inboxOf, listOf, page, raw } from './ground.ts';

/** What Postern's bulk FETCH asks a Dovecot for, word for word. */
export const items =
  '(UID FLAGS INTERNALDATE RFC822.SIZE MODSEQ BODYSTRUCTURE PREVIEW (LAZY) X-GUID BODY.PEEK[HEADER.FIELDS (DATE FROM SENDER REPLY-TO TO CC BCC SUBJECT MESSAGE-ID IN-REPLY-TO REFERENCES LIST-ID LIST-UNSUBSCRIBE AUTO-SUBMITTED PRECEDENCE)])';

interface AccountState {
  progress: { known: number; total: number; done: boolean; searchable: number; read: number };
}

export const stateOf = async (client: Client): Promise<AccountState> => {
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

export const fetchAll = async (g: Ground, what: string): Promise<number> => {
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
  // Both sides meet a server whose own caches are warm (cold.ts: what they do with cold ones). Previews get into them only
  // when they are asked for outright.
  await fetchAll(g, items.replace('PREVIEW (LAZY)', 'PREVIEW'));
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
  const before = await fetchAll(g, items);
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
  const after = await fetchAll(g, items);
  const limit = g.manifest.size / ((before + after) / 2);
  during.sort((a, b) => a - b);
  const { work, longest } = await mainThread(g);
  const n = state.progress.known;
  return [
    figure('first rows after authentication', 'ms', first, headSeconds, 'limit: LOGIN, SELECT, FETCH of the newest 50'),
    figure(
      'first sync, rows and conversations',
      'messages/s',
      n / synced,
      limit,
      `${n} messages in ${Object.keys(g.manifest.mailboxes).length} mailboxes; limit: the same FETCH`,
    ),
    figure('first sync, CPU', 'messages/CPU-s', n / syncCpu, null, 'Postern with its keeper'),
    figure(
      'first sync, headers and previews searchable',
      'messages/s',
      n / searchable,
      limit,
      'full text over headers and preview; limit: the same FETCH, PREVIEW is in it',
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
