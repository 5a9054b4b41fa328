import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemClock } from '#base/clock.ts';
import { silent } from '#base/log.ts';
import type { ImapSession } from '#imap/session.ts';
import type { Piece } from '#imap/types.ts';
import { addMailbox, openTestIndex } from '#index/fixture.ts';
import { openDovecot, type Village } from '#village/dovecot.ts';
import { UpstreamError } from '../errors.ts';
import { Mirror } from '../mirror.ts';
import { openTestAccount } from '../test-account.ts';
import { read } from './read.ts';
import { Reading } from './reading.ts';

const header = 'Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\nFrom: "Ann" <ann@x.org>\r\nReferences: <a@x> <b@x>\r\n\r\n';

const responses = [
  `* 1 FETCH (UID 5 FLAGS (\\Seen $Work) INTERNALDATE "01-Feb-2024 10:00:00 +0100" RFC822.SIZE 900 MODSEQ (77) BODYSTRUCTURE ("text" "plain" ("charset" "utf-8") NIL NIL "8bit" 12 1) X-GUID abc PREVIEW "well met" BODY[HEADER.FIELDS (DATE FROM)] {${header.length}}\r\n${header})\r\n`,
  '* 2 FETCH (UID 6 FLAGS (\\Deleted))\r\n',
  '* 3 FETCH (UID 7 RFC822.SIZE 10 BODYSTRUCTURE ("a" "the "best" one"))\r\n',
  '* 4 FETCH (UID 8 FLAGS () RFC822.SIZE 0)\r\n',
];

const pieceOf = (texts: readonly string[]): Piece => {
  const ends: number[] = [];
  let at = 0;
  for (const text of texts) ends.push((at += Buffer.byteLength(text, 'latin1')));
  const bytes = Buffer.allocUnsafeSlow(at);
  bytes.write(texts.join(''), 'latin1');
  return { bytes, ends };
};

const isUp = async (reading: Reading): Promise<void> => {
  while (!reading.isReady) await new Promise((resolve) => setTimeout(resolve, 5));
};

test('S63 the thread reads what this one would', async () => {
  const reading = new Reading(silent);
  assert.equal(reading.isReady, false);
  const end = reading.begin();
  await isUp(reading);
  const here = read(pieceOf(responses));
  assert.deepEqual(
    here.messages.map(({ uid, subject, preview, strongId }) => ({ uid, subject, preview, strongId })),
    [
      { uid: 5, subject: 'Grüße', preview: 'well met', strongId: 'guid:abc' },
      { uid: 8, subject: '', preview: null, strongId: null },
    ],
  );
  assert.deepEqual(await reading.read(pieceOf(responses)), here);
  const many = await Promise.all(responses.map((response) => reading.read(pieceOf([response]))));
  assert.deepEqual(
    many.map(({ report }) => [report.rows.length / 2, report.broken.length, report.flags.length]),
    [
      [1, 0, 0],
      [0, 0, 1],
      [0, 1, 0],
      [1, 0, 0],
    ],
  );
  end();
});

test('S63 one thread for all, until the last needs it no more; who waits then is told', async () => {
  const reading = new Reading(silent);
  const [first, second] = [reading.begin(), reading.begin()];
  await isUp(reading);
  first();
  assert.equal((await reading.read(pieceOf(responses))).messages.length, 2);
  const waiting = reading.read(pieceOf(responses));
  second();
  assert.equal(reading.isReady, false);
  const ended = (error: unknown): boolean => error instanceof UpstreamError && error.code === 'engine/closed';
  await assert.rejects(waiting, ended);
  await assert.rejects(reading.read(pieceOf(responses)), ended);
  const third = reading.begin();
  await isUp(reading);
  assert.equal((await reading.read(pieceOf(responses))).messages.length, 2);
  third();
});

/** What a piece was read by, and what was seen of it. */
class Watched extends Reading {
  pieces = 0;

  override read(piece: Piece): ReturnType<Reading['read']> {
    this.pieces += 1;
    return super.read(piece);
  }
}

test('S63 the thread stays until the FETCH that uses it is done, whoever wanted it has left', async () => {
  using t = openTestIndex();
  const inbox = addMailbox(t.index, 'INBOX', 'inbox');
  const reading = new Reading(silent);
  const end = reading.begin();
  await isUp(reading);
  const mirror = new Mirror({ index: t.index, clock: systemClock, log: silent, reading });
  /** All that `bring` asks of a session. */
  const session = {
    fetchPieces: async (...[, , onPiece]: Parameters<ImapSession['fetchPieces']>) => {
      await onPiece(pieceOf(responses.slice(0, 1)));
      end();
      await onPiece(pieceOf(responses.slice(3)));
      return { rows: 2, missing: [], missingSequence: [] };
    },
  } as unknown as ImapSession;
  await mirror.bring(session, inbox, { newest: 500 });
  assert.deepEqual(mirror.uids(inbox), [5, 8]);
  assert.equal(reading.isReady, false);
});

