import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { after, before, test, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { openDovecot, type Village } from '#village/dovecot.ts';
import { type Instance, openPlace, postSealed, signInSealed, startInstance } from './instance.ts';
import { fillMailbox, readMailbox } from './mailbox.ts';
import { cannotLook, type Scan, scanMemory } from './memory-of.ts';
import { formsOf, openSearch, piecesOf, type Search } from './needles.ts';
import { userKeyOf } from './user-key-of.ts';

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

type Secrets = Readonly<Record<string, Buffer | string>>;

const searchOf = (secrets: Secrets): Search =>
  openSearch(Object.entries(secrets).flatMap(([name, value]) => [...formsOf(name, value), ...piecesOf(name, value)]));

const copiesIn = ({ bytes, counts }: Scan, process: string, moment: string, secrets: Secrets): Copies[] => {
  assert.ok(bytes > 20_000_000, `${bytes} bytes of ${process} were read`);
  return Object.entries(secrets).map(([what, value]): Copies => {
    const found = [...counts].filter(([name]) => name.startsWith(`${what} `));
    const inForms = found.filter(([name]) => !name.endsWith(' piece'));
    const raw = counts.get(`${what} raw`) ?? 0;
    const inWholes = raw * (Buffer.from(value).length - 7);
    return {
      process,
      moment,
      what,
      whole: inForms.reduce((sum, [, count]) => sum + count, 0),
      pieces: Math.max(0, (counts.get(`${what} piece`) ?? 0) - inWholes),
      forms: inForms.map(([name, count]) => `${name.slice(what.length + 1)} ${count}`).join(', '),
    };
  });
};

/** Every page of every process, and of those what a core would hold were one taken. */
const look = async (instance: Instance, moment: string, secrets: Secrets): Promise<Copies[]> => {
  const search = searchOf(secrets);
  const rows = instance.family().flatMap((pid) => {
    const name = nameOf(instance, pid);
    const scan = scanMemory(pid, search);
    return [
      ...copiesIn(scan, name, moment, secrets),
      ...copiesIn({ ...scan, counts: scan.inCore }, `core of ${name}`, moment, secrets),
    ];
  });
  // Looking takes so long that connections were ended meanwhile: what asks next has to hear of it.
  await sleep(200);
  return rows;
};

const table = (t: TestContext, rows: readonly Copies[]): void => {
  const cells = [['process', 'moment', 'secret', 'whole', 'pieces', 'forms']].concat(
    rows.map((row) => [row.process, row.moment, row.what, String(row.whole), String(row.pieces), row.forms]),
  );
  const widths = cells[0]?.map((_, column) => Math.max(...cells.map((row) => row[column]?.length ?? 0))) ?? [];
  for (const row of cells) t.diagnostic(row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  '));
};

const decoded = (text: string): Buffer => Buffer.from(text.replace('postern_', ''), 'base64url');

/** Until connections are closed and keys dropped. */
const settled = async ({ browser }: Instance): Promise<void> => {
  const present = async (): Promise<string> =>
    /^postern_\w*present\w* (\d+)$/m.exec(await (await browser.fetch('/metrics')).text())?.[1] ?? 'unknown';
  await browser.until(present, (count) => count === '0');
  await sleep(500);
};

const inPlain = (rows: readonly Copies[], what: string): Copies[] =>
  rows.filter((row) => row.what === what && row.whole + row.pieces > 0);

/** The user key lies in the keeper's one guarded allocation while its user is here, and nowhere else. */
const guarded = (rows: readonly Copies[]): void => {
  const found = inPlain(rows, 'user key');
  assert.deepEqual(
    found.filter(({ process, moment }) => process !== 'keeper' || moment === 'signed out'),
    [],
    'in no other process, in no core, not after signing out',
  );
  for (const row of found) assert.deepEqual([row.whole, row.pieces, row.forms], [1, 0, 'raw 1']);
};

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
  const mail = { purpose: 'mailPassword', login: user.address, secret: user.password } as const;
  assert.equal((await postSealed(browser, '/auth/prove', { kind: 'mail' }, [mail])).status, 204);
  const made = await browser.post('/auth/tokens', { name: 'a script' });
  const { token } = (await made.json()) as { token: string };
  const secrets = {
    password: user.password,
    'user key': await userKeyOf(postern),
    'unlock key': decoded(browser.jar.get('postern-key')?.value ?? ''),
    'API token': decoded(token),
  };
  const rows = await look(postern, 'connected', secrets);
  for (let n = 0; n < 100; n += 1) await browser.jmap([['Email/query', { limit: 10 }]]);
  rows.push(...(await look(postern, '100 requests', secrets)));
  assert.equal((await browser.post('/auth/sign-out')).status, 204);
  await settled(postern);
  rows.push(...(await look(postern, 'signed out', secrets)));
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
  assert.deepEqual(inPlain(rows, 'password'), []);
  guarded(rows);
  assert.deepEqual(
    rows.filter(
      ({ process, what, whole, pieces }) => /keeper/.test(process) && what !== 'user key' && whole + pieces > 0,
    ),
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

test('signing in by site password or recovery code leaves no copy of either in any process', { skip }, async (t) => {
  const user = users.sealed;
  const site = secret();
  using place = openPlace();
  let code: string;
  const rows: Copies[] = [];
  {
    await using postern = await startInstance(place.path, village);
    const { browser } = postern;
    assert.equal((await signInSealed(browser, user)).status, 200);
    const mail = { purpose: 'mailPassword', login: user.address, secret: user.password } as const;
    assert.equal((await postSealed(browser, '/auth/prove', { kind: 'mail' }, [mail])).status, 204);
    const added = await postSealed(browser, '/auth/unlockers/site', { name: 'sealed' }, [
      { purpose: 'sitePassword', login: 'sealed', secret: site },
    ]);
    assert.equal(added.ok, true, await added.clone().text());
    ({ code } = (await (await browser.post('/auth/unlockers/recovery', {})).json()) as { code: string });
    const confirmed = await postSealed(browser, '/auth/unlockers/recovery/confirm', {}, [
      { purpose: 'recoveryCode', login: '', secret: code },
    ]);
    assert.equal(confirmed.status, 204, await confirmed.clone().text());
    rows.push(...(await look(postern, 'made', { 'site password': site, 'recovery code': code })));
  }
  await using postern = await startInstance(place.path, village);
  const { browser } = postern;
  const ways = [
    [
      '/auth/sign-in/site',
      { name: 'sealed', remember: true },
      { purpose: 'sitePassword', login: 'sealed', secret: site },
    ],
    ['/auth/sign-in/recovery', { remember: true }, { purpose: 'recoveryCode', login: '', secret: code }],
  ] as const;
  for (const [path, form, sealed] of ways) {
    const answer = await postSealed(browser, path, form, [sealed]);
    assert.equal(answer.status, 200, await answer.clone().text());
    const secrets = {
      password: user.password,
      'site password': site,
      'recovery code': code,
      'its digits': code.replaceAll('-', ''),
      'user key': await userKeyOf(postern),
    };
    const name = path.slice('/auth/sign-in/'.length);
    rows.push(...(await look(postern, `by ${name}`, secrets)));
    for (let n = 0; n < 100; n += 1) await browser.jmap([['Email/query', { limit: 10 }]]);
    rows.push(...(await look(postern, `${name}, 100 requests`, secrets)));
    assert.equal((await browser.post('/auth/sign-out')).status, 204);
    await settled(postern);
    rows.push(...(await look(postern, 'signed out', secrets)));
  }
  table(t, rows);
  assert.deepEqual(inPlain(rows, 'password'), []);
  assert.deepEqual(inPlain(rows, 'site password'), []);
  for (const what of ['recovery code', 'its digits'])
    assert.deepEqual(
      inPlain(rows, what).filter(({ process, moment }) => process === 'keeper' || moment !== 'made'),
      [],
    );
  guarded(rows);
});
