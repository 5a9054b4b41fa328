import assert from 'node:assert/strict';
import { copyFileSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { Arena } from './arena.ts';
import { openHostFile, rotateHostFile } from './host-file.ts';
import { HostKeys } from './host-keys.ts';
import type { SessionId, UserId } from './keeper.ts';
import { makeSession, makeUser, openSession } from './slots.ts';

const folder = mkdtempSync(join(tmpdir(), 'postern-host-'));
after(() => rmSync(folder, { recursive: true, force: true }));
let files = 0;
const newPath = (): string => join(folder, `${(files += 1)}.key`);

const dayMs = 86_400_000;
const clockAt = (day: number) => {
  const clock = { day, now: () => clock.day * dayMs + 5, after: () => () => undefined };
  return clock;
};
const openHost = (path: string, clock = clockAt(20_000)) => new HostKeys(new Arena(200), path, clock);
const user = 'user-1' as UserId;
const session = { id: 'session-1' as SessionId, user, generation: 1 };
const refused = { code: 'host/secret-file', blame: 'operator' };

test('V19 rotation: sessions live on, and a copy of the file before opens none that is made after', () => {
  const path = newPath();
  const host = openHost(path);
  const { userKey } = makeUser(user);
  const before = makeSession(host, session, userKey);
  const stolen = newPath();
  copyFileSync(path, stolen);
  const { epoch, entries } = rotateHostFile(path, 20_000);
  assert.deepEqual([epoch, entries], [20_001, 2]);
  assert.equal(statSync(path).mode & 0o777, 0o600);

  const after = makeSession(host, session, userKey);
  for (const now of [host, openHost(path), openHost(path, clockAt(20_007))])
    for (const made of [before, after])
      assert.deepEqual(openSession(now, made.session, made.secrets.unlockKey), userKey);
  for (const day of [20_000, 20_001, 20_002]) {
    const thief = openHost(stolen, clockAt(day));
    assert.throws(() => openSession(thief, after.session, after.secrets.unlockKey), {
      code: 'session/does-not-open',
    });
  }
  const thief = openHost(stolen);
  assert.deepEqual(
    openSession(thief, before.session, before.secrets.unlockKey),
    userKey,
    'what is old stays open to it',
  );
});

test('V19 the pepper stays, and so do the keys from before', () => {
  const path = newPath();
  const before = openHostFile(path, 20_000);
  rotateHostFile(path, 20_000);
  const now = openHostFile(path, 20_000);
  assert.deepEqual(now.pepper, before.pepper);
  assert.deepEqual(now.ring[0], before.ring[0]);
  assert.notDeepEqual(now.ring[1]?.key, before.ring[0]?.key);
});

test('V19 once a day, and never a file that is not there or cannot be read', () => {
  const path = newPath();
  assert.throws(() => rotateHostFile(path, 20_000), { ...refused, message: /does not exist/ });
  assert.equal(statSync(path, { throwIfNoEntry: false }), undefined, 'none was made');
  openHostFile(path, 20_000);
  rotateHostFile(path, 20_000);
  const whole = readFileSync(path);
  assert.throws(() => rotateHostFile(path, 20_000), { ...refused, message: /rotated today/ });
  assert.deepEqual(readFileSync(path), whole);
  rotateHostFile(path, 20_001);
  assert.deepEqual(
    openHostFile(path, 20_001).ring.map(({ epoch }) => epoch),
    [20_000, 20_001, 20_002],
  );
  writeFileSync(path, 'PSTRNKEY');
  assert.throws(() => rotateHostFile(path, 20_002), refused);
  assert.equal(readFileSync(path, 'latin1'), 'PSTRNKEY');
});

test('V19 a damaged file, or one of another host, that is put in its place does not touch a host that runs', () => {
  const path = newPath();
  const host = openHost(path);
  const { userKey } = makeUser(user);
  const made = makeSession(host, session, userKey);
  const other = newPath();
  openHostFile(other, 20_005);
  for (const bytes of [Buffer.from('nothing'), readFileSync(other)]) {
    writeFileSync(path, bytes);
    assert.equal(host.epoch(), 20_000);
    assert.deepEqual(openSession(host, made.session, made.secrets.unlockKey), userKey);
  }
});
