import { type Figure, figure, median, times } from '../figures.ts';
import type { Invocation } from '../postern.ts';
import { type Ground, inboxOf, listOf, page, raw } from './ground.ts';

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

export const markRead = async (g: Ground): Promise<Figure[]> => {
  const inbox = (await inboxOf(g.client)) ?? '';
  const there = g.manifest.mailboxes['INBOX'] ?? 0;
  const [answer] = await g.client.call([
    'Email/query',
    {
      filter: { inMailbox: inbox },
      sort: [{ property: 'receivedAt', isAscending: false }],
      position: Math.max(0, Math.min(2000, there - 1000)),
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
    await times(4, (i) => imap.command(`STORE 1:${ids.length} ${i % 2 === 0 ? '-' : '+'}FLAGS.SILENT (\\Seen)`)),
  );
  imap.close();
  const many = ids.length.toLocaleString('en');
  return [figure(`mark ${many} read`, 'ms', made, limit, `answered and shown; limit: one STORE of ${many}`)];
};
