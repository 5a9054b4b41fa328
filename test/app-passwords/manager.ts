import { systemClock } from '#base/clock.ts';
import { openPolicy } from '#app-passwords/policy.testkit.ts';
import type { Database } from '../../src/app-passwords/database.ts';
import { type AppPasswords, type ManagerParts, openManager } from '../../src/app-passwords/manager.ts';
import { severNothing } from '../../src/app-passwords/sever.ts';
import { openAppPasswordStore } from '../../src/app-passwords/store.ts';

/** The app passwords of a database, everything allowed; Dovecot is not told, unless `instead` says how. */
export const managerOf = (database: Database, instead: Partial<ManagerParts> = {}): AppPasswords =>
  openManager({
    store: openAppPasswordStore(database, systemClock),
    sever: severNothing,
    policy: openPolicy,
    scheme: 'SSHA512',
    clock: systemClock,
    ...instead,
  });
