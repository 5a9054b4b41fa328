import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { test } from 'node:test';
import { openDovecot } from './dovecot.ts';

/** Sends the lines one after another and returns all that came back. */
const talk = (socket: ReturnType<typeof connect>, lines: string[]): Promise<string> =>
  new Promise((done, fail) => {
    let all = '';
    socket.on('data', (chunk) => {
      all += chunk.toString('latin1');
      const next = lines.shift();
      if (next !== undefined) socket.write(`${next}\r\n`);
    });
    socket.on('close', () => done(all));
    socket.on('error', fail);
  });

test('the village has a real IMAP server that takes deliveries', async () => {
  await using village = await openDovecot({ tls: true });
  const alice = village.users[0]!;
  await village.deliver(alice.address, 'From: x@elsewhere.test\r\nSubject: hello\r\n\r\nbody\r\n');
  village.put(alice.address, 'Archive', 'Subject: old\r\n\r\nold\r\n', { flags: 'S', receivedAt: 1_000_000_000 });
  const token = Buffer.from(`\0${alice.address}\0${alice.password}`).toString('base64');
  const plain = await talk(connect(village.imapPort, '127.0.0.1'), [
    `a AUTHENTICATE PLAIN ${token}`,
    'b STATUS INBOX (MESSAGES)',
    'c STATUS Archive (MESSAGES)',
    'd LOGOUT',
  ]);
  assert.match(plain, /STATUS INBOX \(MESSAGES 1\)/);
  assert.match(plain, /STATUS Archive \(MESSAGES 1\)/);
  const secure = await talk(
    connectTls({ port: village.imapsPort, host: '127.0.0.1', servername: 'localhost', ca: village.authority!.ca }),
    ['a LOGOUT'],
  );
  assert.match(secure, /a OK/);
});
