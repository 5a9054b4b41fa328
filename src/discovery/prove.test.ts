import assert from 'node:assert/strict';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { after, test } from 'node:test';
import { createSecureContext, createServer as createTlsServer, TLSSocket } from 'node:tls';
import { openReach, parseServerList } from '#config/servers.ts';
import { openAuthority } from '#village/tls.ts';
import { openNames } from './names.ts';
import { openProver, type Protocol } from './prove.ts';

const authority = openAuthority();
const good = authority.issue(['localhost', '127.0.0.1']);
const other = authority.issue(['mail.other.example']);
const servers: Server[] = [];
after(() => servers.forEach((server) => server.close()));

const listen = async (server: Server): Promise<number> => {
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
};
const speak = (talk: (socket: Socket) => void): Server =>
  createServer((socket) => talk(socket.on('error', () => undefined)));
const speakTls = (pair: typeof good, hello: string): Server =>
  createTlsServer({ cert: pair.cert, key: pair.key }, (socket) => socket.on('error', () => undefined).write(hello)).on(
    'tlsClientError',
    () => undefined,
  );

const upgrade = (answer: string) =>
  speak((socket) => {
    socket.write('* OK [CAPABILITY IMAP4rev1 STARTTLS] hello\r\n');
    socket.once('data', () => {
      socket.write(answer);
      if (answer.startsWith('a OK'))
        new TLSSocket(socket, {
          isServer: true,
          secureContext: createSecureContext({ cert: good.cert, key: good.key }),
        }).on('error', () => undefined);
    });
  });

const names = openNames();
const local = openReach([], parseServerList(['127.0.0.1']) ?? []);
const prove = openProver(local, names, createSecureContext({ ca: authority.ca }), 2_000);
const outcome = async (
  server: Server,
  security: 'tls' | 'starttls' | 'none',
  protocol: Protocol = 'imap',
): Promise<string> => {
  const proof = await prove(
    { host: '127.0.0.1', port: await listen(server), security },
    protocol,
    new AbortController().signal,
  );
  return proof.ok ? 'ok' : proof.doubt;
};

test('a good certificate and a greeting are a proof', async () => {
  assert.equal(await outcome(speakTls(good, '* OK ready\r\n'), 'tls'), 'ok');
  assert.equal(await outcome(speakTls(good, '220-two lines\r\n220 ready\r\n'), 'tls', 'smtp'), 'ok');
  assert.equal(await outcome(upgrade('a OK go\r\n'), 'starttls'), 'ok');
  assert.equal(
    await outcome(
      speak((socket) => socket.write('* OK plain\r\n')),
      'none',
    ),
    'ok',
  );
});

test('each failure is told apart', async () => {
  assert.equal(await outcome(speakTls(other, '* OK ready\r\n'), 'tls'), 'certificate');
  assert.equal(
    await outcome(
      speak((socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n')),
      'tls',
    ),
    'no-tls',
  );
  assert.equal(await outcome(speakTls(good, 'HTTP/1.1 400 Bad Request\r\n'), 'tls'), 'not-imap');
  assert.equal(
    await outcome(
      speak((socket) => socket.write('* OK plain\r\n')),
      'tls',
    ),
    'no-tls',
  );
  assert.equal(await outcome(upgrade('a NO not here\r\n'), 'starttls'), 'no-tls');
  const refused = await listen(speak(() => undefined));
  await new Promise((resolve) => servers.pop()?.close(resolve));
  assert.deepEqual(
    await prove({ host: '127.0.0.1', port: refused, security: 'tls' }, 'imap', new AbortController().signal),
    { ok: false, doubt: 'unreachable' },
  );
});

test('nothing said before TLS is carried over it', async () => {
  assert.equal(await outcome(upgrade('a OK go\r\n* OK [CAPABILITY AUTH=PLAIN] injected\r\n'), 'starttls'), 'no-tls');
});

test('a silent server is given up after the limit', async () => {
  const quick = openProver(local, names, undefined, 50);
  const port = await listen(speak(() => undefined));
  assert.deepEqual(await quick({ host: '127.0.0.1', port, security: 'tls' }, 'imap', new AbortController().signal), {
    ok: false,
    doubt: 'timeout',
  });
});

test('private addresses are not touched unless the operator listed them', async () => {
  let touched = 0;
  const port = await listen(speak(() => (touched += 1)));
  const outside = openProver(openReach([], []), names, undefined);
  for (const host of ['127.0.0.1', 'localhost', '::ffff:127.0.0.1'])
    assert.deepEqual(await outside({ host, port, security: 'tls' }, 'imap', new AbortController().signal), {
      ok: false,
      doubt: 'private',
    });
  assert.deepEqual(await outside({ host: '127.0.0.1', port, security: 'none' }, 'imap', new AbortController().signal), {
    ok: false,
    doubt: 'plain-refused',
  });
  assert.equal(touched, 0);
});
