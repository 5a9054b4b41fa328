import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ImapScript, openScriptedImap, type ScriptedCommand, type ScriptedImap } from '#village/scripted-imap.ts';
import { signInImap } from '#village/preauth.ts';
import { ImapError, type ImapCode } from './errors.ts';
import { type ImapOptions, type ImapSession, openImap } from './session.ts';
import type { Change, FetchRow } from './types.ts';

/** Against a server that misbehaves. */
const mails = Array.from(
  { length: 5 },
  (_, i) => `From: a@x.org\r\nSubject: message ${i + 1}\r\n\r\nbody ${i + 1}\r\n`,
);

const open = async (
  script: ImapScript,
  options: Partial<ImapOptions> = {},
): Promise<{ server: ScriptedImap; session: ImapSession } & AsyncDisposable> => {
  const server = await openScriptedImap({ messages: mails, ...script });
  const signedIn = await signInImap(server, { address: 'alice', password: 'secret' });
  const session = await openImap(signedIn, { host: '127.0.0.1', ...options });
  return {
    server,
    session,
    [Symbol.asyncDispose]: async () => {
      await session.close();
      await server[Symbol.asyncDispose]();
    },
  };
};

const failsAs =
  (code: ImapCode, check: (error: ImapError) => boolean = () => true) =>
  (error: unknown) => {
    assert.ok(error instanceof ImapError, String(error));
    assert.equal(error.code, code);
    assert.ok(check(error), JSON.stringify(error));
    return true;
  };

const on =
  (name: string, answer: (command: ScriptedCommand) => void): NonNullable<ImapScript['onCommand']> =>
  (command) => {
    if (command.name !== name) return false;
    answer(command);
    return true;
  };

const flags = { flags: true } as const;
const full = { flags: true, size: true, bodystructure: true, header: ['SUBJECT'] } as const;
const everyUid = { range: [1, 4_294_967_295] } as const;

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

test('rows that cannot be read are told and fetched again by smaller items', async () => {
  const asked: string[] = [];
  const mangle = ({ name, args, tag, connection }: ScriptedCommand): boolean => {
    if (name !== 'UID FETCH') return false;
    asked.push(args);
    if (!args.includes('BODYSTRUCTURE')) return false;
    const bad = '("application" "pdf" ("name" "the "best" one") NIL NIL "base64" 10)';
    if (!args.startsWith('3 ')) connection.send('* 1 FETCH (UID 1 FLAGS () RFC822.SIZE 5)\r\n');
    connection.send(`* 3 FETCH (UID 3 FLAGS (\\Seen) RFC822.SIZE 5 BODYSTRUCTURE ${bad})\r\n`);
    if (!args.startsWith('3 ')) connection.send('* 5 FETCH (UID 5 FLAGS () RFC822.SIZE 5)\r\n');
    connection.ok(tag);
    return true;
  };
  await using opened = await open({ onCommand: mangle });
  const { session } = opened;
  await session.select('INBOX');
  const uids: number[] = [];
  const report = await session.fetchRows(everyUid, full, (rows) => void uids.push(...rows.map(({ uid }) => uid)));
  assert.deepEqual([uids, report.missing], [[1, 5], [3]]);
  asked.length = 0;
  const { rows, gone } = await session.rescueRows([3, 44], full);
  assert.deepEqual(gone, [44]);
  assert.equal(rows[0]?.header?.toString().includes('Subject: message 3'), true);
  assert.deepEqual([rows[0]?.uid, rows[0]?.bodystructure, rows[0]?.flags], [3, undefined, []]);
  assert.equal(asked.length, 3);
});

test('a message the server cannot open at all is a stub', async () => {
  const refuse = on('UID FETCH', ({ tag, connection }) => connection.no(tag, '[UNAVAILABLE] UID FETCH Server error'));
  await using opened = await open({ onCommand: refuse });
  await opened.session.select('INBOX');
  const { rows } = await opened.session.rescueRows([2], full);
  assert.deepEqual([rows[0]?.uid, rows[0]?.flags, rows[0]?.header, rows[0]?.size], [2, null, null, null]);
});

test('S79 a literal that swallows where the next row begins gives no message what is said of another', async () => {
  const header = 'Subject: one\n\n';
  const begin = ')\r\n* 2 FETCH (UID 2 ';
  const swallow = on('UID FETCH', ({ tag, connection }) => {
    connection.send(
      `* 1 FETCH (UID 1 RFC822.SIZE 11 BODY[HEADER.FIELDS (SUBJECT)] {${header.length + begin.length}}\r\n`,
    );
    connection.send(`${header}${begin}RFC822.SIZE 22 BODYSTRUCTURE ("text" "plain" NIL NIL NIL "7bit" 2 1))\r\n`);
    connection.send('* 3 FETCH (UID 3 RFC822.SIZE 33 RFC822.SIZE 33)\r\n');
    connection.ok(tag);
  });
  await using opened = await open({ onCommand: swallow });
  await opened.session.select('INBOX');
  const rows: [number, number | null][] = [];
  const report = await opened.session.fetchRows(
    { uids: [1, 2, 3] },
    full,
    (some) => void rows.push(...some.map(({ uid, size }): [number, number | null] => [uid, size])),
  );
  assert.deepEqual([rows, report.missing], [[[3, 33]], [1, 2]]);
});

