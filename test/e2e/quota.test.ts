import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { AccountCheck } from '#jmap/auth/accounts.ts';
import type { Quota } from '#jmap/quota.ts';
import { quotaOf } from '#village/dovecot.ts';
import {
  addAccount,
  alice,
  carla,
  jmapSession,
  letter,
  openBefore,
  openProviders,
  type Providers,
  signIns,
} from './accounts-world.ts';
import type { Browser } from './browser.ts';
import { openFolder } from './postern.ts';

/** Two providers whose Dovecots limit what a user may hold. */
let providers: Providers;
before(async () => {
  providers = await openProviders({ extra: quotaOf({ storage: '256k', messages: 40 }) });
});
after(() => providers[Symbol.asyncDispose]());

const capability = 'urn:ietf:params:jmap:quota';

interface Got {
  state: string;
  list: Quota[];
}

const ask = async (browser: Browser, method: string, args: Record<string, unknown>): Promise<unknown> => {
  const answer = await browser.post('/jmap/api', {
    using: ['urn:ietf:params:jmap:core', 'urn:ietf:params:jmap:mail', capability],
    methodCalls: [[method, args, 'a']],
  });
  assert.equal(answer.status, 200);
  return ((await answer.json()) as { methodResponses: [string, unknown][] }).methodResponses[0]?.[1];
};

const quotas = async (browser: Browser, accountId: string): Promise<Got> =>
  (await ask(browser, 'Quota/get', { accountId, ids: null })) as Got;

const used = ({ list }: Got, type: Quota['resourceType']): number =>
  list.find(({ resourceType }) => resourceType === type)?.used ?? -1;

test('S51 J40 each account has the quotas of its own server, pushed as they change, and no LOGIN is made for them', async () => {
  using folder = openFolder();
  await using postern = await openBefore(providers, folder.path);
  const { browser } = postern;
  await providers.village.deliver(alice.address, letter(alice.address, 'first'));
  await browser.signIn(alice.address, alice.password);
  const second = await addAccount(browser, carla);
  const session = (await jmapSession(browser)) as unknown as {
    capabilities: Record<string, unknown>;
    accounts: Record<string, { accountCapabilities: Record<string, unknown> }>;
  };
  assert.deepEqual(session.capabilities[capability], {});
  for (const { accountCapabilities } of Object.values(session.accounts))
    assert.deepEqual(accountCapabilities[capability], {});
  const first = await browser.until(
    () => quotas(browser, browser.account),
    (got) => used(got, 'count') === 1,
  );
  assert.deepEqual(
    first.list.map(({ resourceType, hardLimit, scope, types }) => [resourceType, hardLimit, scope, types]),
    [
      ['octets', 262_144, 'account', ['Email']],
      ['count', 40, 'account', ['Email']],
    ],
  );
  const other = await browser.until(
    () => quotas(browser, second.id),
    (got) => got.list.length === 2,
  );
  assert.equal(used(other, 'count'), 0);
  const logins = [signIns(providers.village, alice.address).in, signIns(providers.hill, carla.address).in];

  const abort = new AbortController();
  const stream = browser.events('/jmap/eventsource?types=Quota&closeafter=no&ping=0', { signal: abort.signal });
  await stream.next();
  const heard = (async () => {
    for await (const { data } of stream) {
      const { changed } = JSON.parse(data) as { changed: Record<string, Record<string, string>> };
      const told = changed[browser.account]?.['Quota'];
      if (told !== undefined && told !== first.state)
        return { told, types: Object.keys(changed[browser.account] ?? {}) };
    }
    return null;
  })();
  await providers.village.deliver(
    alice.address,
    `${letter(alice.address, 'second')}${'x'.repeat(900)}\r\n${'y'.repeat(900)}\r\n`,
  );
  const checked = await browser.post(`/auth/accounts/${browser.account}/check`, {});
  assert.equal(((await checked.json()) as AccountCheck).imap.state, 'ok');
  const now = await quotas(browser, browser.account);
  assert.equal(used(now, 'count'), 2, 'Check now has read it before it answers');
  assert.deepEqual(await heard, { told: now.state, types: ['Quota'] });
  abort.abort();
  const changes = await ask(browser, 'Quota/changes', { accountId: browser.account, sinceState: first.state });
  const { updated, updatedProperties } = changes as { updated: string[]; updatedProperties: string[] };
  assert.deepEqual([updated.toSorted(), updatedProperties], [first.list.map(({ id }) => id).toSorted(), ['used']]);
  const after = [signIns(providers.village, alice.address).in, signIns(providers.hill, carla.address).in];
  assert.deepEqual(after, logins, 'on the connections that stand');
});

test('S52 a server without quotas has no record and is as well as others', async () => {
  await using plain = await openProviders();
  using folder = openFolder();
  await using postern = await openBefore(plain, folder.path);
  const { browser } = postern;
  await browser.signIn(alice.address, alice.password);
  const checked = await browser.post(`/auth/accounts/${browser.account}/check`, {});
  assert.equal(((await checked.json()) as AccountCheck).imap.state, 'ok');
  assert.deepEqual((await quotas(browser, browser.account)).list, []);
});
