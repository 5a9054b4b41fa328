import assert from 'node:assert/strict';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { createServer } from 'node:tls';
import { openDovecot, type Village } from '#village/dovecot.ts';
import { openAuthority, type TestAuthority, type TestCertificate } from '#village/tls.ts';
import { type Case, certificateCases, fingerprintOf, imapTalk, recordingOf } from '../security/certificate-cases.ts';
import { formsOf, openSearch } from '../security/needles.ts';
import { openRecording, type RecordingServer } from '../security/recording-server.ts';
import { type Instance, openPlace, signInSealed, startInstance } from '../security/instance.ts';
import { Browser } from './browser.ts';

const alice = { address: 'alice@village.test', password: 'Kornblume-77-Rathaus-xq' };
const bob = { address: 'bob@village.test', password: 'Schleuse-12-Taube-zz' };
let village: Village;
let authority: TestAuthority;
let other: TestAuthority;
let cases: Case[];
before(async () => {
  [authority, other] = [openAuthority(), openAuthority()];
  cases = certificateCases(authority, other);
  village = await openDovecot({ users: [alice, bob] });
});
after(async () => {
  await village[Symbol.asyncDispose]();
  for (const { folder } of [authority, other]) rmSync(folder, { recursive: true, force: true });
});

const start = (place: string): Promise<Instance> =>
  startInstance(place, village, { POSTERN_EXTRA_CA: authority.caFile });

const foundIn = ({ heard }: RecordingServer, { address, password }: typeof alice): string[] => {
  const found: string[] = [];
  const needles = [...formsOf('password', password), ...formsOf('PLAIN', `\0${address}\0${password}`)];
  openSearch(needles)(heard, ({ name, form }) => found.push(`${name} ${form}`));
  return found;
};

interface Problem {
  type: string;
  title: string;
  detail: string;
  protocol?: string;
  server?: { host: string; port: number };
  certificate?: { reason: string; fingerprint: string; issuer: string; altNames: string[]; validTo: string };
}

/** What a person reads, and the facts beside it. */
const told = (problem: Problem, each: Case): void => {
  const type = each.code === 'tls/certificate' ? 'bad-certificate' : 'no-tls';
  assert.equal(problem.type, `urn:postern:problem:${type}`);
  assert.match(problem.detail, /Your password was not sent\./);
  assert.equal(problem.server?.host, 'localhost');
  if (type === 'no-tls') {
    assert.match(problem.title, /localhost offers no encryption on port \d+\.|to localhost was tampered with\./);
    assert.equal(problem.certificate, undefined);
    return;
  }
  assert.equal(problem.title, 'Postern cannot be sure this is localhost.');
  const sentences: Record<string, RegExp> = {
    expired: /Its certificate expired on \d{4}-\d\d-\d\d\./,
    'not-yet-valid': /Its certificate is not valid yet/,
    name: /Its certificate is for elsewhere\.test/,
    'self-signed': /signed by nobody Postern knows/,
    'unknown-issuer': /signed by nobody Postern knows/,
    pin: /another certificate than the one you trusted/,
  };
  assert.match(problem.detail, sentences[each.reason ?? ''] ?? /never/);
  const { certificate } = problem;
  assert.ok(certificate && each.tls);
  assert.equal(certificate.reason, each.reason);
  assert.equal(certificate.fingerprint, fingerprintOf(each.tls));
  assert.ok(certificate.altNames.length > 0 && certificate.issuer !== '' && certificate.validTo !== '');
};

const serverOf = (port: number, { security, pin }: Case) => ({
  host: 'localhost',
  port,
  security,
  ...(pin === undefined ? {} : { pin }),
});

describe('through the door', () => {
  test('V26 V27 V28 V29 IMAP: the sign-in ends with words and facts, and the password stays here', async (t) => {
    using place = openPlace();
    await using postern = await start(place.path);
    const smtp = { host: '127.0.0.1', port: village.smtpPort, security: 'none' } as const;
    for (const each of cases)
      await t.test(each.name, async () => {
        await using server = await openRecording(recordingOf('imap', each));
        const wish = { ...alice, imap: serverOf(server.port, each), smtp };
        const answer = await signInSealed(new Browser(postern.browser.url), wish);
        const problem = (await answer.json()) as Problem;
        assert.equal(answer.status, 422, JSON.stringify(problem));
        told(problem, each);
        assert.ok(server.connections > 0);
        assert.deepEqual(foundIn(server, alice), []);
      });
  });

  test('V26 V27 V28 V29 SMTP: a further account is not taken, and its password stays here', async (t) => {
    using place = openPlace();
    await using postern = await start(place.path);
    const { browser } = postern;
    assert.equal((await signInSealed(browser, alice)).status, 200);
    const imap = { host: '127.0.0.1', port: village.imapPort, security: 'none' };
    for (const each of cases.filter(({ imapOnly }) => imapOnly !== true))
      await t.test(each.name, async () => {
        await using server = await openRecording(recordingOf('smtp', each));
        const smtp = serverOf(server.port, each);
        const own = 'smtp-Taubenschlag-31-qq';
        const answer = await browser.post('/auth/accounts', { ...bob, smtpPassword: own, imap, smtp });
        const problem = (await answer.json()) as Problem;
        assert.equal(answer.status, 422, JSON.stringify(problem));
        assert.equal(problem.protocol, 'smtp');
        told(problem, each);
        assert.ok(server.connections > 0);
        assert.deepEqual([...foundIn(server, bob), ...foundIn(server, { ...bob, password: own })], []);
      });
  });

  test('V27 a private certificate is accepted once its fingerprint was shown and sent back, and that one alone', async () => {
    using place = openPlace();
    await using postern = await start(place.path);
    const tls = other.issue(['elsewhere.test']);
    await using server = await openRecording({ talk: imapTalk(), tls, implicit: true });
    const smtp = { host: '127.0.0.1', port: village.smtpPort, security: 'none' } as const;
    const imap = { host: 'localhost', port: server.port, security: 'tls' } as const;
    const shown = (await (await signInSealed(postern.browser, { ...alice, imap, smtp })).json()) as Problem;
    assert.deepEqual(foundIn(server, alice), []);
    const pin = shown.certificate?.fingerprint ?? '';
    assert.equal((await signInSealed(postern.browser, { ...alice, imap: { ...imap, pin }, smtp })).status, 200);
    assert.ok(foundIn(server, alice).length > 0);
  });
});

