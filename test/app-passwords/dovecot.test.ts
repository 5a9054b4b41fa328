import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { type Target, visit } from '../../src/app-passwords/dialogue.ts';
import { type AppPasswords } from '../../src/app-passwords/manager.ts';
import { openDatabase, type Database } from '../../src/app-passwords/database.ts';
import { eventually } from '../e2e/process.ts';
import { schemes, type Scheme } from '../../src/app-passwords/hash.ts';
import { severByCommand, severByHttp } from '../../src/app-passwords/sever.ts';
import type { Minted, Wish } from '../../src/app-passwords/types.ts';
import { servers, type TestDatabase, type TestServer } from './databases.ts';
import { dovecotDialect } from '../../src/cli/demo/dovecot-words.ts';
import { mainUser, openDovecot, type TestDovecot } from './dovecot.ts';
import { managerOf } from './manager.ts';
import { askSasl } from '../../src/cli/demo/sasl.ts';

const alice = mainUser.address;
const phone: Wish = { label: 'Phone', program: 'apple', protocols: ['imap', 'submission'] };

for (const open of Object.values(servers)) {
  describe(`Dovecot with ${open.name}`, { skip: process.getuid?.() !== 0 }, () => {
    let server: TestServer | null = null;
    let place: TestDatabase;
    let database: Database;
    let dovecot: TestDovecot;

    before(async () => {
      server = await open();
      if (!server) return;
      place = await server.database();
      database = openDatabase(place.url);
      dovecot = await openDovecot(place.dovecot);
    });
    after(async () => {
      await dovecot?.[Symbol.asyncDispose]();
      await database?.[Symbol.asyncDispose]();
      await server?.[Symbol.asyncDispose]();
    });

    const manager = (scheme: Scheme = 'SSHA512', by: 'command' | 'http' = 'command'): AppPasswords =>
      managerOf(database, {
        sever: by === 'command' ? severByCommand(dovecot.doveadm) : severByHttp(dovecot.http.url, dovecot.http.key),
        scheme,
      });
    const make = (wish: Partial<Wish> = {}, scheme?: Scheme): Promise<Minted> =>
      manager(scheme).create(alice, { ...phone, ...wish }, { origin: 'command', actor: 'user' });
    const at = (protocol: Target['protocol'], port: number): Target => ({
      protocol,
      host: '127.0.0.1',
      port,
      security: 'none',
    });
    const login = async (password: Buffer | string, target = at('imap', dovecot.imap), user: string = alice) => {
      const done = await visit(target, user, Buffer.from(password));
      done.leave();
      return done.outcome;
    };

    test('A20 the id picks one row: several passwords of one user, of every scheme, side by side', async () => {
      const minted = [];
      for (const scheme of schemes) minted.push(await make({}, scheme));
      for (const { password } of minted) assert.equal(await login(password), 'accepted');
      for (const { password } of minted.slice(0, 2)) {
        const wrong = Buffer.from(password);
        wrong[30] = wrong[30] === 0x61 ? 0x62 : 0x61;
        assert.equal(await login(wrong), 'refused');
        assert.equal(await login(password), 'accepted', 'a wrong secret does not spoil the right one');
      }
    });

    test('A21 protocols: what is not listed is refused, also for Postfix and Exim', async () => {
      const reading = await make({ protocols: ['imap'] });
      const sending = await make({ protocols: ['submission'] });
      assert.equal(await login(reading.password), 'accepted');
      assert.equal(await login(reading.password, at('submission', dovecot.submission)), 'refused');
      assert.equal(await askSasl(dovecot.sasl, alice, reading.password), 'refused');
      assert.equal(await login(sending.password), 'refused');
      assert.equal(await login(sending.password, at('submission', dovecot.submission)), 'accepted');
      assert.equal(await askSasl(dovecot.sasl, alice, sending.password), 'accepted');
    });

    test('A22 networks: checked on every login, cached or not', async () => {
      const { password } = await make({ networks: ['127.0.0.1', '2001:db8::/32'], protocols: ['submission', 'imap'] });
      const elsewhere = await make({ networks: ['192.0.2.0/24'] });
      assert.equal(await login(password), 'accepted');
      assert.equal(await login(elsewhere.password), 'refused');
      assert.equal(await askSasl(dovecot.sasl, alice, password, '127.0.0.1'), 'accepted');
      assert.equal(await askSasl(dovecot.sasl, alice, password, '192.0.2.7'), 'refused');
      assert.equal(await askSasl(dovecot.sasl, alice, password, '2001:db8::1'), 'accepted');
      assert.equal(await askSasl(dovecot.sasl, alice, elsewhere.password, '192.0.2.7'), 'accepted');
      assert.equal(await askSasl(dovecot.sasl, alice, elsewhere.password, '127.0.0.1'), 'refused');
    });

    test('A23 expired, and rotated away longer than the overlap: refused', async () => {
      const app = manager();
      const old = await make();
      assert.equal(await login(old.password), 'accepted');
      const next = await app.rotate(alice, old.entry.id, 'user');
      assert.equal(await login(old.password), 'accepted', 'both work during the overlap');
      assert.equal(await login(next.password), 'accepted');
      await place.admin(`UPDATE app_password SET overlap_until = 1 WHERE id = '${old.entry.id}'`);
      await place.admin(`UPDATE app_password SET expires = 1 WHERE id = '${next.entry.id}'`);
      await severByCommand(dovecot.doveadm).cut(alice);
      assert.equal(await login(old.password), 'refused');
      assert.equal(await login(next.password), 'refused');
    });

    test('A24 the main password opens the web port alone; an app password opens both', async () => {
      const { password } = await make();
      assert.equal(await login(mainUser.password), 'refused');
      assert.equal(await login(mainUser.password, at('imap', dovecot.web)), 'accepted');
      assert.equal(await login(mainUser.password, at('submission', dovecot.submission)), 'refused');
      assert.equal(await askSasl(dovecot.sasl, alice, mainUser.password), 'refused');
      assert.equal(await login(password, at('imap', dovecot.web)), 'accepted');
    });

    test('A25 what is typed cannot leave the statement', async () => {
      const { entry, password } = await make();
      const tries = [
        `pst${entry.id}' OR '1'='1`,
        `abcdefgh' OR 1=1 --`,
        `pst${entry.id.slice(0, 5)}'`,
        `pst${entry.id.slice(0, 5)}\\`,
        `' UNION SELECT '{PLAIN}x', NULL -- `,
        `pst${entry.id}%u`,
        `pst${'%'.repeat(6)}`,
        'x'.repeat(4000),
        `pst${entry.id}`,
        password.toString().toUpperCase(),
      ];
      const told = await Promise.all(tries.map((one) => login(one)));
      for (const [at_, one] of tries.entries()) assert.equal(told[at_], 'refused', one.slice(0, 40));
      assert.equal(await login(password, at('imap', dovecot.imap), 'bob@village.test'), 'refused', "another's name");
      assert.equal(await login(password, at('imap', dovecot.imap), `alice'--@village.test`), 'refused');
      assert.equal(
        await login(password, at('imap', dovecot.imap), 'Alice@VILLAGE.test'),
        'accepted',
        'case of the user',
      );
    });

    test('A26 the last use: time, protocol and network, none for a refused login', async () => {
      const app = manager();
      const used = await make();
      const refused = await make();
      const unused = await make();
      await login(used.password);
      const wrong = Buffer.from(refused.password);
      wrong[35] = wrong[35] === 0x61 ? 0x62 : 0x61;
      await login(wrong);
      const entries = new Map((await app.list(alice)).map((entry) => [entry.id, entry]));
      const use = entries.get(used.entry.id)?.lastUse;
      assert.equal(use?.protocol, 'imap');
      assert.equal(use.network, '127.0.0.1');
      assert.ok(Math.abs(use.at - Date.now()) < 60_000);
      assert.equal(entries.get(refused.entry.id)?.lastUse, null);
      assert.equal(entries.get(unused.entry.id)?.lastUse, null);
      await askSasl(dovecot.sasl, alice, used.password, '198.51.100.9');
      const [after_] = (await app.list(alice)).filter((entry) => entry.id === used.entry.id);
      assert.deepEqual([after_?.lastUse?.protocol, after_?.lastUse?.network], ['smtp', '198.51.100.9']);
    });

    for (const by of ['command', 'http'] as const) {
      // Dovecot 2.4.1 ends in a panic when it is told to flush over HTTP, with any parameters or none.
      const skip = by === 'http' && process.getuid?.() === 0 && dovecotDialect() === '2.4';
      const title = `A30 revoking is real, by ${by}: refused at once though cached, and the open connection is cut`;
      test(title, { skip }, async () => {
        const app = manager('SSHA512', by);
        const { entry, password } = await make();
        assert.equal(await login(password), 'accepted');
        const reading = await visit(at('imap', dovecot.imap), alice, password);
        assert.equal(reading.outcome, 'accepted');
        assert.deepEqual(await app.revoke(alice, [entry.id], 'user'), [entry.id]);
        await reading.ended;
        assert.equal(await login(password), 'refused');
        assert.equal((await app.list(alice)).find((one) => one.id === entry.id)?.status.at, 'revoked');
      });
    }

    test('A31 pausing cuts as revoking does; resuming brings it back at once', async () => {
      const app = manager();
      const { entry, password } = await make();
      const reading = await visit(at('imap', dovecot.imap), alice, password);
      assert.equal((await app.pause(alice, entry.id, 'user')).status.at, 'paused');
      await reading.ended;
      assert.equal(await login(password), 'refused');
      assert.equal((await app.resume(alice, entry.id, 'user')).status.at, 'active');
      assert.equal(await login(password), 'accepted');
    });

    test('A32 revoking all leaves none that opens', async () => {
      const app = manager();
      const made = [await make(), await make()];
      for (const { password } of made) assert.equal(await login(password), 'accepted');
      const ended = await app.revoke(alice, 'all', 'operator');
      assert.ok(made.every(({ entry }) => ended.includes(entry.id)));
      for (const { password } of made) assert.equal(await login(password), 'refused');
      assert.deepEqual(await app.revoke(alice, 'all', 'operator'), []);
    });

    test('A27 the secret half is in no log, even when Dovecot logs its statements', async () => {
      await using loud = await openDovecot(place.dovecot, 'auth_debug = yes\nauth_verbose = yes');
      const { entry, password } = await make();
      assert.equal(await login(password, at('imap', loud.imap)), 'accepted');
      await eventually('its statement stands in the log', () => loud.log().includes(`id = '${entry.id}'`));
      assert.ok(!loud.log().includes(password.toString().slice(9)));
    });
  });
}
