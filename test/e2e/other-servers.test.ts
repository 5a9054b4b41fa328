import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { startSubmission } from '#cli/demo/submission.ts';
import { courierIsHere, openCourier } from '#village/others/courier.ts';
import { cyrusIsHere, openCyrus } from '#village/others/cyrus.ts';
import { RawClient } from '#village/others/raw-client.ts';
import { append, type OtherServer, type OtherUser } from '#village/others/server.ts';
import { must } from '#base/must.ts';
import { Browser } from './browser.ts';
import { openFolder, openPostern } from './postern.ts';

/** Everything once on servers that are not Dovecot, through the same door as a browser. */
const servers: { name: string; isHere: () => boolean; open: () => Promise<OtherServer>; below: string }[] = [
  { name: 'Cyrus', isHere: cyrusIsHere, open: openCyrus, below: 'INBOX/' },
  { name: 'Courier', isHere: courierIsHere, open: openCourier, below: 'INBOX.' },
];

interface Box {
  id: string;
  name: string;
  role: string | null;
  parentId: string | null;
  totalEmails: number;
  unreadEmails: number;
}

interface Letter {
  id: string;
  threadId: string;
  subject: string;
  keywords: Record<string, boolean>;
  mailboxIds: Record<string, boolean>;
  preview: string;
}

const minute = 60_000;
const start = Date.UTC(2026, 0, 5, 8);

const letter = (n: number, { subject = `letter ${n}`, answers = 0, text = `Text of letter ${n}.` } = {}): string =>
  `From: Carol <carol@elsewhere.test>\r\nTo: alice@village.test\r\nSubject: ${subject}\r\nMessage-ID: <o${n}@elsewhere.test>\r\n${answers > 0 ? `In-Reply-To: <o${answers}@elsewhere.test>\r\nReferences: <o${answers}@elsewhere.test>\r\n` : ''}Date: ${new Date(start + n * minute).toUTCString()}\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n${text}\r\n`;

/** What the tests ask and do, in the words of a user. */
class Desk {
  readonly browser: Browser;

  constructor(browser: Browser) {
    this.browser = browser;
  }

  async boxes(): Promise<Box[]> {
    const [answer] = await this.browser.jmap([['Mailbox/get', { ids: null }]]);
    return must(answer, 'an answer')['list'] as Box[];
  }

  async box(name: string): Promise<Box> {
    const found = await this.browser.until(
      () => this.boxes(),
      (boxes) => boxes.some((box) => box.name === name || box.role === name),
    );
    return must(found.find((box) => box.role === name) ?? found.find((box) => box.name === name), name);
  }

  async letters(filter: Record<string, unknown>): Promise<Letter[]> {
    const answers = await this.browser.jmap([
      ['Email/query', { filter, sort: [{ property: 'receivedAt', isAscending: false }] }],
      [
        'Email/get',
        {
          '#ids': { resultOf: 'c0', name: 'Email/query', path: '/ids' },
          properties: ['threadId', 'subject', 'keywords', 'mailboxIds', 'preview'],
        },
      ],
    ]);
    return must(answers[1], 'an answer')['list'] as Letter[];
  }

  /** Once the subjects in the mailbox are these, in any order. */
  async holds(box: Box, subjects: readonly string[], ms = 15_000): Promise<Letter[]> {
    const sorted = subjects.toSorted();
    return this.browser.until(
      () => this.letters({ inMailbox: box.id }),
      (found) => JSON.stringify(found.map(({ subject }) => subject).toSorted()) === JSON.stringify(sorted),
      ms,
    );
  }

  async set(type: string, args: Record<string, unknown>): Promise<Record<string, Record<string, { id: string }>>> {
    const [answer] = await this.browser.jmap([[`${type}/set`, args]]);
    for (const kind of ['notCreated', 'notUpdated', 'notDestroyed'])
      assert.deepEqual(Object.keys((answer?.[kind] ?? {}) as object), [], JSON.stringify(answer));
    return answer as Record<string, Record<string, { id: string }>>;
  }