/** A mailbox of so many messages. */
const fill = (village: Village, address: string, count: number): void => {
  for (let n = 1; n <= count; n += 1) {
    const answers = n % 3 === 0 ? `In-Reply-To: <m${n - 1}@x.test>\r\n` : '';
    const strange = n % 100 === 0 ? 'Content-Type: multipart/mixed; boundary=""\r\nFrom: <<@>\r\n' : '';
    const raw = `From: Bob ${n} <bob${n % 40}@x.test>\r\nTo: Ann <${address}>\r\nSubject: message ${n}\r\nMessage-ID: <m${n}@x.test>\r\n${answers}${strange}\r\nText of message ${n}.\r\n`;
    village.put(address, n % 5 === 0 ? 'Sent' : 'INBOX', raw, { receivedAt: 1_700_000_000 + n * 60 });
  }
};

test('S63 S9 a first sync of many messages is the same whether it was read in a thread of its own or not', async () => {
  await using village = await openDovecot({});
  const [user] = village.users;
  assert.ok(user);
  fill(village, user.address, 2600);
  const synced = async (reading?: Reading): Promise<unknown[]> => {
    await using account = await openTestAccount({
      imapPort: village.imapPort,
      user,
      ...(reading === undefined ? {} : { reading }),
    });
    await account.until(() => account.engine.progress.done, 'the first sync');
    const all = { filter: null, sort: [], collapseThreads: false, position: 0, anchor: null, anchorOffset: 0 };
    const emails = account.index.read((reader) => {
      const { ids } = reader.query({ ...all, limit: 5_000, calculateTotal: false });
      return reader.emails(ids);
    });
    const groups = Map.groupBy(emails, ({ thread }) => thread);
    return emails.map(
      ({ row, number, keywords, size, sentAt, messageId, envelope, hasAttachment, structure, thread }) => ({
        email: { row, number, keywords, size, sentAt, messageId, envelope, hasAttachment, structure },
        conversation: groups.get(thread)?.map((other) => other.number),
      }),
    );
  };
  const reading = new Watched(silent);
  const end = reading.begin();
  await isUp(reading);
  const apart = await synced(reading);
  assert.ok(reading.pieces > 3, `${reading.pieces} pieces`);
  end();
  assert.equal(apart.length, 2600);
  assert.deepEqual(apart, await synced());
});

test('S63 S60 an account closed in the midst of it takes nothing with it', async () => {
  await using village = await openDovecot({});
  const [user] = village.users;
  assert.ok(user);
  fill(village, user.address, 2600);
  const reading = new Reading(silent);
  const end = reading.begin();
  await isUp(reading);
  for (const enough of [1, 600, 1200, 1800]) {
    const account = await openTestAccount({ imapPort: village.imapPort, user, reading });
    await account.until(() => account.engine.progress.known >= enough, `${enough} messages`);
    await account[Symbol.asyncDispose]();
  }
  assert.equal((await reading.read(pieceOf(responses))).messages.length, 2);
  await using account = await openTestAccount({ imapPort: village.imapPort, user, reading });
  await account.until(() => account.engine.progress.done, 'the first sync');
  assert.equal(account.engine.progress.known, 2600);
  end();
});

test('S63 S5 a thread that ends costs the FETCH under way, and the sync goes on without it', async () => {
  await using village = await openDovecot({});
  const [user] = village.users;
  assert.ok(user);
  fill(village, user.address, 2600);
  /** A thread whose second piece is its last. */
  class Ending extends Watched {
    override read(piece: Piece): ReturnType<Reading['read']> {
      const reads = super.read(piece);
      if (this.pieces === 2) end();
      return reads;
    }

    /** The sync's own wishes do not hold it. */
    override begin(): () => void {
      return this.pieces < 2 ? () => undefined : super.begin();
    }
  }
  const reading = new Ending(silent);
  const end = Reading.prototype.begin.call(reading);
  await isUp(reading);
  // Waits of a second and more take a tenth of one.
  const clock = { ...systemClock, after: (ms: number, task: () => void) => systemClock.after(Math.min(ms, 100), task) };
  await using account = await openTestAccount({ imapPort: village.imapPort, user, reading, clock });
  await account.until(() => account.engine.progress.done, 'the first sync');
  assert.deepEqual([account.engine.progress.known, reading.pieces >= 2], [2600, true]);
});
