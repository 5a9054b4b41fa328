import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ScriptedCommand } from '#village/scripted-imap.ts';
import { everyUid, failsAs, full, on, open } from './hostile.testkit.ts';
import type { Change } from './types.ts';

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