test('S79 a quoted string without end, which looks as if a literal came, takes nothing of the next row', async () => {
  const mix = on('UID FETCH', ({ tag, connection }) => {
    connection.send('* 1 FETCH (UID 1 PREVIEW "mine {10}\r\n* 2 FETCH (UID 2 PREVIEW " of another")\r\n');
    connection.send('* 3 FETCH (UID 3 PREVIEW "a \rb")\r\n');
    connection.ok(tag);
  });
  await using opened = await open({ onCommand: mix });
  await opened.session.select('INBOX');
  const rows: [number, string | null][] = [];
  const report = await opened.session.fetchRows(
    { uids: [1, 2, 3] },
    full,
    (some) => void rows.push(...some.map(({ uid, preview }): [number, string | null] => [uid, preview])),
  );
  assert.deepEqual([rows, report.missing], [[[3, 'a \rb']], [1, 2]]);
});

test('S79 what another message has is no answer', async () => {
  const answer = on('UID FETCH', ({ tag, connection }) => {
    connection.send('* 9 FETCH (UID 9 BODY[1] "of another")\r\n* 1 FETCH (BODY[1] "its own")\r\n');
    connection.send('* 9 FETCH (UID 9 BODY[1] "of another again")\r\n');
    connection.ok(tag);
  });
  await using opened = await open({ onCommand: answer });
  const { session } = opened;
  await session.select('INBOX');
  const found = await session.fetchSections(1, [{ section: '1' }]);
  assert.equal(found?.get('1')?.toString(), 'its own');
  const chunks: Buffer[] = [];
  for await (const chunk of session.streamSection(1, '1')) chunks.push(chunk);
  assert.equal(Buffer.concat(chunks).toString(), 'its own');
});

test('rows nobody asked for are flag changes, garbage is passed over', async () => {
  const mix = on('UID FETCH', ({ tag, connection }) => {
    connection.send('garbage ((( {3}\r\n\r\n* NIL\r\n* 77 FETCH (UID 977 FLAGS (\\Seen))\r\n');
    connection.send(
      '* 1 FETCH (UID 1 FLAGS () RFC822.SIZE 5)\r\n* 1 FETCH (UID 1 FLAGS (\\Flagged))\r\n* 9 EXISTS\r\n',
    );
    connection.ok(tag);
  });
  await using opened = await open({ onCommand: mix });
  const { session } = opened;
  await session.select('INBOX');
  const changes: Change[] = [];
  session.onChange((change) => changes.push(change));
  const report = await session.fetchRows({ uids: [1] }, { flags: true, size: true }, () => undefined);
  assert.deepEqual(report, { rows: 1, missing: [], missingSequence: [] });
  assert.deepEqual(
    changes.map((change) => (change.kind === 'flags' ? change.row.uid : change.kind)),
    [977, 1, 'exists'],
  );
  assert.equal(session.selected?.exists, 9);
});

test('S80 EXISTS that says what is known is no news, however often it comes', async () => {
  let exists = 5;
  const chatter = on('UID FETCH', ({ tag, connection }) => {
    connection.send(`* 1 FETCH (UID 1 FLAGS ())\r\n* ${exists} EXISTS\r\n`);
    connection.ok(tag);
  });
  await using opened = await open({ onCommand: chatter });
  const { session } = opened;
  await session.select('INBOX');
  const changes: Change[] = [];
  session.onChange((change) => changes.push(change));
  await session.fetchFlags({ uids: [1] });
  assert.deepEqual(changes, []);
  exists = 6;
  await session.fetchFlags({ uids: [1] });
  await session.fetchFlags({ uids: [1] });
  assert.deepEqual(changes, [{ kind: 'exists', count: 6 }]);
});

test('answers that are too large cut the line', async () => {
  const huge = on('UID FETCH', ({ connection }) => connection.send(`* 1 FETCH (UID 1 BODY[] {99999999999}\r\n`));
  await using opened = await open({ onCommand: huge });
  await opened.session.select('INBOX');
  await assert.rejects(opened.session.fetchSections(1, [{ section: '' }]), failsAs('imap/too-large'));
  const endless = on('LIST', ({ connection }) => connection.send(`* LIST () "/" "${'x'.repeat(2 << 20)}`));
  await using other = await open({ onCommand: endless });
  await assert.rejects(other.session.list(), failsAs('imap/too-large'));
});

test('a range of millions stays a range', async () => {
  await using opened = await open({});
  const { session } = opened;
  await session.select('INBOX');
  const change = new Promise<Change>((resolve) => session.onChange(resolve));
  opened.server.broadcast('* VANISHED 1:16777216,20000000\r\n');
  assert.deepEqual(await change, {
    kind: 'vanished',
    uids: [
      [1, 16_777_216],
      [20_000_000, 20_000_000],
    ],
  });
  assert.equal(session.selected?.exists, 0);
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
    listed.map(({ pathRaw, path, delimiter, noselect, specialUse, subscribed }) => [
      pathRaw,
      path,
      delimiter,
      noselect,
      specialUse,
      subscribed,
    ]),
    [
      ['top', 'top', '/', true, null, false],
      ['a"b\\', 'a"b\\', '/', false, null, false],
      ['INBOX', 'INBOX', null, false, null, true],
      ['Gr\xfc\xdfe', 'Gr\xfc\xdfe', '/', false, 'sent', false],
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
