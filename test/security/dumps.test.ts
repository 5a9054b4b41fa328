import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { chmodSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { answers } from '#cli/demo/ports.ts';
import { allowCores, cannotDump, coresIn, crash } from './core-of.ts';
import { openPlace, startInstance } from './instance.ts';

const skip = process.platform !== 'linux' && 'reads /proc, which only Linux has';

test('what Postern writes is for its owner only, in a folder that is open to all', { skip }, async () => {
  using place = openPlace();
  chmodSync(place.path, 0o755);
  chmodSync(join(place.path, 'data'), 0o777);
  await using postern = await startInstance(place.path, { imapPort: 1, smtpPort: 1 });
  const written = ['data', 'secret', 'tmp']
    .flatMap((name) => readdirSync(join(place.path, name), { recursive: true, withFileTypes: true }))
    // Node's own, of the program's code.
    .filter(({ parentPath, name }) => !join(parentPath, name).includes('node-compile-cache'));
  assert.ok(written.length >= 4, `${written.length} files and folders`);
  for (const { parentPath, name } of written) {
    const path = join(parentPath, name);
    assert.equal(statSync(path).mode & 0o077, 0, path);
  }
  assert.ok(postern.pid > 0);
});

test('no process of Postern dumps a core, and none opens a debugger for a signal', { skip }, async () => {
  using place = openPlace();
  await using postern = await startInstance(place.path, { imapPort: 1, smtpPort: 1 });
  const family = postern.family();
  assert.equal(family.length, 2, 'main and keeper');
  for (const pid of family) {
    const [, soft, hard] = /^Max core file size +(\d+) +(\d+)/m.exec(readFileSync(`/proc/${pid}/limits`, 'utf8')) ?? [];
    assert.ok(Number(soft) <= 1 && Number(hard) <= 1, `process ${pid} may dump ${soft} bytes`);
  }
  const debugging = await answers(9229);
  for (const pid of family) process.kill(pid, 'SIGUSR1');
  await sleep(300);
  assert.doesNotMatch(postern.said(), /Debugger listening/);
  assert.equal(await answers(9229), debugging);
  assert.deepEqual(postern.family(), family, 'both go on');
});

test('a crash leaves no core, where everybody else leaves one', { skip: cannotDump() ?? false }, async () => {
  using _ = allowCores();
  using place = openPlace();
  const other = spawn(process.execPath, ['-e', 'process.stdin.resume()'], { stdio: 'pipe', cwd: place.path });
  await crash(other.pid ?? 0);
  const [core = '', ...more] = coresIn(place.path);
  assert.deepEqual(more, []);
  rmSync(join(place.path, core));
  await using postern = await startInstance(place.path, { imapPort: 1, smtpPort: 1 });
  const family = postern.family();
  assert.equal(family.length, 2, 'main and keeper');
  for (const pid of family.toReversed()) await crash(pid);
  assert.deepEqual(coresIn(place.path), []);
});
