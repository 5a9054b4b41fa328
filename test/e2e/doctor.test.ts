import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { openDovecot, quotaOf, type Village } from '#village/dovecot.ts';
import { openScriptedImap } from '#village/scripted-imap.ts';
import { openAuthority, type TestAuthority } from '#village/tls.ts';
import { imapScript, openScripted, type Script } from '#vault/scripted-server.testkit.ts';
import { runCommand, type Ran } from '../security/instance.ts';

const alice = { address: 'alice@village.test', password: 'Kornblume-77-Rathaus-xq' };
let village: Village;
let data: string;
before(async () => {
  data = mkdtempSync(join(tmpdir(), 'postern-doctor-'));
  village = await openDovecot({
    users: [alice],
    tls: true,
    extra: quotaOf({ storage: '2M', messages: 10 }),
  });
});
after(async () => {
  await village[Symbol.asyncDispose]();
  rmSync(data, { recursive: true, force: true });
});

const doctor = (words: readonly string[], ca: TestAuthority | null, input?: string): Promise<Ran> =>
  runCommand(
    ['doctor', ...words],
    {
      ...process.env,
      POSTERN_DATA: data,
      POSTERN_PRIVATE_SERVERS: '127.0.0.1,localhost',
      POSTERN_DOMAINS: `village.test=localhost:${village.imapsPort}:tls,127.0.0.1:${village.smtpPort}:none`,
      ...(ca ? { POSTERN_EXTRA_CA: ca.caFile } : {}),
    },
    input,
  );

interface Report {
  source: string;
  well: boolean;
  servers: {
    protocol: string;
    trouble: { code: string } | null;
    visit: { tls: { version: string } | null; capabilities: string[]; roundTripMs: number } | null;
    certificateDays: number | null;
    clockAhead: number | null;
    abilities: { name: string; has: boolean; words: string }[];
    signedIn: { ok: boolean } | null;
    signInWords: string;
    quota: { ok: true; limits: { resource: string; limit: number }[] } | { ok: false; code: string } | null;
  }[];
}

