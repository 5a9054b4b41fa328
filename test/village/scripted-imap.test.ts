import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { test } from 'node:test';
import { connect as connectTls } from 'node:tls';
import { openScriptedImap, type ScriptedImap } from './scripted-imap.ts';
import { openAuthority } from './tls.ts';

/** Sends each line once the one before has been answered; everything the server said. */
const talk = async (socket: Socket, lines: readonly string[]): Promise<string> => {
  let heard = '';
  for (const line of [null, ...lines]) {
    const before = heard.length;
    if (line !== null) socket.write(line);
    while (!/(?:^|\n)(?:\* (?:OK|BYE)|HTTP|\+|\w+ (?:OK|NO|BAD))[^\n]*\n$/.test(heard.slice(before))) {
      const chunk: unknown = await new Promise((resolve) => {
        socket.once('data', resolve);
        socket.once('close', () => resolve(null));
      });
      if (!Buffer.isBuffer(chunk)) return heard;
      heard += chunk.toString('latin1');
    }
  }
  return heard;
};

const dial = (server: ScriptedImap): Socket => connect(server.port, server.host);

test('logins are counted, right and wrong, by LOGIN and AUTHENTICATE', async () => {
  await using server = await openScriptedImap({ users: [{ address: 'a@x', password: 'pä"ss' }] });
  const plain = Buffer.from('\0a@x\0pä"ss').toString('base64');
  const socket = dial(server);
  const heard = await talk(socket, [
    'a SELECT INBOX\r\n',
    'b LOGIN a@x wrong\r\n',
    'c LOGIN {3}\r\n',
    `a@x ${Buffer.from('"pä\\"ss"').toString('latin1')}\r\n`,
    'd AUTHENTICATE PLAIN\r\n',
    `${plain}\r\n`,
    `e AUTHENTICATE PLAIN ${plain}\r\n`,
  ]);
  socket.destroy();
  assert.match(heard, /a BAD[^]*b NO \[AUTHENTICATIONFAILED\][^]*c (OK|NO)[^]*\+ [^]*d OK[^]*e OK/);
  assert.deepEqual([server.attempts, server.connections], [4, 1]);
  assert.ok(server.logins >= 2);
});

test('too many connections, no IMAP at all', async () => {
  await using server = await openScriptedImap({ maxConnections: 1 });
  const first = dial(server);
  assert.match(await talk(first, []), /^\* OK \[CAPABILITY /);
  const second = dial(server);
  assert.equal(await talk(second, []), '* BYE Too many connections\r\n');
  server.script.maxConnections = 9;
  server.script.greeting = 'HTTP/1.1 400 Bad Request\r\n';
  const third = dial(server);
  assert.equal(await talk(third, []), 'HTTP/1.1 400 Bad Request\r\n');
  for (const socket of [first, second, third]) socket.destroy();
});

test('STARTTLS: offered and kept, with words put in before it, and refused', async () => {
  const authority = openAuthority();
  try {
    const { cert, key } = authority.issue(['localhost']);
    await using server = await openScriptedImap({ tls: { cert, key, starttls: true } });
    const clear = dial(server);
    assert.match(await talk(clear, ['a STARTTLS\r\n']), /STARTTLS\][^]*a OK/);
    const secure = connectTls({ socket: clear, ca: authority.ca, servername: 'localhost' });
    await new Promise((resolve) => secure.once('secureConnect', resolve));
    secure.write('b CAPABILITY\r\n');
    const answer = await new Promise((resolve) => secure.once('data', (chunk: Buffer) => resolve(chunk.toString())));
    assert.match(String(answer), /^\* CAPABILITY (?!.*STARTTLS)/);
    secure.destroy();
    server.script.injectBeforeTls = '* OK [CAPABILITY EVIL] injected\r\n';
    const injected = dial(server);
    assert.match(await talk(injected, ['a STARTTLS\r\n']), /a OK begin\r\n\* OK \[CAPABILITY EVIL\]/);
    injected.destroy();
    server.script.refuseStartTls = true;
    const refused = dial(server);
    assert.match(await talk(refused, ['a STARTTLS\r\n']), /a NO/);
    refused.destroy();
  } finally {
    rmSync(authority.folder, { recursive: true, force: true });
  }
});
