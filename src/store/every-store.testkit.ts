import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe } from 'node:test';
import { openStore, type StoreOptions } from './open.ts';
import { openPostgres, type TestPostgres } from './postgres.testkit.ts';
import { aCredential, anAccount, aSession, aSlot, aUser } from './store.testkit.ts';
import type { Store } from './types.ts';

/** What a suite runs against. `again` opens a second store on the same database. */
export interface Place {
  store: Store;
  again(): Promise<Store>;
}

export const signUp = async (store: Store, leaveNothing = false) => {
  const user = aUser();
  const account = anAccount(user.id);
  const slots = leaveNothing ? [] : [aSlot(user.id, account.id)];
  const session = aSession(user.id);
  const credentials = [aCredential(account, 'imap'), aCredential(account, 'smtp')];
  await store.createUser({ user, account, credentials, slots, session });
  return { user, account, slots, session, credentials };
};

const clock = { now: () => 42_000, after: () => () => undefined };

/** The same tests on every kind of store: SQLite in this thread and in one of its own, PostgreSQL where it is installed. */
export const onEveryStore = async (suite: (place: Place) => void): Promise<void> => {
  for (const mode of ['direct', 'thread'] as const) {
    const place = {} as Place;
    describe(`SQLite, ${mode}`, () => {
      const folder = mkdtempSync(join(tmpdir(), 'postern-store-'));
      const url = `sqlite:${join(folder, 'postern.db')}`;
      const open = (options: StoreOptions['mode']) => openStore(url, { mode: options, clock });
      before(async () => {
        place.store = await open(mode);
        place.again = () => open('thread');
      });
      after(async () => {
        await place.store[Symbol.asyncDispose]();
        rmSync(folder, { recursive: true, force: true });
      });
      suite(place);
    });
  }

  const postgres: TestPostgres | null = await openPostgres();
  describe('PostgreSQL', { skip: postgres === null && 'no PostgreSQL on this machine' }, () => {
    const place = {} as Place;
    before(async () => {
      if (!postgres) return;
      const url = await postgres.database();
      place.again = () => openStore(url, { mode: 'direct', clock });
      // Several processes that start at once migrate once.
      const [first, ...others] = await Promise.all([place.again(), place.again(), place.again()]);
      for (const other of others) await other[Symbol.asyncDispose]();
      place.store = first;
    });
    after(async () => {
      await place.store?.[Symbol.asyncDispose]();
      await postgres?.[Symbol.asyncDispose]();
    });
    suite(place);
  });
};