describe('postern doctor', () => {
  test('finds the servers as the door does and says what they can do, without a password', async () => {
    const { code, out, err } = await doctor([alice.address], village.authority);
    assert.equal(code, 0, err + out);
    for (const line of [
      /the servers are set by POSTERN_DOMAINS/,
      /Mail comes from localhost, port \d+, tls/,
      /TLS {10}TLSv1\.[23], TLS_/,
      /certificate {2}for localhost, 127\.0\.0\.1/,
      /signed by Postern test authority/,
      /expires in \d+ days, on \d{4}-\d\d-\d\d/,
      /speed {8}there after [\d.]+ ms, an answer takes [\d.]+ ms/,
      /IDLE +New mail is shown at once\./,
      /many servers tell the rest only afterwards: try --password/,
      /Mail goes to 127\.0\.0\.1/,
      /No encryption\./,
      /SIZE +Letters up to \d+ MB are taken\.|SIZE +(The server names no limit|How large)/,
      /FUTURERELEASE +A letter for later waits in Postern/,
      /People can use Postern with this address\./,
    ])
      assert.match(out, line);
    assert.doesNotMatch(out, /^ {2}quota/m);
  });

  test('with a password on standard input signs in once, sees more, and never shows it', async () => {
    const { code, out, err } = await doctor(
      [alice.address, '--password', '--json'],
      village.authority,
      `${alice.password}\n`,
    );
    assert.equal(code, 0, err);
    const { servers, well, source } = JSON.parse(out) as Report;
    assert.deepEqual([well, source, servers.map(({ signedIn }) => signedIn?.ok)], [true, 'operator', [true, true]]);
    const [imap] = servers;
    const can = new Set(imap?.abilities.filter(({ has }) => has).map(({ name }) => name));
    for (const name of ['IDLE', 'QRESYNC', 'CONDSTORE', 'SPECIAL-USE', 'MOVE', 'UIDPLUS', 'PREVIEW', 'LIST-STATUS'])
      assert.ok(can.has(name), `${name} of ${[...can].join(' ')}`);
    assert.deepEqual(imap?.quota?.ok && imap.quota.limits.map(({ resource, limit }) => [resource, limit]), [
      ['STORAGE', 2 * 1024 ** 2],
      ['MESSAGE', 10],
    ]);
    assert.equal(servers[1]?.quota, null);
    assert.match(imap?.visit?.tls?.version ?? '', /^TLSv1\.[23]$/);
    assert.ok((imap?.certificateDays ?? 0) > 5);
    assert.ok(!`${out}${err}`.includes(alice.password));
    assert.ok(!`${out}${err}`.includes(Buffer.from(`\0${alice.address}\0${alice.password}`).toString('base64')));
  });

  test('S50 with a password it tells how full the mailbox is, and where that stands', async () => {
    const told = async (): Promise<string> => {
      const { code, out, err } = await doctor([alice.address, '--password'], village.authority, alice.password);
      assert.equal(code, 0, err + out);
      return /^ {2}quota[^\n]*\n {15}[^\n]*\n/m.exec(out)?.[0] ?? out;
    };
    const deliver = (octets: number): Promise<void> =>
      village.deliver(alice.address, `Subject: x\r\n\r\n${`${'x'.repeat(70)}\r\n`.repeat(octets / 72)}`);
    assert.equal(await told(), '  quota        0 kB of 2 MB used.\n               0 of 10 messages.\n');
    await deliver(1_600_000);
    assert.equal(await told(), '  quota        1.5 MB of 2 MB used.\n               1 of 10 messages.\n');
    await deliver(350_000);
    for (let i = 0; i < 7; i += 1) await deliver(720);
    assert.equal(
      await told(),
      '  quota        1.9 MB of 2 MB used. Nearly full.\n               9 of 10 messages. Nearly as many as the server takes.\n',
    );
    await deliver(720);
    assert.match(await told(), /\n {15}10 of 10 messages\. As many as the server takes: it takes no new mail\.\n/);
  });

  test('S50 S52 a server without a limit, one that refuses to tell, one that hangs up, one that knows no quotas', async () => {
    const sides = ['IMAP4rev1', 'SASL-IR', 'AUTH=PLAIN', 'NAMESPACE'];
    const look = async (
      answer: (tag: string) => string | null,
      capabilities = [...sides, 'QUOTA'],
    ): Promise<{ out: string; commands: string[] }> => {
      await using server = await openScriptedImap({
        capabilities,
        onCommand: ({ name, tag, connection }) => {
          if (name !== 'GETQUOTAROOT') return false;
          const said = answer(tag);
          if (said === null) connection.drop();
          else connection.send(said);
          return true;
        },
      });
      const imap = ['--imap', `127.0.0.1:${server.imapPort}:none`];
      const { out, err, code } = await doctor([alice.address, '--password', ...imap], null, alice.password);
      assert.equal(code, 0, err + out);
      assert.equal(server.logins, 1);
      return { out, commands: server.commands };
    };
    const unlimited = await look((tag) => `* QUOTAROOT INBOX ""\r\n* QUOTA "" ()\r\n${tag} OK done\r\n`);
    assert.match(unlimited.out, /^ {2}quota {8}the server names no limit$/m);
    assert.equal(unlimited.commands.at(-1), 'LOGOUT');
    const full = await look(
      (tag) =>
        `* QUOTAROOT INBOX mine #all\r\n* QUOTA mine (STORAGE 5242880 5242880)\r\n* QUOTA #all (MESSAGE 1200 4000)\r\n${tag} OK done\r\n`,
    );
    assert.match(full.out, /^ {2}quota {8}mine: 5 GB of 5 GB used\. Full: the server takes no new mail\.$/m);
    assert.match(full.out, /^ {15}#all: 1,200 of 4,000 messages\.$/m);
    const refused = await look((tag) => `${tag} NO [NOPERM] not for you\r\n`);
    assert.match(refused.out, /^ {2}quota {8}cannot be told \(imap\/refused\)\. The server said: .*not for you$/m);
    const gone = await look(() => null);
    assert.match(gone.out, /^ {2}quota {8}cannot be told \(imap\/closed\)\.$/m);
    const none = await look(() => null, sides);
    assert.match(none.out, /cannot\n[\s\S]*QUOTA +Nobody sees how full the mailbox is until a letter does not fit\./);
    assert.doesNotMatch(none.out, /^ {2}quota/m);
    assert.ok(!none.commands.includes('GETQUOTAROOT'));
  });

  test('a wrong password is told in words, and is not tried at the second server', async () => {
    const before = village.taken;
    const { code, out } = await doctor([alice.address, '--password', '--json'], village.authority, 'wrong-Xq-4711');
    assert.equal(code, 1);
    const { servers, well } = JSON.parse(out) as Report;
    assert.deepEqual([well, servers[0]?.signedIn?.ok, servers[1]?.signedIn], [false, false, null]);
    assert.equal(village.taken, before);
    assert.ok(!out.includes('wrong-Xq-4711'));
  });

  test('a certificate that nobody vouches for, servers that cannot be reached or found', async () => {
    const untrusted = await doctor([alice.address], null);
    assert.equal(untrusted.code, 1);
    assert.match(untrusted.out, /Postern cannot be sure this is localhost\..*\(tls\/certificate\)/);
    assert.match(untrusted.out, /It shows: localhost, 127\.0\.0\.1; signed by Postern test authority/);
    assert.match(untrusted.out, /nobody can use Postern with this address/);
    const none = await doctor(['x@y.test', '--imap', '127.0.0.1:1:none', '--smtp', '127.0.0.1:1:none'], null);
    assert.equal(none.code, 1);
    assert.match(none.out, /127\.0\.0\.1 does not answer\./);
    const wrong = await doctor(['x@y.test', '--imap', 'nonsense'], null);
    assert.equal(wrong.code, 2);
  });

  test('what a poor server lacks is told with what that costs, and its clock', async () => {
    const authority = openAuthority();
    const lines: string[] = [];
    const smtp: Script = async (peer) => {
      const late = new Date(Date.now() + 3_600_000).toUTCString();
      peer.send(`220 old.test ESMTP; ${late}\r\n`);
      for (;;) {
        const line = await peer.line();
        if (line === null) return;
        lines.push(line);
        peer.send(
          line.startsWith('EHLO') ? '250-old.test\r\n250-SIZE 20000000\r\n250 AUTH XOAUTH2\r\n' : '221 bye\r\n',
        );
      }
    };
    await using imapServer = await openScripted(
      imapScript({
        username: 'u',
        password: 'p',
        capabilities: 'IMAP4rev1 AUTH=SCRAM-SHA-256 AUTH=PLAIN MOVE',
        onLine: (line) => lines.push(line),
      }),
      { ...authority.issue(['localhost'], 5), implicit: true },
    );
    await using smtpServer = await openScripted(smtp);
    try {
      const words = [
        'u@old.test',
        '--imap',
        `localhost:${imapServer.port}:tls`,
        '--smtp',
        `127.0.0.1:${smtpServer.port}:none`,
      ];
      const { out, code } = await doctor(words, authority);
      assert.equal(code, 0, out);
      assert.match(out, /expires in 4 days, on \S+ Soon\./);
      assert.match(out, /SCRAM-SHA-256: the server proves itself and never gets the password/);
      assert.match(out, /cannot[\s\S]*IDLE +New mail is asked for every 15 seconds/);
      assert.match(out, /can\n {4}MOVE/);
      assert.match(
        out,
        /clock {8}the server is 3(599|600|601) s ahead of this machine|clock {8}the server is 35\d\d s ahead/,
      );
      assert.match(out, /Tokens \(OAuth 2\) only; a password is not taken/);
      assert.match(out, /Letters up to 20 MB are taken/);
      assert.deepEqual(
        lines.filter((line) => /AUTH|LOGIN/i.test(line) && !/LOGOUT/.test(line)),
        [],
        'nobody signs in',
      );
    } finally {
      rmSync(authority.folder, { recursive: true, force: true });
    }
  });
});
