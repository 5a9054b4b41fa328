import assert from 'node:assert/strict';
import { chmodSync, existsSync, globSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { delimiter, join } from 'node:path';
import { test } from 'node:test';
import { visit } from '#app-passwords/dialogue.ts';
import { mailFolder } from '#cli/demo/dovecot.ts';
import { answers } from '#cli/demo/ports.ts';
import type { DemoFacts } from '#cli/demo/start.ts';
import { openDovecot } from '#village/dovecot.ts';
import { familyOf, isAlive } from '#village/family.ts';
import { Browser, problemOf } from './browser.ts';
import { openFolder } from './postern.ts';
import { eventually, keeperOf, launch, type Running, serve } from './process.ts';

/** The program as people start and end it, by hand and by accident. */

/** A data folder for a demo, and where its Dovecot keeps mail. */
const openDemoFolder = (): { data: string; facts: () => DemoFacts } & Disposable => {
  const folder = openFolder();
  const data = join(folder.path, 'data');
  const mail = mailFolder(join(data, 'demo-mail'));
  return {
    data,
    facts: () => JSON.parse(readFileSync(join(data, 'demo.json'), 'utf8')) as DemoFacts,
    [Symbol.dispose]: () => {
      rmSync(mail, { recursive: true, force: true });
      folder[Symbol.dispose]();
    },
  };
};

const core = 'urn:ietf:params:jmap:core';
const appPasswords = 'urn:postern:params:jmap:app-passwords';

const quiet = { POSTERN_PORT: '0', POSTERN_LOG: 'error', POSTERN_MAILROOMS: '1' };

/** What the demo shows of app passwords is real: its Dovecot and its submission server take one, until it is revoked. */
const takesAppPasswords = async (
  browser: Browser,
  { imap, smtp }: DemoFacts,
  { address, password }: { address: string; password: string },
): Promise<void> => {
  const call = async (name: string, args: Record<string, unknown>): Promise<Record<string, unknown>> => {
    const request = {
      using: [core, appPasswords],
      methodCalls: [[name, { accountId: browser.account, ...args }, '0']],
    };
    const answer = (await (await browser.post('/jmap/api', request)).json()) as {
      methodResponses: [string, Record<string, unknown>, string][];
    };
    return answer.methodResponses[0]?.[1] ?? {};
  };
  const isTaken = async (protocol: 'imap' | 'submission', secret: string): Promise<string> => {
    const { host, port, security } = protocol === 'imap' ? imap : smtp;
    const visited = await visit({ protocol, host, port, security }, address, Buffer.from(secret));
    visited.leave();
    return visited.outcome;
  };
  assert.equal((await browser.post('/auth/prove', { password })).status, 204);
  const wish = { name: 'Phone', program: 'apple', protocols: ['imap', 'submission'] };
  const { created } = await call('AppPassword/set', { create: { a: wish } });
  const { a } = created as { a: { id: string; password: string } };
  assert.deepEqual(
    [await isTaken('imap', a.password), await isTaken('submission', a.password), await isTaken('imap', 'wrong')],
    ['accepted', 'accepted', 'refused'],
  );
  assert.deepEqual((await call('AppPassword/set', { destroy: [a.id] }))['destroyed'], [a.id]);
  assert.deepEqual(
    [await isTaken('imap', a.password), await isTaken('submission', a.password)],
    ['refused', 'refused'],
  );
};

const urlOf = async (running: Running): Promise<string> => {
  const [, url = ''] = await running.until(/Postern is at (http:\S+)/);
  return url;
};

const subjects = async (browser: Browser, limit = 50): Promise<string[]> => {
  const answers = await browser.jmap([
    ['Email/query', { limit, sort: [{ property: 'receivedAt', isAscending: false }] }],
    ['Email/get', { '#ids': { resultOf: 'c0', name: 'Email/query', path: '/ids' }, properties: ['subject'] }],
  ]);
  return ((answers[1]?.['list'] ?? []) as { subject: string }[]).map(({ subject }) => subject);
};

const total = async (browser: Browser): Promise<number> => {
  const [answer] = await browser.jmap([['Email/query', { limit: 1, calculateTotal: true }]]);
  return Number(answer?.['total']);
};

/** Nothing of it runs any more, and nothing listens. */
const isGone = async (pids: readonly number[], ports: readonly number[]): Promise<void> => {
  await eventually(`these end: ${pids.join(' ')}`, () => pids.every((pid) => !isAlive(pid)));
  for (const port of ports) assert.equal(await answers(port), false, `port ${port}`);
};

test('the demo starts, tells whom to sign in as, ends with Ctrl-C, and begins again where it was', async () => {
  using folder = openDemoFolder();
  let first: DemoFacts;
  {
    await using demo = launch(['demo'], { env: { ...quiet, POSTERN_DATA: folder.data } });
    const url = await urlOf(demo);
    first = folder.facts();
    assert.deepEqual(Object.keys(first), ['users', 'imap', 'smtp']);
    assert.equal(first.users.length, 2);
    for (const server of [first.imap, first.smtp]) {
      assert.deepEqual(Object.keys(server), ['host', 'port', 'security']);
      assert.equal(server.host, '127.0.0.1');
      assert.ok(await answers(server.port));
    }
    assert.equal(statSync(join(folder.data, 'demo.json')).mode & 0o077, 0, 'passwords are for the owner');
    for (const { address, password } of first.users) assert.ok(demo.said.includes(`${address}   ${password}`));
    assert.match(demo.said, /Demo mail: (\d+) of \1 messages/);

    const [alice, bob] = [new Browser(url), new Browser(url)];
    for (const [n, browser] of [alice, bob].entries()) {
      const { address = '', password = '' } = first.users[n] ?? {};
      const answer = await browser.signIn(address, password);
      assert.equal(answer.status, 200, await answer.clone().text());
    }
    await alice.until(
      () => subjects(alice),
      (found) => found.includes('Welcome to Postern'),
      60_000,
    );

    const family = demo.family();
    assert.ok(family.length >= 4, 'Postern, keeper, Dovecot and its children');
    demo.kill('SIGINT');
    assert.equal(await demo.ended, 0, demo.said);
    await isGone(family, [first.imap.port, first.smtp.port, Number(new URL(url).port)]);
  }
  await using again = launch(['demo'], { env: { ...quiet, POSTERN_DATA: folder.data } });
  const url = await urlOf(again);
  assert.deepEqual(folder.facts(), first);
  assert.doesNotMatch(again.said, /Demo mail:/, 'it is not filled a second time');
  const alice = new Browser(url);
  const { address = '', password = '' } = first.users[0] ?? {};
  assert.equal((await alice.signIn(address, password)).status, 200);
  await alice.until(
    () => total(alice),
    (count) => count > 6_046,
    120_000,
  );
  await takesAppPasswords(alice, first, { address, password });
  const family = again.family();
  again.kill('SIGTERM');
  assert.equal(await again.ended, 0, again.said);
  await isGone(family, [first.imap.port, first.smtp.port]);
});

test('a demo that is killed leaves nothing, and the next one has its ports again', async () => {
  using folder = openDemoFolder();
  mkdirSync(folder.data, { recursive: true });
  // As if it had been filled before: this is about processes.
  const mail = mailFolder(join(folder.data, 'demo-mail'));
  mkdirSync(mail, { recursive: true });
  writeFileSync(join(mail, '.filled'), '');
  let family: number[];
  {
    await using demo = launch(['demo'], { env: { ...quiet, POSTERN_DATA: folder.data } });
    await urlOf(demo);
    family = demo.family();
    demo.kill('SIGKILL');
    assert.equal(await demo.ended, 'SIGKILL');
  }
  const { imap, smtp } = folder.facts();
  await isGone(family, [imap.port, smtp.port]);
  await using again = launch(['demo'], { env: { ...quiet, POSTERN_DATA: folder.data } });
  await urlOf(again);
  assert.doesNotMatch(again.said, /No demo mail server/);
  assert.deepEqual([folder.facts().imap.port, await answers(imap.port)], [imap.port, true]);
});

test('without Dovecot, or with one of another kind, it says so and starts all the same', async () => {
  using folder = openFolder();
  const bin = join(folder.path, 'bin');
  mkdirSync(bin);
  for (const [script, words] of [
    ['exit 127', /No demo mail server: Dovecot is not installed/],
    ['echo 2.2.36', /No demo mail server: Dovecot 2\.2\.36 is installed; the demo server needs 2\.3 or 2\.4/],
  ] as const) {
    writeFileSync(join(bin, 'dovecot'), `#!/bin/sh\n${script}\n`);
    chmodSync(join(bin, 'dovecot'), 0o755);
    const PATH = `${bin}${delimiter}${process.env['PATH'] ?? ''}`;
    await using demo = launch(['demo'], { env: { ...quiet, PATH, POSTERN_DATA: join(folder.path, 'data') } });
    const url = await urlOf(demo);
    assert.match(demo.said, words);
    assert.equal((await fetch(`${url}/healthz`)).status, 200);
    assert.equal(existsSync(join(folder.path, 'data', 'demo.json')), false);
    demo.kill('SIGINT');
    assert.equal(await demo.ended, 0);
  }
});

test('a port that is taken: one sentence, and nothing is left', async () => {
  using folder = openDemoFolder();
  const mail = mailFolder(join(folder.data, 'demo-mail'));
  mkdirSync(mail, { recursive: true });
  writeFileSync(join(mail, '.filled'), '');
  const taken = createServer();
  const port = await new Promise<number>((resolve) =>
    taken.listen(0, '127.0.0.1', () => resolve((taken.address() as { port: number }).port)),
  );
  try {
    for (const command of ['serve', 'demo']) {
      await using running = launch([command], {
        env: { ...quiet, POSTERN_DATA: folder.data, POSTERN_PORT: String(port) },
      });
      const family = new Set<number>();
      const watch = setInterval(() => {
        for (const pid of familyOf(running.pid)) family.add(pid);
      }, 20);
      assert.equal(await running.ended, 1);
      clearInterval(watch);
      assert.equal(
        running.said,
        'postern: The port is taken: something else listens there. Set POSTERN_PORT to another.\n',
      );
      assert.ok(family.size >= 2, 'the keeper had been started');
      await isGone([...family], command === 'demo' ? [folder.facts().imap.port, folder.facts().smtp.port] : []);
    }
  } finally {
    taken.close();
  }
  // One of the demo's own ports: no demo server, but Postern.
  const { imap } = folder.facts();
  const other = createServer().listen(imap.port, '127.0.0.1');
  try {
    await using demo = launch(['demo'], { env: { ...quiet, POSTERN_DATA: folder.data } });
    const url = await urlOf(demo);
    assert.match(demo.said, /No demo mail server: .*\d/);
    assert.equal((await fetch(`${url}/healthz`)).status, 200);
  } finally {
    other.close();
  }
});

test('what cannot be understood is told in a sentence, with an exit code', async () => {
  using folder = openFolder();
  const file = join(folder.path, 'file');
  writeFileSync(file, '{"port": 1, "nonsense": 2}');
  const damaged = join(folder.path, 'damaged');
  mkdirSync(damaged);
  writeFileSync(join(damaged, 'postern.db'), Buffer.alloc(9_000, 'x'));
  const cases: [string[], Record<string, string>, number, RegExp][] = [
    [['nonsense'], {}, 2, /^postern: there is no command "nonsense"\.\n\nPostern, [^]*serve/],
    [['serve', '--port', '1'], {}, 1, /^postern: "--port 1" is not understood: .*--help\.\n$/],
    [['demo', 'now'], {}, 1, /^postern: "now" is not understood: .*--help\.\n$/],
    [['serve'], { POSTERN_PORT: '70000' }, 1, /^postern: POSTERN_PORT: "70000" is not of the form PORT\. .*\n$/],
    [['serve'], { POSTERN_PUBLIC_URL: 'mail.example.org' }, 1, /^postern: POSTERN_PUBLIC_URL: .*\n$/],
    [['serve'], { POSTERN_SESSION_IDLE: 'soon' }, 1, /^postern: POSTERN_SESSION_IDLE: .*\n$/],
    [['serve'], { POSTERN_NONSENSE: '1' }, 1, /^postern: POSTERN_NONSENSE is not an option of Postern\.\n$/],
    [
      ['serve'],
      { POSTERN_DATABASE_URL: 'mysql://me:secret@host/db' },
      1,
      /^postern: POSTERN_DATABASE_URL is not (?![^]*secret).*\n$/,
    ],
    [
      ['serve'],
      { POSTERN_CONFIG: join(folder.path, 'none.json') },
      1,
      /^postern: POSTERN_CONFIG: .* cannot be read as JSON\.\n$/,
    ],
    [['serve'], { POSTERN_CONFIG: file }, 1, /^postern: POSTERN_CONFIG: "nonsense" in .* is not an option\. .*\n$/],
    [
      ['serve'],
      { POSTERN_EXTRA_CA: join(folder.path, 'none.pem') },
      1,
      /^postern: POSTERN_EXTRA_CA: .* cannot be read\.\n$/,
    ],
    [['serve'], { POSTERN_DATA: file }, 1, /^postern: POSTERN_DATA must be a folder, .*\n$/],
    [['serve'], { POSTERN_DATA: join(file, 'below') }, 1, /^postern: POSTERN_DATA must be a folder, .*\n$/],
    [['serve'], { POSTERN_DATA: damaged }, 1, /^postern: The database is damaged, .*\n$/],
    [['serve'], { POSTERN_HOST: '192.0.2.1' }, 1, /^postern: POSTERN_HOST is no address of this machine\.\n$/],
  ];
  for (const [words, env, code, said] of cases) {
    await using running = launch(words, { env: { ...quiet, POSTERN_DATA: join(folder.path, 'data'), ...env } });
    assert.equal(await running.ended, code, running.said);
    assert.match(running.said, said);
    assert.doesNotMatch(running.said, /at \w+ \(|node_modules/, 'no stack');
  }
});

test('D80 what nobody caught: one line of log without a word of it, an orderly end, code 1', async () => {
  for (const fault of ['throw e()', 'void Promise.reject(e())']) {
    using folder = openFolder();
    const file = join(folder.path, 'fault.mjs');
    writeFileSync(file, `const e = () => new Error('hunter2\\nhunter3'); process.on('SIGUSR2', () => { ${fault}; });`);
    await using running = launch(['serve'], {
      env: {
        ...quiet,
        POSTERN_DATA: join(folder.path, 'data'),
        NODE_OPTIONS: `--import=${file}`,
      },
    });
    const url = await urlOf(running);
    const family = running.family();
    running.kill('SIGUSR2');
    assert.equal(await running.ended, 1);
    const [line = '', ...more] = running.said.trim().split('\n').slice(1);
    assert.deepEqual(more, []);
    const { level, event, code, where } = JSON.parse(line) as Record<string, string>;
    assert.deepEqual([level, event, code], ['error', 'main thread failed', 'Error']);
    assert.match(where ?? '', /^ {4}at /);
    assert.doesNotMatch(running.said, /hunter/);
    await isGone(family, [Number(new URL(url).port)]);
  }
});

test('--help on the program and on each command', async () => {
  const helps: [string[], RegExp][] = [
    [[], /^Postern, [^]*serve [^]*demo [^]*app-passwords /],
    [['--help'], /^Postern, /],
    [['help'], /^Postern, /],
    [['serve', '--help'], /^Usage: postern serve\n[^]*POSTERN_PORT=PORT \(8080\)[^]*POSTERN_EXTRA_CA/],
    [['serve', '-h'], /^Usage: postern serve\n/],
    [['demo', '--help'], /^Usage: postern demo\n[^]*POSTERN_DATA/],
    [['app-passwords', '--help'], /^Usage: postern app-passwords /],
  ];
  for (const [words, said] of helps) {
    await using running = launch(words);
    assert.equal(await running.ended, 0);
    assert.match(running.said, said);
  }
});

const letter = (n: number): string =>
  `From: bob@village.test\r\nSubject: letter ${n}\r\nMessage-ID: <${n}@village.test>\r\n\r\n${'text '.repeat(200)}\r\n`;

test('a signed-in cookie outlives a restart: 423, unlock, and on', async () => {
  await using village = await openDovecot();
  using folder = openFolder();
  const { address, password } = village.users[0]!;
  await village.deliver(address, letter(1));
  let browser: Browser;
  {
    await using postern = await serve(village, folder.path);
    browser = postern.browser;
    assert.equal((await browser.signIn(address, password)).status, 200);
    await browser.until(
      () => subjects(browser),
      (found) => found.includes('letter 1'),
      30_000,
    );
    postern.kill('SIGTERM');
    assert.equal(await postern.ended, 0, postern.said);
  }
  await using postern = await serve(village, folder.path);
  browser = browser.at(postern.url);
  const ask = () => browser.post('/jmap/api', browser.request([['Mailbox/get', {}]]));
  assert.deepEqual(await problemOf(await ask()), [423, 'locked']);
  assert.equal((await browser.post('/auth/unlock')).status, 200);
  assert.equal((await ask()).status, 200);
  assert.deepEqual(await subjects(browser), ['letter 1']);
});

test('the keeper is killed: locked until the browser unlocks, and nothing else is lost', async () => {
  await using village = await openDovecot();
  using folder = openFolder();
  const { address, password } = village.users[0]!;
  await village.deliver(address, letter(1));
  await using postern = await serve(village, folder.path);
  const { browser } = postern;
  assert.equal((await browser.signIn(address, password)).status, 200);
  await browser.until(
    () => subjects(browser),
    (found) => found.includes('letter 1'),
    30_000,
  );
  const before = keeperOf(postern);
  process.kill(before, 'SIGKILL');
  await eventually('another keeper', () => {
    const now = postern.family().find((pid) => pid !== before && pid !== postern.pid);
    return now !== undefined && keeperOf(postern) !== before;
  });
  // As the app does: whatever answers 423 is asked again after an unlock.
  await eventually('it is unlocked', async () => (await browser.post('/auth/unlock')).status === 200);
  await village.deliver(address, letter(2));
  await browser.until(
    async (): Promise<string[]> => {
      const answer = await browser.post('/jmap/api', browser.request([['Mailbox/get', {}]]));
      await answer.arrayBuffer();
      if (answer.status === 423) await browser.post('/auth/unlock');
      return answer.status === 200 ? subjects(browser).catch(() => []) : [];
    },
    (found) => found.includes('letter 1') && found.includes('letter 2'),
    60_000,
  );
  const stranger = new Browser(postern.url);
  assert.equal((await stranger.signIn(address, password)).status, 200, 'signing in works with the new keeper');
});

test('Postern is killed in the middle of the first sync: nothing is left running, the next start goes on', async () => {
  await using village = await openDovecot();
  using folder = openFolder();
  using temporary = openFolder();
  const env = { TMPDIR: temporary.path };
  const { address, password } = village.users[0]!;
  const count = 6_000;
  for (let n = 0; n < count; n += 1) village.put(address, 'INBOX', letter(n), { receivedAt: 1_700_000_000 + n });
  let browser: Browser;
  let known: number;
  {
    await using postern = await serve(village, folder.path, { env });
    browser = postern.browser;
    assert.equal((await browser.signIn(address, password)).status, 200);
    known = await browser.until(
      () => total(browser),
      (found) => found > 0,
      60_000,
    );
    const family = postern.family();
    postern.kill('SIGKILL');
    assert.equal(await postern.ended, 'SIGKILL');
    await isGone(family, [Number(new URL(postern.url).port)]);
    await eventually('the keeper clears up', () => globSync(join(temporary.path, 'postern-keeper-*')).length === 0);
  }
  assert.ok(known < count, `${known} of ${count} were known`);
  await using postern = await serve(village, folder.path, { env });
  browser = browser.at(postern.url);
  assert.equal((await browser.post('/auth/unlock')).status, 200);
  assert.ok((await total(browser)) > 0, 'what was known is there at once');
  await browser.until(
    () => total(browser),
    (found) => found === count,
    120_000,
  );
  assert.equal(new Set(await subjects(browser, 1_000)).size, 1_000);
});
