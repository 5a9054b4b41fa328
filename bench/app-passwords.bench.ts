/**
 * Logins per second through Dovecot with app passwords, beside the same Dovecot with its plain user query, in one run:
 * `node bench/app-passwords.bench.ts [--users 100000] [--database mariadb,postgresql,sqlite] [--logins 1500]`. Nothing is asserted.
 */
import { parseArgs } from 'node:util';
import { openDatabase, type Database } from '#app-passwords/database.ts';
import { visit } from '#app-passwords/dialogue.ts';
import { hashPassword } from '#app-passwords/hash.ts';
import { newId, newPassword } from '#app-passwords/password.ts';
import { servers } from '../test/app-passwords/databases.ts';
import { openDovecot, type TestDovecot } from '../test/app-passwords/dovecot.ts';
import { SaslLine } from '../src/cli/demo/sasl.ts';
import { type Figure, figure, table } from './figures.ts';

const { values } = parseArgs({
  options: {
    users: { type: 'string', default: '100000' },
    logins: { type: 'string', default: '1500' },
    database: { type: 'string', default: 'mariadb,postgresql,sqlite' },
  },
});
const users = Number(values.users);
const logins = Number(values.logins);
const lines = 8;
const counts = [1, 10, 100] as const;
const main = 'main-of-the-bench';

interface Login {
  user: string;
  password: string | Buffer;
}

const domain = 'bench.test';

/** Among 100,000 ids some are equal; the manager would draw again. */
const drawn = new Set<string>();
const freshId = (): ReturnType<typeof newId> => {
  for (;;) {
    const id = newId();
    if (drawn.has(id)) continue;
    drawn.add(id);
    return id;
  }
};

const row = async (local: string): Promise<{ row: object; password: Buffer }> => {
  const id = freshId();
  const password = newPassword(id);
  const given = { id, username: `${local}@${domain}`, hash: await hashPassword('SSHA512', password) };
  const rest = { label: 'Bench', program: 'script', protocols: 'imap submission', networks: '', origin: 'command' };
  const times = { created: 1, expires: null, overlap_until: null, ended: null, replaced_by: null, finder: null };
  return { row: { ...given, ...rest, ...times, state: 'active', uncut: 0, seq: 1 }, password };
};

/** Every user has a row in both tables; three have 1, 10 and 100 app passwords. */
const fill = async (database: Database): Promise<Map<number, Login[]>> => {
  const hash = await hashPassword('SSHA512', Buffer.from(main));
  const chosen = new Map<number, Login[]>();
  const add = (rows: readonly object[]): Promise<void> =>
    database.write(async (t) => {
      await t
        .insertInto('app_password')
        .values(rows as never[])
        .execute();
    });
  // The rows of `users` go in by plain statements: the same in the three dialects.
  const addUsers = (locals: readonly string[]): Promise<unknown> =>
    database.run(
      `INSERT INTO users (username, domain, password) VALUES ${locals.map((local) => `('${local}', '${domain}', '${hash}')`).join(',')}`,
      [],
    );
  for (let from = 0; from < users; from += 1000) {
    const locals = Array.from({ length: Math.min(1000, users - from) }, (_, at) => `user${from + at}`);
    await add(await Promise.all(locals.map(async (local) => (await row(local)).row)));
    await addUsers(locals);
  }
  for (const count of counts) {
    const local = `holder${count}`;
    const made = await Promise.all(Array.from({ length: count }, () => row(local)));
    await add(made.map((one) => one.row));
    await addUsers([local]);
    chosen.set(
      count,
      made.map(({ password }) => ({ user: `${local}@${domain}`, password })),
    );
  }
  return chosen;
};

/** Logins per second, over `lines` connections at once. */
const rate = async (
  count: number,
  login: (line: number, at: number) => Promise<'accepted' | 'refused'>,
): Promise<number> => {
  const began = performance.now();
  let next = 0;
  const work = async (line: number): Promise<void> => {
    for (let at = next++; at < count; at = next++)
      if ((await login(line, at)) !== 'accepted') throw new Error('a login of the benchmark was refused');
  };
  await Promise.all(Array.from({ length: lines }, (_, line) => work(line)));
  return (count / (performance.now() - began)) * 1000;
};

