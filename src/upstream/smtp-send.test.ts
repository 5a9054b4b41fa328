import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';
import { test } from 'node:test';
import { systemClock } from '#base/clock.ts';
import { silent } from '#base/log.ts';
import type { MailAccount, Store } from '#store/types.ts';
import { VaultError } from '#vault/errors.ts';
import type { Authenticated, Keeper } from '#vault/keeper.ts';
import { openDovecot } from '#village/dovecot.ts';
import { AccountBook } from './account-book.ts';
import { handIn, smtpSender } from './smtp-send.ts';
import { plainKeeper, signIn, testMailAccount } from './test-account.ts';

const message = Buffer.from(
  'From: alice@village.test\r\nTo: bob@village.test\r\nSubject: by SMTP\r\nMessage-ID: <s1@village.test>\r\n\r\nhello\r\n',
);

const store = (user: string): Store =>
  ({
    credential: () => Promise.resolve({ account: user, protocol: 'smtp', binding: {}, sealed: Buffer.alloc(1) }),
  }) as unknown as Store;

const bookOf = (account: MailAccount): AccountBook =>
  new AccountBook({ account, store: store(account.id), clock: systemClock, log: silent });

/** What the keeper does: greeting, EHLO, AUTH; then a greeting of its own. */
const keeperFor = (port: number, user: { address: string; password: string }): Keeper => ({
  ...plainKeeper(),
  connect: async () => {
    const stream = connect(port, '127.0.0.1');
    const token = Buffer.from(`\0${user.address}\0${user.password}`).toString('base64');
    const lines = ['EHLO test', `AUTH PLAIN ${token}`];
    await new Promise<void>((resolve, reject) => {
      stream.once('error', reject);
      stream.on('data', (chunk) => {
        if (/^235 /m.test(chunk.toString())) return resolve();
        const next = lines.shift();
        if (next !== undefined) stream.write(`${next}\r\n`);
        else if (/^5\d\d /m.test(chunk.toString())) reject(new Error('refused'));
      });
    });
    stream.removeAllListeners('data').removeAllListeners('error').pause();
    stream.unshift(Buffer.from('220 village.test ready\r\n'));
    return { stream, capabilities: [], greeting: '220 village.test', certificate: null, privateAddress: true };
  },
});

test('O5 O10 a message goes to the submission server, or comes back with its words', async () => {
  await using village = await openDovecot();
  const [alice, bob] = village.users;
  assert.ok(alice && bob);
  const account = testMailAccount(village.smtpPort, alice.address);
  const send = smtpSender({
    account,
    store: store(account.id),
    keeper: keeperFor(village.smtpPort, alice),
    clock: systemClock,
    log: silent,
    book: bookOf(account),
  });
  const to = (email: string) => [{ email, parameters: null }];
  const mailFrom = { email: alice.address, parameters: { HOLDFOR: '30' } };

  const accepted = await send({ mailFrom, rcptTo: to(bob.address) }, message);
  assert.equal(accepted.at, 'accepted');
  const client = await signIn(village.imapPort, bob);
  await client.select('INBOX');
  assert.equal((await client.search({ header: ['Message-ID', '<s1@village.test>'] })).length, 1);
  await client.close();

  const refused = await send({ mailFrom, rcptTo: to('nobody@nowhere.invalid') }, message);
  assert.ok(refused.at === 'refused' && refused.permanent, JSON.stringify(refused));
  assert.match(refused.words ?? '', /\d{3}/);
});

test('O12 a locked user is no try; a server that is away is one', async () => {
  const account = testMailAccount(1, 'alice@village.test');
  const failing = (code: 'user/locked' | 'net/unreachable') =>
    smtpSender({
      account,
      store: store(account.id),
      keeper: { ...plainKeeper(), connect: () => Promise.reject(new VaultError(code, 'no')) },
      clock: systemClock,
      log: silent,
      book: bookOf(account),
    })({ mailFrom: { email: 'a@b.test', parameters: null }, rcptTo: [] }, message);
  assert.deepEqual(await failing('user/locked'), { at: 'not-sent', code: 'user/locked', words: null, ours: true });
  assert.deepEqual(await failing('net/unreachable'), {
    at: 'not-sent',
    code: 'net/unreachable',
    words: null,
    ours: false,
  });
});

/** Plays the server up to `until`, and says when it got there; `answer` goes on. */
const slowServer = async (until: RegExp) => {
  const reached = Promise.withResolvers<void>();
  const goOn = Promise.withResolvers<void>();
  const server = createServer((socket) => {
    let said = '';
    socket.on('error', () => undefined);
    socket.on('data', (chunk) => {
      said += chunk.toString();
      if (until.test(said)) {
        reached.resolve();
        void goOn.promise.then(() => socket.write('250 2.0.0 taken\r\n'));
      } else if (said.endsWith('\r\n')) socket.write(said.endsWith('DATA\r\n') ? '354 go\r\n' : '250 ok\r\n');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const open = async (): Promise<Authenticated> => {
    const stream = connect(port, '127.0.0.1');
    stream.pause().unshift(Buffer.from('220 ready\r\n'));
    return { stream, capabilities: [], greeting: '220', certificate: null, privateAddress: true };
  };
  return { open, reached: reached.promise, answer: () => goOn.resolve(), [Symbol.dispose]: () => void server.close() };
};

const cutEnvelope = {
  mailFrom: { email: 'a@b.test', parameters: null },
  rcptTo: [{ email: 'c@d.test', parameters: null }],
};

test('O31 a submission that is cut before its final dot was no try; after it the answer counts', async () => {
  for (const before of [/EHLO/, /RCPT/, /DATA/]) {
    using server = await slowServer(before);
    const cut = new AbortController();
    const sent = handIn(server.open, systemClock)(cutEnvelope, message, undefined, cut.signal);
    await server.reached;
    cut.abort();
    assert.deepEqual(await sent, { at: 'not-sent', code: 'engine/closed', ours: true }, String(before));
  }
  using server = await slowServer(/\r\n\.\r\n$/);
  const cut = new AbortController();
  const sent = handIn(server.open, systemClock)(cutEnvelope, message, undefined, cut.signal);
  await server.reached;
  cut.abort();
  server.answer();
  assert.equal((await sent).at, 'accepted');
});

test('O31 a connection that is still being made is not waited for', async () => {
  const cut = new AbortController();
  const late = Promise.withResolvers<Authenticated>();
  const sent = handIn(() => late.promise, systemClock)(cutEnvelope, message, undefined, cut.signal);
  cut.abort();
  assert.deepEqual(await sent, { at: 'not-sent', code: 'engine/closed', ours: true });
  using server = await slowServer(/never/);
  const stream = await server.open();
  const closed = once(stream.stream, 'close');
  late.resolve(stream);
  await closed;
});
