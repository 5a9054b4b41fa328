import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { describe, test } from 'node:test';
import { openAuthority, type TestCertificate } from '#village/tls.ts';
import { signIn, type SignedIn } from './connect.ts';
import { Dialogue } from './dialogue.ts';
import type { VaultError } from './errors.ts';
import type { Target } from './keeper.ts';
import { Network, type NetworkConfig } from './network.ts';
import { imapScript, openScripted, scramServer, type ImapScript, type Script } from './scripted-server.testkit.ts';
import { authority, good, limits, pattern, network, imap, password, alice, refused } from './connect.testkit.ts';

const imapServer = (options: Partial<ImapScript> = {}, tls?: TestCertificate & { implicit?: boolean }) =>
  openScripted(imapScript({ ...alice, ...options }), tls);

const noop = async (signedIn: SignedIn): Promise<string> => {
  const dialogue = new Dialogue(signedIn.socket);
  await dialogue.send('x1 NOOP\r\n');
  const line = await dialogue.line(20_000);
  signedIn.socket.destroy();
  return line;
};

describe('IMAP', () => {
  const ways: [string, string, RegExp][] = [
    ['PLAIN with an initial response', 'IMAP4rev1 SASL-IR AUTH=PLAIN', /^k2 AUTHENTICATE PLAIN \S+$/],
    ['PLAIN by continuation', 'IMAP4rev1 AUTH=PLAIN', /^k2 AUTHENTICATE PLAIN$/],
    ['SCRAM before PLAIN', 'IMAP4rev1 SASL-IR AUTH=PLAIN AUTH=SCRAM-SHA-256', /^k2 AUTHENTICATE SCRAM-SHA-256 \S+$/],
    ['SCRAM by continuation', 'IMAP4rev1 AUTH=SCRAM-SHA-256', /^k2 AUTHENTICATE SCRAM-SHA-256$/],
    ['LOGIN with a literal for 8-bit', 'IMAP4rev1 AUTH=GSSAPI', /^k2 LOGIN "alice" \{9\}$/],
    ['LOGIN with a literal at once', 'IMAP4rev1 LITERAL+', /^k2 LOGIN "alice" \{9\+\}$/],
    ['LOGIN with a small literal at once', 'IMAP4rev1 LITERAL-', /^k2 LOGIN "alice" \{9\+\}$/],
  ];
  for (const [name, capabilities, line] of ways)
    test(`V24 ${name}`, async () => {
      const lines: string[] = [];
      await using server = await imapServer({ capabilities, onLine: (text) => lines.push(text) });
      const signedIn = await signIn(network(), imap(server.port), password);
      assert.deepEqual(signedIn.capabilities, ['IMAP4rev1', 'IDLE', 'UIDPLUS']);
      assert.equal(signedIn.greeting, 'Scripted ready');
      assert.match(lines[1] ?? '', line);
      assert.equal(await noop(signedIn), 'x1 OK done');
    });

  test('V24 LOGIN quotes what can be quoted', async () => {
    const lines: string[] = [];
    const server7 = imapScript({
      username: 'al"ice',
      password: 'pa"s\\s',
      capabilities: 'IMAP4rev1',
      onLine: (text) => lines.push(text),
    });
    await using server = await openScripted(server7);
    const signedIn = await signIn(network(), imap(server.port, { username: 'al"ice' }), Buffer.from('pa"s\\s'));
    assert.equal(lines[1], 'k2 LOGIN "al\\"ice" "pa\\"s\\\\s"');
    signedIn.socket.destroy();
  });

  test('V24 capabilities of the greeting save a question; untold ones are asked for afterwards', async () => {
    const lines: string[] = [];
    await using server = await imapServer({
      greeting: '* OK [CAPABILITY IMAP4rev1 AUTH=PLAIN SASL-IR] Dovecot ready.',
      silent: true,
      onLine: (text) => lines.push(text.replace(/PLAIN .*/, 'PLAIN')),
    });
    const signedIn = await signIn(network(), imap(server.port), password);
    assert.deepEqual(lines, ['k1 AUTHENTICATE PLAIN', 'k2 CAPABILITY']);
    assert.equal(signedIn.greeting, 'Dovecot ready.');
    assert.deepEqual(signedIn.capabilities, ['IMAP4rev1', 'IDLE', 'UIDPLUS']);
    signedIn.socket.destroy();
  });

  test('V25 a wrong password is refused once, with the words of the server', async () => {
    const lines: string[] = [];
    await using server = await imapServer({ onLine: (text) => lines.push(text) });
    const error = await refused(signIn(network(), imap(server.port), Buffer.from('wrong')));
    assert.equal(error.code, 'auth/refused');
    assert.equal(error.words, 'wrong password');
    assert.equal(lines.filter((line) => /AUTHENTICATE|LOGIN/.test(line)).length, 1);
  });

  test('V25 a wrong password is not tried again by PLAIN after SCRAM judged it', async () => {
    const lines: string[] = [];
    const capabilities = 'IMAP4rev1 SASL-IR AUTH=PLAIN AUTH=SCRAM-SHA-256';
    await using server = await imapServer({ capabilities, onLine: (text) => lines.push(text) });
    assert.equal((await refused(signIn(network(), imap(server.port), Buffer.from('wrong')))).code, 'auth/refused');
    assert.equal(lines.filter((line) => /AUTHENTICATE|LOGIN/.test(line)).length, 1);
  });

  test('V25 where SCRAM is refused before it asked anything, PLAIN is tried, and from then on at once', async () => {
    const tried: string[] = [];
    const script: Script = async (peer) => {
      peer.send('* OK [CAPABILITY IMAP4rev1 SASL-IR AUTH=SCRAM-SHA-256 AUTH=PLAIN] hi\r\n');
      for (;;) {
        const [tag, , mechanism] = ((await peer.line()) ?? '').split(' ');
        if (mechanism === undefined) return;
        tried.push(mechanism);
        const good = mechanism === 'PLAIN';
        peer.send(good ? `${tag} OK [CAPABILITY IMAP4rev1] in\r\n` : `${tag} NO [AUTHENTICATIONFAILED] no\r\n`);
      }
    };
    await using server = await openScripted(script);
    const one = network();
    for (let i = 0; i < 2; i += 1) (await signIn(one, imap(server.port), password)).socket.destroy();
    assert.deepEqual(tried, ['SCRAM-SHA-256', 'PLAIN', 'PLAIN']);
  });

  test('V20 a server that says OK without proving itself is not believed', async () => {
    const script: Script = async (peer) => {
      peer.send('* OK [CAPABILITY IMAP4rev1 SASL-IR AUTH=SCRAM-SHA-256] hi\r\n');
      await peer.line();
      peer.send('k1 OK welcome\r\n');
    };
    await using server = await openScripted(script);
    assert.equal((await refused(signIn(network(), imap(server.port), password))).code, 'auth/server-unproven');
    const lying: Script = async (peer) => {
      peer.send('* OK [CAPABILITY IMAP4rev1 SASL-IR AUTH=SCRAM-SHA-256] hi\r\n');
      const first = Buffer.from(((await peer.line()) ?? '').split(' ')[3] ?? '', 'base64').toString();
      const scram = scramServer(password.toString(), 4096, true);
      peer.send(`+ ${Buffer.from(scram.first(first)).toString('base64')}\r\n`);
      const final = scram.final(Buffer.from((await peer.line()) ?? '', 'base64').toString()) ?? '';
      peer.send(`+ ${Buffer.from(final).toString('base64')}\r\n`);
    };
    await using liar = await openScripted(lying);
    assert.equal((await refused(signIn(network(), imap(liar.port), password))).code, 'auth/server-unproven');
  });

  const greetings: [string, string, VaultError['code']][] = [
    ['an SMTP server', '220 mail.test ESMTP', 'proto/not-imap'],
    ['a web server', 'HTTP/1.1 400 Bad Request', 'proto/not-imap'],
    ['a server that is full', '* BYE Too many connections from your address', 'limit/connections'],
    ['a server that goes down', '* BYE going down', 'net/unreachable'],
    ['a server that lets everybody in', '* PREAUTH welcome', 'auth/no-mechanism'],
  ];
  for (const [name, greeting, code] of greetings)
    test(`V23 ${name} is ${code}`, async () => {
      await using server = await imapServer({ greeting });
      const error = await refused(signIn(network(), imap(server.port), password));
      assert.equal(error.code, code);
      assert.ok(code === 'auth/no-mechanism' || (error.words !== null && greeting.includes(error.words)));
    });

  test('V23 refusals while signing in are told apart', async () => {
    const answers: [string, VaultError['code']][] = [
      ['k2 NO [UNAVAILABLE] Maximum number of connections from user+IP exceeded', 'limit/connections'],
      ['k2 NO [UNAVAILABLE] Internal error', 'server/unavailable'],
      ['k2 NO [PRIVACYREQUIRED] no plaintext', 'tls/none'],
      ['k2 BAD go away', 'auth/no-mechanism'],
      ['* BYE Too many simultaneous connections. (Failure)', 'limit/connections'],
    ];
    for (const [answer, code] of answers) {
      const script: Script = async (peer) => {
        peer.send('* OK hi\r\n');
        await peer.line();
        peer.send('* CAPABILITY IMAP4rev1 LOGINDISABLED SASL-IR AUTH=PLAIN\r\nk1 OK\r\n');
        await peer.line();
        peer.send(`${answer}\r\n`);
      };
      await using server = await openScripted(script);
      assert.equal((await refused(signIn(network(), imap(server.port), password))).code, code, answer);
    }
  });

  test('V23 silence is a time-out, a closed line is unreachable', async () => {
    await using silent = await openScripted(() => new Promise(() => undefined));
    const hasty = network({ limits: { ...limits, greeting: 30 } });
    assert.equal((await refused(signIn(hasty, imap(silent.port), password))).code, 'net/timeout');
    const closing = await openScripted(async (peer) => peer.end());
    assert.equal((await refused(signIn(network(), imap(closing.port), password))).code, 'net/unreachable');
    const port = closing.port;
    await closing[Symbol.asyncDispose]();
    assert.equal((await refused(signIn(network(), imap(port), password))).code, 'net/unreachable');
    assert.equal(
      (await refused(signIn(network(), imap(1, { host: 'nowhere.test' }), password))).code,
      'net/unreachable',
    );
  });

  test('V23 an endless line does not fill the memory', async () => {
    await using server = await openScripted(async (peer) => {
      for (let i = 0; i < 40; i += 1) peer.send('x'.repeat(10_000));
    });
    assert.equal((await refused(signIn(network(), imap(server.port), password))).code, 'net/unreachable');
  });

  test('V24 what the server sends behind its last answer is handed on', async () => {
    const script: Script = async (peer) => {
      peer.send('* OK [CAPABILITY IMAP4rev1 SASL-IR AUTH=PLAIN] hi\r\n');
      await peer.line();
      peer.send('k1 OK [CAPABILITY IMAP4rev1] in\r\n* 3 EXISTS\r\n');
    };
    await using server = await openScripted(script);
    const signedIn = await signIn(network(), imap(server.port), password);
    assert.equal(signedIn.rest.toString(), '* 3 EXISTS\r\n');
    signedIn.socket.destroy();
  });
});

