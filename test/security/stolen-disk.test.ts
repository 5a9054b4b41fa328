import assert from 'node:assert/strict';
import { cpSync, readdirSync, readFileSync, readlinkSync, statSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { after, before, test } from 'node:test';
import { openDovecot, type Village } from '#village/dovecot.ts';
import { furnish } from './furnish.ts';
import { openPlace, signInSealed, startInstance } from './instance.ts';
import { fillMailbox, readMailbox, writeMail } from './mailbox.ts';
import { formsOf, type Needle, openSearch } from './needles.ts';

const alice = { address: 'alice@village.test', password: 'Kornblume-77-Rathaus-xq' };
const bob = { address: 'bob@village.test', password: 'Schleuse-12-Taube-zz' };
const letters = 200;

let village: Village;
before(async () => {
  village = await openDovecot({ users: [alice, bob] });
});
after(() => village[Symbol.asyncDispose]());

const filesIn = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));

/** Files without a name that the processes hold open: they lie on the disk as well. */
const unlinkedOf = (pids: readonly number[]): { name: string; bytes: Buffer }[] =>
  pids.flatMap((pid) =>
    readdirSync(`/proc/${pid}/fd`).flatMap((fd) => {
      const path = `/proc/${pid}/fd/${fd}`;
      try {
        const target = readlinkSync(path);
        if (!target.endsWith(' (deleted)') || target.startsWith('/memfd:') || !statSync(path).isFile()) return [];
        return [{ name: target, bytes: readFileSync(path) }];
      } catch {
        return [];
      }
    }),
  );

interface Theft {
  files: Map<string, Buffer>;
  /** Name and place of each needle found. */
  found: string[];
}

const steal = (from: readonly string[], needles: readonly Needle[], unlinked: Theft['files'] = new Map()): Theft => {
  const search = openSearch(needles);
  const files = new Map(unlinked);
  const found = new Set<string>();
  for (const folder of from)
    for (const path of filesIn(folder)) files.set(relative(join(folder, '..'), path), readFileSync(path));
  for (const [name, bytes] of files) {
    search(Buffer.from(name), (needle) => found.add(`${needle.name} (${needle.form}) in the name ${name}`));
    search(bytes, (needle) => found.add(`${needle.name} (${needle.form}) in ${name}`));
  }
  return { files, found: [...found] };
};

test(
  'a stolen data folder and secret file of a running Postern yield no password, no key and no word of a mail',
  {
    skip: process.platform !== 'linux' && 'reads /proc',
  },
  async (t) => {
    using place = openPlace();
    const secrets = fillMailbox(village, alice.address, letters);
    await using postern = await startInstance(place.path, village, { POSTERN_LOG: 'debug' });
    const { browser } = postern;
    assert.equal((await signInSealed(browser, { ...alice, remember: true })).status, 200);
    await readMailbox(browser, letters, secrets.get('body word 7') ?? '');
    await writeMail(browser, secrets);
    await furnish(browser, alice, bob, secrets);
    const made = await browser.post('/auth/tokens', { name: 'a script' });
    const { token } = (await made.json()) as { token: string };
    writeFileSync(join(postern.data, 'postern.log'), postern.said());

    const bytesOf = (text: string): Buffer => Buffer.from(text, 'base64url');
    const cookie = (name: string): string => browser.jar.get(name)?.value ?? '';
    const needles = [
      ...formsOf('password', alice.password),
      ...formsOf('session token', bytesOf(cookie('postern'))),
      ...formsOf('unlock key', bytesOf(cookie('postern-key'))),
      ...formsOf('API token', bytesOf(token.replace('postern_', ''))),
      ...[...secrets].flatMap(([name, text]) => formsOf(name, text)),
      ...[...secrets]
        .filter(([name]) => name.includes('word'))
        .flatMap(([name, text]) => formsOf(name, text.toUpperCase())),
    ];
    assert.ok(needles.length > letters * 50);

    // The copy is taken while the user is signed in and the indexes are open.
    const copy = join(place.path, 'stolen');
    for (const name of ['data', 'secret', 'tmp'])
      cpSync(join(place.path, name), join(copy, name), { recursive: true, filter: (path) => !path.endsWith('.sock') });
    const unlinked = new Map(unlinkedOf(postern.family()).map(({ name, bytes }) => [name, bytes]));
    const { files, found } = steal(
      ['data', 'secret', 'tmp'].map((name) => join(copy, name)),
      needles,
      unlinked,
    );

    const listed = [...files].map(([name, bytes]) => `${name} ${bytes.length}`);
    t.diagnostic(`${needles.length} needles in ${listed.length} files: ${listed.join(', ')}`);
    assert.ok(files.get('secret/host.key')?.length, 'the secret file is among them');
    assert.ok([...files].some(([name, bytes]) => name.startsWith('data/postern.db') && bytes.length > 4096));
    assert.ok(
      [...files].some(([name, bytes]) => name.startsWith('data/index/') && bytes.length > 50_000),
      'the index is',
    );
    assert.deepEqual(found, []);

    // The address signed in with is no secret from the disk: it is how the account is found.
    const shown = steal([join(copy, 'data')], formsOf('own address', alice.address)).found;
    assert.ok(shown.length > 0, 'the search sees what is there');

    // And the same once all has been written out and closed.
    await postern.stop();
    assert.deepEqual(steal([postern.data, join(place.path, 'secret'), postern.temporary], needles).found, []);
  },
);
