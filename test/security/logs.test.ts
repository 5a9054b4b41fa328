import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, test } from 'node:test';
import { openDovecot, type Village } from '#village/dovecot.ts';
import { Browser } from '../e2e/browser.ts';
import { furnish } from './furnish.ts';
import { type Instance, openPlace, signInSealed, startInstance } from './instance.ts';
import { boxOf, fillMailbox, readMailbox, writeMail, type Secrets } from './mailbox.ts';
import { formsOf, openSearch } from './needles.ts';

const alice = { address: 'alice@village.test', password: 'Kornblume-77-Rathaus-xq' };
const bob = { address: 'bob@village.test', password: 'Schleuse-12-Taube' };
let village: Village;
const inbox: Secrets = new Map();
before(async () => {
  // Dovecot's own patience with guesses takes time.
  const extra = 'auth_failure_delay = 0\nservice anvil {\n  unix_listener anvil-auth-penalty {\n    mode = 0\n  }\n}\n';
  village = await openDovecot({
    users: [alice, bob],
    extra,
  });
  for (const [name, text] of fillMailbox(village, alice.address, 5)) inbox.set(name, text);
});
after(() => village[Symbol.asyncDispose]());

/** Every value of a cookie that the browser ever held. */
const watchCookies = (browser: Browser, secrets: Secrets): void => {
  const set = browser.jar.set.bind(browser.jar);
  browser.jar.set = (name, cookie) => {
    if (cookie.value !== '') secrets.set(`cookie ${secrets.size}`, cookie.value);
    return set(name, cookie);
  };
};

const refusal = async (answer: Promise<Response>, status: number): Promise<void> => {
  const { status: got } = await answer;
  assert.equal(got, status);
};

/** All ways in, the wrong ones too. */
const signIns = async (postern: Instance, secrets: Secrets): Promise<void> => {
  const { browser } = postern;
  const wrong = `wrong-${randomBytes(9).toString('hex')}`;
  secrets.set('wrong password', wrong);
  await refusal(signInSealed(browser, { address: alice.address, password: wrong }), 401);
  await refusal(browser.signIn(alice.address, wrong), 401);
  const stranger = `nobody.${randomBytes(9).toString('hex')}@village.test`;
  secrets.set('unknown address', stranger);
  await refusal(signInSealed(browser, { address: stranger, password: wrong }), 401);
  const server = { host: '127.0.0.1', port: 1, security: 'none', username: alice.address } as const;
  await refusal(signInSealed(browser, { ...alice, imap: server, smtp: server }), 502);
  const sealedElsewhere = Buffer.concat([Buffer.alloc(4), Buffer.from('{"address":"x"}')]);
  await refusal(
    browser.fetch('/auth/sign-in', {
      method: 'POST',
      headers: { 'content-type': 'application/octet-stream' },
      body: sealedElsewhere,
    }),
    400,
  );
  await refusal(
    browser.fetch('/auth/sign-in', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: `{"address":"${alice.address}","password":"${alice.password}`,
    }),
    400,
  );
  await refusal(browser.signIn(alice.address, alice.password, { remember: true }), 200);
  await refusal(browser.post('/auth/sign-out'), 204);
  await refusal(signInSealed(browser, { ...alice, remember: true }), 200);
  const other = new Browser(browser.url);
  watchCookies(other, secrets);
  await refusal(signInSealed(other, { ...alice, leaveNothing: true }), 200);
  await refusal(other.post('/auth/sign-out'), 204);
  await refusal(browser.post('/auth/lock'), 204);
  await refusal(browser.post('/auth/unlock'), 423);
  await refusal(browser.post('/auth/unlock', { password: wrong }), 401);
  await refusal(browser.post('/auth/unlock', { password: alice.password }), 200);
  await refusal(browser.post('/auth/unlock'), 200);
};

/** By site password and recovery code, right and wrong. */
const otherWays = async (browser: Browser, secrets: Secrets): Promise<void> => {
  const other = new Browser(browser.url);
  watchCookies(other, secrets);
  const wrong = `wrong-${randomBytes(9).toString('hex')}`;
  secrets.set('wrong site password', wrong);
  await refusal(other.post('/auth/sign-in/site', { name: 'the.owner', password: wrong }), 401);
  await refusal(other.post('/auth/sign-in/site', { name: 'the.owner', password: secrets.get('site password') }), 401);
  await refusal(other.post('/auth/sign-in/recovery', { code: wrong }), 401);
  await refusal(other.post('/auth/sign-in/recovery', { code: secrets.get('recovery code') }), 200);
  await refusal(other.post('/auth/sign-out'), 204);
  const account = { address: bob.address, password: wrong };
  await refusal(browser.post('/auth/accounts', { ...account, anyway: true }), 409);
};

