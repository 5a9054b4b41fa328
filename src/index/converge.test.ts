import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { keywordList, type Message, World } from './converge.testkit.ts';
import { openTestIndex, query } from './fixture.ts';
import type { Email, EmailNumber, Mailbox, MailboxId, ThreadNumber } from './types.ts';

const emailText = (email: Email | undefined): string =>
  JSON.stringify([email?.thread, email?.mailboxes, email?.keywords.toSorted(), email?.preview]);

const boxText = (box: Mailbox | undefined): string =>
  JSON.stringify([box?.name, box?.role, box?.totalEmails, box?.unreadEmails, box?.totalThreads, box?.unreadThreads]);

/** RFC 8621 §2, word by word, from nothing but the Emails. */
const checkCounts = (world: World): void => {
  const all = world.emails();
  const trash = world.index.read((r) =>
    r
      .mailboxes()
      .filter(({ role }) => role === 'trash')
      .map(({ id }) => id),
  );
  const inTrash = (box: MailboxId): boolean => trash.includes(box);
  const isUnread = ({ keywords }: Email): boolean => !keywords.includes('$seen') && !keywords.includes('$draft');
  for (const { id } of world.boxes) {
    const here = all.filter(({ mailboxes }) => mailboxes.includes(id));
    const threads = new Set(here.map(({ thread }) => thread));
    const counted = all.filter(({ mailboxes }) =>
      inTrash(id) ? mailboxes.some(inTrash) : mailboxes.some((box) => !inTrash(box)),
    );
    const unread = new Set(counted.filter(isUnread).map(({ thread }) => thread));
    const box = world.index.read((r) => r.mailbox(id));
    assert.deepEqual(
      [box?.totalEmails, box?.unreadEmails, box?.totalThreads, box?.unreadThreads],
      [
        here.length,
        here.filter(isUnread).length,
        threads.size,
        [...threads].filter((thread) => unread.has(thread)).length,
      ],
      `counts of ${box?.name ?? ''}`,
    );
    const newestFirst = here.toSorted((a, b) => a.row - b.row);
    const collapsed: EmailNumber[] = [];
    const met = new Set<ThreadNumber>();
    for (const { thread, number } of newestFirst) if (!met.has(thread) && met.add(thread)) collapsed.push(number);
    for (const collapseThreads of [false, true]) {
      const want = collapseThreads ? collapsed : newestFirst.map(({ number }) => number);
      const anchor = want.at(-1) ?? null;
      const base = query({ filter: { op: 'is', inMailbox: id }, collapseThreads, calculateTotal: true, limit: 1e6 });
      assert.deepEqual(
        world.index.read((r) => r.query(base)),
        { ids: want, position: 0, total: want.length },
      );
      // By an anchor the list in memory answers, which followed every write.
      if (anchor !== null) {
        const paged = world.index.read((r) => r.query({ ...base, anchor, anchorOffset: -1e6 }));
        assert.deepEqual(paged.ids, want);
      }
    }
  }
};

const idOf = (letter: string, number: number): string => letter + number.toString(36);

/** A client that follows /changes in small steps knows exactly what is there. */
const checkChanges = (world: World, step: number): void => {
  world.index.read((r) => {
    const follow = (
      type: 'Email' | 'Thread' | 'Mailbox',
      seen: Map<string, string>,
      look: (id: number) => string | undefined,
    ): void => {
      for (;;) {
        const changes = r.changes(type, world.states[type], step);
        assert.ok(changes, 'changes can be told');
        assert.ok(changes.created.length + changes.updated.length + changes.destroyed.length <= step);
        world.states[type] = changes.newState;
        for (const id of changes.destroyed) seen.delete(id);
        for (const id of [...changes.created, ...changes.updated]) {
          const text = look(Number.parseInt(id.slice(1), 36));
          if (text !== undefined) seen.set(id, text);
        }
        if (!changes.hasMore) break;
      }
      assert.equal(world.states[type], r.state(type));
    };
    follow('Email', world.seenEmails, (id) => {
      const email = r.email(id as EmailNumber);
      return email && emailText(email);
    });
    follow('Thread', world.seenThreads, (id) => r.thread(id as ThreadNumber)?.join(' '));
    follow('Mailbox', world.seenMailboxes, (id) => boxText(r.mailbox(id as MailboxId)));
    for (const email of world.emails()) {
      assert.equal(world.seenEmails.get(idOf('M', email.number)), emailText(email), 'an Email the client knows');
      assert.equal(world.seenThreads.get(idOf('T', email.thread)), r.thread(email.thread)?.join(' '));
    }
    for (const [id, text] of world.seenEmails) {
      assert.equal(emailText(r.email(Number.parseInt(id.slice(1), 36) as EmailNumber)), text, 'an Email still there');
    }
    for (const [id, text] of world.seenThreads) {
      assert.equal(r.thread(Number.parseInt(id.slice(1), 36) as ThreadNumber)?.join(' '), text, 'a Thread still there');
    }
    for (const box of r.mailboxes()) assert.equal(world.seenMailboxes.get(idOf('B', box.id)), boxText(box));
  });
};

