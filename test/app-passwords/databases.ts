import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import type { DovecotWish } from '../../src/app-passwords/dovecot/wish.ts';
import { grantsSql } from '../../src/app-passwords/grants.ts';
import { initialise, openDatabase } from '../../src/app-passwords/database.ts';
import { openPostgres } from '../../src/store/postgres.testkit.ts';
import { openMariadb } from './mariadb.ts';

/** A new database with our tables and the two accounts of least rights. */
export interface TestDatabase {
  /** As Postern uses it. */
  url: string;
  /** As Dovecot uses it. */
  dovecot: Pick<DovecotWish, 'database' | 'connect'>;
  /** Runs statements as the administrator. */
  admin(sql: string): Promise<void>;
}

export interface TestServer extends AsyncDisposable {
  name: 'mariadb' | 'postgresql' | 'sqlite';
  database(): Promise<TestDatabase>;
}

const names = { postern: 'postern_app', dovecot: 'dovecot_app' };

const set = async (url: string): Promise<void> => {
  await using database = openDatabase(url);
  await initialise(database);
};

const mariadb = async (): Promise<TestServer | null> => {
  const server = await openMariadb();
  if (!server) return null;
  let made = false;
  return {
    name: 'mariadb',
    database: async () => {
      const database = server.database();
      const socket = encodeURIComponent(server.socket);
      await set(`mysql://root@localhost/${database}?socket=${socket}`);
      const grants = grantsSql('mysql', { ...names, database, host: 'localhost' });
      server.admin(made ? grants.replace(/^CREATE USER.*$/gm, '') : grants);
      made = true;
      return {
        url: `mariadb://${names.postern}:CHANGE-ME-1@localhost/${database}?socket=${socket}`,
        dovecot: {
          database: 'mariadb',
          connect: { host: server.socket, database, user: names.dovecot, password: 'CHANGE-ME-2', path: '' },
        },
        admin: async (sql) => void server.admin(sql, database),
      };
    },
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
};

const postgresql = async (): Promise<TestServer | null> => {
  const server = await openPostgres();
  if (!server) return null;
  let made = false;
  return {
    name: 'postgresql',
    database: async () => {
      const owner = await server.database();
      await set(owner);
      const url = new URL(owner);
      const database = url.pathname.slice(1);
      const admin = async (sql: string): Promise<void> => {
        const client = new pg.Client({ connectionString: owner });
        await client.connect();
        await client.query(sql).finally(() => client.end());
      };
      const grants = grantsSql('postgres', { ...names, database, host: 'localhost' });
      await admin(made ? grants.replace(/^CREATE ROLE.*$/gm, '') : grants);
      made = true;
      return {
        url: owner.replace('//postern@', `//${names.postern}@`),
        dovecot: {
          database: 'postgresql',
          connect: { host: url.searchParams.get('host') ?? '', database, user: names.dovecot, password: 'x', path: '' },
        },
        admin,
      };
    },
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
};

const sqlite = async (): Promise<TestServer> => {
  const folder = mkdtempSync(join(tmpdir(), 'postern-sqlite-'));
  let count = 0;
  return {
    name: 'sqlite',
    database: async () => {
      count += 1;
      const path = join(folder, `${count}.db`);
      await set(path);
      return {
        url: `sqlite:${path}`,
        dovecot: { database: 'sqlite', connect: { host: '', database: '', user: '', password: '', path } },
        admin: async (sql) => {
          await using database = openDatabase(path);
          for (const one of sql.split(/;\s*$/m).filter((text) => text.trim() !== '')) await database.run(one, []);
        },
      };
    },
    [Symbol.asyncDispose]: async () => rmSync(folder, { recursive: true, force: true }),
  };
};

/** Each is started once a test file; null: not installed. */
export const servers = { mariadb, postgresql, sqlite } as const;
