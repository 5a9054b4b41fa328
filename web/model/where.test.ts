import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { stillClock } from '#base/clock.testkit.ts';
import type { MailboxId } from '#jmap/ids.ts';
import type { Mailbox } from '#jmap/mail.ts';
import { openKeys, type Press } from './keys.ts';
import { openMailboxes, treeOf, type MailboxNode } from './mailboxes.ts';
import { openRouter, parseRoute, printRoute, type Route } from './route.ts';
import { ask, tokensOf, without } from './search.ts';
import { accountId, fakeServer, settled } from './testing.ts';

const box = (id: string, more: Partial<Mailbox> = {}): Mailbox =>
  ({ id, name: id, parentId: null, role: null, sortOrder: 0, ...more }) as unknown as Mailbox;

const segment = fc.string({ minLength: 1 }).filter((text) => text.isWellFormed() && text !== '.' && text !== '..');

test('every route reads back as it was written', () => {
  const route: fc.Arbitrary<Route> = fc.oneof(
    fc.constant<Route>({ at: 'home' }),
    fc.record(
      {
        at: fc.constant('mailbox' as const),
        account: segment,
        box: segment,
        show: fc.constantFrom('everything', 'unread', 'starred', 'files'),
        thread: fc.option(segment),
      },
      { noNullPrototype: true },
    ),
    fc.record(
      {
        at: fc.constant('all' as const),
        box: fc.constantFrom('inbox', 'starred', 'drafts'),
        show: fc.constantFrom('everything', 'unread', 'starred', 'files'),
        open: fc.option(fc.record({ account: segment, thread: segment }, { noNullPrototype: true })),
      },
      { noNullPrototype: true },
    ),
    fc
      .record(
        {
          at: fc.constant('search' as const),
          text: fc.string().filter((text) => text.isWellFormed()),
          account: fc.option(segment),
          thread: fc.option(segment),
          of: fc.option(segment),
        },
        { noNullPrototype: true },
      )
      .map((each) => ({ ...each, of: each.thread === null ? null : each.of })),
  );
  fc.assert(fc.property(route, (each) => assert.deepEqual(parseRoute(printRoute(each)), each)));
});

test('addresses are readable', () => {
  assert.equal(
    printRoute({ at: 'mailbox', account: 'ada@lindqvist.example', box: 'inbox', show: 'everything', thread: 'T1' }),
    '/a/ada@lindqvist.example/inbox/c/T1',
  );
  assert.equal(
    printRoute({ at: 'search', text: 'from:margit plan', account: null, thread: null, of: null }),
    '/search?q=from%3Amargit+plan',
  );
  assert.equal(
    printRoute({ at: 'all', box: 'inbox', show: 'unread', open: { account: 'ada@lindqvist.example', thread: 'T1' } }),
    '/all/inbox/c/ada@lindqvist.example/T1?show=unread',
  );
  assert.deepEqual(parseRoute('/nonsense/x'), { at: 'home' });
});

test("back to the list is the browser's back when that is where it leads", () => {
  const urls = ['/a/x/inbox'];
  const done: string[] = [];
  const router = openRouter({
    get url() {
      return `http://p${urls.at(-1)}`;
    },
    covers: false,
    push: (url) => {
      urls.push(url);
      done.push('push');
    },
    replace: (url) => {
      urls[urls.length - 1] = url;
      done.push('replace');
    },
    back: () => {
      done.push('back');
    },
    onMove: () => () => undefined,
  });
  const list: Route = { at: 'mailbox', account: 'x', box: 'inbox', show: 'everything', thread: null };
  router.go({ ...list, thread: 'T1' });
  router.replace({ ...list, thread: 'T2' });
  router.back(list);
  assert.deepEqual(done, ['push', 'replace', 'back']);
});

/** A browser's history of a few lines. */
const fakeHistory = (...urls: string[]) => {
  const covering = new Set<number>();
  let moved = (): void => undefined;
  return {
    urls,
    history: {
      get url() {
        return `http://p${urls.at(-1)}`;
      },
      get covers() {
        return covering.has(urls.length);
      },
      push: (url: string, covers = false) => {
        urls.push(url);
        covering[covers ? 'add' : 'delete'](urls.length);
      },
      replace: (url: string) => {
        urls[urls.length - 1] = url;
        covering.delete(urls.length);
      },
      back: () => {
        urls.pop();
        moved();
      },
      onMove: (listener: () => void) => {
        moved = listener;
        return () => undefined;
      },
    },
  };
};

