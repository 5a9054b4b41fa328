import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { appPasswords } from '#cli/app-passwords.ts';
import { dovecot as dovecotTask } from '#cli/app-passwords-dovecot.ts';
import { settingOf } from '#cli/tasks.ts';
import { servers, type TestDatabase, type TestServer } from './databases.ts';
import { mainUser, openDovecot, type TestDovecot } from './dovecot.ts';

interface Done {
  code: number;
  out: string;
  err: string;
}

const run = (program: readonly string[], environment: Record<string, string>): Promise<Done> =>
  new Promise((resolve) => {
    const env = {
      NODE_COMPILE_CACHE: join(tmpdir(), 'postern-test-compile-cache'),
      PATH: `${process.env['PATH'] ?? ''}:/usr/bin:/usr/sbin`,
      ...environment,
    };
    execFile(process.execPath, [...program], { env }, (error, out, err) =>
      resolve({ code: typeof error?.code === 'number' ? error.code : error ? 1 : 0, out, err }),
    );
  });

const postern = (words: string[], environment: Record<string, string>): Promise<Done> =>
  run(['test/app-passwords/fixtures/command.ts', ...words], environment);
const whole = (words: string[]): Promise<Done> => run(['src/main.ts', 'app-passwords', ...words], {});

const { address: alice } = mainUser;