/** What lies in each mailbox by server and by index, `\Deleted` left out. */
const checkServer = (world: World): void => {
  const emails = world.emails();
  for (const box of world.boxes) {
    const server = [...box.messages.values()]
      .filter(({ deleted }) => !deleted)
      .map(({ body, keywords }) => `${body} ${[...keywords].sort().join(' ')}`);
    const here = emails
      .filter(({ mailboxes }) => mailboxes.includes(box.id))
      .map(({ size, keywords }) => `${size - 100} ${keywords.toSorted().join(' ')}`);
    if (world.strongIds || world.copied) {
      // Copies are one Email, whose keywords are those of all copies together.
      const bodies = (list: string[]): string[] => [...new Set(list.map((text) => text.split(' ')[0] ?? ''))].sort();
      assert.deepEqual(bodies(here), bodies(server));
    } else assert.deepEqual(here.sort(), server.sort());
    assert.deepEqual(
      world.index.read((r) => r.uids(box.id)),
      [...box.messages.keys()].sort((a, b) => a - b),
    );
  }
};

type Act =
  | { do: 'deliver' | 'sync' | 'revalidate'; box: number }
  | { do: 'flag' | 'expunge' | 'delete' | 'undelete'; box: number; at: number; keyword: number }
  | { do: 'carry'; box: number; at: number; to: number; copy: boolean }
  | { do: 'mark'; at: number; keyword: number; on: boolean }
  | { do: 'move' | 'copy'; at: number; to: number }
  | { do: 'leave'; at: number; box: number }
  | { do: 'draft'; at: number; again: boolean }
  | { do: 'role' | 'replace'; box: number }
  | { do: 'destroy' | 'preview'; at: number }
  | { do: 'execute'; most: number; refuse: boolean }
  | { do: 'sweep' };

const small = fc.nat({ max: 20 });
const act: fc.Arbitrary<Act> = fc.oneof(
  { weight: 5, arbitrary: fc.record({ do: fc.constant('deliver' as const), box: small }) },
  { weight: 6, arbitrary: fc.record({ do: fc.constant('sync' as const), box: small }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('revalidate' as const), box: small }) },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constantFrom('flag' as const, 'expunge' as const, 'delete' as const, 'undelete' as const),
      box: small,
      at: small,
      keyword: small,
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant('carry' as const), box: small, at: small, to: small, copy: fc.boolean() }),
  },
  {
    weight: 5,
    arbitrary: fc.record({ do: fc.constant('mark' as const), at: small, keyword: small, on: fc.boolean() }),
  },
  { weight: 4, arbitrary: fc.record({ do: fc.constantFrom('move' as const, 'copy' as const), at: small, to: small }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('leave' as const), at: small, box: small }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('draft' as const), at: small, again: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('role' as const, 'replace' as const), box: small }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom('destroy' as const, 'preview' as const), at: small }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('execute' as const), most: small, refuse: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('sweep' as const) }) },
);

const nth = <T>(list: readonly T[], at: number): T | undefined => list[at % Math.max(1, list.length)];

