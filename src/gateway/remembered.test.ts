import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { found } from '#index/fixture.ts';
import type { EmailNumber, EmailRow, MailboxId, ThreadNumber, Uid } from '#index/types.ts';
import { openTestGateway, type TestGateway } from './fixture.ts';
import { openGateway } from './gateway.ts';
import { emailId, threadId } from './ids.ts';
import { Kept } from './kept.ts';

/** Things that happen to a mailbox; numbers choose among what there is. */
type Step = { [K in keyof typeof steps]: [K, number, number] }[keyof typeof steps];

/** Two mailboxes of a server that gives out UIDs, and everything that was ever shown. */
class World {
  readonly g = openTestGateway();
  readonly emails = new Set<EmailNumber>();
  readonly threads = new Set<ThreadNumber>();
  readonly boxes: readonly MailboxId[] = [this.g.box.inbox, this.g.box.archive];
  uid = 0;

  box(n: number): MailboxId {
    return this.boxes[n % 2] as MailboxId;
  }

  /** Those that are shown now; adds them to what was ever shown. */
  shown(): EmailNumber[] {
    return this.g.index.read((r) => {
      const window = { collapseThreads: false, position: 0, anchor: null, anchorOffset: 0, limit: 1000 };
      const { ids } = r.query({ ...window, filter: null, sort: [], calculateTotal: false });
      const emails = r.emails(ids);
      // Numbers come from memory, Emails from their rows.
      assert.deepEqual(
        emails.map(({ number }) => number),
        ids,
      );
      for (const { number, thread } of emails) {
        this.emails.add(number);
        this.threads.add(thread);
      }
      return ids;
    });
  }

  one(n: number): EmailNumber | undefined {
    const all = this.shown();
    return all[n % Math.max(1, all.length)];
  }

  row(n: number): EmailRow | undefined {
    const number = this.one(n);
    return number === undefined ? undefined : this.g.index.read((r) => r.email(number)?.row);
  }

  message(n: number) {
    this.uid += 1;
    // Some answer one message, some two: conversations grow and merge.
    const inReplyTo = n % 3 === 0 ? [] : [n, n >> 2].slice(0, n % 3).map((at) => `m${1 + (at % 12)}@example.org`);
    return found(this.uid, {
      keywords: n % 2 ? ['$seen'] : ['work'],
      envelope: { inReplyTo, subject: n % 5 ? `Żółw ${n}` : '' },
    });
  }
}

const failure = new Error('on purpose');

const steps = {
  add: (w: World, n: number, m: number) => w.g.index.write((t) => t.add(w.box(m), [w.message(n), w.message(m)])),
  gather: (w: World, n: number, m: number) => w.g.index.gather((t) => t.add(w.box(m), [w.message(n)])),
  settle: (w: World) => w.g.index.settle(),
  flags: (w: World, n: number, m: number) =>
    w.g.index.write((t) => {
      const uids = t.uids(w.box(m));
      const uid = uids[n % Math.max(1, uids.length)];
      const keywords = ['$seen', '$flagged', 'other'].filter((_, at) => n & (1 << at));
      if (uid !== undefined) t.keywords(w.box(m), [{ uid, keywords, deleted: n % 11 === 0, modseq: '1' }]);
    }),
  preview: (w: World, n: number, m: number) => {
    const row = w.row(n);
    if (row !== undefined) w.g.index.gather((t) => t.preview(row, m % 4 ? `Words ${m} – and more` : ''));
  },
  wish: (w: World, n: number, m: number) => {
    const number = w.one(n);
    if (number === undefined) return;
    w.g.index.write((t) => {
      if (m % 4 === 0) t.setKeywords(number, ['$answered'], ['$seen'], 0);
      else if (m % 4 === 1) t.move(number, w.box(0), w.box(1), 0);
      else if (m % 4 === 2) t.move(number, w.box(1), w.box(0), 0);
      else t.destroy(number, 0);
    });
  },
  refuse: (w: World) =>
    w.g.index.write((t) => {
      for (const { id } of t.intents(Number.MAX_SAFE_INTEGER).slice(0, 2)) t.intentRefused(id);
    }),
  vanish: (w: World, n: number, m: number) =>
    w.g.index.write((t) => {
      const uids = t.uids(w.box(m));
      t.vanished(w.box(m), [uids[n % Math.max(1, uids.length)] ?? (0 as Uid)]);
      if (n % 3 === 0) t.sweep(Number.MAX_SAFE_INTEGER);
    }),
  remap: (w: World, n: number) => w.g.index.write((t) => n % 4 === 0 && t.remap(w.box(n >> 2), 1000 + n)),
  /** A write that comes to nothing takes what was gathered before it along, or leaves it. */
  fail: (w: World, n: number, m: number) => {
    const run = m % 2 ? w.g.index.gather.bind(w.g.index) : w.g.index.write.bind(w.g.index);
    assert.throws(() =>
      run((t) => {
        t.add(w.box(m), [w.message(n)]);
        throw failure;
      }),
    );
    // Whoever gathered is told once what became of it.
    try {
      w.g.index.settle();
    } catch (error) {
      assert.ok(error instanceof Error);
    }
  },
};