/** TLS before a server that has none; its certificate can be changed while it runs. */
const openTlsBefore = async (port: number, first: TestCertificate) => {
  const sockets = new Set<Socket>();
  const server = createServer({ cert: first.cert, key: first.key }, (tls) => {
    const plain = connect(port, '127.0.0.1');
    sockets.add(tls);
    for (const [one, two] of [
      [tls, plain],
      [plain, tls],
    ] as const)
      one
        .on('error', () => undefined)
        .on('close', () => two.destroy())
        .pipe(two);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const cut = (): void => {
    for (const socket of sockets) socket.destroy();
    sockets.clear();
  };
  return {
    port: (server.address() as AddressInfo).port,
    /** Shows another certificate from now on, and cuts all connections. */
    show: ({ cert, key }: TestCertificate): void => {
      server.setSecureContext({ cert, key });
      cut();
    },
    [Symbol.asyncDispose]: async () => {
      cut();
      server.close();
      await once(server, 'close');
    },
  };
};

interface Seen {
  certificates: {
    imap: { fingerprint: string; changed: { what: string[]; before: { issuer: string } } | null } | null;
  };
}

describe('a certificate that changes', () => {
  test('V107 another key behind the same name is reported on the account and in the audit log, and mail goes on', async () => {
    using place = openPlace();
    const [first, second] = [authority.issue(['localhost']), authority.issue(['localhost'])];
    await using tls = await openTlsBefore(village.imapPort, first);
    await using postern = await start(place.path);
    const { browser } = postern;
    const imap = { host: 'localhost', port: tls.port, security: 'tls' } as const;
    const smtp = { host: '127.0.0.1', port: village.smtpPort, security: 'none' } as const;
    assert.equal((await signInSealed(browser, { ...alice, imap, smtp })).status, 200);
    const seen = async (): Promise<Seen['certificates']['imap']> => {
      const { accounts } = (await (await browser.fetch('/auth/accounts')).json()) as { accounts: Seen[] };
      return accounts[0]?.certificates.imap ?? null;
    };
    const before = await browser.until(seen, (now) => now !== null, 20_000);
    assert.deepEqual([before?.fingerprint, before?.changed], [fingerprintOf(first), null]);
    tls.show(second);
    const now = await browser.until(seen, (found) => found?.fingerprint === fingerprintOf(second), 40_000);
    assert.deepEqual(now?.changed?.what, ['key']);
    assert.equal(now?.changed?.before.issuer, 'Postern test authority');
    const audit = await postern.command(['audit', alice.address, '--json']);
    const entries = JSON.parse(audit.out) as { kind: string; facts: Record<string, unknown> }[];
    const entry = entries.find(({ kind }) => kind === 'certificate-changed');
    assert.equal(entry?.facts['what'], 'key');
    assert.equal(entry?.facts['server'], `localhost:${tls.port}`);
    await browser.jmap([['Mailbox/get', {}]]);
  });

  test('V27 behind a pin nothing is taken but what was pinned: the account waits, and no password leaves', async () => {
    using place = openPlace();
    const [first, second] = [other.issue(['localhost']), authority.issue(['localhost'])];
    await using tls = await openTlsBefore(village.imapPort, first);
    await using postern = await start(place.path);
    const { browser } = postern;
    const imap = { host: 'localhost', port: tls.port, security: 'tls', pin: fingerprintOf(first) } as const;
    const smtp = { host: '127.0.0.1', port: village.smtpPort, security: 'none' } as const;
    assert.equal((await signInSealed(browser, { ...alice, imap, smtp })).status, 200);
    const [account] = ((await (await browser.fetch('/auth/accounts')).json()) as { accounts: { id: string }[] })
      .accounts;
    tls.show(second);
    const checked = await browser.post(`/auth/accounts/${account?.id}/check`);
    assert.match(await checked.text(), /another certificate than the one you trusted|cannot be sure this is localhost/);
  });
});