const pick = (wanted: readonly Login[], at: number): Login => wanted[at % wanted.length] ?? { user: '', password: '' };

const bySasl = async (dovecot: TestDovecot, wanted: readonly Login[]): Promise<number> => {
  const open = await Promise.all(Array.from({ length: lines }, () => SaslLine.open(dovecot.sasl)));
  const ask = (line: number, at: number) => {
    const { user, password } = pick(wanted, at);
    return open[line]?.ask(user, password) ?? Promise.resolve('refused' as const);
  };
  await rate(100, ask);
  const found = await rate(logins, ask);
  for (const line of open) line[Symbol.dispose]();
  return found;
};

const byImap = async (dovecot: TestDovecot, wanted: readonly Login[]): Promise<number> => {
  const login = async (_line: number, at: number) => {
    const { user, password } = pick(wanted, at);
    const target = { protocol: 'imap', host: '127.0.0.1', port: dovecot.imap, security: 'none' } as const;
    const done = await visit(target, user, Buffer.from(password));
    done.leave();
    return done.outcome;
  };
  await rate(20, login);
  return rate(Math.ceil(logins / 10), login);
};

/** The configuration with the main password alone, as it was before there were app passwords. */
const plainly = ({ path, text }: { path: string; text: string }): string =>
  path.endsWith('/app-passwords.conf')
    ? text.replace(/# App passwords:[^]*?(?=# The main password)/, '').replace('  skip = authenticated\n', '')
    : text;

const noCache = 'auth_cache_size = 0\n';
const figures: Figure[] = [];
for (const name of values.database.split(',')) {
  const open = Object.values(servers).find((one) => one.name === name);
  await using server = (await open?.()) ?? null;
  if (!server) {
    console.log(`${name} is not installed.`);
    continue;
  }
  const place = await server.database();
  await place.admin(
    [
      'CREATE TABLE users (username VARCHAR(100) NOT NULL, domain VARCHAR(100) NOT NULL, password VARCHAR(200) NOT NULL, PRIMARY KEY (username, domain));',
      ...(name === 'mariadb'
        ? [
            "GRANT SELECT ON users TO 'dovecot_app'@'localhost';",
            "GRANT SELECT, INSERT ON users TO 'postern_app'@'localhost';",
          ]
        : name === 'postgresql'
          ? ['GRANT SELECT ON users TO dovecot_app;', 'GRANT SELECT, INSERT ON users TO postern_app;']
          : []),
    ].join('\n'),
  );
  await using database = openDatabase(place.url, { connect: 10_000, statement: 60_000 });
  console.log(`${name}: filling ${users} users ...`);
  const holders = await fill(database);
  const wish = { ...place.dovecot, main: { kind: 'sql' }, web: { by: 'everywhere' } } as const;
  const mains: Login[] = Array.from({ length: 100 }, (_, at) => ({
    user: `user${(at * 997) % users}@${domain}`,
    password: main,
  }));
  for (const [cache, more] of [
    ['no cache', noCache],
    ['cache', ''],
  ] as const) {
    console.log(`${name}, ${cache} ...`);
    await using plain = await openDovecot(wish, more, plainly);
    await using ours = await openDovecot(wish, more);
    await using quiet = await openDovecot({ ...wish, lastUse: false }, more);
    const limit = await bySasl(plain, mains);
    for (const count of counts) {
      const wanted = holders.get(count) ?? [];
      figures.push(figure(`${name}, ${cache}, ${count} app passwords`, 'logins/s', await bySasl(ours, wanted), limit));
    }
    figures.push(
      figure(
        `${name}, ${cache}, 10, last use not written`,
        'logins/s',
        await bySasl(quiet, holders.get(10) ?? []),
        limit,
      ),
      figure(
        `${name}, ${cache}, 10, whole IMAP login`,
        'logins/s',
        await byImap(ours, holders.get(10) ?? []),
        await byImap(plain, mains.slice(0, 1)),
      ),
    );
  }
}
console.log(
  `\n${table(figures)}\n\nlimit = the same Dovecot with its plain user query on the same database. Only the ratios compare.`,
);
