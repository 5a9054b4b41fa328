import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openScriptedImap, type ScriptedCommand } from '#village/scripted-imap.ts';
import { signInImap } from '#village/preauth.ts';
import type { ImapError } from './errors.ts';
import { everyUid, failsAs, flags, full, mails, on, open } from './hostile.testkit.ts';
import { openImap } from './session.ts';
import type { Change, FetchRow } from './types.ts';

test('a line dropped in the middle of a FETCH ends every call that waits, once and for all', async () => {
  const drop = on('UID FETCH', ({ connection }) => {
    connection.send('* 1 FETCH (UID 1 FLAGS (\\Seen))\r\n* 2 FETCH (UID 2 BODY[] {100}\r\nhalf of ');
    connection.end();
  });
  await using opened = await open({ onCommand: drop });
  const { session } = opened;
  await session.select('INBOX');
  const rows: FetchRow[] = [];
  const ends: ImapError[] = [];
  session.onEnd((error) => ends.push(error));
  const calls = [
    session.fetchRows(everyUid, flags, (batch) => void rows.push(...batch)),
    session.noop(),
    session.append('INBOX', Buffer.from('x'), [], null),
    session.list(),
    session.uidSearchAll(),
  ];
  for (const call of calls) await assert.rejects(call, failsAs('imap/closed'));
  await assert.rejects(session.noop(), failsAs('imap/closed'));
  assert.deepEqual([rows.map(({ uid }) => uid), ends.length, ends[0] === session.ended], [[1], 1, true]);
});

test('a server that falls silent', async () => {
  for (const name of ['UID FETCH', 'NOOP', 'IDLE', 'APPEND']) {
    await using opened = await open({ onCommand: on(name, () => undefined) }, { timeout: 60 });
    const { session } = opened;
    await session.select('INBOX');
    const call = {
      'UID FETCH': () => session.fetchFlags(everyUid),
      NOOP: () => session.noop(),
      IDLE: async () => {
        await session.idle();
        await session.noop();
      },
      APPEND: () => session.append('INBOX', Buffer.alloc(10_000), [], null),
    }[name];
    assert.ok(call);
    await assert.rejects(call(), failsAs('imap/timeout'), name);
  }
});

test('silence in IDLE is no time-out', async () => {
  await using opened = await open({}, { timeout: 40 });
  await opened.session.select('INBOX');
  await opened.session.idle();
  await new Promise((resolve) => setTimeout(resolve, 120));
  await opened.session.noop();
  assert.equal(opened.session.ended, null);
});

