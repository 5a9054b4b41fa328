import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Target, visit } from '../../src/app-passwords/dialogue.ts';
import type { AppPassword, ShownAppPassword } from '../../src/jmap/app-password.ts';
import type { Browser } from '../e2e/browser.ts';
import { openFolder, openPostern } from '../e2e/postern.ts';
import { servers, type TestDatabase, type TestServer } from './databases.ts';
import { mainUser, openDovecot, type TestDovecot } from './dovecot.ts';

const { address, password } = mainUser;

type Answer = Record<string, unknown>;
interface Got {
  list: AppPassword[];
  state: string;
  question: { changedAt: string } | null;
}

const ask = async <T = Answer>(browser: Browser, name: string, args: object): Promise<T> => {
  const answer = await browser.post('/jmap/api', {
    using: ['urn:ietf:params:jmap:core', 'urn:ietf:params:jmap:mail', 'urn:postern:params:jmap:app-passwords'],
    methodCalls: [[name, { accountId: browser.account, ...args }, 'c']],
  });
  assert.equal(answer.status, 200, await answer.clone().text());
  const { methodResponses } = (await answer.json()) as { methodResponses: [string, T, string][] };
  return methodResponses[0]?.[1] as T;
};

const prove = async (browser: Browser): Promise<void> => {
  const answer = await browser.post('/auth/prove', { kind: 'mail', password });
  assert.ok(answer.ok, await answer.text());
};

const wish = { name: 'Phone', program: 'apple', protocols: ['imap', 'submission'] };

const make = async (browser: Browser, more: object = {}): Promise<ShownAppPassword> => {
  const { created } = await ask<{ created: { k: ShownAppPassword } | null }>(browser, 'AppPassword/set', {
    create: { k: { ...wish, ...more } },
  });
  assert.ok(created);
  return created.k;
};

