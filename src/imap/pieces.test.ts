import assert from 'node:assert/strict';
import { test } from 'node:test';
import { signInImap } from '#village/preauth.ts';
import { openScriptedImap, type ScriptedCommand } from '#village/scripted-imap.ts';
import { FetchParser } from './fetch.ts';
import { readPiece } from './read-piece.ts';
import { type ImapSession, openImap } from './session.ts';
import type { Change, FetchItems, FetchRow, Piece, PieceReport, Wish } from './types.ts';

/** FETCH in pieces, against a server that sends what a test wants. */
type Answer = (command: ScriptedCommand) => void;

const open = async (answer: Answer): Promise<{ session: ImapSession } & AsyncDisposable> => {
  const server = await openScriptedImap({
    messages: ['Subject: one\r\n\r\nbody\r\n'],
    onCommand: (command) => {
      if (command.name !== 'UID FETCH') return false;
      answer(command);
      return true;
    },
  });
  const session = await openImap(await signInImap(server, { address: 'alice', password: 'secret' }), {
    host: '127.0.0.1',
  });
  await session.select('INBOX');
  return {
    session,
    [Symbol.asyncDispose]: async () => {
      await session.close();
      await server[Symbol.asyncDispose]();
    },
  };
};

const items: FetchItems = { flags: true, size: true, bodystructure: true, header: ['SUBJECT'] };
const everyUid: Wish = { range: [1, 4_294_967_295] };

/** As `fetchRows`, by pieces. */
const byPieces = async (session: ImapSession, wish: Wish): Promise<{ rows: FetchRow[]; report: unknown }> => {
  const parser = new FetchParser();
  const rows: FetchRow[] = [];
  const report = await session.fetchPieces(wish, items, (piece) => {
    const read = readPiece(parser, piece, items);
    rows.push(...read.rows);
    return Promise.resolve(read.report);
  });
  return { rows, report };
};

const byRows = async (session: ImapSession, wish: Wish): Promise<{ rows: FetchRow[]; report: unknown }> => {
  const rows: FetchRow[] = [];
  const report = await session.fetchRows(wish, items, (batch) => {
    rows.push(...batch.map((row) => ({ ...row, header: row.header && Buffer.from(row.header) })));
  });
  return { rows, report };
};

const row = (n: number, more = ''): string =>
  `* ${n} FETCH (UID ${n * 10} FLAGS (\\Seen) RFC822.SIZE ${n} BODY[HEADER.FIELDS (SUBJECT)] {16}\r\nSubject: m${String(n).padStart(4, '0')}\r\n${more})\r\n`;

const mixed: Answer = ({ tag, connection }) => {
  connection.send('garbage ((( {3}\r\n\r\n* NIL\r\n* 77 FETCH (UID 977 FLAGS (\\Answered))\r\n');
  connection.send(row(1));
  connection.send('* 2 FETCH (UID 20 FLAGS () BODYSTRUCTURE ("a" "the "best" one") RFC822.SIZE 5)\r\n');
  connection.send(`${row(3)}* 9 EXISTS\r\n* 1 FETCH (UID 10 FLAGS (\\Flagged))\r\n`);
  connection.ok(tag);
};

test('S63 in pieces comes what comes in rows: what was asked, what is broken, what is missing, and the flags of others', async () => {
  for (const wish of [everyUid, { uids: [10, 20, 30, 40] }]) {
    const seen: unknown[] = [];
    for (const fetch of [byRows, byPieces]) {
      await using opened = await open(mixed);
      const changes: Change[] = [];
      opened.session.onChange((change) => changes.push(change));
      const { rows, report } = await fetch(opened.session, wish);
      const flags = changes.filter((change) => change.kind === 'flags');
      seen.push({ rows, report, flags, exists: opened.session.selected?.exists });
    }
    assert.deepEqual(seen[1], seen[0]);
    const { report, rows, flags } = seen[1] as { report: { missing: number[] }; rows: FetchRow[]; flags: unknown[] };
    assert.deepEqual(report.missing, 'uids' in wish ? [20, 40] : [20]);
    assert.deepEqual([rows.map(({ uid }) => uid), flags.length], [[10, 30], 2]);
  }
});

const many = 4000;

const flood: Answer = ({ tag, connection }) => {
  const filling = ` PREVIEW "${'x'.repeat(500)}"`;
  for (let n = 1; n <= many; n += 1) connection.send(row(n, filling));
  connection.ok(tag);
};

test('S63 pieces are whole responses in their order; the server waits while four of them are under way', async () => {
  await using opened = await open(flood);
  const parser = new FetchParser();
  const uids: number[] = [];
  const sizes: number[] = [];
  let [busy, most] = [0, 0];
  const consume = async (piece: Piece): Promise<PieceReport> => {
    busy += 1;
    most = Math.max(most, busy);
    sizes.push(piece.bytes.length);
    const { rows, report } = readPiece(parser, piece, items);
    uids.push(...rows.map(({ uid }) => uid));
    for (let turns = 0; turns < 5; turns += 1) await new Promise((resolve) => setImmediate(resolve));
    busy -= 1;
    return report;
  };
  const report = await opened.session.fetchPieces(everyUid, items, consume);
  assert.deepEqual(report, { rows: many, missing: [], missingSequence: [] });
  assert.deepEqual(
    uids,
    Array.from({ length: many }, (_, i) => (i + 1) * 10),
  );
  assert.ok(Math.max(...sizes) <= 128 * 1024 && most > 1 && most <= 5, `${Math.max(...sizes)} bytes, ${most} at once`);
});

test('S63 a response larger than a piece is a piece of its own', async () => {
  const large = 'y'.repeat(300_000);
  await using opened = await open(({ tag, connection }) => {
    connection.send(`${row(1)}${row(2, ` BODY[1] {${large.length}}\r\n${large}`)}${row(3)}`);
    connection.ok(tag);
  });
  const { rows, report } = await byPieces(opened.session, everyUid);
  assert.deepEqual(report, { rows: 3, missing: [], missingSequence: [] });
  assert.deepEqual(
    rows.map(({ sections }) => sections.get('1')?.length),
    [undefined, large.length, undefined],
  );
});

test('S63 a consumer that fails does not break the line, and says why', async () => {
  let turn = 0;
  await using opened = await open(flood);
  const full = new Error('disk full');
  const failing = opened.session.fetchPieces(everyUid, items, () => {
    turn += 1;
    return turn === 2 ? Promise.reject(full) : Promise.resolve({ rows: [], broken: [], flags: [] });
  });
  await assert.rejects(failing, full);
  assert.ok(turn < 10, `${turn} pieces were given after that`);
  assert.equal((await byPieces(opened.session, everyUid)).rows.length, many);
});