test('IDLE is renewed', async () => {
  await using opened = await open({}, { idleRenewal: 20 });
  await opened.session.select('INBOX');
  await opened.session.idle();
  while (opened.server.commands.filter((name) => name === 'IDLE').length < 3) {
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  assert.equal(opened.session.ended, null);
});

test('a server without IDLE, or one that refuses it, is not asked again', async () => {
  for (const script of [
    { capabilities: ['IMAP4rev1', 'LITERAL+'] },
    { onCommand: on('IDLE', ({ tag, connection }) => connection.no(tag)) },
  ]) {
    await using opened = await open(script);
    await opened.session.idle();
    await opened.session.noop();
    await opened.session.idle();
    assert.ok(opened.server.commands.filter((name) => name === 'IDLE').length <= 2);
    assert.equal(opened.session.ended, null);
  }
});

test('BYE says why', async () => {
  const bye = on('NOOP', ({ connection }) => {
    connection.send('* BYE Too many\u0007 connections\r\n');
    connection.end();
  });
  await using opened = await open({ onCommand: bye });
  await assert.rejects(
    opened.session.noop(),
    failsAs('imap/closed', ({ words }) => words === 'Too many connections'),
  );
  await using idling = await open({});
  const ended = new Promise<ImapError>((resolve) => idling.session.onEnd(resolve));
  idling.server.broadcast('* BYE Autologout\r\n');
  assert.equal((await ended).words, 'Autologout');
});

test('one byte at a time', async () => {
  await using opened = await open({ slow: 1 });
  const { session } = opened;
  await session.select('INBOX');
  const found = await session.fetchSections(4, [{ section: '1' }, { section: 'HEADER' }]);
  assert.equal(found?.get('1')?.toString(), 'body 4\r\n');
  const chunks: Buffer[] = [];
  for await (const chunk of session.streamSection(5, null)) chunks.push(chunk);
  assert.equal(Buffer.concat(chunks).toString(), mails[4]);
});

test('refusals: throttled, without a tag, with an alert', async () => {
  const refuse = ({ name, tag, connection }: ScriptedCommand): boolean => {
    if (name === 'UID FETCH') {
      connection.send(`${tag} BAD Request is throttled. Suggested Backoff Time: 92415 milliseconds\r\n`);
    } else if (name === 'UID SEARCH') connection.send('NO whatever\r\n');
    else if (name === 'CREATE') connection.send(`* NO [ALERT] Look here\r\n${tag} NO [OVERQUOTA] full\r\n`);
    else return false;
    return true;
  };
  await using opened = await open({ onCommand: refuse });
  const { session } = opened;
  await session.select('INBOX');
  const alert = new Promise<Change>((resolve) => session.onChange(resolve));
  await assert.rejects(
    session.fetchFlags({ uids: [1] }),
    failsAs('imap/refused', ({ retryAfter }) => retryAfter === 92_415),
  );
  await assert.rejects(
    session.uidSearchAll(),
    failsAs('imap/refused', ({ words }) => words === 'whatever'),
  );
  await assert.rejects(
    session.create('x'),
    failsAs('imap/refused', ({ responseCode }) => responseCode === 'OVERQUOTA'),
  );
  assert.deepEqual(await alert, { kind: 'alert', words: 'Look here' });
  await session.noop();
});

test('a server with nothing but IMAP4rev1: names, roles, moves, literals that wait', async () => {
  const lines: string[] = [];
  const old = ({ name, args, tag, connection }: ScriptedCommand): boolean => {
    lines.push(`${name} ${args}`.trim());
    if (name === 'LIST' && args === '"" ""') {
      connection.send('* LIST (\\Noselect) "." "INBOX"\r\n');
      connection.ok(tag);
      return true;
    }
    if (name === 'LIST') {
      connection.send('* LIST (\\Noselect) "/" top\r\n* LIST () "/" {4}\r\na"b\\\r\n* LIST () NIL inbox\r\n');
      connection.send('* LIST (\\Sent) "/" "Gr\xfc\xdfe"\r\n* LIST () "/" "odd\r\nname"\r\n');
      connection.ok(tag);
      return true;
    }
    if (name === 'LSUB') connection.send('* LSUB () "/" INBOX\r\n');
    return name === 'LSUB' ? (connection.ok(tag), true) : false;
  };
  await using opened = await open({ capabilities: ['IMAP4rev1'], onCommand: old });
  const { session } = opened;
  assert.deepEqual([session.condstore, session.qresync], [false, false]);
  assert.deepEqual(session.namespaces.personal, [{ prefix: 'INBOX.', delimiter: '.' }]);
  const listed = await session.list();
  assert.deepEqual(
    listed.map(({ pathRaw, path, delimiter, noselect, flags, subscribed }) => [
      pathRaw,
      path,
      delimiter,
      noselect,
      flags,
      subscribed,
    ]),
    [
      ['top', 'top', '/', true, ['\\Noselect'], false],
      ['a"b\\', 'a"b\\', '/', false, [], false],
      ['INBOX', 'INBOX', null, false, [], true],
      ['Gr\xfc\xdfe', 'Gr\xfc\xdfe', '/', false, ['\\Sent'], false],
    ],
  );
  await session.select('Gr\xfc\xdfe');
  assert.equal(await session.move([2, 3], 'Gr\xfc\xdfe'), null);
  await session.search({ subject: 'Grüße' });
  assert.equal(await session.append('INBOX', Buffer.from('x\r\ny'), ['\\Seen', 'not a flag'], 0), null);
  assert.equal(await session.expunge([2]), false);
  await session.unselect();
  const utf8 = Buffer.from('Grüße').toString('latin1');
  assert.deepEqual(lines.slice(lines.findIndex((line) => line.startsWith('SELECT'))), [
    'SELECT {5}\r\nGr\xfc\xdfe',
    'UID COPY 2:3 {5}\r\nGr\xfc\xdfe',
    'UID STORE 2:3 +FLAGS.SILENT (\\Deleted)',
    `UID SEARCH CHARSET UTF-8 SUBJECT {7}\r\n${utf8}`,
    'APPEND "INBOX" (\\Seen) " 1-Jan-1970 00:00:00 +0000" {4}\r\nx\r\ny',
    'UID STORE 2 +FLAGS.SILENT (\\Deleted)',
    'UID SEARCH DELETED',
    'EXAMINE {5}\r\nGr\xfc\xdfe',
    'CLOSE',
  ]);
});

test('long lists of UIDs are cut to what the server takes', async () => {
  const lengths: number[] = [];
  const measure = ({ name, args }: ScriptedCommand): boolean => {
    if (name.startsWith('UID ')) lengths.push(args.length);
    return false;
  };
  await using opened = await open({ onCommand: measure });
  const { session } = opened;
  await session.select('INBOX');
  const uids = Array.from({ length: 3000 }, (_, i) => 1_000_000 + i * 2);
  await session.store(uids, ['\\Seen'], []);
  await session.fetchRows({ uids }, full, () => undefined);
  assert.ok(lengths.length >= 8 && Math.max(...lengths) < 8000, String(Math.max(...lengths)));
});

test('a proxy that calls itself Dovecot and does not know X-GUID', async () => {
  const asked: string[] = [];
  const refuse = ({ name, args, tag, connection }: ScriptedCommand): boolean => {
    if (name !== 'FETCH') return false;
    asked.push(args);
    if (args.includes('X-GUID')) connection.send(`${tag} BAD unknown item\r\n`);
    return args.includes('X-GUID');
  };
  const greeting = '* OK Dovecot ready.\r\n';
  await using opened = await open({ greeting, onCommand: refuse });
  await opened.session.select('INBOX');
  const items = { flags: true, size: true, identity: true };
  assert.equal((await opened.session.fetchRows({ newest: 3 }, items, () => undefined)).rows, 3);
  assert.equal((await opened.session.fetchRows({ newest: 3 }, items, () => undefined)).rows, 3);
  assert.equal(asked.length, 3);
});

test('a server that says PREVIEW and does not know LAZY; one that minds something else', async () => {
  const asked: string[] = [];
  let minds = (args: string): boolean => args.includes('LAZY');
  const refuse = ({ name, args, tag, connection }: ScriptedCommand): boolean => {
    if (name !== 'FETCH') return false;
    asked.push(args);
    if (minds(args)) connection.send(`${tag} BAD no\r\n`);
    return minds(args);
  };
  const capabilities = ['IMAP4rev1', 'PREVIEW'];
  await using opened = await open({ capabilities, onCommand: refuse });
  const { session } = opened;
  await session.select('INBOX');
  const items = { flags: true, size: true, preview: 'lazy' } as const;
  minds = () => true;
  await assert.rejects(
    session.fetchRows({ newest: 3 }, items, () => undefined),
    failsAs('imap/refused'),
  );
  assert.deepEqual(
    asked.splice(0).map((args) => args.includes('PREVIEW (LAZY)')),
    [true, false],
  );
  minds = (args) => args.includes('LAZY');
  assert.equal((await session.fetchRows({ newest: 3 }, items, () => undefined)).rows, 3);
  assert.equal((await session.fetchRows({ newest: 3 }, items, () => undefined)).rows, 3);
  assert.deepEqual(
    asked.map((args) => args.includes('PREVIEW (LAZY)')),
    [true, false, false],
  );
});

test('a stream whose server is not there any more', async () => {
  const server = await openScriptedImap({});
  const signedIn = await signInImap(server, { address: 'a', password: 'b' });
  server.script.onCommand = ({ connection }) => (connection.drop(), true);
  await assert.rejects(openImap(signedIn, { host: '127.0.0.1' }), failsAs('imap/closed'));
  await server[Symbol.asyncDispose]();
});

test('many wishes at once wait for each other', async () => {
  await using opened = await open({});
  const { session } = opened;
  await session.select('INBOX');
  await session.idle();
  const answers = await Promise.all(
    Array.from({ length: 40 }, (_, i) =>
      i % 3 === 0
        ? session.uidSearchAll()
        : i % 3 === 1
          ? session.noop()
          : session.fetchSections(1 + (i % 5), [{ section: '1' }]),
    ),
  );
  assert.deepEqual(answers[0], [1, 2, 3, 4, 5]);
  assert.equal(session.ended, null);
});

test('closing does not wait for a reader who has stopped reading', async () => {
  const server = await openScriptedImap({ messages: [`Subject: x\r\n\r\n${'line of text\r\n'.repeat(200_000)}`] });
  const signedIn = await signInImap(server, { address: 'a', password: 'b' });
  const waits: (() => void)[] = [];
  const clock = {
    now: () => Date.now(),
    after: (_ms: number, task: () => void) => {
      waits.push(task);
      return () => void waits.splice(waits.indexOf(task), 1);
    },
  };
  const session = await openImap(signedIn, { host: '127.0.0.1', clock });
  await session.select('INBOX');
  const stream = session.streamSection(1, null)[Symbol.asyncIterator]();
  await stream.next();
  const closing = session.close();
  waits.at(-1)?.();
  await closing;
  assert.equal(session.ended?.code, 'imap/closed');
  await server[Symbol.asyncDispose]();
});
