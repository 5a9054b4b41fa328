import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { freePort } from '#cli/demo/ports.ts';
import { openDatabase } from '../../src/app-passwords/database.ts';
import { type AppPasswords } from '../../src/app-passwords/manager.ts';
import { severByCommand } from '../../src/app-passwords/sever.ts';
import type { Minted, Protocol } from '../../src/app-passwords/types.ts';
import { servers, type TestServer } from './databases.ts';
import { mainUser, openDovecot, type TestDovecot } from './dovecot.ts';
import { managerOf } from './manager.ts';

const { address, password: main } = mainUser;
/** Debian has them in packages of their own: dovecot-pop3d, dovecot-managesieved. */
const isThere = ['pop3-login', 'managesieve-login'].every((name) => existsSync(`/usr/lib/dovecot/${name}`));

interface Talk {
  socket: Socket;
  /** The first line from here on that begins with one of these words. */
  line(...beginnings: readonly string[]): Promise<string>;
}

const talk = async (port: number): Promise<Talk> => {
  const socket = connect(port, '127.0.0.1');
  let seen = '';
  socket.on('data', (data) => (seen += data.toString('latin1')));
  socket.on('error', () => undefined);
  socket.setTimeout(30_000, () => socket.destroy(new Error('the server said nothing for 30 s')));
  await once(socket, 'connect');
  return {
    socket,
    line: async (...beginnings) => {
      for (;;) {
        const lines = seen.split('\r\n');
        const at = lines.slice(0, -1).findIndex((line) => beginnings.some((word) => line.startsWith(word)));
        if (at >= 0) {
          seen = lines.slice(at + 1).join('\r\n');
          return lines[at] ?? '';
        }
        if (socket.destroyed || socket.readableEnded) throw new Error(`the server hung up: ${seen}`);
        await Promise.race([once(socket, 'data'), once(socket, 'close')]);
      }
    },
  };
};

const plain = (password: Buffer | string): string =>
  Buffer.concat([Buffer.from(`\0${address}\0`), Buffer.from(password)]).toString('base64');

interface Visit {
  isIn: boolean;
  socket: Socket;
}

const overPop3 = async (port: number, password: Buffer | string): Promise<Visit> => {
  const { socket, line } = await talk(port);
  await line('+OK');
  socket.write(`AUTH PLAIN ${plain(password)}\r\n`);
  return { isIn: (await line('+OK', '-ERR')).startsWith('+OK'), socket };
};

const overSieve = async (port: number, password: Buffer | string): Promise<Visit> => {
  const { socket, line } = await talk(port);
  await line('OK');
  socket.write(`AUTHENTICATE "PLAIN" "${plain(password)}"\r\n`);
  return { isIn: (await line('OK', 'NO')).startsWith('OK'), socket };
};

describe('POP3 and ManageSieve', { skip: process.getuid?.() !== 0 || !isThere }, () => {
  let server: TestServer;
  let dovecot: TestDovecot;
  let app: AppPasswords;
  let ports: { pop3: number; sieve: number };
  let close: () => Promise<void>;

  before(async () => {
    server = await servers.sqlite();
    const place = await server.database();
    ports = { pop3: await freePort(), sieve: await freePort() };
    dovecot = await openDovecot(
      place.dovecot,
      `protocols = imap submission pop3 sieve
service pop3-login {
  inet_listener pop3 {
    port = ${ports.pop3}
  }
  inet_listener pop3s {
    port = 0
  }
}
service managesieve-login {
  inet_listener sieve {
    port = ${ports.sieve}
  }
}
`,
    );
    const database = openDatabase(place.url);
    close = async () => database[Symbol.asyncDispose]();
    app = managerOf(database, { sever: severByCommand(dovecot.doveadm) });
  });
  after(async () => {
    await close?.();
    await dovecot?.[Symbol.asyncDispose]();
    await server?.[Symbol.asyncDispose]();
  });

  const make = (...protocols: Protocol[]): Promise<Minted> =>
    app.create(address, { label: 'x', program: 'other', protocols }, { origin: 'command', actor: 'user' });

  for (const [protocol, visit] of [
    ['pop3', overPop3],
    ['sieve', overSieve],
  ] as const)
    test(`A21 A24 A26 A30 ${protocol}: only what is for it; the use is written; revoked is refused and cut`, async () => {
      const port = ports[protocol];
      const mine = await make(protocol);
      const others = await make('imap', 'submission', protocol === 'pop3' ? 'sieve' : 'pop3');
      for (const [word, expected] of [
        [others.password, false],
        [main, false],
        ['pst', false],
        [mine.password, true],
      ] as const) {
        const { isIn, socket } = await visit(port, word);
        socket.destroy();
        assert.equal(isIn, expected);
      }
      const uses = (await app.list(address)).map(({ id, lastUse }) => [id, lastUse?.protocol]);
      assert.deepEqual(
        uses.find(([id]) => id === mine.entry.id),
        [mine.entry.id, protocol],
      );
      const standing = await visit(port, mine.password);
      assert.ok(standing.isIn);
      const ended = once(standing.socket, 'close', { signal: AbortSignal.timeout(30_000) });
      await app.revoke(address, [mine.entry.id], 'user');
      await ended;
      const again = await visit(port, mine.password);
      again.socket.destroy();
      assert.equal(again.isIn, false);
    });
});
