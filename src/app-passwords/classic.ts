import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Clock } from '#base/clock.ts';
import { checkedLabel, checkedUser } from './checked.ts';
import type { Database } from './database.ts';
import { AppPasswordError } from './errors.ts';
import type { DatabaseKind } from './migrations.ts';
import { newId, newPassword } from './password.ts';
import type { Policy } from './policy.ts';
import type { Sever } from './sever.ts';
import { isUncertain } from './sql-errors.ts';
import { compile, type Statement, type Values } from './statements.ts';
import type { AppPasswordStore } from './store.ts';

/** The operator's statements for a table of unsalted SHA-512 passwords, as of the Roundcube plugin of 2014. */
export interface ClassicStatements {
  /** A URL, when the table lies elsewhere than our own. */
  database: string | null;
  /** Columns `application` and `created`. */
  list: string;
  create: string;
  revoke: string;
  /** All rows: columns `username`, `domain`, `application`, `password`. */
  export: string;
}

const usual: ClassicStatements = {
  database: null,
  list: 'SELECT application, created FROM applications WHERE username = {local} AND domain = {domain} ORDER BY application',
  create:
    'INSERT INTO applications (username, domain, application, password, created) VALUES ({local}, {domain}, {application}, {hash}, {created})',
  revoke: 'DELETE FROM applications WHERE username = {local} AND domain = {domain} AND application = {application}',
  export: 'SELECT username, domain, application, password FROM applications',
};

/** The statements of a JSON file; what it leaves out is as the plugin documents it. @throws AppPasswordError `/statement` */
export const readClassic = (path: string | null): ClassicStatements => {
  if (path === null) return usual;
  let data: unknown;
  try {
    data = JSON.parse(readFileSync(path, 'utf8'));
  } catch (cause) {
    throw new AppPasswordError('app-password/statement', `${path} cannot be read as JSON`, { cause });
  }
  const entries = typeof data === 'object' && data !== null ? Object.entries(data) : [];
  const strange = entries.find(([key, value]) => !(key in usual) || typeof value !== 'string');
  if (strange)
    throw new AppPasswordError('app-password/statement', `${path}: the keys are ${Object.keys(usual).join(', ')}`);
  return { ...usual, ...(Object.fromEntries(entries) as Partial<ClassicStatements>) };
};

export interface ClassicEntry {
  application: string;
  /** As the table has it. */
  created: string;
}

export interface Imported {
  taken: number;
  known: number;
  /** Rows that cannot be taken over: no SHA-512 in hex, or no address. */
  refused: number;
}

/** The classic table: rows are named by user and application, and there is nothing else to know about them. */
export interface Classic {
  list(user: string): Promise<ClassicEntry[]>;
  /** Handed out only when stored. @throws AppPasswordError `/label` when the name is taken, `/limit`, `/uncertain` */
  create(user: string, application: string): Promise<Buffer>;
  /** All of this name, as the table cannot tell them apart. @throws AppPasswordError `/unknown`, `/not-cut` */
  revoke(user: string, application: string): Promise<void>;
  /** Takes every row over into the new table, each once; the old ones stay. */
  importInto(store: AppPasswordStore, protocols: string): Promise<Imported>;
}

const digest = /^[0-9a-f]{128}$/;

const text = (value: unknown): string =>
  value instanceof Date
    ? value.toISOString()
    : typeof value === 'string' || typeof value === 'number'
      ? String(value)
      : '';

interface Compiled {
  list: Statement;
  create: Statement;
  revoke: Statement;
  export: Statement;
}

const compiled = (statements: ClassicStatements, kind: DatabaseKind): Compiled => ({
  list: compile(statements.list, kind),
  create: compile(statements.create, kind, ['application']),
  revoke: compile(statements.revoke, kind, ['application']),
  export: compile(statements.export, kind),
});

