import assert from 'node:assert/strict';
import { globSync, readFileSync, statSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type OAuthVillage, openOAuthVillage } from '../e2e/oauth-world.ts';
import { openPlace, startInstance } from './instance.ts';
import { cannotLook, scanMemory } from './memory-of.ts';
import { formsOf, openSearch } from './needles.ts';

const skip = cannotLook(process.pid) ?? false;
const alice = 'alice@village.test';
let world: OAuthVillage;
before(async () => {
  world = await openOAuthVillage();
});
after(() => world[Symbol.asyncDispose]());

test('V142 tokens are in no file, in no log, and in the memory of no process', { skip }, async (t) => {
  using place = openPlace();
  await using instance = await startInstance(place.path, world.village, { ...world.environment, POSTERN_LOG: 'debug' });
  const { browser } = instance;
  const wish = { issuer: 'house', address: alice, purpose: 'sign-in', remember: true };
  const begun = (await (await browser.post('/auth/oauth/begin', wish)).json()) as { url: string };
  const back = Object.fromEntries(world.issuer.consent(begun.url, alice).searchParams);
  const answer = await browser.post('/auth/oauth/finish', back);
  assert.equal(answer.status, 200, await answer.clone().text());
  const facts = (await answer.json()) as { signedIn: { accounts: { id: string }[] } };
  browser.account = facts.signedIn.accounts[0]?.id ?? '';
  const synced = async (): Promise<void> => {
    for (let i = 0; i < 100; i += 1) {
      const [boxes] = await browser.jmap([['Mailbox/get', {}]]);
      if (((boxes?.['list'] ?? []) as unknown[]).length > 0) return;
      await sleep(100);
    }
  };
  await synced();
  // The issuer turns its token: what was stored is replaced.
  const given = world.issuer.asked.length;
  world.issuer.expire();
  for (let i = 0; i < 100 && world.issuer.asked.length === given; i += 1) {
    try {
      world.village.dovecot.doveadm('kick', '*');
    } catch {
      // Nobody is there to be kicked.
    }
    await sleep(200);
  }
  assert.ok(world.issuer.asked.length > given, 'a token was renewed');
  for (let i = 0; i < 50 && !world.village.dovecot.doveadm('who').includes(alice); i += 1) await sleep(100);
  await sleep(2_000);

  const secrets: Record<string, string> = {};
  world.issuer.given.forEach((token, i) => (secrets[`access ${i}`] = token));
  world.issuer.asked.forEach((form, i) => {
    for (const name of ['refresh_token', 'code_verifier']) {
      const value = form.get(name);
      if (value !== null) secrets[`${name} ${i}`] = value;
    }
  });
  secrets['client secret'] = world.issuer.client.secret;
  const forms = Object.entries(secrets).flatMap(([name, value]) => formsOf(name, value));
  const files = globSync(`${place.path}/**/*`).filter((path) => statSync(path).isFile());
  assert.ok(files.length > 3, String(files.length));
  const written = Buffer.concat([...files.map((path) => readFileSync(path)), Buffer.from(instance.said())]);
  for (const { name, form, bytes } of forms) assert.equal(written.includes(bytes), false, `${name} as ${form}`);

  const search = openSearch(forms.filter(({ name }) => name !== 'client secret'));
  const found = instance.family().flatMap((pid) => {
    const { counts, bytes } = scanMemory(pid, search);
    assert.ok(bytes > 20_000_000, `${bytes} bytes of ${pid} were read`);
    return [...counts]
      .filter(([, count]) => count > 0)
      .map(([name, count]) => `${pid === instance.pid ? 'main' : pid} ${name} ${count}`);
  });
  for (const line of found) t.diagnostic(line);
  assert.deepEqual(found, []);
});