const rows = ['id', 'threadId', 'mailboxIds', 'keywords', 'from', 'subject', 'receivedAt', 'size', 'preview'];

/** Everything ever shown, asked for in two ways and by conversation. */
const asked = ({ emails, threads, g: { accountId } }: World): Buffer => {
  const ids = [...emails].map(emailId);
  return Buffer.from(
    JSON.stringify({
      using: ['urn:ietf:params:jmap:core', 'urn:ietf:params:jmap:mail'],
      methodCalls: [
        ['Email/get', { accountId, ids, properties: rows }, 'a'],
        ['Email/get', { accountId, ids: ids.toReversed(), properties: ['threadId', 'keywords'] }, 'b'],
        ['Thread/get', { accountId, ids: [...threads].map(threadId) }, 'c'],
        ['Email/get', { accountId, '#ids': { resultOf: 'c', name: 'Thread/get', path: '/list/*/emailIds' } }, 'd'],
        ['Thread/get', { accountId, '#ids': { resultOf: 'a', name: 'Email/get', path: '/list/*/threadId' } }, 'e'],
      ].map(([name, args, id]) =>
        id === 'd' ? [name, { ...(args as object), properties: rows }, id] : [name, args, id],
      ),
    }),
  );
};

/** What the app asks for a list. */
const listed = ({ boxes, g: { accountId } }: World): Buffer =>
  Buffer.from(
    JSON.stringify({
      using: ['urn:ietf:params:jmap:core', 'urn:ietf:params:jmap:mail'],
      methodCalls: [
        ['Mailbox/get', { accountId, ids: null }, 'm'],
        ['Email/query', { accountId, filter: { inMailbox: `B${boxes[0]}` }, collapseThreads: true, limit: 7 }, 'q'],
        [
          'Email/get',
          { accountId, '#ids': { resultOf: 'q', name: 'Email/query', path: '/ids' }, properties: rows },
          'g',
        ],
        ['Thread/get', { accountId, '#ids': { resultOf: 'g', name: 'Email/get', path: '/list/*/threadId' } }, 't'],
      ],
    }),
  );

const answerOf = async ({ caller }: TestGateway, gateway: TestGateway['gateway'], body: Buffer): Promise<string> =>
  (await gateway.api(caller, body)).body.toString();

const step = fc.tuple(
  fc.constantFrom(...(Object.keys(steps) as (keyof typeof steps)[])),
  fc.nat(1000),
  fc.nat(1000),
) as fc.Arbitrary<Step>;

test('J11 whatever happens to a mailbox, an answer is what it was while the tide stands', async () => {
  let stood = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 20, maxLength: 60, size: 'max' }), async (taken) => {
      const world = new World();
      const { g } = world;
      const anew = (body: Buffer): Promise<string> => answerOf(g, openGateway({ clock: g.clock }), body);
      try {
        let kept: { body: Buffer; text: string; level: number }[] = [];
        for (const [name, n, m] of taken) {
          steps[name](world, n, m);
          for (const { body, text, level } of kept) {
            if (level !== g.caller.host.tide.level) continue;
            assert.equal(text, await anew(body), name);
            stood += 1;
          }
          world.shown();
          kept = [];
          for (const body of [listed(world), asked(world)]) {
            const { body: bytes, level } = await g.gateway.api(g.caller, body);
            assert.ok(level !== null, 'reading methods alone');
            kept.push({ body, text: bytes.toString(), level });
          }
        }
      } finally {
        g[Symbol.dispose]();
      }
    }),
    { numRuns: 25 },
  );
  assert.ok(stood > 50, 'it stood at times');
});

test('J11 an answer that follows from more than request and tide says so; a refused password raises the tide', async () => {
  using g = openTestGateway();
  const id = g.deliver('From: a@example.org\nSubject: One\n\nText');
  const levelOf = async (name: string, args: object): Promise<number | null> => {
    const methodCalls = [[name, { accountId: g.accountId, ...args }, '0']];
    const using = ['urn:ietf:params:jmap:core', 'urn:ietf:params:jmap:mail', 'urn:ietf:params:jmap:submission'];
    return (await g.gateway.api(g.caller, Buffer.from(JSON.stringify({ using, methodCalls })))).level;
  };
  const { tide } = g.caller.host;
  assert.equal(await levelOf('Email/get', { ids: [id], properties: ['subject'] }), tide.level);
  assert.equal(await levelOf('Email/get', { ids: ['M1', 'M1', 'x y'] }), tide.level, 'a refusal too');
  assert.equal(await levelOf('Email/get', { ids: [id], properties: ['headers'] }), null, 'read from the message');
  assert.equal(await levelOf('Identity/get', {}), null);
  assert.equal(await levelOf('Email/set', {}), null);
  assert.equal((await g.gateway.api(g.caller, Buffer.from('{'))).level, null, 'no request at all');
  const before = tide.level;
  await g.one('Email/set', { update: { [id]: { 'keywords/$seen': true } } });
  const after = tide.level;
  assert.notEqual(after, before);
  g.engine.setStatus({ at: 'refused' } as never);
  assert.notEqual(tide.level, after);
});

