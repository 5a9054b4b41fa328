import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { signIn } from './connect.ts';
import type { VaultError } from './errors.ts';
import type { Target } from './keeper.ts';
import { openScripted, scramServer, type Script } from './scripted-server.testkit.ts';
import { good, network, imap, password, alice, refused } from './connect.testkit.ts';

const smtp = (port: number, more: Partial<Target> = {}): Target => ({ ...imap(port), protocol: 'smtp', ...more });

describe('SMTP', () => {
  const smtpScript =
    (auth: string, answer: (line: string) => string, lines: string[] = []): Script =>
    async (peer) => {
      peer.send('220-mail.test ESMTP ready\r\n220 be nice\r\n');
      for (;;) {
        const line = await peer.line();
        if (line === null) return;
        lines.push(line);
        if (line.startsWith('EHLO')) peer.send(`250-mail.test\r\n250-SIZE 1000\r\n250-${auth}\r\n250 STARTTLS\r\n`);
        else if (line === 'STARTTLS') {
          peer.send('220 go\r\n');
          peer.startTls();
        } else peer.send(`${answer(line)}\r\n`);
      }
    };
  const b64 = (text: string): string => Buffer.from(text).toString('base64');

  test('V24 PLAIN with an initial response; keywords and greeting are told', async () => {
    const lines: string[] = [];
    await using server = await openScripted(smtpScript('AUTH LOGIN PLAIN', () => '235 in', lines));
    const signedIn = await signIn(network(), smtp(server.port), password);
    signedIn.socket.destroy();
    assert.equal(lines[1], `AUTH PLAIN ${b64(`\0alice\0${alice.password}`)}`);
    assert.deepEqual(signedIn.capabilities, ['SIZE 1000', 'AUTH LOGIN PLAIN', 'STARTTLS']);
    assert.equal(signedIn.greeting, 'mail.test ESMTP ready');
  });

  test('V24 LOGIN where nothing better is offered, also in the old spelling', async () => {
    for (const auth of ['AUTH LOGIN', 'AUTH=LOGIN']) {
      const lines: string[] = [];
      const answers = ['334 VXNlcm5hbWU6', '334 UGFzc3dvcmQ6', '235 in'];
      await using server = await openScripted(smtpScript(auth, () => answers.shift() ?? '500', lines));
      (await signIn(network(), smtp(server.port), password)).socket.destroy();
      assert.deepEqual(lines.slice(1), ['AUTH LOGIN', b64('alice'), b64(alice.password)]);
    }
  });

  test('V24 SCRAM before PLAIN', async () => {
    const scram = scramServer(alice.password);
    const lines: string[] = [];
    const answer = (line: string): string => {
      const text = Buffer.from(line.split(' ').at(-1) ?? '', 'base64').toString();
      if (line.startsWith('AUTH SCRAM-SHA-256 ')) return `334 ${b64(scram.first(text))}`;
      if (line === '') return '235 in';
      const final = scram.final(text);
      return final === null ? '535 no' : `334 ${b64(final)}`;
    };
    await using server = await openScripted(smtpScript('AUTH PLAIN SCRAM-SHA-256', answer, lines));
    (await signIn(network(), smtp(server.port), password)).socket.destroy();
    assert.equal(lines.length, 4);
    const error = await refused(signIn(network(), smtp(server.port), Buffer.from('wrong')));
    assert.equal(error.code, 'auth/refused');
  });

  test('V25 a refusal has the words of the server and is not repeated', async () => {
    const lines: string[] = [];
    await using server = await openScripted(smtpScript('AUTH PLAIN LOGIN', () => '535 5.7.8 bad credentials', lines));
    const error = await refused(signIn(network(), smtp(server.port), password));
    assert.equal(error.code, 'auth/refused');
    assert.equal(error.words, '5.7.8 bad credentials');
    assert.equal(lines.length, 2);
  });

  test('V28 STARTTLS, and never without', async () => {
    const lines: string[] = [];
    await using server = await openScripted(
      smtpScript('AUTH PLAIN', () => '235 in', lines),
      good,
    );
    const signedIn = await signIn(network(), smtp(server.port, { security: 'starttls' }), password);
    signedIn.socket.destroy();
    assert.equal(signedIn.certificate?.subject, 'mail.test');
    assert.deepEqual(
      lines.map((line) => line.split(' ')[0]),
      ['EHLO', 'STARTTLS', 'EHLO', 'AUTH'],
    );
    await using bare = await openScripted(async (peer) => {
      peer.send('220 hi\r\n');
      await peer.line();
      peer.send('250-x\r\n250 AUTH PLAIN\r\n');
    }, good);
    assert.equal(
      (await refused(signIn(network(), smtp(bare.port, { security: 'starttls' }), password))).code,
      'tls/none',
    );
  });

  test('V23 greetings of other servers and of full ones', async () => {
    const cases: [string, VaultError['code']][] = [
      ['* OK Dovecot ready.', 'proto/not-smtp'],
      ['554 no service', 'proto/not-smtp'],
      ['421 4.7.0 Too many connections from your IP', 'limit/connections'],
      ['421 4.3.2 come back later', 'server/unavailable'],
    ];
    for (const [greeting, code] of cases) {
      await using server = await openScripted(async (peer) => peer.send(`${greeting}\r\n`));
      assert.equal((await refused(signIn(network(), smtp(server.port), password))).code, code, greeting);
    }
  });
});