for (const open of Object.values(servers)) {
  describe(`app passwords on the web with ${open.name}`, { skip: process.getuid?.() !== 0 }, () => {
    let server: TestServer | null = null;
    let place: TestDatabase;
    let dovecot: TestDovecot;
    before(async () => {
      server = await open();
      if (!server) return;
      place = await server.database();
      dovecot = await openDovecot(place.dovecot);
    });
    after(async () => {
      await dovecot?.[Symbol.asyncDispose]();
      await server?.[Symbol.asyncDispose]();
    });

    const start = (data: string, more: Record<string, string> = {}): ReturnType<typeof openPostern> =>
      openPostern({ imapPort: dovecot.web, smtpPort: dovecot.submission, authority: null }, data, {
        POSTERN_APP_PASSWORDS_URL: place.url,
        POSTERN_APP_PASSWORDS_DOVEADM: dovecot.doveadm.join(' '),
        ...more,
      });
    const at = (protocol: Target['protocol'], port: number): Target => ({
      protocol,
      host: '127.0.0.1',
      port,
      security: 'none',
    });
    const login = async (text: string, target = at('imap', dovecot.imap)): Promise<string> => {
      const done = await visit(target, address, Buffer.from(text));
      done.leave();
      return done.outcome;
    };

    test('A65 A66 A67 A68 made, used, rotated, paused, revoked on the web, and so at Dovecot', async (t) => {
      if (!server) return t.skip('not installed');
      using folder = openFolder();
      await using postern = await start(folder.path);
      const { browser } = postern;
      assert.equal((await browser.signIn(address, password)).status, 200);
      const unproven = await ask<{ notCreated: { k: { type: string } } }>(browser, 'AppPassword/set', {
        create: { k: wish },
      });
      assert.equal(unproven.notCreated.k.type, 'proofNeeded');
      await prove(browser);
      const phone = await make(browser);
      assert.equal(await login(phone.password), 'accepted');
      assert.equal(await login(phone.password, at('submission', dovecot.submission)), 'accepted');
      assert.equal(await login(password), 'refused', 'the main password is for the web alone');
      const used = await browser.until(
        () => ask<Got>(browser, 'AppPassword/get', {}),
        ({ list }) => list[0]?.lastUsed !== null,
      );
      assert.equal(used.list[0]?.lastUsed?.network, '127.0.0.1');

      const { updated } = await ask<{ updated: Record<string, { replacement: ShownAppPassword }> }>(
        browser,
        'AppPassword/set',
        { update: { [phone.id]: { rotate: true } } },
      );
      const fresh = updated[phone.id]?.replacement;
      assert.ok(fresh);
      assert.deepEqual([await login(phone.password), await login(fresh.password)], ['accepted', 'accepted']);
      await ask(browser, 'AppPassword/set', { destroy: [phone.id] });
      assert.equal(await login(phone.password), 'refused', 'at once, though Dovecot had it in its cache');

      const standing = await visit(at('imap', dovecot.imap), address, Buffer.from(fresh.password));
      assert.equal(standing.outcome, 'accepted');
      await ask(browser, 'AppPassword/set', { update: { [fresh.id]: { state: 'paused' } } });
      await standing.ended;
      assert.equal(await login(fresh.password), 'refused');
      await ask(browser, 'AppPassword/set', { update: { [fresh.id]: { state: 'active' } } });
      assert.equal(await login(fresh.password), 'accepted');
      const { revoked } = await ask<{ revoked: string[] }>(browser, 'AppPassword/revokeAll', {});
      assert.deepEqual(revoked, [fresh.id]);
      assert.equal(await login(fresh.password), 'refused');
      assert.deepEqual((await ask<Got>(browser, 'AppPassword/get', {})).list, []);
    });

    test('A64 what another window does is pushed', async (t) => {
      if (!server) return t.skip('not installed');
      using folder = openFolder();
      await using postern = await start(folder.path);
      const { browser } = postern;
      assert.equal((await browser.signIn(address, password)).status, 200);
      await prove(browser);
      const { state } = await ask<Got>(browser, 'AppPassword/get', {});
      const stop = new AbortController();
      const events = browser.events('/jmap/eventsource?types=AppPassword&closeafter=no&ping=0', {
        signal: stop.signal,
      });
      const told = (async (): Promise<string> => {
        for await (const { data } of events) {
          const { changed } = JSON.parse(data) as { changed?: Record<string, Record<string, string>> };
          const now = changed?.[browser.account]?.['AppPassword'];
          if (now !== undefined && now !== state) return now;
        }
        return 'the stream ended';
      })();
      await sleep(300);
      const { newState } = await ask<{ newState: string }>(browser, 'AppPassword/set', { create: { k: wish } });
      assert.equal(await told, newState);
      stop.abort();
      await ask(browser, 'AppPassword/revokeAll', {});
    });

    test('A72 a main password that was changed at the server: the user is asked, and answers', async (t) => {
      if (!server) return t.skip('not installed');
      using folder = openFolder();
      await using postern = await start(folder.path, { POSTERN_APP_PASSWORDS_ON_CHANGE: 'ask' });
      const { browser } = postern;
      assert.equal((await browser.signIn(address, password)).status, 200);
      await prove(browser);
      const phone = await make(browser);
      await browser.post('/auth/sign-out');
      const users = join(dirname(dovecot.doveadm[2] ?? ''), 'users');
      const before = readFileSync(users, 'utf8');
      writeFileSync(users, before.replace(password, 'main-alice-2'));
      try {
        // Dovecot looks whether the file has changed once a second.
        await sleep(1_100);
        assert.equal((await browser.signIn(address, 'main-alice-2')).status, 409);
        const again = await browser.signIn(address, 'main-alice-2', { previousPassword: password });
        assert.equal(again.status, 200, await again.text());
        assert.ok((await ask<Got>(browser, 'AppPassword/get', {})).question);
        assert.equal(await login(phone.password), 'accepted');
        await ask(browser, 'AppPassword/settle', { choice: 'drop' });
        assert.equal(await login(phone.password), 'refused');
        assert.equal((await ask<Got>(browser, 'AppPassword/get', {})).question, null);
      } finally {
        writeFileSync(users, before);
        await sleep(1_100);
      }
    });

    test('A70 the database goes away: mail goes on, and this screen alone says so', async (t) => {
      if (!server || server.name === 'sqlite') return t.skip('a file does not go away');
      using folder = openFolder();
      await using postern = await start(folder.path);
      const { browser } = postern;
      assert.equal((await browser.signIn(address, password)).status, 200);
      assert.deepEqual((await ask<Got>(browser, 'AppPassword/get', {})).list, []);
      await server[Symbol.asyncDispose]();
      server = null;
      const away = await ask<{ type: string; description: string }>(browser, 'AppPassword/get', {});
      assert.equal(away.type, 'serverUnavailable');
      assert.match(away.description, /Your mail here is not affected/);
      await browser.until(
        () => ask<{ list: { role: string }[] }>(browser, 'Mailbox/get', {}),
        ({ list }) => list.some(({ role }) => role === 'inbox'),
      );
    });
  });
}
