import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { initialise, openDatabase } from '#app-passwords/database.ts';
import { AppPasswordError } from '#app-passwords/errors.ts';
import { type AppPasswords, openManager } from '#app-passwords/manager.ts';
import type { Policy } from '#app-passwords/policy.ts';
import { openPolicy } from '#app-passwords/policy.testkit.ts';
import { openAppPasswordStore } from '#app-passwords/store.ts';
import { type Answer, openTestGateway, type TestGateway } from '../fixture.ts';
import type { Caller } from '../types.ts';
import { type Desk, emptyDesk } from './desk.ts';

/** A gateway whose app passwords are managed here, in a database of its own. */
export interface Scene extends AsyncDisposable {
  g: TestGateway;
  app: AppPasswords;
  desk: Desk;
  /** Whether Dovecot can be told, and what it was told. */
  dovecot: { away: boolean; cut: string[] };
  /** Puts another database in place of the one there is. */
  swapDatabase(url: string): void;
  sql(statement: string): Promise<Record<string, unknown>[]>;
  one(name: string, args: object, more?: Partial<Caller>): Promise<Answer>;
  make(more?: object): Promise<Answer>;
}

export const wish = { name: 'Desk', program: 'thunderbird', protocols: ['imap', 'submission'] };

export const openScene = async (policy: Partial<Policy> = {}, config: Partial<Desk['config']> = {}): Promise<Scene> => {
  const folder = mkdtempSync(join(tmpdir(), 'postern-gap-'));
  let database = openDatabase(`sqlite:${folder}/app.db`);
  await initialise(database);
  const clock = { now: (): number => Date.now(), after: () => () => undefined };
  const dovecot = { away: false, cut: [] as string[] };
  const tell = async (user: string): Promise<void> => {
    if (dovecot.away) throw new AppPasswordError('app-password/not-cut', 'away');
    dovecot.cut.push(user);
  };
  const through: typeof database = {
    kind: 'sqlite',
    read: (work) => database.read(work),
    write: (work) => database.write(work),
    run: (statement, values) => database.run(statement, values),
    [Symbol.asyncDispose]: () => database[Symbol.asyncDispose](),
  };
  const app = openManager({
    store: openAppPasswordStore(through, clock),
    sever: { forget: tell, cut: tell },
    policy: { ...openPolicy, domains: ['example.org'], ...policy },
    scheme: 'SSHA512',
    clock,
  });
  const servers = [{ name: 'imap.example.org', net: null, port: 993 }];
  const desk: Desk = {
    ...emptyDesk,
    app,
    config: { ...emptyDesk.config, domains: ['example.org'], servers, ...config },
  };
  const g = openTestGateway(desk);
  g.clock.at = Date.now();
  const one: Scene['one'] = async (name, args, more = {}) => {
    const methodCalls = [[name, { accountId: g.accountId, ...args }, 'c']];
    const using = ['urn:ietf:params:jmap:core', 'urn:postern:params:jmap:app-passwords'];
    const { answer } = await g.post(JSON.stringify({ using, methodCalls }), { ...g.caller, proven: true, ...more });
    return answer.methodResponses[0][1];
  };
  return {
    g,
    app,
    desk,
    dovecot,
    one,
    swapDatabase: (url) => {
      database = openDatabase(url);
    },
    sql: async (statement) => (await database.run(statement, [])).rows as Record<string, unknown>[],
    make: async (more = {}) => (await one('AppPassword/set', { create: { k: { ...wish, ...more } } })).created.k,
    [Symbol.asyncDispose]: async () => {
      g[Symbol.dispose]();
      await database[Symbol.asyncDispose]();
      rmSync(folder, { recursive: true });
    },
  };
};
