import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdirSync, openSync, readdirSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { openDovecot, type Village } from '#village/dovecot.ts';
import { Browser, problemOf } from './browser.ts';
import { openFolder } from './postern.ts';
import { eventually, type Serving, serve } from './process.ts';

/** The database is held by somebody else, or there is no room on the disk: told in words, and the draft is kept. */
let village: Village;
before(async () => {
  village = await openDovecot();
});
after(() => village[Symbol.asyncDispose]());

const signIn = async (postern: Serving, who: 0 | 1 = 0): Promise<Browser> => {
  const browser = new Browser(postern.url);
  const { address, password } = village.users[who]!;
  const answer = await browser.signIn(address, password);
  assert.equal(answer.status, 200, await answer.clone().text());
  return browser;
};

const boxOf = async (browser: Browser, role: string): Promise<string> => {
  const [answer] = await browser.until(
    () => browser.jmap([['Mailbox/query', { filter: { role } }]]),
    ([found]) => ((found?.['ids'] ?? []) as string[]).length > 0,
    30_000,
  );
  return ((answer?.['ids'] ?? []) as string[])[0] ?? '';
};

interface SetAnswer {
  created: Record<string, { id: string }> | null;
  destroyed: string[] | null;
  notCreated: Record<string, { type: string; description?: string }> | null;
  notDestroyed: Record<string, { type: string }> | null;
}

const writeDraft = async (
  browser: Browser,
  subject: string,
  more: object = {},
  text = 'Words.',
): Promise<SetAnswer> => {
  const drafts = await boxOf(browser, 'drafts');
  const draft = {
    mailboxIds: { [drafts]: true },
    keywords: { $draft: true },
    from: [{ email: 'alice@village.test' }],
    to: [{ email: 'bob@village.test' }],
    subject,
    bodyValues: { t: { value: text } },
    textBody: [{ partId: 't' }],
  };
  const [answer] = await browser.jmap([['Email/set', { create: { d: draft }, ...more }]]);
  return answer as unknown as SetAnswer;
};

const draftSubjects = async (browser: Browser): Promise<string[]> => {
  const answers = await browser.jmap([
    ['Email/query', { filter: { inMailbox: await boxOf(browser, 'drafts') } }],
    ['Email/get', { '#ids': { resultOf: 'c0', name: 'Email/query', path: '/ids' }, properties: ['subject'] }],
  ]);
  return ((answers[1]?.['list'] ?? []) as { subject: string }[]).map(({ subject }) => subject).toSorted();
};

const send = async (browser: Browser, emailId: string): Promise<SetAnswer> => {
  const [identities] = await browser.jmap([['Identity/get', {}]]);
  const identityId = ((identities?.['list'] ?? []) as { id: string }[])[0]?.id;
  const [answer] = await browser.jmap([['EmailSubmission/set', { create: { s: { identityId, emailId } } }]]);
  return answer as unknown as SetAnswer;
};

/** What a client shows of a refusal: a sentence, and no code of ours. */
const said = (error: { type: string; description?: string } | undefined, words: RegExp): void => {
  assert.equal(error?.type, 'serverFail', JSON.stringify(error));
  assert.match(error.description ?? '', words);
  assert.doesNotMatch(error.description ?? '', /SQLITE|\w\/\w/);
};

const holder = `
import Database from 'better-sqlite3-multiple-ciphers';
const db = new Database(process.argv[1]);
db.exec('BEGIN EXCLUSIVE');
process.stdout.write('held');
process.stdin.once('data', () => { db.exec('ROLLBACK'); db.close(); process.exit(0); });
`;

/** Another process that holds the lock of writers. */
const hold = async (file: string): Promise<() => Promise<void>> => {
  const child: ChildProcess = spawn(process.execPath, ['--input-type=module', '-e', holder, file], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  assert.ok(child.stdout && child.stdin);
  await once(child.stdout, 'data');
  return async () => {
    child.stdin?.write('x');
    await once(child, 'exit');
  };
};

test('D10 D31 while another process holds the database: words, no loss; afterwards all goes on', async () => {
  using folder = openFolder();
  await using postern = await serve(village, folder.path);
  const alice = await signIn(postern);
  const first = (await writeDraft(alice, 'kept before')).created?.['d']?.id ?? '';
  const [store] = readdirSync(folder.path).filter((name) => /\.(db|sqlite)$/.test(name));
  assert.ok(store, readdirSync(folder.path).join(' '));

  const release = await hold(join(folder.path, store));
  try {
    const stranger = new Browser(postern.url);
    const { address, password } = village.users[1]!;
    const [refused, better] = await Promise.all([
      stranger.signIn(address, password),
      writeDraft(alice, 'kept after', { destroy: [first] }),
    ]);
    assert.deepEqual(await problemOf(refused), [503, 'store-unavailable']);
    said(better.notCreated?.['d'], /database/);
    assert.deepEqual(better.destroyed, null, 'what it should have replaced stays');
    said((await send(alice, first)).notCreated?.['s'], /database/);
    assert.equal((await alice.fetch('/healthz')).status, 503);
    assert.deepEqual(await draftSubjects(alice), ['kept before'], 'reading goes on');
    assert.equal((await alice.fetch('/auth/session')).status, 200);
  } finally {
    await release();
  }

  await eventually('healthy', async () => (await alice.fetch('/healthz')).status === 200);
  const better = await writeDraft(alice, 'kept after', { destroy: [first] });
  const id = better.created?.['d']?.id ?? '';
  assert.deepEqual(better.destroyed, [first], JSON.stringify(better));
  assert.deepEqual(await draftSubjects(alice), ['kept after']);
  await signIn(postern, 1);
  const before = village.taken;
  assert.ok((await send(alice, id)).created?.['s']);
  await eventually('it was sent', () => village.taken === before + 1);
});

const mount = (path: string, size: string): boolean =>
  spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'tmpfs', path], { stdio: 'ignore' }).status === 0;

