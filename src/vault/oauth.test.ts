import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, beforeEach, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { must } from '#base/must.ts';
import type { OAuthIssuer } from '#config/oauth.ts';
import { parseServer } from '#config/servers.ts';
import { type Issuer, openIssuer } from '#village/issuer.ts';
import { openAuthority } from '#village/tls.ts';
import { credentialBinding } from './associated.ts';
import { VaultError } from './errors.ts';
import type {
  Admission,
  Keeper,
  MailAccountId,
  SealedCredential,
  SessionId,
  SlotId,
  Target,
  UserId,
} from './keeper.ts';
import { openKeeper } from './keeper-client.ts';
import { readMembers } from './oauth-json.ts';
import { percent } from './oauth-https.ts';
import { oauthBearer, xoauth2 } from './oauth-sasl.ts';
import { packRefresh, readRefresh } from './oauth-secret.ts';
import { openScripted, type Peer, type ScriptedServer } from './scripted-server.testkit.ts';
import { type RunningKeeper, startKeeper } from './start-keeper.ts';

const folder = mkdtempSync(join(tmpdir(), 'postern-oauth-test-'));
const authority = openAuthority();
const pair = authority.issue(['127.0.0.1']);
const redirectUri = 'https://mail.example/auth/oauth/callback';
let issuer: Issuer;
let mail: ScriptedServer;
let running: RunningKeeper;
let count = 0;
let keeper: Keeper;
let taken: (token: string) => boolean = () => true;
let offered = 'AUTH=OAUTHBEARER AUTH=XOAUTH2';
let seen: string[] = [];

const decode = (line: string): string => Buffer.from(line, 'base64').toString('utf8');

const tokenImap = async (peer: Peer): Promise<void> => {
  peer.send(`* OK [CAPABILITY IMAP4rev1 SASL-IR ${offered}] ready\r\n`);
  for (let line = await peer.line(); line !== null; line = await peer.line()) {
    const [tag = '', command = '', name = '', initial = ''] = line.split(' ');
    if (command !== 'AUTHENTICATE') {
      peer.send(`${tag} OK [CAPABILITY IMAP4rev1] done\r\n`);
      continue;
    }
    const said = decode(initial);
    seen.push(`${name} ${said.replaceAll('\u0001', '|')}`);
    if (taken(said.split('Bearer ')[1]?.split('\u0001')[0] ?? '')) {
      peer.send(`${tag} OK [CAPABILITY IMAP4rev1 IDLE] in\r\n`);
      continue;
    }
    peer.send(`+ ${Buffer.from('{"status":"invalid_token","scope":"mail"}').toString('base64')}\r\n`);
    seen.push(`end ${JSON.stringify(await peer.line())}`);
    peer.send(`${tag} NO [AUTHENTICATIONFAILED] token refused\r\n`);
  }
};

const clientOf = (): OAuthIssuer & { secret: string } => ({
  id: 'house',
  name: 'House',
  issuer: issuer.url,
  clientId: issuer.client.id,
  scope: 'mail offline_access',
  domains: [],
  endpoints: null,
  parameters: { prompt: 'consent' },
  issuerInAnswer: true,
  secret: issuer.client.secret,
});

