import assert from 'node:assert/strict';
import { Agent, createServer, type IncomingHttpHeaders, request } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { test } from 'node:test';
import type { Api } from './jmap.ts';
import { openLane } from './lane.ts';
import { Metrics } from './metrics.ts';
import { openPeers } from './peer.ts';
import { locked, problemResponse, unauthenticated } from './problems.ts';
import { asDoorError } from './words.ts';

interface Got {
  status: number;
  headers: IncomingHttpHeaders;
  body: string;
}

/** The lane on a socket; what it leaves is answered 418. */
const openTestLane = async (api: Api) => {
  const metrics = new Metrics();
  const lane = openLane({
    api,
    peers: openPeers({ publicUrl: null, trustedProxies: [], host: '127.0.0.1' }),
    mailHost: 'mail.localhost',
    everywhere: { 'X-Content-Type-Options': 'nosniff' },
    problem: (error) => problemResponse(asDoorError(error)),
    metrics,
  });
  const server = createServer((incoming, outgoing) => {
    if (!lane(incoming, outgoing)) outgoing.writeHead(418).end();
  });
  let connections = 0;
  server.on('connection', () => (connections += 1));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  // One of its own: the next lane may get the port of one whose connections are not known to be closed yet.
  const agent = new Agent({ keepAlive: true });
  return {
    port,
    metrics,
    get connections() {
      return connections;
    },
    post: (body: string, headers: Record<string, string> = {}, path = '/jmap/api', method = 'POST'): Promise<Got> =>
      new Promise((resolve, reject) => {
        const sent = request(
          {
            agent,
            port,
            host: '127.0.0.1',
            path,
            method,
            headers: { 'content-length': String(Buffer.byteLength(body)), ...headers },
          },
          (answer) => {
            let text = '';
            answer.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
            answer.on('end', () => resolve({ status: answer.statusCode ?? 0, headers: answer.headers, body: text }));
          },
        );
        sent.on('error', reject);
        sent.end(body);
      }),
    [Symbol.asyncDispose]: async () => {
      metrics.close();
      agent.destroy();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
};

const echo: Api = async (head, peer, read) => ({
  status: 200,
  headers: { 'Content-Type': 'application/json' },
  body: Buffer.from(
    JSON.stringify([head.headers.get('cookie'), head.headers.has('origin'), peer.origin, String(await read(1e6))]),
  ),
});

test('D23 the bytes go to the mailroom with who asks, and the answer carries what every answer carries', async () => {
  await using lane = await openTestLane(echo);
  const long = 'x'.repeat(300_000);
  const { status, headers, body } = await lane.post(long, { cookie: 'a=b', origin: 'http://x' });
  assert.equal(status, 200);
  assert.deepEqual(JSON.parse(body), ['a=b', true, `http://127.0.0.1:${lane.port}`, long]);
  assert.deepEqual(
    [headers['content-type'], headers['x-content-type-options'], Number(headers['content-length'])],
    ['application/json', 'nosniff', body.length],
  );
  assert.match(
    lane.metrics.text({ rooms: 0, users: 0, accounts: 0, streams: 0, present: 0 }),
    /postern_requests_total\{route="jmap\/api",status="200"\} 1/,
  );
});

test('D76 an answer stands until the slowest reader has it, and is freed then', async () => {
  const body = Buffer.alloc(8_000_000, 'mail ');
  const expected = Buffer.from(body);
  await using lane = await openTestLane(async (_head, _peer, read) => {
    await read(1e6);
    return { status: 200, headers: {}, body };
  });
  const socket = connect(lane.port, '127.0.0.1');
  socket.write('POST /jmap/api HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}');
  const chunks: Buffer[] = [];
  socket.pause();
  await new Promise((resolve) => setTimeout(resolve, 50));
  assert.equal(body.length, expected.length, 'most of it waits');
  for await (const chunk of socket) chunks.push(chunk as Buffer);
  const got = Buffer.concat(chunks);
  assert.ok(got.subarray(got.indexOf('\r\n\r\n') + 4).equals(expected));
  assert.equal(body.length, 0);
});

test('a refusal before the body is read is told, and the connection goes on', async () => {
  for (const [error, status] of [
    [unauthenticated(), 401],
    [locked(false), 423],
    [new RangeError('a mistake of ours'), 500],
  ] as const) {
    await using lane = await openTestLane(() => Promise.reject(error));
    const refused = await lane.post('x'.repeat(500_000));
    assert.equal(refused.status, status);
    assert.equal(refused.headers['content-type'], 'application/problem+json');
    assert.equal(refused.headers['www-authenticate'], status === 401 ? 'Bearer' : undefined);
    assert.equal(refused.headers['x-content-type-options'], 'nosniff');
    assert.doesNotMatch(refused.body, /mistake/);
    assert.equal((await lane.post('x'.repeat(500_000))).status, status);
    assert.equal(lane.connections, 1);
  }
});

test('what is unusual goes the general way', async () => {
  await using lane = await openTestLane(echo);
  const statuses = await Promise.all([
    lane.post('{}', {}, '/jmap/api?x'),
    lane.post('{}', {}, '/jmap/api', 'PUT'),
    lane.post('{}', { host: 'mail.localhost' }),
    lane.post('{}', { host: 'a b' }),
  ]);
  assert.deepEqual(
    statuses.map(({ status }) => status),
    [418, 418, 418, 418],
  );
  const told = await lane.post('{}', { host: 'elsewhere.example' });
  assert.equal(told.status, 403);
});

test('a body that breaks off harms nobody', async () => {
  let read: Promise<unknown> = Promise.resolve();
  await using lane = await openTestLane(async (head, peer, take) => {
    read = take(1e6);
    await read;
    return echo(head, peer, () => Promise.resolve(Buffer.alloc(0)));
  });
  const socket = connect(lane.port, '127.0.0.1');
  socket.write('POST /jmap/api HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\nhalf');
  await new Promise((resolve) => setTimeout(resolve, 50));
  socket.destroy();
  await new Promise((resolve) => setTimeout(resolve, 50));
  await assert.rejects(read);
  assert.equal((await lane.post('{}')).status, 200);
});

test('a client who leaves before its body is asked for is not waited for', async () => {
  const { promise: left, resolve: leave } = Promise.withResolvers<void>();
  const { promise: ended, resolve: end } = Promise.withResolvers<string>();
  const { promise: come, resolve: arrive } = Promise.withResolvers<void>();
  await using lane = await openTestLane(async (_head, _peer, read) => {
    arrive();
    await left;
    return read(1e6).then(
      () => (end('read'), { status: 200, headers: {}, body: Buffer.alloc(0) }),
      (error: unknown) => {
        end(asDoorError(error).code);
        throw error;
      },
    );
  });
  const socket = connect(lane.port, '127.0.0.1');
  socket.write('POST /jmap/api HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\n{');
  await come;
  socket.destroy();
  await new Promise((resolve) => setTimeout(resolve, 50));
  leave();
  const late = new Promise<string>((resolve) => setTimeout(resolve, 10_000, 'it hangs').unref());
  assert.equal(await Promise.race([ended, late]), 'door/malformed');
});