/** Takes all the room there is on the disk. */
const fillUp = (file: string): void => {
  const fd = openSync(file, 'w');
  const block = Buffer.alloc(65_536, 'x');
  try {
    for (let size = block.length; size >= 1; size = size === 65_536 ? 512 : size === 512 ? 1 : 0)
      for (;;) {
        try {
          writeSync(fd, block, 0, size);
        } catch (error) {
          assert.equal((error as NodeJS.ErrnoException).code, 'ENOSPC');
          break;
        }
      }
  } finally {
    closeSync(fd);
  }
};

test('when the disk is full: words, no crash, no draft is lost; with room again all goes on', async (t) => {
  using folder = openFolder();
  const disk = join(folder.path, 'disk');
  mkdirSync(disk);
  if (!mount(disk, '32m')) {
    t.skip('a small disk cannot be mounted here');
    return;
  }
  try {
    const data = join(disk, 'data');
    const ballast = join(disk, 'ballast');
    let alice: Browser;
    {
      await using postern = await serve(village, data);
      alice = await signIn(postern);
      const first = (await writeDraft(alice, 'written in time')).created?.['d']?.id ?? '';
      const box = await boxOf(alice, 'drafts');
      fillUp(ballast);
      const long = randomBytes(400_000).toString('base64');
      // What the sync holds back is written before it is read: a full disk may refuse the whole request, in words.
      const drafts = { mailboxIds: { [box]: true }, keywords: { $draft: true }, subject: 'no room' };
      const draft = { ...drafts, bodyValues: { t: { value: long } }, textBody: [{ partId: 't' }] };
      const answered = await alice.post(
        '/jmap/api',
        alice.request([['Email/set', { create: { d: draft }, destroy: [first] }]]),
      );
      if (answered.status === 200) {
        const { methodResponses } = (await answered.json()) as { methodResponses: [string, SetAnswer, string][] };
        const refused = methodResponses[0]?.[1];
        said(refused?.notCreated?.['d'], /disk|database/);
        assert.equal(refused?.destroyed, null);
      } else assert.deepEqual(await problemOf(answered), [503, 'store-unavailable']);
      const upload = await alice.fetch(`/jmap/upload/${alice.account}`, {
        method: 'POST',
        body: randomBytes(9_000_000),
      });
      assert.deepEqual(await problemOf(upload), [503, 'store-unavailable']);
      const stranger = new Browser(postern.url);
      const { address, password } = village.users[1]!;
      const answer = await stranger.signIn(address, password);
      if (answer.status !== 200) assert.deepEqual(await problemOf(answer), [503, 'store-unavailable']);
      await village.deliver('alice@village.test', `Subject: ${'y'.repeat(3_000)}\r\n\r\n${long}\r\n`);
      assert.equal((await alice.fetch('/auth/session')).status, 200);
      assert.ok(!postern.hasEnded);

      rmSync(ballast);
      await eventually('healthy', async () => (await alice.fetch('/healthz')).status === 200);
      const after = await writeDraft(alice, 'room again');
      assert.ok(after.created?.['d'], JSON.stringify(after));
      assert.ok((await draftSubjects(alice)).includes('written in time'));
      const [inbox] = [await boxOf(alice, 'inbox')];
      await eventually(
        'what arrived meanwhile is listed',
        async () => {
          const [found] = await alice.jmap([['Email/query', { filter: { inMailbox: inbox } }]]);
          return ((found?.['ids'] ?? []) as string[]).length > 0;
        },
        90_000,
      );
      await signIn(postern, 1);
      fillUp(ballast);
    }
    rmSync(ballast);
    // What was ended on a full disk starts again and has it all.
    await using again = await serve(village, data);
    const browser = alice.at(again.url);
    assert.equal((await browser.post('/auth/unlock')).status, 200);
    const subjects = await draftSubjects(browser);
    assert.ok(subjects.includes('written in time') && subjects.includes('room again'), subjects.join());
  } finally {
    spawnSync('umount', ['-l', disk]);
  }
});