before(async () => {
  issuer = await openIssuer(authority);
  mail = await openScripted(tokenImap, { ...pair, implicit: true });
  running = await startKeeper({
    keeper: 'child',
    secretFile: join(folder, 'host.key'),
    allowedServers: [must(parseServer('127.0.0.1'), 'a server')],
    privateServers: ['127.0.0.1', 'localhost'].map((word) => must(parseServer(word), 'a server')),
    idServers: [],
    extraCa: authority.caFile,
    cost: { passes: 1, memoryKiB: 8 },
    limits: { answer: 1_500 },
    oauthClients: [clientOf()],
  });
  keeper = await openKeeper(running);
});
after(async () => {
  await keeper[Symbol.asyncDispose]();
  await running[Symbol.asyncDispose]();
  await mail[Symbol.asyncDispose]();
  await issuer[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
});
beforeEach(() => {
  Object.assign(issuer.manners, { rotate: true, lifeSeconds: 3_600, hostile: null, iss: null, metadata: {} });
  issuer.asked.length = 0;
  seen = [];
  taken = (token) => issuer.given.includes(token);
  offered = 'AUTH=OAUTHBEARER AUTH=XOAUTH2';
});

const target = (protocol: 'imap' | 'smtp'): Target => ({
  protocol,
  host: '127.0.0.1',
  port: mail.port,
  security: 'tls',
  username: 'ada@house.test',
  pin: null,
});

const begin = () => keeper.beginOAuth({ issuer: 'house', redirectUri, state: 's', address: 'ada@house.test' });

const come = async (): Promise<Admission> => {
  const { url, handle } = await begin();
  const back = issuer.consent(url, 'ada@house.test').searchParams;
  return keeper.admitOAuth(target('imap'), { handle, code: Buffer.from(back.get('code') ?? ''), iss: back.get('iss') });
};

/** A user with an account that signs in by token, as the door makes one. */
const enroll = async () => {
  const { handle } = await come();
  count += 1;
  const [user, account] = [`u${count}` as UserId, `a${count}` as MailAccountId];
  const ids = { user, account, session: `s${count}` as SessionId, slot: `l${count}` as SlotId };
  const [imap, smtp] = [target('imap'), target('smtp')];
  const opened = await keeper.enroll({ admission: handle, ...ids, imap, smtp, leaveNothing: true });
  const rows = (credentials: typeof opened.credentials): SealedCredential[] =>
    credentials.map(({ protocol, generation, sealed }) => ({
      binding: credentialBinding(user, account, protocol, generation),
      target: protocol === 'imap' ? imap : smtp,
      sealed,
    }));
  return { ...ids, opened, credentials: rows(opened.credentials), rows };
};

const code = async (work: Promise<unknown>): Promise<string> => {
  try {
    await work;
    return 'ok';
  } catch (error) {
    if (error instanceof VaultError) return error.code;
    throw error;
  }
};

test('V140 the browser is sent with PKCE S256, the state and the address; a code serves once', async () => {
  const { url, handle } = await begin();
  const sent = new URL(url);
  assert.equal(sent.origin, issuer.url);
  const parameters = Object.fromEntries(sent.searchParams);
  assert.match(parameters['code_challenge'] ?? '', /^[\w-]{43}$/);
  assert.deepEqual(
    { ...parameters, code_challenge: '' },
    {
      prompt: 'consent',
      response_type: 'code',
      client_id: 'postern',
      redirect_uri: redirectUri,
      scope: 'mail offline_access',
      state: 's',
      code_challenge: '',
      code_challenge_method: 'S256',
      login_hint: 'ada@house.test',
    },
  );
  const answer = () => ({
    handle,
    code: Buffer.from(new URL(issuer.consent(url, 'x')).searchParams.get('code') ?? ''),
    iss: null,
  });
  const admitted = await keeper.admitOAuth(target('imap'), answer());
  assert.deepEqual(admitted.capabilities, ['IMAP4rev1', 'IDLE']);
  assert.equal(issuer.asked[0]?.get('client_secret'), issuer.client.secret);
  assert.equal(await code(keeper.admitOAuth(target('imap'), answer())), 'admission/gone');
  assert.equal(
    await code(keeper.beginOAuth({ issuer: 'other', redirectUri, state: 's', address: '' })),
    'auth/refused',
  );
});

test('V140 an answer that names another issuer is not taken, and no code is sent', async () => {
  issuer.manners.iss = 'https://evil.test';
  assert.equal(await code(come()), 'auth/refused');
  assert.equal(issuer.asked.length, 0);
  issuer.manners.iss = issuer.url;
  assert.equal(await code(come()), 'ok');
});

test('V145 OAUTHBEARER comes before XOAUTH2; a refusal is heard to its end', async () => {
  await come();
  assert.match(
    seen[0] ?? '',
    /^OAUTHBEARER n,a=ada@house\.test,\|host=127\.0\.0\.1\|port=\d+\|auth=Bearer access-\w+\|\|$/,
  );
  offered = 'AUTH=XOAUTH2 AUTH=PLAIN';
  await come();
  assert.match(seen[1] ?? '', /^XOAUTH2 user=ada@house\.test\|auth=Bearer access-\w+\|\|$/);
  taken = () => false;
  seen = [];
  assert.equal(await code(come()), 'auth/refused');
  assert.equal(seen[1], 'end ""');
  offered = 'AUTH=OAUTHBEARER';
  assert.equal(await code(come()), 'auth/refused');
  assert.equal(seen[3], 'end "AQ=="');
  offered = 'AUTH=PLAIN AUTH=LOGIN';
  assert.equal(await code(come()), 'auth/no-mechanism');
});

test('V145 names with commas and equals signs are escaped in OAUTHBEARER', () => {
  const odd = { ...target('imap'), username: 'a=b,c' };
  assert.match(oauthBearer(odd, Buffer.from('t')).initial?.toString() ?? '', /^n,a=a=3Db=2Cc,/);
  assert.match(xoauth2(odd, Buffer.from('t')).initial?.toString() ?? '', /^user=a=b,c\W/);
});

test('V142 the parked connection serves first, then the access token at hand: one exchange, no refresh', async () => {
  const made = await enroll();
  const connections = mail.connections;
  const [imap, smtp] = made.credentials;
  (await keeper.connect(must(imap, 'a credential'))).stream.destroy();
  assert.equal(mail.connections, connections);
  assert.equal(await keeper.freshen([imap!, smtp!], false), null);
  (await keeper.connect(imap!)).stream.destroy();
  assert.deepEqual([mail.connections - connections, issuer.asked.length], [1, 1]);
  await keeper.forget(made.user);
  assert.equal(await code(keeper.freshen([imap!], false)), 'user/locked');
});

test('V143 five minutes before its end a token is renewed, one at a time; the turned token is sealed for both', async () => {
  issuer.manners.lifeSeconds = 240;
  const made = await enroll();
  issuer.asked.length = 0;
  const answers = await Promise.all([1, 2, 3, 4].map(() => keeper.freshen(made.credentials, false)));
  assert.equal(issuer.asked.length, 1);
  for (const answer of answers)
    assert.deepEqual(
      answer?.map((row) => [row.protocol, row.generation]),
      [
        ['imap', 2],
        ['smtp', 2],
      ],
    );
  issuer.manners.lifeSeconds = 3_600;
  const fresh = made.rows(must(answers[0], 'rows'));
  const next = must(await keeper.freshen(fresh, false), 'turned again');
  assert.deepEqual(
    next.map(({ generation }) => generation),
    [3, 3],
  );
  assert.equal(await keeper.freshen(made.rows(next), false), null);
  // Whoever still has the first row is led to the newest token, and the issuer is not asked: it would see a reuse.
  issuer.asked.length = 0;
  assert.ok(await keeper.freshen(made.credentials, false));
  assert.equal(issuer.asked.length, 0);
  (await keeper.connect(must(made.credentials[0], 'a credential'))).stream.destroy();
  (await keeper.connect(must(made.rows(next)[0], 'a credential'))).stream.destroy();
});

test('V143 an issuer that does not turn its refresh tokens leaves nothing to store', async () => {
  issuer.manners.rotate = false;
  const made = await enroll();
  assert.equal(await keeper.freshen(made.credentials, true), null);
  assert.equal(issuer.asked.at(-1)?.get('grant_type'), 'refresh_token');
});

test('V143 a user who is locked while the issuer turns the token does not lose it', async () => {
  const made = await enroll();
  issuer.manners.hostile = (_request, answer) => {
    issuer.manners.hostile = null;
    setTimeout(() => {
      answer
        .writeHead(200)
        .end('{"access_token":"late","token_type":"bearer","refresh_token":"turned","expires_in":3600}');
    }, 300);
  };
  const running = keeper.freshen(made.credentials, true);
  await sleep(100);
  await keeper.forget(made.user);
  assert.equal((await running)?.length, 2);
});

test('V144 a grant that was taken back is refused; what may pass is not', async () => {
  const made = await enroll();
  const answers: [string, string, string][] = [
    ['500', '{"error":"invalid_grant"}', 'server/unavailable'],
    ['503', 'busy', 'server/unavailable'],
    ['429', '{"error":"slow_down"}', 'server/unavailable'],
    ['401', '{"error":"invalid_client"}', 'server/unavailable'],
    ['200', '{}', 'server/unavailable'],
    ['200', '{"access_token":"a b","token_type":"Bearer"}', 'server/unavailable'],
    ['200', '{"access_token":"ab","token_type":"mac"}', 'server/unavailable'],
    ['200', '{"access_token":"ab","token_type":"Bearer"', 'server/unavailable'],
    ['302', '', 'server/unavailable'],
    ['400', '{"error":"interaction_required"}', 'auth/refused'],
  ];
  for (const [status, body, expected] of answers) {
    issuer.manners.hostile = (_request, answer) =>
      answer.writeHead(Number(status), { location: 'https://localhost/' }).end(body);
    assert.equal(await code(keeper.freshen(made.credentials, true)), expected, `${status} ${body}`);
  }
  issuer.manners.hostile = null;
  issuer.revoke('ada@house.test');
  try {
    await keeper.freshen(made.credentials, true);
    assert.fail('refused');
  } catch (error) {
    assert.ok(error instanceof VaultError);
    assert.deepEqual([error.code, error.words], ['auth/refused', 'the token was revoked']);
  }
});

test('V146 a slow or endless issuer is given up', async () => {
  const made = await enroll();
  issuer.manners.hostile = () => undefined;
  assert.equal(await code(keeper.freshen(made.credentials, true)), 'net/timeout');
  issuer.manners.hostile = (_request, answer) => {
    answer.writeHead(200);
    const drip = setInterval(() => answer.write(' '), 50);
    answer.once('close', () => clearInterval(drip));
  };
  assert.equal(await code(keeper.freshen(made.credentials, true)), 'net/timeout');
  issuer.manners.hostile = (_request, answer) => answer.writeHead(200).end(Buffer.alloc(200_000, 0x20));
  assert.equal(await code(keeper.freshen(made.credentials, true)), 'server/unavailable');
});

test('V146 an issuer at a private address is not reached unless it is listed, nor without a certificate', async () => {
  const start = (privateServers: string[], extraCa: string | null) =>
    startKeeper({
      keeper: 'inside',
      secretFile: join(folder, 'other.key'),
      allowedServers: [],
      privateServers: privateServers.map((word) => must(parseServer(word), 'a server')),
      idServers: [],
      extraCa,
      oauthClients: [clientOf()],
    });
  for (const [listed, ca, expected] of [
    [[], authority.caFile, 'net/host-not-allowed'],
    [['localhost'], null, 'tls/certificate'],
  ] as const) {
    await using other = await start([...listed], ca);
    await using asked = await openKeeper(other);
    assert.equal(await code(asked.beginOAuth({ issuer: 'house', redirectUri, state: 's', address: '' })), expected);
  }
});

test('V146 metadata of somebody else, or without S256 or https, are none', async () => {
  for (const metadata of [
    { issuer: 'https://evil.test' },
    { token_endpoint: 'http://localhost/token' },
    { code_challenge_methods_supported: ['plain'] },
  ]) {
    issuer.manners.metadata = metadata;
    await using other = await startKeeper({
      keeper: 'inside',
      secretFile: join(folder, 'third.key'),
      allowedServers: [],
      privateServers: [must(parseServer('localhost'), 'a server')],
      idServers: [],
      extraCa: authority.caFile,
      oauthClients: [clientOf()],
    });
    await using asked = await openKeeper(other);
    assert.equal(
      await code(asked.beginOAuth({ issuer: 'house', redirectUri, state: 's', address: '' })),
      'server/unavailable',
    );
  }
});

test('V141 what is sealed says whether it is a token: no password reads as one', () => {
  const packed = packRefresh({ issuer: 'house', token: Buffer.from('refresh') });
  assert.deepEqual(readRefresh(packed), { issuer: 'house', token: Buffer.from('refresh') });
  for (const password of ['', 'house', '\u0001house', 'x\u0000'])
    assert.equal(readRefresh(Buffer.from(password)), null);
  assert.equal(readRefresh(Buffer.from('\u0000')), null);
  assert.equal(readRefresh(Buffer.from('\u0000\u0002\u0005houset')), null);
  assert.equal(readRefresh(Buffer.from('\u0000\u0001\u0005house')), null);
});

test('JSON is read as bytes: escapes, nesting, whitespace, and what is cut off', () => {
  const read = (text: string): Record<string, string> | null => {
    const members = readMembers(Buffer.from(text), ['a', 'b']);
    return members && Object.fromEntries([...members].map(([name, value]) => [name, value.toString()]));
  };
  assert.deepEqual(read(' { "a" : "x\\"\\\\\\/\\u00e9\\n" , "c":{"a":"no"}, "b": 12 }'), { a: 'x"\\/é\n', b: '12 ' });
  assert.deepEqual(read('{"c":["}","{",{"a":[1]}],"a":"y"}'), { a: 'y' });
  assert.deepEqual(read('{}'), {});
  for (const broken of ['', '[]', '{"a":"x"', '{"a":"x', '{"a"}', '{"a":}', '{"a":{"b":1}', 'null', '{"a":"x",}'])
    assert.equal(read(broken), null, broken);
  assert.equal(percent(Buffer.from('aZ9-._~/+ é')).toString(), encodeURIComponent('aZ9-._~/+ é'));
});