/** A mail that goes out at once, to somebody who gets it and somebody whom the server refuses. */
const send = async (browser: Browser, secrets: Secrets): Promise<void> => {
  const drafts = await boxOf(browser, 'drafts');
  const [identities] = await browser.jmap([['Identity/get', {}]]);
  const identityId = (identities?.['list'] as { id: string }[] | undefined)?.[0]?.id;
  for (const to of ['bob@village.test', `nobody.${randomBytes(9).toString('hex')}@village.test`]) {
    const subject = `Gesendet ${randomBytes(9).toString('hex')}`;
    secrets.set(`sent to ${to}`, subject).set(`recipient ${to}`, to);
    const email = {
      mailboxIds: { [drafts]: true },
      keywords: { $draft: true },
      from: [{ name: 'Alice', email: alice.address }],
      to: [{ email: to }],
      subject,
      bodyValues: { t: { value: `${subject}, der Text` } },
      textBody: [{ partId: 't', type: 'text/plain' }],
    };
    const [made] = await browser.jmap([['Email/set', { create: { d: email } }]]);
    const emailId = (made?.['created'] as Record<string, { id: string }> | undefined)?.['d']?.id;
    const envelope = { mailFrom: { email: alice.address, parameters: { HOLDFOR: '0' } }, rcptTo: [{ email: to }] };
    const [sent] = await browser.jmap([['EmailSubmission/set', { create: { s: { identityId, emailId, envelope } } }]]);
    const id = (sent?.['created'] as Record<string, { id: string }> | null)?.['s']?.id;
    assert.ok(id, JSON.stringify(sent));
    await browser.until(
      async () => {
        const [got] = await browser.jmap([['EmailSubmission/get', { ids: [id] }]]);
        return (got?.['list'] as { undoStatus: string }[] | undefined)?.[0]?.undoStatus;
      },
      (status) => status === 'final',
      30_000,
    );
  }
};

test(
  'nothing secret and nothing of a mail is in the log, at its loudest, whatever happens',
  {
    skip: process.platform !== 'linux' && 'reads /proc, which only Linux has',
  },
  async (t) => {
    const secrets: Secrets = new Map([...inbox, ['password', alice.password], ['own address', alice.address]]);
    using place = openPlace();
    let said = '';
    let jar: Browser;
    {
      await using postern = await startInstance(place.path, village, { POSTERN_LOG: 'debug' });
      const { browser } = postern;
      watchCookies(browser, secrets);
      await signIns(postern, secrets);
      await readMailbox(browser, 5, inbox.get('body word 1') ?? '').catch((error: unknown) => {
        t.diagnostic(postern.said().slice(-4_000));
        throw error;
      });
      await writeMail(browser, secrets);
      await send(browser, secrets);
      await refusal(browser.post('/auth/unlockers/recovery'), 403);
      await furnish(browser, alice, bob, secrets);
      await otherWays(browser, secrets);
      for (const words of [['user', 'list'], ['audit'], ['doctor', alice.address]])
        said += (await postern.command(words)).err;
      const made = await browser.post('/auth/tokens', { name: 'a script' });
      const { token } = (await made.json()) as { token: string };
      secrets.set('API token', token);
      const headers = { authorization: `Bearer ${token}` };
      assert.equal((await browser.fetch('/.well-known/jmap', { headers })).status, 200);
      await browser.jmap([['Email/get', { ids: ['Mnone'], nonsense: inbox.get('subject 1') }]]).catch(() => undefined);
      await browser.post('/jmap/api', { using: [], methodCalls: [[inbox.get('subject 2'), {}, '0']] });
      // The keeper dies, and mail comes while it is away.
      const keeper = postern.family()[1];
      assert.ok(keeper);
      process.kill(keeper, 'SIGKILL');
      await browser.until(
        async () => (await browser.post('/auth/unlock')).status,
        (status) => status === 200,
        20_000,
      );
      await browser.jmap([['Mailbox/get', {}]]);
      jar = browser;
      await postern.stop();
      said += postern.said();
    }
    {
      await using postern = await startInstance(place.path, village, { POSTERN_LOG: 'debug' });
      const browser = jar.at(postern.browser.url);
      watchCookies(browser, secrets);
      assert.equal((await browser.post('/auth/unlock')).status, 200);
      await browser.jmap([['Mailbox/get', {}]]);
      assert.equal((await browser.post('/auth/sign-out')).status, 204);
      await postern.stop();
      said += postern.said();
    }
    const lines = said.trim().split('\n');
    t.diagnostic(
      `${lines.length} lines: ${[...new Set(lines.map((line) => /"event":"([^"]+)"/.exec(line)?.[1] ?? line))].join(', ')}`,
    );
    assert.ok(lines.length > 10, 'it was loud');
    const found: string[] = [];
    const needles = [...secrets].flatMap(([name, text]) => formsOf(name, text));
    openSearch(needles)(Buffer.from(said), ({ name, form }, at) =>
      found.push(`${name} (${form}): ${said.slice(Math.max(0, at - 200), at + 60)}`),
    );
    assert.deepEqual(found, []);
    assert.doesNotMatch(said, /@village\.test|@correspondent\.example/);
  },
);
