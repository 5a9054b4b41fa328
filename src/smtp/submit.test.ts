import assert from 'node:assert/strict';
import { connect, createServer, type Socket } from 'node:net';
import { test } from 'node:test';
import fc from 'fast-check';
import { SMTPServer } from 'smtp-server';
import { stuffed } from './dot-stuffing.ts';
import { SmtpError } from './errors.ts';
import { type Envelope, submit, type SubmitOptions, type Submitted } from './submit.ts';

const envelope: Envelope = {
  mailFrom: { email: 'alice@village.test' },
  rcptTo: [{ email: 'bob@village.test' }, { email: 'carla@village.test' }],
};
const message = Buffer.from('Subject: hello\r\n\r\nfirst\r\n.second\r\n..\r\n');

/** What the server does at each command; `data` gets the message without its final dot. */
interface Script {
  ehlo?: string;
  mail?: string;
  rcpt?: (email: string) => string;
  data?: string;
  message?: (text: string, socket: Socket) => string | null;
  /** Called with each chunk of the message as it comes. */
  midway?: (socket: Socket) => void;
  greeting?: string;
}

interface Told {
  commands: string[];
  texts: string[];
}

const serve = async (script: Script, use: (stream: Socket, told: Told) => Promise<void>): Promise<void> => {
  const told: Told = { commands: [], texts: [] };
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.setNoDelay(true);
    socket.on('error', () => undefined);
    socket.write(script.greeting ?? '220 ready\r\n');
    let buffered = '';
    let inData = false;
    const line = (text: string): string | null => {
      told.commands.push(text);
      if (text.startsWith('EHLO'))
        return script.ehlo ?? '250-server\r\n250-PIPELINING\r\n250-8BITMIME\r\n250 SIZE 1000\r\n';
      if (text.startsWith('MAIL')) return script.mail ?? '250 2.1.0 ok\r\n';
      if (text.startsWith('RCPT')) return script.rcpt?.(/<(.*?)>/.exec(text)?.[1] ?? '') ?? '250 2.1.5 ok\r\n';
      if (text.startsWith('DATA')) {
        inData = (script.data ?? '354').startsWith('354');
        return script.data ?? '354 go\r\n';
      }
      return '221 bye\r\n';
    };
    socket.on('data', (chunk: Buffer) => {
      buffered += chunk.toString('latin1');
      for (;;) {
        if (inData) {
          script.midway?.(socket);
          const end = buffered.startsWith('.\r\n') ? 0 : buffered.indexOf('\r\n.\r\n');
          if (end < 0) return;
          const text = buffered.slice(0, end + (buffered.startsWith('.\r\n') ? 0 : 2));
          buffered = buffered.slice(text.length + 3);
          inData = false;
          told.texts.push(text);
          const answer =
            script.message === undefined ? '250 2.0.0 Ok: queued as 4XyZ1\r\n' : script.message(text, socket);
          if (answer !== null) socket.write(answer);
          continue;
        }
        const lf = buffered.indexOf('\r\n');
        if (lf < 0) return;
        const text = buffered.slice(0, lf);
        buffered = buffered.slice(lf + 2);
        const answer = line(text);
        if (answer !== null) socket.write(answer);
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  assert.ok(address !== null && typeof address === 'object');
  const stream = connect(address.port, '127.0.0.1');
  try {
    await use(stream, told);
  } finally {
    stream.destroy();
    for (const socket of sockets) socket.destroy();
    server.close();
  }
};

const go = (
  stream: Socket,
  options: Partial<SubmitOptions> & { envelope?: Envelope; message?: Buffer } = {},
): { result: Promise<Submitted>; steps: string[] } => {
  const steps: string[] = [];
  const report = async (step: string): Promise<void> => void steps.push(step);
  const result = submit({ stream, capabilities: [] }, options.envelope ?? envelope, options.message ?? message, {
    report,
    ...options,
  });
  return { result, steps };
};

const failing = async (result: Promise<unknown>): Promise<SmtpError> => {
  const error = await result.then(
    () => assert.fail('it was taken'),
    (error: unknown) => error,
  );
  assert.ok(error instanceof SmtpError, String(error));
  return error;
};

test('a message is taken, its steps are told in order, dots come out as they went in', () =>
  serve({}, async (stream, told) => {
    const { result, steps } = go(stream);
    const { accepted, refused, reply, queueId } = await result;
    assert.deepEqual(
      accepted.map(({ email }) => email),
      ['bob@village.test', 'carla@village.test'],
    );
    assert.deepEqual(refused, []);
    assert.equal(reply, '250 2.0.0 Ok: queued as 4XyZ1');
    assert.equal(queueId, '4XyZ1');
    assert.deepEqual(steps, ['data-begun', 'answered']);
    assert.equal(told.texts[0], 'Subject: hello\r\n\r\nfirst\r\n..second\r\n...\r\n');
    assert.ok(told.commands.includes(`MAIL FROM:<alice@village.test> SIZE=${message.length}`));
  }));

test('the step before the final dot is recorded before the server has the whole message', () =>
  serve({}, async (stream, told) => {
    let had = -1;
    const report = async (step: string): Promise<void> => {
      await new Promise((resolve) => setTimeout(resolve, 20));
      if (step === 'data-begun') had = told.texts.length;
    };
    await go(stream, { report }).result;
    assert.equal(had, 0);
    assert.equal(told.texts.length, 1);
  }));

test('when the step cannot be recorded the message is not completed', () =>
  serve({}, async (stream, told) => {
    const full = new Error('disk full');
    await assert.rejects(go(stream, { report: () => Promise.reject(full) }).result, full);
    await new Promise((resolve) => setTimeout(resolve, 20));
    assert.deepEqual(told.texts, []);
  }));

test('some recipients refused: the others get it', () =>
  serve(
    { rcpt: (email) => (email.startsWith('carla') ? '550 5.1.1 no such user\r\n' : '250 ok\r\n') },
    async (stream) => {
      const { accepted, refused } = await go(stream).result;
      assert.deepEqual(accepted, [{ email: 'bob@village.test', reply: '250 ok' }]);
      assert.deepEqual(refused, [
        { email: 'carla@village.test', code: 550, words: '550 5.1.1 no such user', permanent: true },
      ]);
    },
  ));

test('all recipients refused: no DATA, and temporary when one of them is', () =>
  serve({ rcpt: (email) => (email.startsWith('bob') ? '450 4.2.1 later\r\n' : '550 no\r\n') }, async (stream, told) => {
    const error = await failing(go(stream).result);
    assert.equal(error.code, 'smtp/refused');
    assert.equal(error.temporary, true);
    assert.equal(error.refused.length, 2);
    assert.ok(!told.commands.includes('DATA'));
  }));

for (const [name, script, want] of [
  ['sender', { mail: '553-5.7.1 not\r\n553 5.7.1 yours\r\n' }, ['smtp/refused', '553 5.7.1 not yours', '5.7.1', false]],
  ['DATA', { data: '451 4.3.0 later\r\n' }, ['smtp/refused', '451 4.3.0 later', '4.3.0', true]],
  ['message', { message: () => '554 5.7.1 spam\r\n' }, ['smtp/refused', '554 5.7.1 spam', '5.7.1', false]],
  [
    'size at the end',
    { message: () => '552 5.3.4 too big\r\n' },
    ['smtp/too-large', '552 5.3.4 too big', '5.3.4', false],
  ],
  [
    'greeting',
    { greeting: '421 4.7.0 too many connections\r\n' },
    ['smtp/refused', '421 4.7.0 too many connections', '4.7.0', true],
  ],
  ['recipient by closing', { rcpt: () => '421 4.4.2 bye\r\n' }, ['smtp/refused', '421 4.4.2 bye', '4.4.2', true]],
] satisfies [string, Script, [string, string, string, boolean]][]) {
  test(`refused: ${name}`, () =>
    serve(script, async (stream) => {
      const error = await failing(go(stream).result);
      assert.deepEqual([error.code, error.words, error.enhanced, error.temporary], want);
    }));
}

test('over the announced SIZE nothing is sent', () =>
  serve({}, async (stream, told) => {
    const error = await failing(go(stream, { message: Buffer.alloc(2000, 'x') }).result);
    assert.deepEqual(
      [error.code, error.words, error.temporary],
      ['smtp/too-large', '552 5.3.4 The letter has 2 kB, this server takes 1 kB at most', false],
    );
    assert.deepEqual(
      told.commands.filter((command) => !/^(EHLO|QUIT)/.test(command)),
      [],
    );
  }));

test('a line that breaks in the middle of the message has not delivered it', () =>
  serve({ ehlo: '250 server\r\n', midway: (socket) => socket.destroy() }, async (stream, told) => {
    const { result, steps } = go(stream, { message: Buffer.alloc(8 << 20, 'line of text\r\n') });
    const error = await failing(result);
    assert.equal(error.code, 'smtp/closed-before-data');
    assert.equal(error.temporary, true);
    assert.deepEqual([steps, told.texts], [[], []]);
  }));

test('a server that refuses in the middle of the message is heard', () =>
  serve({ ehlo: '250 server\r\n', midway: (socket) => void socket.end('552 5.3.4 enough\r\n') }, async (stream) => {
    const error = await failing(go(stream, { message: Buffer.alloc(32 << 20, 'line of text\r\n') }).result);
    assert.ok(error.code === 'smtp/too-large' || error.code === 'smtp/closed-before-data', error.code);
  }));

test('a line that breaks after the final dot: unknown', () =>
  serve({ message: (_, socket) => (socket.destroy(), null) }, async (stream) => {
    const { result, steps } = go(stream);
    const error = await failing(result);
    assert.equal(error.code, 'smtp/unknown');
    assert.deepEqual(steps, ['data-begun']);
  }));

test('no answer after the final dot: unknown', () =>
  serve({ message: () => null }, async (stream) => {
    assert.equal((await failing(go(stream, { timeout: 150 }).result)).code, 'smtp/unknown');
  }));

test('a server that does not speak SMTP', () =>
  serve({ greeting: 'HTTP/1.1 400 Bad Request\r\n' }, async (stream) => {
    assert.equal((await failing(go(stream).result)).code, 'smtp/closed-before-data');
  }));

test('addresses cannot end the command', () =>
  serve({}, async (stream, told) => {
    const evil = {
      mailFrom: { email: 'a@x>\r\nRCPT TO:<b@x', parameters: { 'X\r\nQUIT': null, RET: 'HDRS' } },
      rcptTo: [{ email: 'c@x' }],
    };
    await go(stream, { envelope: evil }).result;
    assert.deepEqual(told.commands.slice(1, 3), [
      `MAIL FROM:<a@xRCPTTO:b@x> SIZE=${message.length} RET=HDRS`,
      'RCPT TO:<c@x>',
    ]);
  }));

test('letters beyond ASCII in an address need SMTPUTF8', () =>
  serve({}, async (stream) => {
    const error = await failing(
      go(stream, { envelope: { ...envelope, mailFrom: { email: 'jürgen@village.test' } } }).result,
    );
    assert.deepEqual([error.code, error.enhanced, error.temporary], ['smtp/refused', '5.6.7', false]);
  }));

test('a real server gets the bytes', async () => {
  let got = Buffer.alloc(0);
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS'],
    onData: (stream, _session, done) => {
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => void chunks.push(chunk));
      stream.on('end', () => {
        got = Buffer.concat(chunks);
        done(null);
      });
    },
  });
  const listening = await new Promise<ReturnType<typeof server.listen>>((resolve) => {
    const bound = server.listen(0, '127.0.0.1', () => resolve(bound));
  });
  const address = listening.address();
  assert.ok(address !== null && typeof address === 'object');
  const body = Buffer.from(`Subject: Grüße\r\n\r\n${'.dots\r\n.\r\nüber\r\n'.repeat(20_000)}`);
  const { accepted } = await go(connect(address.port, '127.0.0.1'), { message: body }).result;
  assert.equal(accepted.length, 2);
  assert.ok(got.equals(body));
  await new Promise<void>((resolve) => server.close(() => resolve()));
});

test('stuffing: no line is a lone dot, undone it is the message with CRLF line ends', () => {
  const text = fc
    .array(fc.constantFrom('.', '\r', '\n', '\r\n', 'a', 'é', '..', ''), { maxLength: 60, size: 'max' })
    .map((parts) => parts.join(''));
  fc.assert(
    fc.property(text, (text) => {
      const out = Buffer.concat([...stuffed(Buffer.from(text))]).toString();
      const lines = out === '' ? [] : out.slice(0, -2).split('\r\n');
      assert.ok(!lines.includes('.'));
      assert.ok(!/[\r\n]/.test(lines.join('')));
      const want =
        text === ''
          ? []
          : text
              .replace(/\r\n?|\n/g, '\n')
              .replace(/\n$/, '')
              .split('\n');
      assert.deepEqual(
        lines.map((line) => (line.startsWith('.') ? line.slice(1) : line)),
        want,
      );
    }),
  );
});