  /** Once the server has been told of everything. */
  async settled(): Promise<void> {
    const using = ['urn:ietf:params:jmap:core', 'urn:postern:params:jmap:keep'];
    const methodCalls = [['MailAccount/get', { accountId: this.browser.account }, 'm']];
    await this.browser.until(
      async () => (await this.browser.post('/jmap/api', { using, methodCalls })).json() as Promise<never>,
      (answer: { methodResponses: [string, { list: { waiting: number }[] }][] }) =>
        answer.methodResponses[0]?.[1].list[0]?.waiting === 0,
      // A draft rests before it goes to the server.
      40_000,
    );
  }
}

/** What lies in a mailbox of the server, as another client sees it: flags by subject. */
const onServer = async (server: OtherServer, user: OtherUser, mailbox: string): Promise<Map<string, string>> => {
  await using client = await RawClient.open(server.imapPort, user);
  await client.command(`EXAMINE "${mailbox}"`);
  const said = await client.command('UID FETCH 1:* (FLAGS BODY.PEEK[HEADER.FIELDS (SUBJECT)])').catch(() => '');
  const found = new Map<string, string>();
  for (const [, flags = '', subject = ''] of said.matchAll(/FLAGS \(([^)]*)\)[^\r]*\r\nSubject: ([^\r]*)\r\n/g))
    found.set(subject, flags.replace(/\\Recent ?/, '').trim());
  return found;
};