test('F5 back takes away what lies over the page first; what went by itself leaves no step', async () => {
  const list: Route = { at: 'mailbox', account: 'x', box: 'inbox', show: 'everything', thread: null };
  const { urls, history } = fakeHistory('/a/x/inbox');
  const router = openRouter(history);
  const taken: string[] = [];
  router.cover(() => taken.push('drawer'));
  assert.deepEqual(urls, ['/a/x/inbox', '/a/x/inbox']);
  history.back();
  assert.deepEqual([taken, urls, router.route.peek()], [['drawer'], ['/a/x/inbox'], list]);

  router.cover(() => taken.push('never'))();
  await settled();
  assert.deepEqual([taken, urls], [['drawer'], ['/a/x/inbox']]);

  // One thing takes the place of another, and the step of it.
  router.cover(() => taken.push('never'))();
  router.cover(() => taken.push('letter'));
  await settled();
  assert.equal(urls.length, 2);
  history.back();
  assert.deepEqual([taken, urls], [['drawer', 'letter'], ['/a/x/inbox']]);

  // Whoever goes elsewhere from it comes back to the page.
  const letGo = router.cover(() => taken.push('never'));
  router.go({ ...list, box: 'sent' });
  letGo();
  await settled();
  assert.deepEqual(urls, ['/a/x/inbox', '/a/x/sent']);
  history.back();
  assert.deepEqual([router.route.peek(), taken.length], [list, 2]);
});

test('F5 the step of what lay over a page of before belongs to what does now, else to nothing', () => {
  const list: Route = { at: 'mailbox', account: 'x', box: 'inbox', show: 'everything', thread: null };
  const { urls, history } = fakeHistory('/a/x/sent', '/a/x/inbox');
  openRouter(history).cover(() => assert.fail('its page went'));
  let taken = 0;
  openRouter(history).cover(() => (taken += 1));
  assert.equal(urls.length, 3);
  history.back();
  assert.deepEqual([taken, urls], [1, ['/a/x/sent', '/a/x/inbox']]);

  openRouter(history).cover(() => assert.fail('its page went'));
  const router = openRouter(history);
  assert.deepEqual([urls.length, router.route.peek()], [3, list]);
  history.back();
  assert.deepEqual([urls, router.route.peek()], [['/a/x/sent'], { ...list, box: 'sent' }]);
});

test('AP2 a page that is held is left, by whatever way, when the answer is yes', async () => {
  const list: Route = { at: 'mailbox', account: 'x', box: 'inbox', show: 'everything', thread: null };
  const page: Route = { at: 'settings', page: 'app-passwords' };
  const ways: Record<string, (router: ReturnType<typeof openRouter>, history: { back(): void }) => void> = {
    go: (router) => router.go(list),
    replace: (router) => router.replace(list),
    back: (router) => router.back(list),
    browser: (_, history) => history.back(),
  };
  for (const [name, leave] of Object.entries(ways)) {
    const { urls, history } = fakeHistory('/a/x/inbox');
    const router = openRouter(history);
    router.go(page);
    const answers = [false, true];
    router.hold(() => Promise.resolve(answers.shift() ?? false));
    leave(router, history);
    assert.equal(router.route.peek().at, 'settings', `${name}: asked first`);
    await settled();
    assert.deepEqual([router.route.peek().at, urls.at(-1)], ['settings', '/settings/app-passwords'], `${name}: stayed`);
    leave(router, history);
    await settled();
    assert.deepEqual([router.route.peek().at, urls.at(-1)], ['mailbox', '/a/x/inbox'], `${name}: left`);
  }
  const { history } = fakeHistory('/a/x/inbox');
  const router = openRouter(history);
  const letGo = router.hold(() => Promise.reject(new Error('is not asked')));
  letGo();
  router.go(page);
  assert.deepEqual(router.route.peek(), page);
});

const press = (key: string, more: Partial<Press> = {}): Press => ({
  key,
  ctrl: false,
  alt: false,
  meta: false,
  shift: false,
  writing: false,
  ...more,
});

