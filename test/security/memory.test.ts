import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { after, before, test, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { join } from 'node:path';
import { openDovecot, type Village } from '#village/dovecot.ts';
import type { Browser } from '../e2e/browser.ts';
import { assertGuarded, type Copies, inPlain, look, lookIntoCores, nameOf, table } from './copies.ts';
import { cannotDump, scanCore, softLimits, takeCores } from './core-of.ts';
import { type Instance, openPlace, postSealed, signInSealed, startInstance } from './instance.ts';
import { fillMailbox, readMailbox, type Secrets } from './mailbox.ts';
import { cannotLook, scanMemory } from './memory-of.ts';
import { formsOf, openSearch } from './needles.ts';
import type { Scan } from './scanner.ts';
import { userKeyOf } from './user-key-of.ts';

const skip = cannotLook(process.pid) ?? false;
const secret = (): string => `${randomBytes(9).toString('hex')}-Xq`;
const users = {
  sealed: { address: 'sealed@village.test', password: secret() },
  json: { address: 'json@village.test', password: secret() },
};
const letters = 12;
const told = new Map<string, Secrets>();
let village: Village;
before(async () => {
  village = await openDovecot({ users: Object.values(users) });
  for (const { address } of Object.values(users)) told.set(address, fillMailbox(village, address, letters));
});
after(() => village[Symbol.asyncDispose]());

/** An instance of which cores can be taken. */
const start = (place: string): Promise<Instance> => startInstance(place, village, softLimits(join(place, 'bin')));

const decoded = (text: string): Buffer => Buffer.from(text.replace('postern_', ''), 'base64url');

const ask100 = async (browser: Browser): Promise<void> => {
  for (let n = 0; n < 100; n += 1) await browser.jmap([['Email/query', { limit: 10 }]]);
};

/** Until connections are closed and keys dropped. */
const settled = async ({ browser }: Instance): Promise<void> => {
  const present = async (): Promise<string> =>
    /^postern_\w*present\w* (\d+)$/m.exec(await (await browser.fetch('/metrics')).text())?.[1] ?? 'unknown';
  await browser.until(present, (count) => count === '0');
  await sleep(500);
};

const moments = ['connected', '100 requests', 'signed out'] as const;
type Moment = (typeof moments)[number];

/** Signs in, works, signs out, and looks into every process after each; ends early at `last`, with a core of each. */
const journey = async (t: TestContext, form: 'sealed' | 'json', last: Moment): Promise<Copies[]> => {
  const user = users[form];
  using place = openPlace();
  await using postern = await start(place.path);
  const { browser } = postern;
  assert.deepEqual(
    postern.family().map((pid) => nameOf(postern, pid)),
    ['main', 'keeper'],
  );
  const wish = { ...user, remember: true };
  const answer =
    form === 'sealed' ? await signInSealed(browser, wish) : await browser.signIn(user.address, user.password, wish);
  assert.equal(answer.status, 200);
  await readMailbox(browser, letters, told.get(user.address)?.get('body word 3') ?? '');
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
  const before: Record<Moment, () => Promise<void>> = {
    connected: async () => undefined,
    '100 requests': () => ask100(browser),
    'signed out': async () => {
      assert.equal((await browser.post('/auth/sign-out')).status, 204);
      await settled(postern);
    },
  };
  const rows: Copies[] = [];
  for (const moment of moments.slice(0, moments.indexOf(last) + 1)) {
    await before[moment]();
    rows.push(...(await look(postern, moment, secrets)));
  }
  rows.push(...(await lookIntoCores(t, postern, last, secrets)));
  table(t, rows);
  return rows;
};

test('a secret is seen in the memory of another process and in its core, in every form', { skip }, async (t) => {
  const planted = secret();
  const program = `
    const text = Buffer.from(process.env.PLANT, 'base64').toString();
    delete process.env.PLANT;
    const kept = [Buffer.from(text, 'utf16le'), Buffer.from(Buffer.from(text).toString('hex')), Buffer.from(text)];
    console.log('ready'); process.stdin.resume(); process.stdin.on('end', () => console.log(kept.length));`;
  const env = { PLANT: Buffer.from(planted).toString('base64') };
  using place = openPlace();
  const child = spawn(process.execPath, ['-e', program], { stdio: ['pipe', 'pipe', 'inherit'], cwd: place.path, env });
  const exited = once(child, 'exit');
  const pid = child.pid ?? 0;
  const search = openSearch(formsOf('plant', planted));
  const all = ({ counts }: Scan): void => {
    for (const form of ['raw', 'utf-16', 'hex', 'base64']) assert.ok((counts.get(`plant ${form}`) ?? 0) > 0, form);
  };
  try {
    await once(child.stdout, 'data');
    all(scanMemory(pid, search));
    await t.test('its core', { skip: cannotDump() ?? false }, async () => {
      for await (const { core } of takeCores([pid], place.path)) all(await scanCore(core, search));
    });
  } finally {
    child.stdin.on('error', () => undefined).end();
    await exited;
  }
});

for (const last of moments)
  test(
    `a sealed sign-in leaves no copy of the password in any process, nor in a core: ${last}`,
    { skip },
    async (t) => {
      const rows = await journey(t, 'sealed', last);
      assert.deepEqual(inPlain(rows, 'password'), []);
      assertGuarded(rows);
      for (const what of ['unlock key', 'API token'])
        assert.deepEqual(inPlain(rows, what, /keeper$/), [], 'nor has the keeper kept what came by cookie');
    },
  );

test('a sign-in by JSON leaves no copy of the password in the keeper', { skip }, async (t) => {
  const rows = await journey(t, 'json', 'signed out');
  assert.deepEqual(inPlain(rows, 'password', /keeper$/), []);
  assertGuarded(rows);
});

test('signing in by site password or recovery code leaves no copy of either in any process', { skip }, async (t) => {
  const user = users.sealed;
  const site = secret();
  using place = openPlace();
  let code: string;
  const rows: Copies[] = [];
  {
    await using postern = await start(place.path);
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
    const secrets = { 'site password': site, 'recovery code': code, 'user key': await userKeyOf(postern) };
    rows.push(...(await look(postern, 'made', secrets)), ...(await lookIntoCores(t, postern, 'made', secrets)));
  }
  await using postern = await start(place.path);
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
    // While the account signs in at the mail server the keeper has its password in hand.
    await readMailbox(browser, letters, told.get(user.address)?.get('body word 3') ?? '');
    const secrets = {
      password: user.password,
      'site password': site,
      'recovery code': code,
      'its digits': code.replaceAll('-', ''),
      'user key': await userKeyOf(postern),
    };
    const name = path.slice('/auth/sign-in/'.length);
    rows.push(...(await look(postern, `by ${name}`, secrets)));
    await ask100(browser);
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
      inPlain(rows, what).filter(({ process, moment }) => process.endsWith('keeper') || moment !== 'made'),
      [],
    );
  assertGuarded(rows);
});