describe('postern app-passwords', { skip: process.getuid?.() !== 0 }, () => {
  let server: TestServer;
  let place: TestDatabase;
  let dovecot: TestDovecot;
  let env: Record<string, string>;

  before(async () => {
    server = await servers.sqlite();
    place = await server.database();
    dovecot = await openDovecot(place.dovecot);
    env = {
      POSTERN_APP_PASSWORDS_URL: place.url,
      POSTERN_APP_PASSWORDS_DOVEADM: dovecot.doveadm.join(' '),
      POSTERN_APP_PASSWORDS_MOST: '4',
    };
  });
  after(async () => {
    await dovecot?.[Symbol.asyncDispose]();
    await server?.[Symbol.asyncDispose]();
  });

  test('help of the whole and of each task', async () => {
    const { out } = await whole(['--help']);
    const names = [...out.matchAll(/^ {2}([a-z]+) {2}/gm)].map((match) => match[1] ?? '');
    assert.ok(
      ['init', 'create', 'list', 'revoke', 'rotate', 'pause', 'check', 'dovecot', 'import'].every((name) =>
        names.includes(name),
      ),
    );
    const { out: one } = await whole(['create', '--help']);
    assert.match(one, /^Usage: postern app-passwords create USER/);
    const helps = names.map((name) => appPasswords.help([name, '--help']));
    for (const [at, text] of helps.entries())
      assert.match(text, new RegExp(`^Usage: postern app-passwords ${names[at]}`));
  });

  test('A50 check: signs in with what it makes, and leaves nothing behind', async () => {
    const { code, out } = await postern(
      [
        'check',
        alice,
        '--imap',
        `127.0.0.1:${dovecot.imap}:none`,
        '--submission',
        `127.0.0.1:${dovecot.submission}:none`,
      ],
      env,
    );
    assert.equal(code, 0, out);
    assert.equal(out.match(/^ok /gm)?.length, 10, out);
    assert.equal((await postern(['list', alice], env)).out, '');
  });

  test('A50 check: says what is wrong, and cleans up all the same', async () => {
    await using open = await openDovecot(place.dovecot, '', ({ text }) => text.replace(/ AND protocols LIKE .*/g, ''));
    const environment = { ...env, POSTERN_APP_PASSWORDS_DOVEADM: open.doveadm.join(' ') };
    const done = await postern(
      ['check', alice, '--imap', `127.0.0.1:${open.imap}:none`, '--submission', `127.0.0.1:${open.submission}:none`],
      environment,
    );
    assert.equal(done.code, 1);
    assert.match(done.out, /^WRONG {2}a password for IMAP alone, submission: accepted$/m);
    assert.equal((await postern(['list', alice], env)).out, '');
  });

  test('create, list, rename, rotate, pause, resume, revoke, log', async () => {
    const made = await postern(
      ['create', alice, '--label', `Anna's "phone"`, '--protocols', 'imap', '--expires', '90d'],
      env,
    );
    assert.match(made.out, /^pst[2-9a-z]{33}\n$/);
    assert.ok(!made.err.includes(made.out.trim()), 'on stderr only as groups');
    const id = made.out.slice(3, 9);
    assert.match(
      (await postern(['list', alice], env)).out,
      new RegExp(`^${id}  active.*never used  Anna's "phone"$`, 'm'),
    );
    assert.match((await postern(['rename', alice, id, 'Tablet'], env)).out, /Tablet$/m);
    assert.match((await postern(['pause', alice, id], env)).out, /paused/);
    assert.match((await postern(['resume', alice, id], env)).out, /active/);
    const next = await postern(['rotate', alice, id], env);
    assert.match(next.out, /^pst[2-9a-z]{33}\n$/);
    const ids = next.out.slice(3, 9);
    const leaked = await postern(['revoke', alice, next.out.trim().toUpperCase()], env);
    assert.equal(leaked.out, `Revoked: ${ids}\n`);
    assert.equal((await postern(['revoke', alice, '--all'], env)).out, `Revoked: ${id}\n`);
    const log = await postern(['log', alice], env);
    for (const event of ['created', 'renamed', 'paused', 'resumed', 'rotated', 'revoked', 'cut'])
      assert.match(log.out, new RegExp(event));
    const all = JSON.parse((await postern(['list', alice, '--all', '--json'], env)).out) as {
      status: { at: string };
    }[];
    assert.ok(all.length >= 2 && all.every((one) => one.status.at === 'revoked'));
    assert.ok(!JSON.stringify(all).includes('SSHA512'));
  });

  test('what is wrong has a clear end, and no stack', async () => {
    const cases: [string[], Record<string, string>, RegExp, number][] = [
      [['create', alice, '--label', 'x'.repeat(10_000)], env, /app-password\/label/, 1],
      [['create', alice, '--label', '\u202Egnp'], env, /app-password\/label/, 1],
      [['create', 'alice', '--label', 'x'], env, /app-password\/user/, 1],
      [['create', alice, '--label', 'x', '--protocols', 'ftp'], env, /app-password\/protocols/, 1],
      [
        ['create', alice, '--label', 'x'],
        { ...env, POSTERN_APP_PASSWORDS_DOMAINS: 'other.test' },
        /app-password\/domain/,
        1,
      ],
      [['create', alice, '--label', 'x', '--expires', 'soon'], env, /--expires/, 2],
      [['create', alice, '--colour', 'red'], env, /colour/, 2],
      [['revoke', alice, 'zzzzzz'], env, /app-password\/unknown/, 1],
      [['list', alice], {}, /POSTERN_APP_PASSWORDS_URL/, 2],
      [['list', alice], { POSTERN_APP_PASSWORDS_URL: 'postgres://x@127.0.0.1:1/x' }, /app-password\/unavailable/, 1],
      [['list', alice], { POSTERN_APP_PASSWORDS_URL: 'mariadb://x@127.0.0.1:1/x' }, /app-password\/unavailable/, 1],
      [['list', alice], { POSTERN_APP_PASSWORDS_URL: 'sqlite::memory:' }, /app-password\/not-set-up/, 1],
      [['dovecot', '--database', 'oracle'], {}, /--database is one of/, 2],
      [['dovecot', '--database', 'sqlite'], {}, /--web-networks/, 2],
      [['dovecot', '--database', 'sqlite', '--main-everywhere', '--user', 'a\nb'], {}, /--user/, 2],
    ];
    const told = await Promise.all(cases.map(([words, environment]) => postern(words, environment)));
    for (const [at, [words, , wanted, code]] of cases.entries()) {
      assert.match(told[at]?.err ?? '', wanted, words.join(' ').slice(0, 60));
      assert.equal(told[at]?.code, code, words.join(' ').slice(0, 60));
      assert.doesNotMatch(told[at]?.err ?? '', /\n\s+at /);
    }
  });

  test('A33 Dovecot cannot be told: revoking says so, the list says revoking, settle finishes it', async () => {
    const made = await postern(['create', alice, '--label', 'x'], env);
    const id = made.out.slice(3, 9);
    const deaf = { ...env, POSTERN_APP_PASSWORDS_DOVEADM: 'false' };
    const revoked = await postern(['revoke', alice, id], deaf);
    assert.equal(revoked.code, 1);
    assert.match(revoked.err, /app-password\/not-cut/);
    assert.match((await postern(['list', alice], env)).out, new RegExp(`^${id}  revoking`, 'm'));
    assert.match((await postern(['settle'], deaf)).err, /app-password\/not-cut/);
    assert.match((await postern(['settle'], env)).out, /Told Dovecot about 1 users/);
    assert.equal((await postern(['settle'], env)).out, 'Nothing is left.\n');
    assert.equal((await postern(['list', alice], env)).out, '');
  });

  test('init makes tables once; grants and configuration for every database', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'postern-command-'));
    try {
      const environment = { POSTERN_APP_PASSWORDS_OWNER_URL: `sqlite:${folder}/new.db` };
      assert.equal((await postern(['init'], environment)).out, 'The tables are made.\n');
      assert.equal((await postern(['init'], environment)).out, 'The tables are up to date.\n');
      const grants = await postern(['init', '--print-grants'], {
        POSTERN_APP_PASSWORDS_OWNER_URL: 'mysql://root@h/mail',
      });
      assert.match(grants.out, /GRANT SELECT, INSERT, UPDATE ON mail\.app_password TO 'postern'@'localhost'/);
      assert.doesNotMatch(grants.out, /DELETE|ALL/);
      for (const dialect of ['2.3', '2.4'])
        for (const database of ['mariadb', 'mysql', 'postgresql', 'sqlite']) {
          const words = [
            '--dialect',
            dialect,
            '--database',
            database,
            '--web-networks',
            '192.0.2.7',
            '--mta',
            'postfix,exim',
          ];
          const said: string[] = [];
          const setting = { ...settingOf({}), say: (line: string) => void said.push(line) };
          const code = await dovecotTask.run([...words, '--imported', '--classic'], setting);
          const out = said.join('\n');
          assert.equal(code, 0);
          assert.match(out, /192\.0\.2\.7/);
          assert.equal(/INSERT INTO app_password_use/.test(out), database !== 'mysql');
        }
      await postern(['dovecot', '--database', 'mariadb', '--main-everywhere', '--write', `${folder}/conf`], {});
      const files = readdirSync(`${folder}/conf`);
      assert.deepEqual(files.sort(), [
        'app-passwords.conf',
        'app-passwords.conf.ext',
        'last-use.conf.ext',
        'main.conf.ext',
      ]);
      for (const file of files.filter((name) => name.endsWith('.ext')))
        assert.equal(statSync(`${folder}/conf/${file}`).mode & 0o777, 0o600);
      assert.doesNotMatch(readFileSync(`${folder}/conf/app-passwords.conf`, 'utf8'), /CHANGE-ME/);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
