import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { readdirSync, statSync } from 'node:fs';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { after, before, test } from 'node:test';
import { openDovecot, type Village } from '#village/dovecot.ts';
import type { Browser } from './browser.ts';
import { openFolder } from './postern.ts';
import { eventually, type Serving, serve } from './process.ts';
import { answerOn, openSocket, type RawAnswer } from './raw-http.ts';

const limit = 50_000_000;

let village: Village;
let postern: Serving;
let browser: Browser;
let folder: ReturnType<typeof openFolder>;
let temporary: ReturnType<typeof openFolder>;
before(async () => {
  folder = openFolder();
  temporary = openFolder();
  village = await openDovecot();
  postern = await serve(village, folder.path, { env: { TMPDIR: temporary.path } });
  browser = postern.browser;
  const { address, password } = village.users[0]!;
  assert.equal((await browser.signIn(address, password)).status, 200);
});
after(async () => {
  await postern[Symbol.asyncDispose]();
  await village[Symbol.asyncDispose]();
  folder[Symbol.dispose]();
  temporary[Symbol.dispose]();
});

const upload = (): string => `/jmap/upload/${browser.account}`;

/** A socket on which the head of a POST was sent, and no body. */
const begin = async (path: string, field: string): Promise<Socket> => {
  const socket = await openSocket(postern.url);
  socket.on('error', () => undefined);
  const fields = [
    `POST ${path} HTTP/1.1`,
    `Host: ${new URL(postern.url).host}`,
    `Cookie: ${browser.cookies(path)}`,
    `Origin: ${postern.url}`,
    `Content-Type: ${path.startsWith('/jmap/upload') ? 'application/x-thing' : 'application/json'}`,
    field,
  ];
  socket.write(`${fields.join('\r\n')}\r\n\r\n`);
  return socket;
};

const typeOf = ({ body }: RawAnswer): string => (JSON.parse(body) as { type: string }).type;

/** Sends until it is hung up on or all was sent; bytes that went out. */
const pour = async (socket: Socket, chunk: Buffer, times: number): Promise<number> => {
  let sent = 0;
  const closed = new Promise((resolve) => socket.once('close', resolve));
  for (let n = 0; n < times && socket.writable; n += 1) {
    if (!socket.write(chunk)) await Promise.race([new Promise((resolve) => socket.once('drain', resolve)), closed]);
    sent += chunk.length;
  }
  return sent;
};

const filesIn = (path: string): [string, number][] =>
  readdirSync(path, { recursive: true, encoding: 'utf8' })
    .map((name): [string, number] => [name, statSync(join(path, name)).size])
    .filter(([name]) => !name.endsWith('-shm'));

test('D26 what says that it is too large is refused before any of it is read, and the line is closed', async () => {
  const cases: [string, number, string][] = [
    [upload(), limit + 1, 'urn:ietf:params:jmap:error:limit'],
    [upload(), Number.MAX_SAFE_INTEGER, 'urn:ietf:params:jmap:error:limit'],
    ['/jmap/api', 10_000_001, 'urn:ietf:params:jmap:error:limit'],
    ['/auth/tokens', 64_001, 'urn:postern:problem:too-large'],
    ['/auth/sign-in', 64_001, 'urn:postern:problem:too-large'],
  ];
  for (const [path, length, type] of cases) {
    const socket = await begin(path, `Content-Length: ${length}`);
    const answer = await answerOn(socket);
    assert.equal(answer.status, 413, path);
    assert.equal(typeOf(answer), type);
    // A sender that goes on a byte at a time is not listened to for long.
    await eventually('it hangs up', () => {
      if (!socket.destroyed) socket.write('x');
      return socket.destroyed;
    });
  }
});

test('D26 what does not say how large it is, is cut off where it becomes too large', async () => {
  for (const [path, most] of [
    [upload(), limit],
    ['/jmap/api', 10_000_000],
  ] as const) {
    const socket = await begin(path, 'Transfer-Encoding: chunked');
    const answer = answerOn(socket);
    const size = 250_000;
    const chunk = Buffer.concat([
      Buffer.from(`${size.toString(16)}\r\n`),
      Buffer.alloc(size, 'x'),
      Buffer.from('\r\n'),
    ]);
    const sent = await pour(socket, chunk, 2_000);
    assert.equal((await answer).status, 413, path);
    assert.ok(sent < 2 * most + 350_000_000, `${sent} bytes of 500 MB were taken`);
    socket.destroy();
  }
});