test('J17 ids that one call gives another are ids to whoever looks', async () => {
  using g = openTestGateway();
  const ids = [1, 2, 3].map((at) => g.deliver(`From: a@example.org\nSubject: ${at}\n\nText`));
  const reference = (path = '/ids') => ({ resultOf: 'q', name: 'Email/query', path });
  const sort = [{ property: 'receivedAt' }];
  const after = async (name: string, args: Record<string, unknown>) =>
    (await g.call(['Email/query', { sort }, 'q'], [name, args, 'a']))[1]?.[1];
  assert.deepEqual((await after('Core/echo', { '#all': reference() }))?.all, ids);
  assert.deepEqual((await after('Thread/get', { '#ids': reference() }))?.notFound, ids, 'no conversations');
  assert.equal((await after('Email/set', { '#update': reference() }))?.type, 'invalidArguments');
  assert.equal((await after('Email/query', { '#filter': reference() }))?.type, 'invalidArguments');
  assert.deepEqual((await after('SearchSnippet/get', { filter: null, '#emailIds': reference() }))?.list.length, 3);
  assert.deepEqual((await after('Email/set', { '#destroy': reference() }))?.destroyed, ids);
});

test('J17 whatever happens to a mailbox, what is remembered is what the index says', async () => {
  let compared = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 20, maxLength: 60, size: 'max' }), async (taken) => {
      const world = new World();
      try {
        for (const [name, n, m] of taken) {
          steps[name](world, n, m);
          world.shown();
          for (const body of [asked(world), listed(world)]) {
            const fresh = await answerOf(world.g, openGateway({ clock: world.g.clock }), body);
            // Row by row, then all of them known, then in one piece.
            for (let times = 0; times < 3; times += 1)
              assert.equal(await answerOf(world.g, world.g.gateway, body), fresh, name);
          }
          compared += world.emails.size;
        }
      } finally {
        world.g[Symbol.dispose]();
      }
    }),
    { numRuns: 25 },
  );
  assert.ok(compared > 1000, 'there was something to compare');
});

test('J17 within a write that is taken back nothing is remembered', async () => {
  using g = openTestGateway();
  g.index.write((t) => t.add(g.box.inbox, [found(1)]));
  const [number] = g.index.read((r) => r.thread(1 as ThreadNumber) ?? []);
  const subjectOf = async () =>
    (await g.one('Email/get', { ids: [emailId(number!)], properties: ['keywords'] })).list[0]?.keywords;
  assert.deepEqual(await subjectOf(), {});
  g.index.gather((t) => t.setKeywords(number!, ['$seen'], [], 0));
  assert.deepEqual(await subjectOf(), { $seen: true }, 'what was gathered is read at once');
  assert.throws(() =>
    g.index.write((t) => {
      t.setKeywords(number!, ['$flagged'], [], 0);
      throw failure;
    }),
  );
  assert.deepEqual(await subjectOf(), { $seen: true });
});

test('J14 J17 a remembered row still asks for its preview, until it is there', async () => {
  using g = openTestGateway();
  g.index.write((t) => t.add(g.box.inbox, [found(1)]));
  const [email] = g.index.read((r) => r.emails(r.thread(1 as ThreadNumber) ?? []));
  const ask = async (mark: string) =>
    (await g.call(['Email/get', { ids: [emailId(email!.number)], properties: ['preview'] }, mark]))[0]?.[1].list[0]
      .preview;
  assert.deepEqual([await ask('a'), await ask('b')], ['', '']);
  assert.deepEqual(g.engine.previewed, [email!.row, email!.row]);
  g.index.write((t) => t.preview(email!.row, 'Now it is known.'));
  assert.equal(await ask('c'), 'Now it is known.');
  assert.equal(g.engine.previewed.length, 2);
});

test('J17 what is kept has a size; what nobody asks for goes first', () => {
  const kept = new Kept<number, string>(100, ({ length }) => length);
  for (let key = 0; key < 5; key += 1) kept.put(key, 'ten bytes.');
  for (let key = 5; key < 9; key += 1) {
    kept.put(key, 'ten bytes.');
    assert.equal(kept.get(0), 'ten bytes.', 'asked for all the time');
  }
  for (let key = 9; key < 13; key += 1) kept.put(key, 'ten bytes.');
  assert.deepEqual(
    [0, 1, 5, 12].map((key) => kept.get(key) !== undefined),
    [true, false, true, true],
  );
  kept.forget(12);
  kept.put(20, 'x'.repeat(51));
  assert.deepEqual([kept.get(12), kept.get(20)], [undefined, undefined], 'forgotten, and too large');
  kept.clear();
  assert.equal(kept.get(0), undefined);
});
