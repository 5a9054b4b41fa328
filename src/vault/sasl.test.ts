import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isTooMany, imapRefusal, smtpRefusal } from './refusal.ts';
import { isSendable, knownMechanisms, login, plain } from './sasl.ts';
import { scramSha256 } from './scram.ts';

/** The exchange of RFC 7677 §3. */
const example = {
  nonce: 'rOprNGfwEbeRWgbNEkqO',
  clientFirst: 'n,,n=user,r=rOprNGfwEbeRWgbNEkqO',
  serverFirst: 'r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096',
  clientFinal:
    'c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=',
  serverFinal: 'v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=',
};

test('V20 SCRAM-SHA-256 follows the example of RFC 7677', async () => {
  const scram = scramSha256('user', Buffer.from('pencil'), example.nonce);
  assert.equal(scram.initial?.toString(), example.clientFirst);
  assert.equal((await scram.respond(Buffer.from(example.serverFirst))).toString(), example.clientFinal);
  assert.throws(() => scram.finish(), { code: 'auth/server-unproven' });
  assert.equal((await scram.respond(Buffer.from(example.serverFinal))).length, 0);
  scram.finish();
});

test('V20 a server that cannot prove itself is not believed', async () => {
  const lies = [example.serverFinal.replace('6rri', '7rri'), 'v=', 'x=1'];
  for (const lie of lies) {
    const scram = scramSha256('user', Buffer.from('pencil'), example.nonce);
    await scram.respond(Buffer.from(example.serverFirst));
    await assert.rejects(scram.respond(Buffer.from(lie)), { code: 'auth/server-unproven' });
    assert.throws(() => scram.finish(), { code: 'auth/server-unproven' });
  }
});

test('V20 a server that asks for too little work, too much, or plays with the nonce gets nothing', async () => {
  const { serverFirst } = example;
  const bad = [
    serverFirst.replace('4096', '1'),
    serverFirst.replace('4096', '100000000'),
    serverFirst.replace('4096', '4096x'),
    serverFirst.replace('rOpr', 'xOpr'),
    'r=rOprNGfwEbeRWgbNEkqO,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096',
    serverFirst.replace('s=W22ZaJ0SNY7soEsUEjb6gQ==', 's='),
    `m=ext,${serverFirst}`,
    '',
  ];
  for (const message of bad)
    await assert.rejects(scramSha256('user', Buffer.from('pencil'), example.nonce).respond(Buffer.from(message)), {
      code: 'auth/server-unproven',
    });
});

test('V20 a refused proof is a refused password; a name is escaped', async () => {
  const scram = scramSha256('a=b,c', Buffer.from('pencil'), example.nonce);
  assert.equal(scram.initial?.toString(), 'n,,n=a=3Db=2Cc,r=rOprNGfwEbeRWgbNEkqO');
  await scram.respond(Buffer.from(example.serverFirst));
  await assert.rejects(scram.respond(Buffer.from('e=invalid-proof')), { code: 'auth/refused' });
});

test('V21 PLAIN and LOGIN in bytes', async () => {
  assert.equal(plain('alice', Buffer.from('pä ss')).initial?.toString(), '\0alice\0pä ss');
  const mechanism = login('alice', Buffer.from('secret'));
  assert.equal((await mechanism.respond(Buffer.from('Username:'))).toString(), 'alice');
  assert.equal((await mechanism.respond(Buffer.from('Password:'))).toString(), 'secret');
  await assert.rejects(mechanism.respond(Buffer.from('More?')), { code: 'auth/refused' });
});

test('V20 SCRAM comes before PLAIN before LOGIN, whatever the order of the offer', () => {
  const names = (...offered: string[]) =>
    knownMechanisms(new Set(offered)).map((make) => make('u', Buffer.from('p')).name);
  assert.deepEqual(names('LOGIN', 'XOAUTH2', 'PLAIN', 'SCRAM-SHA-256'), ['SCRAM-SHA-256', 'PLAIN', 'LOGIN']);
  assert.deepEqual(names('GSSAPI'), []);
});

test('V22 passwords that no protocol can carry are not sent', () => {
  assert.deepEqual(
    ['', 'a\0b', 'a\nb', 'a\rb', 'a b', 'ä'].map((text) => isSendable(Buffer.from(text))),
    [false, false, false, false, true, true],
  );
});

const tooMany = [
  'Too many simultaneous connections. (Failure)',
  'Maximum number of connections from user+IP exceeded (mail_max_userip_connections=10)',
  'too many connections from your IP',
  'Connection limit reached',
  'User has too many open sessions',
  'Number of simultaneous connections exceeded',
];
const notTooMany = ['Authentication failed.', 'Invalid credentials (Failure)', 'Too many recipients', 'LOGIN failed'];

test('V23 too many connections is told from a wrong password by its words', () => {
  for (const text of tooMany) {
    assert.ok(isTooMany(text), text);
    assert.equal(imapRefusal('UNAVAILABLE', text).code, 'limit/connections');
    assert.equal(smtpRefusal(421, text).code, 'limit/connections');
  }
  for (const text of notTooMany) assert.ok(!isTooMany(text), text);
});

test('V23 a server that is out of order has not refused the password', () => {
  assert.equal(imapRefusal('UNAVAILABLE', 'Internal error').code, 'server/unavailable');
  assert.equal(
    imapRefusal(null, 'Request is throttled. Suggested Backoff Time: 92415 milliseconds').code,
    'server/unavailable',
  );
  assert.equal(imapRefusal(null, 'Temporary authentication failure').code, 'server/unavailable');
  assert.equal(imapRefusal('AUTHENTICATIONFAILED', 'Try again').code, 'auth/refused');
  assert.equal(imapRefusal('PRIVACYREQUIRED', 'Plaintext authentication disallowed').code, 'tls/none');
  assert.equal(smtpRefusal(454, '4.7.0 Temporary authentication failure').code, 'server/unavailable');
  assert.equal(smtpRefusal(535, '5.7.8 Error: authentication failed').code, 'auth/refused');
  assert.equal(smtpRefusal(538, '5.7.11 Encryption required').code, 'tls/none');
});

test('V23 the words are one clean line of at most 300 characters', () => {
  const { words } = imapRefusal(null, ` no\u0000pe\u202E\r\n${'x'.repeat(500)} `);
  assert.ok(words?.startsWith('no pe xxx'));
  assert.equal(words?.length, 300);
  assert.equal(imapRefusal(null, ' \u0007 ').words, null);
});
