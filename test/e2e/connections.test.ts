import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import {
  accountsOf,
  addAccount,
  alice,
  carla,
  letter,
  openBefore,
  openProviders,
  signIns,
  subjects,
} from './accounts-world.ts';
import type { Village } from '#village/dovecot.ts';
import { openFolder } from './postern.ts';

test('S1 V100 a thousand refreshes of two accounts are one LOGIN each', async () => {
  await using providers = await openProviders();
  await providers.village.deliver(alice.address, letter(alice.address, 'for Alice'));
  await providers.hill.deliver(carla.address, letter(carla.address, 'for Carla'));
  using folder = openFolder();
  await using postern = await openBefore(providers, folder.path);
  const { browser } = postern;
  await browser.signIn(alice.address, alice.password);
  const added = await addAccount(browser, carla);
  const both = [browser.account, added.id];
  await browser.until(
    async () => (await Promise.all(both.map((account) => subjects(browser, account)))).flat(),
    (list) => list.length === 2,
  );
  for (let i = 0; i < 125; i += 1) {
    const calls = both.map((accountId) => ['Mailbox/get', { accountId, ids: null }] as const);
    await Promise.all([1, 2, 3, 4].map(() => browser.jmap(calls)));
  }
  const logins = [signIns(providers.village, alice.address), signIns(providers.hill, carla.address)];
  assert.deepEqual(logins, [
    { in: 1, refused: 0 },
    { in: 1, refused: 0 },
  ]);
});

test('V108 Dovecot that trusts us logs the visitor, one that is not named logs us', async () => {
  await using providers = await openProviders({ extra: 'login_trusted_networks = 127.0.0.0/8\n' });
  using folder = openFolder();
  const more = {
    POSTERN_ID_SERVERS: `127.0.0.1:${providers.village.imapPort}`,
    POSTERN_TRUSTED_PROXIES: '127.0.0.0/8',
  };
  await using postern = await openBefore(providers, folder.path, more);
  const { browser } = postern;
  const headers = { 'x-forwarded-for': '198.51.100.23', 'content-type': 'application/json' };
  const form = JSON.stringify({ address: alice.address, password: alice.password });
  const answer = await browser.fetch('/auth/sign-in', { method: 'POST', headers, body: form });
  assert.equal(answer.status, 200, await answer.clone().text());
  await addAccount(browser, carla);
  const from = (village: Village, address: string): string[] =>
    village.dovecot.signIns(address).map((line) => /rip=([^,\s]+)/.exec(line)?.[1] ?? '');
  assert.deepEqual(from(providers.village, alice.address), ['198.51.100.23']);
  assert.deepEqual(from(providers.hill, carla.address), ['127.0.0.1']);
  // A connection that is made again later is made for the same visitor.
  providers.village.dovecot.doveadm('kick', alice.address);
  await browser.until(
    async () => from(providers.village, alice.address),
    (all) => all.length === 2 && all[1] === '198.51.100.23',
  );
});

test('S2 a server of two connections teaches the account, and a start anew does not try a third', async () => {
  await using providers = await openProviders({ variant: 'limited' });
  for (let i = 0; i < 300; i += 1) providers.village.put(alice.address, 'INBOX', letter(alice.address, `letter ${i}`));
  using folder = openFolder();
  const refusals = (): number =>
    readFileSync(providers.village.dovecot.logFile, 'utf8').split('Maximum number of connections').length - 1;
  {
    await using postern = await openBefore(providers, folder.path);
    const { browser, store } = postern;
    await browser.signIn(alice.address, alice.password);
    await browser.until(
      () => subjects(browser, browser.account),
      (list) => list.length > 0,
    );
    const [row] = await store.accounts((await store.users())[0]!.id);
    assert.ok(row);
    assert.equal(row.connections === null || row.connections <= 2, true);
    await store.changeAccount(row.id, { connections: 1 });
  }
  const before = refusals();
  await using again = await openBefore(providers, folder.path);
  const { browser } = again;
  await browser.signIn(alice.address, alice.password);
  await browser.until(
    () => subjects(browser, browser.account),
    (list) => list.length >= 50,
  );
  assert.equal((await accountsOf(browser))[0]?.state, 'ok');
  assert.equal(refusals(), before);
  assert.equal(signIns(providers.village, alice.address).in >= 2, true);
});