describe('TLS', () => {
  const tls = (port: number, more: Partial<Target> = {}) => imap(port, { security: 'tls', ...more });

  test('V26 a certificate of a trusted authority under the right name is accepted, and its facts are told', async () => {
    await using server = await imapServer({}, { ...good, implicit: true });
    for (const host of ['mail.test', '127.0.0.1']) {
      const { certificate, socket } = await signIn(network(), tls(server.port, { host }), password);
      socket.destroy();
      assert.equal(certificate?.subject, 'mail.test');
      assert.equal(certificate?.issuer, 'Postern test authority');
      assert.deepEqual(certificate?.altNames, ['mail.test', '127.0.0.1']);
      assert.match(certificate?.fingerprint ?? '', /^[0-9a-f]{64}$/);
      assert.ok((certificate?.validTo ?? 0) > Date.now() / 1000);
    }
  });

  test('V26 other certificates are refused with the reason and the facts, before the password is sent', async () => {
    const own = openAuthority();
    const lines: string[] = [];
    const cases: [VaultError['reason'], TestCertificate, string, Partial<NetworkConfig>][] = [
      ['name', good, 'other.test', {}],
      ['unknown-issuer', good, 'mail.test', { extraCa: [] }],
      ['expired', authority.issue(['mail.test'], -1), 'mail.test', {}],
      ['unknown-issuer', own.issue(['mail.test']), 'mail.test', {}],
    ];
    for (const [reason, certificate, host, more] of cases) {
      await using server = await imapServer({ onLine: (l) => lines.push(l) }, { ...certificate, implicit: true });
      const error = await refused(signIn(network(more), tls(server.port, { host }), password));
      assert.equal(error.code, 'tls/certificate');
      assert.equal(error.reason, reason);
      assert.match(error.certificate?.fingerprint ?? '', /^[0-9a-f]{64}$/);
    }
    assert.deepEqual(lines, []);
    rmSync(own.folder, { recursive: true, force: true });
  });

  test('V27 a pinned certificate is accepted whatever vouches for it, and no other is', async () => {
    await using server = await imapServer({}, { ...good, implicit: true });
    const untrusting = network({ extraCa: [] });
    const first = await refused(signIn(untrusting, tls(server.port), password));
    const pin = first.certificate?.fingerprint ?? '';
    for (const written of [pin, pin.toUpperCase().replaceAll(/(..)(?=.)/g, '$1:')]) {
      const { socket } = await signIn(untrusting, tls(server.port, { pin: written, host: 'other.test' }), password);
      socket.destroy();
    }
    const other = await refused(signIn(network(), tls(server.port, { pin: 'ab'.repeat(32) }), password));
    assert.equal(other.reason, 'pin');
  });

  test('V28 a server without TLS where TLS was asked for gets no password', async () => {
    await using server = await imapServer();
    assert.equal((await refused(signIn(network(), tls(server.port), password))).code, 'tls/none');
  });

  test('V28 STARTTLS: what came before is forgotten, what comes after counts', async () => {
    const lines: string[] = [];
    await using server = await imapServer(
      {
        capabilities: 'IMAP4rev1 STARTTLS AUTH=PLAIN SASL-IR',
        onLine: (line, peer) => lines.push(`${peer.secure ? 'tls' : 'plain'} ${line.split(' ').slice(0, 3).join(' ')}`),
      },
      good,
    );
    const signedIn = await signIn(network(), imap(server.port, { security: 'starttls' }), password);
    assert.deepEqual(lines, [
      'plain k1 CAPABILITY',
      'plain k2 STARTTLS',
      'tls k1 CAPABILITY',
      'tls k2 AUTHENTICATE PLAIN',
    ]);
    assert.equal(signedIn.certificate?.subject, 'mail.test');
    assert.equal(await noop(signedIn), 'x1 OK done');
  });

  test('V28 STARTTLS that is not offered, refused or preceded by PREAUTH never falls back', async () => {
    const cases: Partial<ImapScript>[] = [
      { capabilities: 'IMAP4rev1 AUTH=PLAIN' },
      {
        capabilities: 'IMAP4rev1 STARTTLS AUTH=PLAIN',
        onLine: (line, peer) => line.includes('STARTTLS') && peer.end('k2 NO no\r\n'),
      },
      { greeting: '* PREAUTH welcome' },
    ];
    for (const options of cases) {
      await using server = await imapServer(options, good);
      const error = await refused(signIn(network(), imap(server.port, { security: 'starttls' }), password));
      assert.equal(error.code, 'tls/none');
    }
  });

  test('V29 bytes behind the answer to STARTTLS are an intrusion', async () => {
    const script: Script = async (peer) => {
      peer.send('* OK [CAPABILITY IMAP4rev1 STARTTLS] hi\r\n');
      await peer.line();
      peer.send('k1 OK begin\r\n* CAPABILITY IMAP4rev1 AUTH=PLAIN\r\n');
      peer.startTls();
    };
    await using server = await openScripted(script, good);
    const error = await refused(signIn(network(), imap(server.port, { security: 'starttls' }), password));
    assert.equal(error.code, 'tls/injection');
  });
});