const valuesOf = (user: string, application: string, password: Buffer, now: number): Values => {
  const [local = '', domain = ''] = user.split('@');
  return {
    user,
    local,
    domain,
    application,
    password: password.toString('latin1'),
    hash: createHash('sha512').update(password).digest('hex'),
    created: new Date(now).toISOString().slice(0, 19).replace('T', ' '),
  };
};

const nothing = Buffer.alloc(0);

/** @throws AppPasswordError `/statement` */
export const openClassic = (
  database: Database,
  statements: ClassicStatements,
  parts: { sever: Sever; policy: Policy; clock: Clock },
): Classic => {
  const { sever, policy, clock } = parts;
  const made = compiled(statements, database.kind);
  if (!made.revoke.names.some((name) => name === 'user' || name === 'local'))
    throw new AppPasswordError('app-password/statement', 'the revoking statement must name {user} or {local}');
  const run = async (statement: Statement, values: Values): Promise<{ rows: unknown[]; changes: number }> =>
    database.run(
      statement.sql,
      statement.names.map((name) => values[name]),
    );
  const list = async (user: string): Promise<ClassicEntry[]> => {
    const { rows } = await run(made.list, valuesOf(user, '', nothing, clock.now()));
    return (rows as Record<string, unknown>[]).map((row) => ({
      application: text(row['application']),
      created: text(row['created']),
    }));
  };
  return {
    list: async (user) => list(checkedUser(user, policy.domains)),
    create: async (name, wanted) => {
      const user = checkedUser(name, policy.domains);
      const application = checkedLabel(wanted);
      const there = await list(user);
      if (policy.most > 0 && there.length >= policy.most)
        throw new AppPasswordError('app-password/limit', `a user may have ${policy.most} app passwords`);
      if (there.some((one) => one.application === application))
        throw new AppPasswordError('app-password/label', 'this name is taken, and the table knows them by name alone');
      const password = newPassword(newId());
      try {
        const { changes } = await run(made.create, valuesOf(user, application, password, clock.now()));
        if (changes !== 1) throw new AppPasswordError('app-password/statement', 'the creating statement added no row');
        return password;
      } catch (error) {
        password.fill(0);
        if (!isUncertain(error)) throw error;
        throw new AppPasswordError('app-password/uncertain', 'the line broke while the password was being stored', {
          cause: error,
        });
      }
    },
    revoke: async (name, application) => {
      const user = checkedUser(name, policy.domains);
      const { changes } = await run(made.revoke, valuesOf(user, application, nothing, clock.now()));
      // Also when there was no row: a revocation that Dovecot was not told of is finished by doing it again.
      await sever.cut(user);
      if (changes === 0)
        throw new AppPasswordError('app-password/unknown', 'the user has no app password of this name');
    },
    importInto: async (store, protocols) => {
      const { rows } = await run(made.export, valuesOf('', '', nothing, clock.now()));
      const done: Imported = { taken: 0, known: 0, refused: 0 };
      for (const row of rows as Record<string, unknown>[]) {
        const finder = text(row['password']).toLowerCase();
        const user = safely(() => checkedUser(`${text(row['username'])}@${text(row['domain'])}`, policy.domains));
        if (user === null || !digest.test(finder)) {
          done.refused += 1;
        } else if ((await store.finders(user)).has(finder)) {
          done.known += 1;
        } else {
          const label = safely(() => checkedLabel(text(row['application']))) ?? 'Imported';
          const rest = { protocols, networks: '', expires: null, hash: `{SHA512.HEX}${finder}`, finder };
          const entry = { id: newId(), label, program: 'other', origin: 'import', ...rest };
          await store.add(user, entry, 0, 'imported', 'operator');
          done.taken += 1;
        }
      }
      return done;
    },
  };
};

/** Null for what is not of the form asked for. */
const safely = (check: () => string): string | null => {
  try {
    return check();
  } catch (error) {
    if (error instanceof AppPasswordError) return null;
    throw error;
  }
};
