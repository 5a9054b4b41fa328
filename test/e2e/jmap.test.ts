import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { openDovecot, type Village } from '#village/dovecot.ts';
import { Browser } from './browser.ts';
import { openFolder, openPostern } from './postern.ts';

type Loose = Record<string, Record<string, Record<string, unknown>>>;

let village: Village;
before(async () => {
  village = await openDovecot();
});
after(() => village[Symbol.asyncDispose]());

const boxOf = async (browser: Browser, role: string): Promise<string> => {
  const [answer] = await browser.until(
    () => browser.jmap([['Mailbox/query', { filter: { role } }]]),
    ([found]) => ((found?.['ids'] ?? []) as string[]).length > 0,
  );
  return ((answer?.['ids'] ?? []) as string[])[0] ?? '';
};

const draft = (drafts: string, subject: string, to = 'bob@village.test'): Record<string, unknown> => ({
  mailboxIds: { [drafts]: true },
  keywords: { $draft: true, $seen: true },
  from: [{ name: 'Alice', email: 'alice@village.test' }],
  to: [{ name: null, email: to }],
  subject,
  bodyValues: { t: { value: 'Dear Bob,\nall is well.' } },
  textBody: [{ partId: 't' }],
});

const subjects = async (browser: Browser, mailbox: string): Promise<string[]> => {
  const answers = await browser.jmap([
    ['Email/query', { filter: { inMailbox: mailbox } }],
    ['Email/get', { '#ids': { resultOf: 'c0', name: 'Email/query', path: '/ids' }, properties: ['subject'] }],
  ]);
  return ((answers[1]?.['list'] ?? []) as { subject: string }[]).map((email) => email.subject);
};

test('a letter is drafted, improved, held, taken back, sent; it lies in Sent once and arrives', async () => {
  using folder = openFolder();
  await using postern = await openPostern(village, folder.path);
  const { browser } = postern;
  assert.equal((await browser.signIn(village.users[0]!.address, village.users[0]!.password)).status, 200);
  const [drafts, sent] = [await boxOf(browser, 'drafts'), await boxOf(browser, 'sent')];

  const [first] = (await browser.jmap([['Email/set', { create: { d: draft(drafts, 'First words') } }]])) as [Loose];
  const before = first['created']?.['d']?.['id'] as string;
  const [second] = (await browser.jmap([
    ['Email/set', { create: { d: draft(drafts, 'Better words') }, destroy: [before] }],
  ])) as [Loose];
  const emailId = second['created']?.['d']?.['id'] as string;
  assert.deepEqual(await subjects(browser, drafts), ['Better words']);

  const [identities] = await browser.jmap([['Identity/get', {}]]);
  const identityId = ((identities?.['list'] ?? []) as { id: string }[])[0]?.id;
  const submit = async (hold: number): Promise<string> => {
    const answers = (await browser.jmap([
      [
        'EmailSubmission/set',
        {
          create: {
            s: {
              identityId,
              emailId,
              envelope: {
                mailFrom: { email: 'alice@village.test', parameters: hold > 0 ? { HOLDFOR: String(hold) } : null },
                rcptTo: [{ email: 'bob@village.test' }],
              },
            },
          },
          onSuccessUpdateEmail: {
            '#s': { 'keywords/$draft': null, [`mailboxIds/${drafts}`]: null, [`mailboxIds/${sent}`]: true },
          },
        },
      ],
    ])) as Loose[];
    assert.ok(answers[0]?.['created']?.['s'], JSON.stringify(answers[0]));
    assert.deepEqual(answers[1]?.['updated'], { [emailId]: null });
    return answers[0]['created']['s']['id'] as string;
  };

  const held = await submit(60);
  assert.deepEqual(await subjects(browser, sent), ['Better words']);
  const [undone] = await browser.jmap([['EmailSubmission/set', { update: { [held]: { undoStatus: 'canceled' } } }]]);
  assert.deepEqual(undone?.['updated'], { [held]: null });
  assert.deepEqual(await subjects(browser, drafts), ['Better words']);

  const going = await submit(0);
  await browser.until(
    () => browser.jmap([['EmailSubmission/get', { ids: [going] }]]),
    ([answer]) => ((answer?.['list'] ?? []) as { undoStatus: string }[])[0]?.undoStatus === 'final',
    20_000,
  );

  const bob = new Browser(browser.url);
  assert.equal((await bob.signIn(village.users[1]!.address, village.users[1]!.password)).status, 200);
  const inbox = await boxOf(bob, 'inbox');
  const arrived = await bob.until(
    () => subjects(bob, inbox),
    (found) => found.includes('Better words'),
    20_000,
  );
  assert.equal(arrived.filter((subject) => subject === 'Better words').length, 1);
  // The server follows: the draft itself becomes the copy in Sent, and nothing waits any more.
  await browser.until(
    async () => {
      const call = ['MailAccount/get', { accountId: browser.account }, 'm'];
      const answer = await browser.post('/jmap/api', { using: ['urn:postern:params:jmap:keep'], methodCalls: [call] });
      return (await answer.json()) as { methodResponses: [string, { list: { waiting: number }[] }][] };
    },
    ({ methodResponses }) => methodResponses[0]?.[1].list[0]?.waiting === 0,
    20_000,
  );
  assert.deepEqual(await subjects(browser, sent), ['Better words']);
  assert.deepEqual(await subjects(browser, drafts), []);
});

test('J27 a text lies at the mail server as it was given, its end as well', async () => {
  const [alice] = village.users;
  const texts = [
    'ends here',
    'ends with a line\n',
    '    indented\nFrom here\ntable  | x  ',
    `${'a paragraph '.repeat(20)}ünd\n\n`,
  ];
  using folder = openFolder();
  await using postern = await openPostern(village, folder.path);
  const { browser } = postern;
  assert.equal((await browser.signIn(alice!.address, alice!.password)).status, 200);
  const drafts = await boxOf(browser, 'drafts');
  const create = Object.fromEntries(
    texts.map((value, at) => [
      `t${at}`,
      { ...draft(drafts, `Text ${at}`), keywords: {}, bodyValues: { t: { value } } },
    ]),
  );
  const [made] = (await browser.jmap([['Email/set', { create }]])) as [Loose];
  assert.equal(Object.keys(made['created'] ?? {}).length, texts.length);

  // Another Postern has them from the mail server alone.
  using elsewhere = openFolder();
  await using other = await openPostern(village, elsewhere.path);
  assert.equal((await other.browser.signIn(alice!.address, alice!.password)).status, 200);
  const there = await boxOf(other.browser, 'drafts');
  const [, read] = await other.browser.until(
    () =>
      other.browser.jmap([
        ['Email/query', { filter: { inMailbox: there }, sort: [{ property: 'subject' }] }],
        [
          'Email/get',
          {
            '#ids': { resultOf: 'c0', name: 'Email/query', path: '/ids' },
            properties: ['bodyValues'],
            fetchTextBodyValues: true,
          },
        ],
      ]),
    ([found]) => ((found?.['ids'] ?? []) as string[]).length === texts.length,
    30_000,
  );
  const values = ((read?.['list'] ?? []) as { bodyValues: Record<string, { value: string }> }[]).map(
    ({ bodyValues }) => Object.values(bodyValues)[0]?.value,
  );
  assert.deepEqual(values, texts);
});