const journey = async (t: TestContext, { open, below }: (typeof servers)[number]): Promise<void> => {
  await using server = await open();
  const [alice, bob] = server.users;
  assert.ok(alice && bob);
  await using submission = await startSubmission({
    users: server.users,
    hand: async (_from, to, raw) => {
      for (const user of server.users) if (to.includes(user.address)) await append(server, user, 'INBOX', raw);
    },
  });
  {
    await using client = await RawClient.open(server.imapPort, alice);
    for (const name of ['Sent', 'Drafts', 'Trash', 'Archive'])
      await client.command(`CREATE "${below}${name}"`).catch(() => 'Cyrus has made it');
    await client.command(`CREATE "${below}Pr&APw-fung"`);
    for (let n = 1; n <= 40; n += 1)
      await client.append('INBOX', Buffer.from(letter(n, n === 40 ? { answers: 39 } : {})), n % 2 ? ['\\Seen'] : []);
    await client.append(`${below}Sent`, Buffer.from(letter(50, { answers: 40, text: 'Täglich Grüße.' })), ['\\Seen']);
    await client.append(`${below}Pr&APw-fung`, Buffer.from(letter(60, { text: 'A zeppelin over the lake.' })));
  }
  using folder = openFolder();
  const village = { imapPort: server.imapPort, smtpPort: submission.port, authority: null };
  await using stack = new AsyncDisposableStack();
  const postern = stack.use(await openPostern(village, folder.path));
  const { browser } = postern;
  const serversFor = ({ name, address }: OtherUser): Record<string, unknown> => ({
    imap: { host: '127.0.0.1', port: server.imapPort, security: 'none', username: name },
    smtp: { host: '127.0.0.1', port: submission.port, security: 'none', username: address },
  });

  await t.test('a wrong password is told apart from all else', async () => {
    const answer = await new Browser(browser.url).signIn(alice.address, 'wrong', serversFor(alice));
    assert.equal(answer.status, 401, await answer.text());
  });
  const signedIn = await browser.signIn(alice.address, alice.password, serversFor(alice));
  assert.equal(signedIn.status, 200, await signedIn.clone().text());
  const desk = new Desk(browser);
  const inboxNow = Array.from({ length: 40 }, (_, i) => `letter ${i + 1}`);

  await t.test('all mailboxes with their roles, all messages, one conversation over two mailboxes', async () => {
    const inbox = await desk.box('inbox');
    const letters = await desk.holds(inbox, inboxNow, 30_000);
    const [sent, trial] = [await desk.box('sent'), await desk.box('Prüfung')];
    for (const role of ['drafts', 'trash', 'archive']) assert.equal((await desk.box(role)).role, role);
    const [answer] = await desk.holds(sent, ['letter 50']);
    const threads = new Set(
      letters.filter(({ subject }) => /letter (?:39|40)$/.test(subject)).map(({ threadId }) => threadId),
    );
    assert.deepEqual([...threads], [answer?.threadId]);
    await desk.holds(trial, ['letter 60']);
    const now = await browser.until(
      () => desk.boxes(),
      (boxes) => boxes.find((box) => box.id === inbox.id)?.totalEmails === 40,
    );
    assert.equal(now.find((box) => box.id === inbox.id)?.unreadEmails, 20);
  });

  await t.test('words of the text are found, and a letter is opened', async () => {
    const [found] = await browser.until(
      () => desk.letters({ text: 'zeppelin' }),
      (letters) => letters.length === 1,
      30_000,
    );
    assert.equal(found?.preview, 'A zeppelin over the lake.');
    const [opened] = await browser.jmap([
      ['Email/get', { ids: [found?.id], properties: ['bodyValues', 'textBody'], fetchTextBodyValues: true }],
    ]);
    const [email] = must(opened, 'an answer')['list'] as { bodyValues: Record<string, { value: string }> }[];
    assert.equal(Object.values(email?.bodyValues ?? {})[0]?.value.trim(), 'A zeppelin over the lake.');
  });

  await t.test('what another client does comes by itself', async () => {
    const inbox = await desk.box('inbox');
    await using client = await RawClient.open(server.imapPort, alice);
    await client.command('SELECT INBOX');
    await client.command('STORE 2 +FLAGS (\\Flagged)');
    await client.command('STORE 3 +FLAGS (\\Deleted)');
    await client.command('EXPUNGE');
    await client.append('INBOX', Buffer.from(letter(70)));
    const expected = [...inboxNow.filter((subject) => subject !== 'letter 3'), 'letter 70'];
    // A server whose IDLE is not relied on is asked now and then.
    const ms = 60_000;
    await desk.holds(inbox, expected, ms);
    await browser.until(
      () => desk.letters({ inMailbox: inbox.id }),
      (letters) => letters.find(({ subject }) => subject === 'letter 2')?.keywords['$flagged'] === true,
      ms,
    );
    const before = (await desk.letters({ inMailbox: inbox.id })).find(({ subject }) => subject === 'letter 14');
    await client.command('SELECT INBOX');
    const [, uid] = /\* SEARCH (\d+)/.exec(await client.command('UID SEARCH SUBJECT "letter 14"')) ?? [];
    await client.command(`UID COPY ${uid} "${below}Archive"`);
    await client.command(`UID STORE ${uid} +FLAGS (\\Deleted)`);
    await client.command('EXPUNGE');
    inboxNow.splice(0, inboxNow.length, ...expected.filter((subject) => subject !== 'letter 14'));
    await desk.holds(inbox, inboxNow, ms);
    const [moved] = await desk.holds(await desk.box('archive'), ['letter 14'], ms);
    assert.equal(moved?.id, before?.id, 'a letter that another client moved is the same letter');
  });

  await t.test('read, star, keyword, archive, delete, move: shown at once, and so on the server', async () => {
    const [inbox, archive, trash, trial] = [
      await desk.box('inbox'),
      await desk.box('archive'),
      await desk.box('trash'),
      await desk.box('Prüfung'),
    ];
    const letters = await desk.letters({ inMailbox: inbox.id });
    const id = (n: number): string => must(letters.find(({ subject }) => subject === `letter ${n}`)?.id, `letter ${n}`);
    const moved = (to: Box): Record<string, unknown> => ({ mailboxIds: { [to.id]: true } });
    await desk.set('Email', {
      update: {
        [id(4)]: { 'keywords/$seen': true },
        [id(6)]: { 'keywords/$flagged': true, 'keywords/plum': true },
        [id(8)]: moved(archive),
        [id(10)]: moved(trash),
        [id(12)]: moved(trial),
      },
    });
    const left = inboxNow.filter((subject) => !['letter 8', 'letter 10', 'letter 12'].includes(subject));
    await desk.holds(inbox, left);
    await desk.settled();
    const there = await onServer(server, alice, 'INBOX');
    assert.deepEqual([...there.keys()].toSorted(), left.toSorted());
    assert.equal(there.get('letter 4'), '\\Seen');
    assert.deepEqual(there.get('letter 6')?.split(' ').toSorted(), ['\\Flagged', 'plum']);
    for (const [name, subject] of [
      ['Archive', 'letter 8'],
      ['Trash', 'letter 10'],
      ['Pr&APw-fung', 'letter 12'],
    ] as const)
      assert.ok((await onServer(server, alice, below + name)).has(subject), `${subject} in ${name}`);
    const again = (await desk.letters({ inMailbox: archive.id })).find(({ subject }) => subject === 'letter 8');
    assert.equal(again?.id, id(8), 'the id stays');
    await desk.set('Email', { destroy: [id(10)] });
    await desk.settled();
    assert.equal((await onServer(server, alice, `${below}Trash`)).size, 0);
    await desk.set('Email', { update: { [id(8)]: moved(inbox) } });
    await desk.settled();
    left.push('letter 8');
    await desk.holds(inbox, left);
    inboxNow.splice(0, inboxNow.length, ...left);
  });

  await t.test('mailboxes are made, renamed, nested and deleted', async () => {
    const made = await desk.set('Mailbox', { create: { m: { name: 'Reisen & Orte', parentId: null } } });
    const id = must(made['created']?.['m']?.id, 'an id');
    await desk.set('Mailbox', { create: { n: { name: 'Übersee', parentId: id } } });
    await desk.set('Mailbox', { update: { [id]: { name: 'Wege' } } });
    const nested = await desk.box('Übersee');
    assert.equal(nested.parentId, id);
    const [first] = await desk.letters({ inMailbox: (await desk.box('Prüfung')).id });
    await desk.set('Email', { update: { [must(first?.id, 'a letter')]: { mailboxIds: { [nested.id]: true } } } });
    await desk.settled();
    const list = await RawClient.open(server.imapPort, alice);
    const said = await list.command('LIST "" "*"');
    await list[Symbol.asyncDispose]();
    assert.match(said, /Wege/);
    assert.doesNotMatch(said, /Reisen/);
    const trash = must(
      (await desk.boxes()).find(({ role }) => role === 'trash'),
      'the trash',
    );
    // As the folder's menu does it: into Trash with all below it, and back.
    await desk.set('Mailbox', { update: { [id]: { parentId: trash.id } } });
    await desk.browser.until(
      () => desk.letters({ inMailbox: nested.id }),
      (list) => list.length === 1,
    );
    await desk.set('Mailbox', { update: { [id]: { parentId: null } } });
    await desk.browser.until(
      () => desk.letters({ inMailbox: nested.id }),
      (list) => list.length === 1,
    );
    await desk.set('Mailbox', { destroy: [nested.id], onDestroyRemoveEmails: true });
    await desk.set('Mailbox', { destroy: [id] });
    const names = (await desk.boxes()).map(({ name }) => name);
    assert.ok(!names.includes('Wege') && !names.includes('Übersee'), names.join());
  });

  await t.test('S67 a mailbox that has the name another had shows its own letters', async () => {
    // So long that it is read on a connection of its own, which has the mailbox open still.
    const long = 'Words without end.\r\n'.repeat(20_000);
    const put = async (n: number): Promise<Box> => {
      const made = await desk.set('Mailbox', { create: { m: { name: 'Echo', parentId: null } } });
      await append(server, alice, `${below}Echo`, letter(n, { text: `Text of letter ${n}.\r\n${long}` }));
      const box = await desk.box('Echo');
      assert.equal(box.id, made['created']?.['m']?.id);
      const [email] = await desk.holds(box, [`letter ${n}`], 60_000);
      const [opened] = await browser.jmap([
        ['Email/get', { ids: [email?.id], properties: ['bodyValues', 'textBody'], fetchTextBodyValues: true }],
      ]);
      assert.match(JSON.stringify(opened), new RegExp(`"value":"Text of letter ${n}\\.`));
      return box;
    };
    const first = await put(81);
    await desk.set('Mailbox', { update: { [first.id]: { name: 'Echo before' } } });
    const second = await put(82);
    await desk.set('Mailbox', { destroy: [first.id, second.id], onDestroyRemoveEmails: true });
  });

  await t.test('a letter is drafted, improved and sent; it lies in Sent once, and arrives once', async () => {
    const [drafts, sent] = [await desk.box('drafts'), await desk.box('sent')];
    const draft = (subject: string): Record<string, unknown> => ({
      mailboxIds: { [drafts.id]: true },
      keywords: { $draft: true, $seen: true },
      from: [{ name: 'Alice', email: alice.address }],
      to: [{ name: null, email: bob.address }],
      subject,
      bodyValues: { t: { value: 'Dear Bob,\nall is well.' } },
      textBody: [{ partId: 't' }],
    });
    const first = await desk.set('Email', { create: { d: draft('First words') } });
    const second = await desk.set('Email', {
      create: { d: draft('Better words') },
      destroy: [must(first['created']?.['d']?.id, 'a draft')],
    });
    await desk.settled();
    assert.deepEqual([...(await onServer(server, alice, `${below}Drafts`)).keys()], ['Better words']);
    const [identities] = await browser.jmap([['Identity/get', {}]]);
    const emailId = must(second['created']?.['d']?.id, 'a draft');
    await desk.set('EmailSubmission', {
      create: {
        s: {
          identityId: ((identities?.['list'] ?? []) as { id: string }[])[0]?.id,
          emailId,
          envelope: { mailFrom: { email: alice.address }, rcptTo: [{ email: bob.address }] },
        },
      },
      onSuccessUpdateEmail: {
        '#s': {
          'keywords/$draft': null,
          [`mailboxIds/${drafts.id}`]: null,
          [`mailboxIds/${sent.id}`]: true,
        },
      },
    });
    await browser.until(
      () => onServer(server, bob, 'INBOX'),
      (there) => there.has('Better words'),
      20_000,
    );
    await desk.settled();
    await desk.holds(sent, ['letter 50', 'Better words']);
    await desk.holds(drafts, []);
    assert.deepEqual([...(await onServer(server, alice, `${below}Sent`)).keys()].toSorted(), [
      'Better words',
      'letter 50',
    ]);
    assert.equal((await onServer(server, alice, `${below}Drafts`)).size, 0);
    assert.equal(submission.taken, 1);
  });

  await t.test('after a restart all is there at once, and what came meanwhile comes', async () => {
    const inbox = await desk.box('inbox');
    await stack.disposeAsync();
    await append(server, alice, 'INBOX', letter(80));
    await using client = await RawClient.open(server.imapPort, alice);
    await client.command('SELECT INBOX');
    await client.command('STORE 1 +FLAGS (\\Flagged)');
    await client.command('STORE 2 +FLAGS (\\Deleted)');
    await client.command('EXPUNGE');
    await using again = await openPostern(village, folder.path);
    assert.equal((await again.browser.signIn(alice.address, alice.password, serversFor(alice))).status, 200);
    const later = new Desk(again.browser);
    const [first] = await later.letters({ inMailbox: inbox.id });
    assert.ok(first, 'the index of before');
    const now = await later.holds(inbox, [...inboxNow.filter((subject) => subject !== 'letter 2'), 'letter 80']);
    assert.equal(now.find(({ subject }) => subject === 'letter 1')?.keywords['$flagged'], true);
  });
};

for (const server of servers)
  test(
    `${server.name}: a first sync, changes from both sides, mailboxes, sending`,
    { skip: server.isHere() ? false : `${server.name} is not here` },
    (t) => journey(t, server),
  );