test('D82 who reads the answer after the whole body was sent gets it whole', async () => {
  const cases: [string, string[], number, number, string][] = [
    ['too large', [`Cookie: ${browser.cookies(upload())}`], 120_000_000, 413, 'urn:ietf:params:jmap:error:limit'],
    ['nobody', [], 30_000_000, 401, 'urn:postern:problem:unauthenticated'],
  ];
  const ways = [
    { connection: 'close', pause: 0, chunked: false },
    { connection: 'close', pause: 50, chunked: true },
    { connection: 'keep-alive', pause: 0, chunked: true },
    { connection: 'keep-alive', pause: 50, chunked: false },
  ];
  for (const [name, who, length, status, type] of cases)
    for (const { connection, pause, chunked } of ways) {
      const socket = await openSocket(postern.url);
      const broken: string[] = [];
      socket.on('error', ({ code }: NodeJS.ErrnoException) => broken.push(String(code)));
      const host = new URL(postern.url).host;
      const fields = [`Host: ${host}`, `Origin: ${postern.url}`, `Connection: ${connection}`, ...who];
      const size = chunked ? 'Transfer-Encoding: chunked' : `Content-Length: ${length}`;
      socket.write(`${[`POST ${upload()} HTTP/1.1`, ...fields, size].join('\r\n')}\r\n\r\n`);
      const part = Buffer.alloc(3_000_000, 'x');
      const framed = chunked ? Buffer.concat([Buffer.from('2dc6c0\r\n'), part, Buffer.from('\r\n')]) : part;
      // As a proxy does that hands on what it has of the body before it looks at the answer.
      for (let sent = 0; sent < length && broken.length === 0; sent += part.length) {
        await new Promise((resolve) => socket.write(framed, resolve));
        if (pause > 0) await sleep(pause);
      }
      if (chunked) socket.write('0\r\n\r\n');
      const told = `${name}, ${connection}, ${pause} ms, ${size}`;
      assert.deepEqual(broken, [], told);
      const answer = await answerOn(socket);
      assert.deepEqual([answer.status, typeOf(answer)], [status, type], told);
      socket.destroy();
    }
});

test('uploads that break off leave nothing, and nobody has to wait for them', async () => {
  const before = filesIn(folder.path);
  for (const field of [`Content-Length: ${limit}`, 'Transfer-Encoding: chunked']) {
    const sockets: Socket[] = [];
    const refused: Promise<RawAnswer>[] = [];
    let answered = 0;
    for (let n = 0; n < 6; n += 1) {
      const socket = await begin(upload(), field);
      sockets.push(socket);
      const answer = answerOn(socket);
      refused.push(answer);
      void answer.then(() => (answered += 1));
      socket.write(field.startsWith('Content') ? Buffer.alloc(3_000_000) : `8\r\n${'x'.repeat(8)}\r\n`);
    }
    await eventually('four are read, two are refused', () => answered === 2);
    const first = await Promise.any(refused);
    assert.deepEqual([first.status, typeOf(first)], [429, 'urn:ietf:params:jmap:error:limit']);
    for (const socket of sockets) socket.destroy();
    await eventually('there is room again', async () => {
      const answer = await browser.fetch(upload(), { method: 'POST', body: 'small' });
      await answer.arrayBuffer();
      return answer.status === 200;
    });
  }
  const grown = (path: string, known: readonly [string, number][]): string[] => {
    const sizes = new Map(known);
    return filesIn(path)
      .filter(([name, size]) => size - (sizes.get(name) ?? 0) > 1_000_000)
      .map(([name]) => name);
  };
  assert.deepEqual(grown(folder.path, before), []);
  assert.deepEqual(grown(temporary.path, []), []);
});

test('fifty megabytes to the byte are taken and come back as they were; one more is not', async () => {
  const bytes = randomBytes(limit);
  const answer = await browser.fetch(upload(), {
    method: 'POST',
    headers: { 'content-type': 'application/x-thing' },
    body: bytes,
  });
  assert.equal(answer.status, 200, await answer.clone().text());
  const { blobId, size, type } = (await answer.json()) as { blobId: string; size: number; type: string };
  assert.deepEqual([size, type], [limit, 'application/x-thing']);
  const back = await browser.fetch(`/jmap/download/${browser.account}/${blobId}/thing.bin`);
  const sha = (data: Uint8Array): string => createHash('sha256').update(data).digest('hex');
  assert.equal(sha(new Uint8Array(await back.arrayBuffer())), sha(bytes));

  const more = await browser.fetch(upload(), { method: 'POST', body: Buffer.concat([bytes, Buffer.from('x')]) });
  assert.equal(more.status, 413);
  const empty = await browser.fetch(upload(), { method: 'POST', body: '' });
  assert.equal(((await empty.json()) as { size: number }).size, 0);
  for (const odd of ['', 'text', 'text/html; charset=x', '../x', 'a/b/c', 'x'.repeat(5000)]) {
    const typed = await browser.fetch(upload(), { method: 'POST', body: 'y', headers: { 'content-type': odd } });
    const told = (await typed.json()) as { type: string };
    assert.match(told.type, /^[\w.+-]+\/[\w.+-]+$/);
  }
  assert.equal(postern.said, `Postern is at ${postern.url}\n`, 'no defect was noted');
});