describe('which servers', () => {
  test('V30 private addresses are refused unless listed, by name or literal', async () => {
    const none = { privateServers: [] };
    const cases: [Target, string][] = [
      [imap(993, { security: 'tls' }), '127.0.0.1'],
      [imap(993, { security: 'tls' }), '10.1.2.3'],
      [imap(993, { security: 'tls' }), '169.254.169.254'],
      [imap(993, { security: 'tls', host: '192.168.0.1' }), ''],
      [imap(993, { security: 'tls', host: '::1' }), ''],
      [imap(993, { security: 'tls', host: '::ffff:127.0.0.1' }), ''],
    ];
    for (const [target, address] of cases)
      assert.equal((await refused(signIn(network(none, address), target, password))).code, 'net/host-not-allowed');
  });

  test("V30 the operator's list admits nothing else; a listed port is that port only", async () => {
    await using server = await imapServer();
    const only = { allowedServers: [pattern('imap.example.org')], privateServers: [] };
    assert.equal((await refused(signIn(network(only), imap(server.port), password))).code, 'net/host-not-allowed');
    const otherPort = { privateServers: [pattern('127.0.0.1:9')] };
    assert.equal((await refused(signIn(network(otherPort), imap(server.port), password))).code, 'net/host-not-allowed');
    for (const word of [`127.0.0.1:${server.port}`, '127.0.0.0/8', 'mail.test', `mail.test:${server.port}`]) {
      const listed = network({ privateServers: [pattern(word)] });
      (await signIn(listed, imap(server.port), password)).socket.destroy();
    }
  });

  test('V31 without TLS only to listed private servers', async () => {
    const target = imap(143);
    assert.equal((await refused(signIn(network({}, '8.8.8.8'), target, password))).code, 'tls/none');
  });

  test('V30 the address that was checked is the one connected to', async () => {
    await using server = await imapServer();
    let asked = 0;
    const rebinding = new Network(
      { allowedServers: [], privateServers: [pattern('127.0.0.1')], extraCa: [], limits },
      async () => {
        asked += 1;
        return [{ address: asked === 1 ? '127.0.0.1' : '10.0.0.1', family: 4 }];
      },
    );
    (await signIn(rebinding, imap(server.port), password)).socket.destroy();
    assert.equal(asked, 1);
  });
});
