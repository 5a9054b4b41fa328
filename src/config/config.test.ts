import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { inspect } from 'node:util';
import { toConfig } from './config.ts';
import { describeOptions, options, optionsPage, readEnv } from './env.ts';
import { ConfigError } from './errors.ts';
import { keyFile } from './key-file.ts';
import { isLoopback, isPrivateAddress } from './networks.ts';
import { toSecrets } from './secrets.ts';
import { openReach, parseDomains, parseServerList } from './servers.ts';

const complaintsOf = (environment: Record<string, string>): readonly string[] => {
  try {
    readEnv(environment);
  } catch (error) {
    assert.ok(error instanceof ConfigError);
    return error.complaints;
  }
  return [];
};

test('an empty environment gives the defaults of the contract', () => {
  const config = toConfig(readEnv({}));
  assert.equal(config.host, '127.0.0.1');
  assert.equal(config.port, 8080);
  assert.ok(config.data.endsWith('/data'));
  assert.ok(config.secretFile.startsWith(config.data));
  assert.ok(config.mailrooms >= 1);
  assert.equal(config.sessionIdleMs, 30 * 60_000);
});

test('every wrong value is told at once, each with what may stand there', () => {
  const complaints = complaintsOf({
    POSTERN_PORT: '99999',
    POSTERN_LOG: 'loud',
    POSTERN_PUBLIC_URL: 'https://a.example/path',
    POSTERN_SESION_IDLE: '1h',
  });
  assert.equal(complaints.length, 4);
  assert.match(complaints.join('\n'), /POSTERN_PORT: "99999" is not of the form PORT/);
  assert.match(complaints.join('\n'), /debug\|info\|warn\|error/);
  assert.match(complaints.join('\n'), /POSTERN_SESION_IDLE is not an option/);
});

test('a wrong secret is told without its value', () => {
  assert.doesNotMatch(complaintsOf({ POSTERN_DATABASE_URL: 'mysql://root:hunter2@db' }).join(), /hunter2/);
});

test('nothing of the config or the secrets prints a secret', () => {
  const env = readEnv({ POSTERN_DATABASE_URL: 'postgres://p:hunter2@db/postern', POSTERN_METRICS_TOKEN: 'hunter3' });
  for (const value of [toConfig(env), toSecrets(env)])
    assert.doesNotMatch(`${inspect(value, { depth: 9 })} ${JSON.stringify(value)}`, /hunter/);
  assert.equal(toSecrets(env).databaseUrl.reveal(), 'postgres://p:hunter2@db/postern');
});

test('the environment wins over the file, the file over the defaults', () => {
  const folder = mkdtempSync(join(tmpdir(), 'postern-config-'));
  try {
    const file = join(folder, 'postern.json');
    writeFileSync(
      file,
      JSON.stringify({ port: 9000, host: '127.0.0.2', privateServers: ['10.0.0.0/8', '127.0.0.1:143'] }),
    );
    const env = readEnv({ POSTERN_CONFIG: file, POSTERN_PORT: '9001' });
    assert.deepEqual([env.port, env.host, env.privateServers.length], [9001, '127.0.0.2', 2]);
    writeFileSync(file, JSON.stringify({ prot: 1 }));
    assert.match(complaintsOf({ POSTERN_CONFIG: file }).join(), /"prot" .* is not an option/);
    const key = keyFile(join(folder, 'keys', 'door.key'));
    assert.deepEqual(keyFile(join(folder, 'keys', 'door.key')), key);
    assert.equal(statSync(join(folder, 'keys', 'door.key')).mode & 0o777, 0o600);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('the help names every option', () => {
  for (const { variable } of Object.values(options)) assert.ok(describeOptions().includes(variable));
});

test('private addresses are told from public ones', () => {
  const privates = [
    '127.0.0.1',
    '10.1.2.3',
    '169.254.169.254',
    '192.168.0.1',
    '100.64.0.1',
    '::1',
    '::ffff:127.0.0.1',
    '::ffff:10.0.0.1',
    'fe80::1',
    'fd00::1',
    '64:ff9b::7f00:1',
    '::ffff:0:127.0.0.1',
    '3fff::1',
    '5f00::1',
    '0.0.0.0',
    '::',
    'no-address',
  ];
  for (const address of privates) assert.ok(isPrivateAddress(address), address);
  for (const address of ['1.1.1.1', '8.8.8.8', '2606:4700::1111', '::ffff:1.1.1.1'])
    assert.ok(!isPrivateAddress(address), address);
  assert.ok(isLoopback('127.9.9.9') && isLoopback('::ffff:127.0.0.1') && !isLoopback('10.0.0.1'));
});

test('reach: allowed names, private servers by address, network, name and port', () => {
  const reach = openReach(
    parseServerList(['*.example.org:993']) ?? [],
    parseServerList(['127.0.0.1:1143', '[::1]:1143', '10.0.0.0/8', 'mail.lan']) ?? [],
  );
  assert.ok(reach.allows('imap.example.org', 993));
  assert.ok(!reach.allows('imap.example.org', 143));
  assert.ok(!reach.allows('example.com', 993));
  assert.ok(reach.allows('127.0.0.1', 1143) && reach.isPrivateServer('127.0.0.1', 1143));
  assert.ok(!reach.isPrivateServer('127.0.0.1', 25));
  assert.ok(reach.mayConnect('mail.lan', 143, '192.168.1.9'));
  assert.ok(reach.mayConnect('x', 143, '10.2.3.4') && !reach.mayConnect('x', 143, '172.16.0.1'));
  assert.ok(!reach.mayConnect('rebound.example', 993, '127.0.0.1'));
  assert.ok(openReach([], []).allows('anything.example', 993));
});

test('domains of the operator', () => {
  const found = parseDomains('example.org=imap.host:143:starttls,[::1]:587:none; *=a:993:tls,b:465:tls');
  assert.deepEqual(found?.get('example.org'), {
    imap: { host: 'imap.host', port: 143, security: 'starttls' },
    smtp: { host: '::1', port: 587, security: 'none' },
  });
  assert.ok(found?.has('*'));
  for (const wrong of [
    'example.org',
    'example.org=a:1',
    'example.org=a:1:tls',
    'a=b:0:tls,c:1:tls',
    'a=b:1:ssl,c:1:tls',
  ])
    assert.equal(parseDomains(wrong), undefined, wrong);
});

test('docs/options.md is the table', () => {
  assert.equal(
    readFileSync('docs/options.md', 'utf8'),
    optionsPage(),
    'write it again: npm run -s postern -- help --markdown > docs/options.md',
  );
});

test('what the README and the unit of systemd set can be read, and the unit may write where they say', () => {
  const readme = readFileSync('README.md', 'utf8');
  const example = /cat > \/etc\/postern\.json <<END\n(.*?)\nEND\n/s.exec(readme)?.[1] ?? '';
  const folder = mkdtempSync(join(tmpdir(), 'postern-config-'));
  const file = join(folder, 'postern.json');
  writeFileSync(file, example);
  const unit = readFileSync('docs/postern.service', 'utf8');
  assert.match(unit, /^Environment=POSTERN_CONFIG=\/etc\/postern\.json$/m);
  const config = toConfig(readEnv({ POSTERN_CONFIG: file }));
  rmSync(folder, { recursive: true });
  assert.equal(config.publicUrl, 'https://mail.example.org');
  const writable =
    /^StateDirectory=(.*)$/m
      .exec(unit)?.[1]
      ?.split(' ')
      .map((name) => `/var/lib/${name}`) ?? [];
  assert.deepEqual(writable, [config.data, dirname(config.secretFile)]);
});
