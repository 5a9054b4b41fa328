import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Target, UserId } from './keeper.ts';
import { openKeeper } from './keeper-client.ts';
import { KeeperCore } from './keeper-core.ts';
import { Network } from './network.ts';
import { folder, settings, target, text } from './keeper.testkit.ts';
import { openScripted, type ScriptedServer } from './scripted-server.testkit.ts';
import { startKeeper } from './start-keeper.ts';

const inAnHour = (): number => Date.now() + 3_600_000;

/** A submission server that lets one password in; `said` is what it was told. */
const openSubmission = async (
  password: string,
): Promise<{ server: ScriptedServer; said: string[]; target: Target }> => {
  const said: string[] = [];
  const right = Buffer.from(`\0alice\0${password}`).toString('base64');
  const server = await openScripted(async (peer) => {
    peer.send('220 mail.test ESMTP\r\n');
    for (;;) {
      const line = await peer.line();
      if (line === null) return;
      said.push(line);
      if (line.startsWith('EHLO')) peer.send('250-mail.test\r\n250 AUTH PLAIN\r\n');
      else if (line.startsWith('AUTH')) peer.send(line.endsWith(right) ? '235 in\r\n' : '535 5.7.8 no\r\n');
      else peer.send('250 ok\r\n');
    }
  });
  return { server, said, target: target(server.port, { protocol: 'smtp' }) };
};

for (const where of ['inside', 'child'] as const)
  test(`V116 keeper ${where}: a ticket signs in once, at its server, with no user key in memory`, async () => {
    const { server, said, target } = await openSubmission('for one letter');
    await using _server = server;
    await using running = await startKeeper(settings(where));
    await using keeper = await openKeeper(running);
    const user = 'nobody' as UserId;
    const secret = Buffer.from('for one letter');
    const handle = await keeper.holdTicket(target, { kind: 'bytes', bytes: secret }, inAnHour());
    assert.deepEqual(secret, Buffer.alloc(secret.length), 'what was given is wiped');
    assert.deepEqual([await keeper.isOpen(user), said], [false, []], 'held, not tried');
    await keeper.forget(user);
    const { stream, capabilities } = await keeper.connectByTicket(handle);
    stream.destroy();
    assert.deepEqual(capabilities, ['AUTH PLAIN']);
    assert.equal(said.filter((line) => line.startsWith('AUTH')).length, 1);
    await assert.rejects(keeper.connectByTicket(handle), { code: 'ticket/gone' });
    assert.equal(server.connections, 1, 'the second time nobody is asked');

    const dropped = await keeper.holdTicket(target, text('for one letter'), inAnHour());
    await keeper.dropTicket(dropped);
    await keeper.dropTicket(dropped);
    await assert.rejects(keeper.connectByTicket(dropped), { code: 'ticket/gone' });
  });

test('V116 a refused ticket is used up; one for another protocol is not held', async () => {
  const { server, target } = await openSubmission('right');
  await using _server = server;
  await using running = await startKeeper(settings('inside'));
  await using keeper = await openKeeper(running);
  const handle = await keeper.holdTicket(target, text('wrong'), inAnHour());
  await assert.rejects(keeper.connectByTicket(handle), { code: 'auth/refused' });
  await assert.rejects(keeper.connectByTicket(handle), { code: 'ticket/gone' });
  const imap: Target = { ...target, protocol: 'imap' };
  await assert.rejects(keeper.holdTicket(imap, text('right'), inAnHour()), { code: 'record/refused' });
});

test('V116 when its time is over a ticket is gone', async () => {
  const { server, target } = await openSubmission('right');
  await using _server = server;
  const due: [number, () => void][] = [];
  const clock = {
    now: () => 1_000,
    after: (ms: number, task: () => void) => (due.push([ms, task]), () => undefined),
  };
  const network = new Network({ ...settings('inside'), extraCa: [] });
  const core = new KeeperCore({ secretFile: join(folder, 'ends.key'), network, clock });
  const handle = core.holdTicket(target, text('right'), 61_000);
  assert.deepEqual(
    due.map(([ms]) => ms),
    [60_000],
  );
  for (const [, task] of due) task();
  await assert.rejects(core.connectByTicket(handle), { code: 'ticket/gone' });
  assert.equal(server.connections, 0);
  core.close();
});
