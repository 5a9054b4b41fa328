import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { after, before, test, type TestContext } from 'node:test';
import { openDovecot, type Village } from '#village/dovecot.ts';
import { type Instance, openPlace, signInSealed, startInstance } from './instance.ts';
import { fillMailbox, readMailbox } from './mailbox.ts';
import { cannotLook, scanMemory } from './memory-of.ts';
import { formsOf, openSearch, piecesOf, type Search } from './needles.ts';

const skip = cannotLook(process.pid) ?? false;
const secret = (): string => `${randomBytes(9).toString('hex')}-Xq`;
const users = {
  sealed: { address: 'sealed@village.test', password: secret() },
  json: { address: 'json@village.test', password: secret() },
};
const letters = 12;
let village: Village;
before(async () => {
  village = await openDovecot({ users: Object.values(users) });
});
after(() => village[Symbol.asyncDispose]());

/** Copies of one secret in one process: in every form together, and in pieces of eight bytes of which no whole is left. */
interface Copies {
  process: string;
  moment: string;
  what: string;
  whole: number;
  pieces: number;
  forms: string;
}

const nameOf = (instance: Instance, pid: number): string => {
  if (pid === instance.pid) return 'main';
  return readFileSync(`/proc/${pid}/cmdline`, 'latin1').includes('keeper-process') ? 'keeper' : `other ${pid}`;
};

const look = (instance: Instance, moment: string, secrets: Readonly<Record<string, Buffer | string>>): Copies[] =>
  instance.family().flatMap((pid) => {
    const search = openSearch(
      Object.entries(secrets).flatMap(([name, value]) => [...formsOf(name, value), ...piecesOf(name, value)]),
    );
    const { bytes, counts } = scanMemory(pid, search);
    assert.ok(bytes > 20_000_000, `${bytes} bytes of process ${pid} were read`);
    return Object.entries(secrets).map(([what, value]): Copies => {
      const found = [...counts].filter(([name]) => name.startsWith(`${what} `));
      const inForms = found.filter(([name]) => !name.endsWith(' piece'));
      const raw = counts.get(`${what} raw`) ?? 0;
      const inWholes = raw * (Buffer.from(value).length - 7);
      return {
        process: nameOf(instance, pid),
        moment,
        what,
        whole: inForms.reduce((sum, [, count]) => sum + count, 0),
        pieces: Math.max(0, (counts.get(`${what} piece`) ?? 0) - inWholes),
        forms: inForms.map(([name, count]) => `${name.slice(what.length + 1)} ${count}`).join(', '),
      };
    });
  });

const table = (t: TestContext, rows: readonly Copies[]): void => {
  const cells = [['process', 'moment', 'secret', 'whole', 'pieces', 'forms']].concat(
    rows.map((row) => [row.process, row.moment, row.what, String(row.whole), String(row.pieces), row.forms]),
  );
  const widths = cells[0]?.map((_, column) => Math.max(...cells.map((row) => row[column]?.length ?? 0))) ?? [];
  for (const row of cells) t.diagnostic(row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  '));
};

const decoded = (text: string): Buffer => Buffer.from(text.replace('postern_', ''), 'base64url');

/** Signs in, works, signs out, and looks into every process after each. */
const journey = async (t: TestContext, form: 'sealed' | 'json'): Promise<Copies[]> => {
  const user = users[form];
  const told = fillMailbox(village, user.address, letters);
  using place = openPlace();
  await using postern = await startInstance(place.path, village);
  const { browser } = postern;
  assert.deepEqual(
    postern.family().map((pid) => nameOf(postern, pid)),
    ['main', 'keeper'],
  );
  const wish = { ...user, remember: true };
  const answer =
    form === 'sealed' ? await signInSealed(browser, wish) : await browser.signIn(user.address, user.password, wish);
  assert.equal(answer.status, 200);
  await readMailbox(browser, letters, told.get('body word 3') ?? '');
  const made = await browser.post('/auth/tokens', { name: 'a script' });
  const { token } = (await made.json()) as { token: string };
  const secrets = {
    password: user.password,
    'unlock key': decoded(browser.jar.get('postern-key')?.value ?? ''),
    'API token': decoded(token),
  };
  const rows = look(postern, 'connected', secrets);
  for (let n = 0; n < 100; n += 1) await browser.jmap([['Email/query', { limit: 10 }]]);
  rows.push(...look(postern, '100 requests', secrets));
  assert.equal((await browser.post('/auth/sign-out')).status, 204);
  rows.push(...look(postern, 'signed out', secrets));
  table(t, rows);
  return rows;
};

test('the scanner sees a secret in the memory of another process, in every form', { skip }, async () => {
  const planted = secret();
  const program = `
    const text = Buffer.from(process.env.PLANT, 'base64').toString();
    delete process.env.PLANT;
    const kept = [Buffer.from(text, 'utf16le'), Buffer.from(Buffer.from(text).toString('hex')), Buffer.from(text)];
    console.log('ready'); process.stdin.resume(); process.stdin.on('end', () => console.log(kept.length));`;
  const env = { PLANT: Buffer.from(planted).toString('base64') };
  const child = spawn(process.execPath, ['-e', program], { stdio: ['pipe', 'pipe', 'inherit'], env });
  try {
    await once(child.stdout, 'data');
    const search: Search = openSearch(formsOf('plant', planted));
    const { counts } = scanMemory(child.pid ?? 0, search);
    for (const form of ['raw', 'utf-16', 'hex', 'base64']) assert.ok((counts.get(`plant ${form}`) ?? 0) > 0, form);
  } finally {
    child.stdin.end();
    await once(child, 'exit');
  }
});

test('a sealed sign-in leaves no copy of the password in any process', { skip }, async (t) => {
  const rows = await journey(t, 'sealed');
  assert.deepEqual(
    rows.filter((row) => row.what === 'password' && row.whole + row.pieces > 0),
    [],
  );
  assert.deepEqual(
    rows.filter((row) => row.process === 'keeper' && row.whole + row.pieces > 0),
    [],
    'nor has the keeper kept what came by cookie',
  );
});

test('a sign-in by JSON leaves no copy of the password in the keeper', { skip }, async (t) => {
  const rows = await journey(t, 'json');
  assert.deepEqual(
    rows.filter((row) => row.process === 'keeper' && row.what === 'password' && row.whole + row.pieces > 0),
    [],
  );
});