test('single keys, two keys, and what turns them off', () => {
  const clock = stillClock();
  const keys = openKeys(clock);
  const says = (key: string, more: Partial<Press> = {}, on = true): unknown => {
    const meant = keys.press(press(key, more), on);
    return meant === null || meant === 'half' ? meant : meant.command;
  };
  assert.deepEqual(
    ['j', 'e', '#', '!', 'I', '/', '?', 'z'].map((key) => says(key)),
    ['older', 'archive', 'delete', 'junk', 'read', 'search', 'help', 'undo'],
  );
  assert.deepEqual([says('g'), says('i')], ['half', 'goInbox']);
  assert.deepEqual([says('*'), says('Shift', { shift: true }), says('a')], ['half', null, 'selectAll']);
  assert.equal(says('g'), 'half');
  clock.pass(2_000);
  assert.equal(says('i'), null);
  assert.deepEqual(
    [says('g'), keys.press(press('3'), true)],
    ['half', { command: 'goAccount', digit: 3, shift: false }],
  );
  assert.deepEqual([says('e', { ctrl: true }), says('e', { writing: true }), says('e', {}, false)], [null, null, null]);
  assert.deepEqual(
    [says('F6', { writing: true }), says('F6', { shift: true }, false)],
    ['nextRegion', 'previousRegion'],
  );
});

test('folders: roles first, children of the inbox beside it, orphans at the top', () => {
  const all = [
    box('b', { name: 'Beta', parentId: 'in' as MailboxId }),
    box('in', { role: 'inbox' }),
    box('t', { role: 'trash' }),
    box('a', { name: 'alpha' }),
    box('a2', { name: 'Sub', parentId: 'a' as MailboxId }),
    box('o', { name: 'Orphan', parentId: 'gone' as MailboxId }),
  ];
  const print = (nodes: readonly MailboxNode[]): string =>
    nodes
      .map(
        ({ mailbox, depth, children }) => `${mailbox.id}${depth}${children.length > 0 ? `(${print(children)})` : ''}`,
      )
      .join(' ');
  assert.equal(print(treeOf(new Map(all.map((each) => [each.id, each])))), 'in1 t1 a1(a22) b1 o1');
});

const mailboxes = () => {
  const made = openMailboxes(fakeServer({}).connection, accountId);
  made.reset([
    box('in', { role: 'inbox' }),
    box('t', { role: 'trash' }),
    box('j', { role: 'junk' }),
    box('p', { name: 'Project' }),
  ]);
  return made;
};

test('search: words and operators become a filter', () => {
  const now = new Date(2025, 10, 6);
  const filterOf = (text: string): unknown => ask(text, mailboxes(), now).filter;
  const visible = { inMailboxOtherThan: ['j', 't'] };
  assert.deepEqual(filterOf('from:margit'), { operator: 'AND', conditions: [{ from: 'margit' }, visible] });
  assert.deepEqual(filterOf('in:project is:unread'), {
    operator: 'AND',
    conditions: [{ inMailbox: 'p' }, { notKeyword: '$seen' }],
  });
  assert.deepEqual(filterOf('"floor plan" -draft larger:5m in:inbox'), {
    operator: 'AND',
    conditions: [
      { text: 'floor plan' },
      { operator: 'NOT', conditions: [{ text: 'draft' }] },
      { minSize: 5_000_000 },
      { inMailbox: 'in' },
    ],
  });
  assert.deepEqual(filterOf('from:a OR from:b in:inbox'), {
    operator: 'AND',
    conditions: [{ operator: 'OR', conditions: [{ from: 'a' }, { from: 'b' }] }, { inMailbox: 'in' }],
  });
  assert.equal(filterOf(''), null);
});

test('search: what cannot be answered is said', () => {
  const now = new Date(2025, 10, 6);
  assert.deepEqual(ask('before:soon in:nowhere filename:x', mailboxes(), now).unanswered, [
    'before:soon is not a date. Try 2026-11-22, or older_than:2w.',
    'There is no folder “nowhere”.',
    'filename:x cannot be searched for here.',
  ]);
});

test('search: any text is read, and dropping a token leaves the others', () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      const tokens = tokensOf(text);
      ask(text, mailboxes(), new Date(0));
      for (const token of tokens) assert.ok(token.from >= 0 && token.to <= text.length);
    }),
  );
  const text = 'plan from:margit is:unread';
  assert.equal(without(text, tokensOf(text)[1]!), 'plan is:unread');
});