const perform = (world: World, now: { at: number }, step: Act): void => {
  const { index } = world;
  switch (step.do) {
    case 'deliver':
      return world.deliver(world.box(step.box));
    case 'sync':
      return world.sync(world.box(step.box));
    case 'revalidate': {
      const box = world.box(step.box);
      const messages = [...box.messages.values()];
      Object.assign(box, { uidvalidity: box.uidvalidity + 1, next: 1, messages: new Map<number, Message>() });
      for (const message of messages) box.messages.set((box.next += 1), message);
      return;
    }
    case 'flag':
    case 'expunge':
    case 'delete':
    case 'undelete': {
      const box = world.box(step.box);
      const uid = nth([...box.messages.keys()], step.at);
      const message = uid === undefined ? undefined : box.messages.get(uid);
      const keyword = nth(keywordList, step.keyword) ?? '';
      if (uid === undefined || !message) return;
      if (step.do === 'expunge') box.messages.delete(uid);
      else if (step.do !== 'flag') message.deleted = step.do === 'delete';
      else if (!message.keywords.delete(keyword)) message.keywords.add(keyword);
      return;
    }
    case 'carry': {
      const box = world.box(step.box);
      const to = world.box(step.to);
      const uid = nth([...box.messages.keys()], step.at);
      const message = uid === undefined ? undefined : box.messages.get(uid);
      if (uid === undefined || !message || (step.copy && box === to)) return;
      if (!step.copy) box.messages.delete(uid);
      to.messages.set((to.next += 1), { ...message, keywords: new Set(message.keywords) });
      return;
    }
    case 'mark': {
      const email = nth(world.emails(), step.at);
      const keyword = nth(keywordList, step.keyword) ?? '';
      if (email) index.write((t) => t.setKeywords(email.number, step.on ? [keyword] : [], step.on ? [] : [keyword], 0));
      return;
    }
    case 'move': {
      const email = nth(world.emails(), step.at);
      const from = email?.mailboxes[0];
      if (email && from !== undefined) index.write((t) => t.move(email.number, from, world.box(step.to).id, 0));
      return;
    }
    case 'copy': {
      const email = nth(world.emails(), step.at);
      world.copied = true;
      if (email) index.write((t) => t.copy(email.number, world.box(step.to).id, 0));
      return;
    }
    case 'leave': {
      const emails = world.emails();
      const several = emails.filter(({ mailboxes }) => mailboxes.length > 1);
      const email = nth(several.length > 0 ? several : emails, step.at);
      const box = email && nth(email.mailboxes, step.box);
      if (email && box !== undefined) index.write((t) => t.leave(email.number, box, 0));
      return;
    }
    case 'draft': {
      const drafts = world.emails().filter(({ keywords }) => keywords.includes('$draft'));
      return world.draft(step.again ? nth(drafts, step.at) : undefined);
    }
    case 'role': {
      const { id } = world.box(step.box);
      const role = index.read((r) => r.mailbox(id)?.role) === 'trash' ? null : 'trash';
      return index.write((t) => t.patchMailbox(id, { role }));
    }
    case 'replace':
      return world.replace(step.box);
    case 'destroy':
    case 'preview': {
      const email = nth(world.emails(), step.at);
      if (!email) return;
      if (step.do === 'destroy') index.write((t) => t.destroy(email.number, 0));
      else index.write((t) => t.preview(email.row, `preview ${now.at}`));
      return;
    }
    case 'execute':
      return world.execute(index.read((r) => r.intents(now.at)).slice(0, step.most), step.refuse);
    case 'sweep':
      now.at += 11 * 60_000;
      return index.write((t) => t.sweep(now.at - 10 * 60_000));
  }
};

test('I9 I10 I13 I14 I31 I32 whatever happens, counts, lists, changes and mirror are true; at rest the index is what the server has', () => {
  fc.assert(
    fc.property(
      fc.array(act, { minLength: 5, maxLength: 60, size: 'max' }),
      fc.boolean(),
      fc.boolean(),
      fc.integer({ min: 1, max: 7 }),
      (acts, strongIds, copyUid, step) => {
        const now = { at: 1_800_000_000_000 };
        using t = openTestIndex({ now: () => now.at });
        const world = new World(t.index, strongIds, copyUid);
        checkCounts(world);
        for (const one of acts) {
          now.at += 1000;
          perform(world, now, one);
          checkCounts(world);
        }
        checkChanges(world, step);
        for (let rounds = 0; rounds < 6; rounds += 1) {
          for (const box of world.boxes) world.sync(box);
          world.execute(
            world.index.read((r) => r.intents(now.at)),
            false,
          );
          now.at += 11 * 60_000;
          world.index.write((w) => w.sweep(now.at - 10 * 60_000));
        }
        checkCounts(world);
        checkServer(world);
        checkChanges(world, step);
      },
    ),
    { numRuns: Number(process.env['POSTERN_RUNS'] ?? 60) },
  );
});
