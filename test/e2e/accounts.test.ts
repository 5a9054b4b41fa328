import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { AccountFacts } from '#jmap/auth/accounts.ts';
import { readKey } from '#model/seal.ts';
import {
  accountsOf,
  addAccount,
  alice,
  carla,
  changePassword,
  dora,
  filesOf,
  jmapSession,
  letter,
  openBefore,
  openProviders,
  patch,
  type Providers,
  signIns,
  subjects,
} from './accounts-world.ts';
import { Browser, problemOf } from './browser.ts';
import { openFolder } from './postern.ts';
import { sendLater } from './send-later.ts';
import { sealSignIn } from './sealed-sign-in.ts';

let providers: Providers;
before(async () => {
  providers = await openProviders();
  await providers.village.deliver(alice.address, letter(alice.address, 'for Alice'));
  await providers.hill.deliver(carla.address, letter(carla.address, 'for Carla'));
  await providers.hill.deliver(dora.address, letter(dora.address, 'for Dora'));
});
after(() => providers[Symbol.asyncDispose]());

const bare = (account: AccountFacts) => [account.address, account.position, account.state, account.direct];

test('V100 D50 D52 D53 a second account: one LOGIN, its mail comes, the session object is another, open windows hear of it', async () => {
  using folder = openFolder();
  await using postern = await openBefore(providers, folder.path);
  const { browser } = postern;
  await browser.signIn(alice.address, alice.password);
  const before = await jmapSession(browser);
  const abort = new AbortController();
  const stream = browser.events('/jmap/eventsource?types=*&closeafter=no&ping=0', { signal: abort.signal });
  await stream.next();
  const heard = (async () => {
    for await (const { event } of stream) if (event === 'session') return event;
    return null;
  })();
  const logins = signIns(providers.hill, carla.address).in;
  const added = await addAccount(browser, { ...carla, name: 'The hill', colour: 'plum' });
  assert.deepEqual(
    [added.address, added.name, added.colour, added.position, added.direct, added.state, added.auth, added.away],
    [carla.address, 'The hill', 'plum', 1, false, 'ok', 'password', 'sealed'],
  );
  assert.equal(await heard, 'session');
  abort.abort();
  const now = await jmapSession(browser);
  assert.notEqual(now.state, before.state);
  assert.deepEqual(
    Object.values(now.accounts).map(({ name }) => name),
    [alice.address, carla.address],
  );
  await browser.until(
    () => subjects(browser, added.id),
    (list) => list.includes('for Carla'),
  );
  assert.deepEqual(await subjects(browser, browser.account), ['for Alice']);
  assert.equal(signIns(providers.hill, carla.address).in - logins, 1, 'proving and the first connection are one LOGIN');
  const [first, second] = await accountsOf(browser);
  assert.ok(first && second);
  assert.deepEqual(bare(first), [alice.address, 0, 'ok', true]);
  assert.deepEqual(bare(second), [carla.address, 1, 'ok', false]);
  assert.ok(second.checkedAt);
});

test('V100 D51 what fails while adding is told apart, with the server it is about, and nothing is kept', async () => {
  using folder = openFolder();
  await using postern = await openBefore(providers, folder.path);
  const { browser } = postern;
  await browser.signIn(alice.address, alice.password);
  const { imapPort, smtpPort } = providers.hill;
  const server = (port: number) => ({ host: '127.0.0.1', port, security: 'none' });
  const servers = { imap: server(imapPort), smtp: server(smtpPort) };
  const refused = async (form: Record<string, unknown>) => {
    const answer = await browser.post('/auth/accounts', form);
    const { protocol } = (await answer.clone().json()) as { protocol?: string };
    return [...(await problemOf(answer)), protocol];
  };
  assert.deepEqual(await refused({ ...carla, password: 'wrong' }), [401, 'wrong-password', 'imap']);
  assert.deepEqual(await refused({ ...carla, ...servers, imap: server(1) }), [502, 'server-unreachable', 'imap']);
  assert.deepEqual(await refused({ ...carla, ...servers, imap: server(smtpPort) }), [422, 'not-imap', 'imap']);
  assert.deepEqual(await refused({ ...carla, ...servers, smtp: server(imapPort) }), [422, 'not-imap', 'smtp']);
  assert.deepEqual(await refused({ ...carla, ...servers, smtpPassword: 'wrong' }), [401, 'wrong-password', 'smtp']);
  assert.deepEqual(await refused({ ...carla, smtpPassword: 'wrong' }), [401, 'wrong-password', 'smtp']);
  assert.deepEqual(await refused(alice), [409, 'account-exists', undefined]);
  assert.deepEqual(await refused({ address: 'nonsense', password: 'x' }), [400, 'malformed', undefined]);
  assert.deepEqual(
    await refused({ ...carla, ...servers, imap: { ...server(imapPort), host: '192.168.0.1', security: 'tls' } }),
    [422, 'host-not-allowed', 'imap'],
  );
  assert.equal((await accountsOf(browser)).length, 1);
  assert.equal((await postern.store.credentials((await postern.store.users())[0]!.id)).length, 2);
  const stranger = new Browser(browser.url);
  assert.deepEqual(await problemOf(await stranger.post('/auth/accounts', carla)), [401, 'unauthenticated']);
  assert.deepEqual(await problemOf(await browser.post('/auth/accounts', carla, { origin: 'https://evil.test' })), [
    403,
    'forbidden-origin',
  ]);
});

test('V101 SMTP with a user and a password of its own is proven before it is kept, and sends', async () => {
  using folder = openFolder();
  await using postern = await openBefore(providers, folder.path);
  const { browser } = postern;
  const { relay, relayUser, hill } = providers;
  await browser.signIn(alice.address, alice.password);
  const smtp = { host: '127.0.0.1', port: relay.port, security: 'none', username: relayUser.address };
  const imap = { host: '127.0.0.1', port: hill.imapPort, security: 'none' };
  const wrong = await browser.post('/auth/accounts', { ...carla, imap, smtp });
  assert.deepEqual(await problemOf(wrong), [401, 'wrong-password'], 'the password of IMAP is not that of SMTP');
  const added = await addAccount(browser, { ...carla, imap, smtp, smtpPassword: relayUser.password });
  assert.deepEqual([added.ownSmtpPassword, added.smtp.username], [true, 'relay']);
  const mails = { accountId: added.id };
  const { identityId, drafts } = await browser.until(
    async () => {
      const [identities, boxes] = await browser.jmap([
        ['Identity/get', mails],
        ['Mailbox/get', mails],
      ]);
      return {
        identityId: ((identities?.['list'] ?? []) as { id: string }[])[0]?.id,
        drafts: ((boxes?.['list'] ?? []) as { id: string; role: string }[]).find(({ role }) => role === 'drafts')?.id,
      };
    },
    (found) => found.identityId !== undefined && found.drafts !== undefined,
  );
  const taken = relay.taken;
  await browser.jmap([
    [
      'Email/set',
      {
        ...mails,
        create: {
          l: {
            mailboxIds: { [drafts ?? '']: true },
            from: [{ email: carla.address }],
            to: [{ email: dora.address }],
            subject: 'through the relay',
            bodyValues: { t: { value: 'Hello' } },
            textBody: [{ partId: 't', type: 'text/plain' }],
          },
        },
      },
    ],
    ['EmailSubmission/set', { ...mails, create: { s: { identityId, emailId: '#l' } } }],
  ]);
  await browser.until(
    async () => relay.taken,
    (now) => now === taken + 1,
  );
  // A later sign-in with the password of the other account leaves it as it is, and so does a start anew.
  const [account] = (await accountsOf(browser)).slice(1);
  assert.equal(account?.ownSmtpPassword, true);
  const checked = (await (await browser.post(`/auth/accounts/${added.id}/check`, {})).json()) as Record<
    string,
    { state: string }
  >;
  assert.deepEqual([checked['imap']?.state, checked['smtp']?.state], ['ok', 'ok']);
});

test('V101 servers and passwords set in the settings outlive later sign-ins', async () => {
  await using own = await openProviders();
  using folder = openFolder();
  await using postern = await openBefore(own, folder.path);
  const { browser } = postern;
  await browser.signIn(carla.address, carla.password);
  const id = browser.account;
  assert.equal((await browser.post('/auth/prove', { password: carla.password })).status, 204);
  const smtp = { host: '127.0.0.1', port: own.relay.port, security: 'none', username: own.relayUser.address };
  const wish = { address: carla.address, password: carla.password, smtp, smtpPassword: own.relayUser.password };
  const renewed = await browser.post(`/auth/accounts/${id}/password`, wish);
  assert.equal(renewed.status, 200, await renewed.clone().text());
  const again = new Browser(browser.url);
  assert.equal((await again.signIn(carla.address, carla.password)).status, 200);
  assert.equal(again.account, id);
  const [account] = await accountsOf(again);
  assert.deepEqual(
    [account?.smtp.port, account?.smtp.username, account?.ownSmtpPassword],
    [own.relay.port, 'relay', true],
  );
  const check = (await (await again.post(`/auth/accounts/${id}/check`, {})).json()) as { smtp: { state: string } };
  assert.equal(check.smtp.state, 'ok');
  // SMTP's own password alone, wrong and right.
  const only = { address: carla.address, only: 'smtp' };
  const path = `/auth/accounts/${id}/password`;
  assert.deepEqual(await problemOf(await again.post(path, { ...only, password: 'wrong' })), [401, 'wrong-password']);
  assert.equal((await again.post(path, { ...only, password: own.relayUser.password })).status, 200);
  assert.equal((await again.signIn(carla.address, carla.password)).status, 200);
});

test('V104 a login that signs in directly to this Postern is told of, and taken in all the same when that is the wish', async () => {
  using folder = openFolder();
  await using postern = await openBefore(providers, folder.path);
  const other = new Browser(postern.browser.url);
  await other.signIn(carla.address, carla.password);
  const { browser } = postern;
  await browser.signIn(alice.address, alice.password);
  assert.deepEqual(await problemOf(await browser.post('/auth/accounts', { ...carla, password: 'wrong' })), [
    401,
    'wrong-password',
  ]);
  assert.deepEqual(await problemOf(await browser.post('/auth/accounts', carla)), [409, 'account-elsewhere']);
  const added = await addAccount(browser, { ...carla, anyway: true });
  assert.notEqual(added.id, other.account);
  await browser.until(
    () => subjects(browser, added.id),
    (list) => list.includes('for Carla'),
  );
  await other.until(
    () => subjects(other, other.account),
    (list) => list.includes('for Carla'),
  );
  // Signing in with it opens the user it always did.
  const again = new Browser(browser.url);
  await again.signIn(carla.address, carla.password);
  assert.equal(again.account, other.account);
  assert.equal((await accountsOf(again)).length, 1);
});

test('V105 D50 D53 name, colour, order and default identity are changed one by one, and shown at once', async () => {
  using folder = openFolder();
  await using postern = await openBefore(providers, folder.path);
  const { browser } = postern;
  await browser.signIn(alice.address, alice.password);
  const second = await addAccount(browser, carla);
  const third = await addAccount(browser, dora);
  assert.deepEqual([second.colour, third.colour], ['slate', 'plum'], 'each gets a colour that is free');
  const moved = await patch(browser, third.id, { position: 0, name: 'Dora', colour: 'rose', identity: 'i-1' });
  assert.equal(moved.status, 200);
  const facts = (await moved.json()) as AccountFacts;
  assert.deepEqual([facts.position, facts.name, facts.colour, facts.identity], [0, 'Dora', 'rose', 'i-1']);
  assert.deepEqual(
    (await accountsOf(browser)).map(({ address, position }) => [address, position]),
    [
      [dora.address, 0],
      [alice.address, 1],
      [carla.address, 2],
    ],
  );
  assert.deepEqual(
    Object.values((await jmapSession(browser)).accounts).map(({ name }) => name),
    [dora.address, alice.address, carla.address],
  );
  const shown = await browser.post('/jmap/api', {
    using: ['urn:ietf:params:jmap:core', 'urn:postern:params:jmap:keep'],
    methodCalls: [['MailAccount/get', { accountId: third.id, ids: null }, 'a']],
  });
  assert.match(await shown.text(), /"name":"Dora"[^}]*"colour":"rose","position":0/u);
  for (const form of [
    { inAllInboxes: 'no' },
    { colour: 'puce' },
    { name: '' },
    { position: -1 },
    { nothing: 1 },
    { awayUntil: 'soon' },
  ])
    assert.deepEqual(await problemOf(await patch(browser, third.id, form)), [400, 'malformed'], JSON.stringify(form));
  assert.deepEqual(await problemOf(await patch(browser, 'Anobody', { name: 'x' })), [404, 'not-found']);
});

test('V105 an account shows in All inboxes unless the user says otherwise; open windows hear of it', async () => {
  using folder = openFolder();
  await using postern = await openBefore(providers, folder.path);
  const { browser } = postern;
  await browser.signIn(alice.address, alice.password);
  const quiet = await addAccount(browser, { ...carla, inAllInboxes: false });
  const shown = await addAccount(browser, dora);
  assert.deepEqual([quiet.inAllInboxes, shown.inAllInboxes], [false, true]);
  const gathers = async (id: string): Promise<boolean> => {
    const answer = await browser.post('/jmap/api', {
      using: ['urn:ietf:params:jmap:core', 'urn:postern:params:jmap:keep'],
      methodCalls: [['MailAccount/get', { accountId: id, properties: ['inAllInboxes'] }, 'a']],
    });
    return (await answer.text()).includes('"inAllInboxes":true');
  };
  assert.deepEqual([await gathers(quiet.id), await gathers(shown.id)], [false, true]);
  const abort = new AbortController();
  const stream = browser.events('/jmap/eventsource?types=MailAccount&closeafter=no&ping=0', { signal: abort.signal });
  await stream.next();
  const heard = (async () => {
    for await (const { data } of stream) if (data.includes(quiet.id) && (await gathers(quiet.id))) return true;
    return false;
  })();
  assert.equal((await patch(browser, quiet.id, { inAllInboxes: true })).status, 200);
  assert.equal(await heard, true);
  abort.abort();
  await patch(browser, shown.id, { inAllInboxes: false });
  await patch(browser, shown.id, { name: 'Dora' });
  assert.deepEqual(
    (await accountsOf(browser)).map(({ inAllInboxes }) => inAllInboxes),
    [true, true, false],
    'another change leaves it as it is',
  );
});

test('V106 D54 a refused password is asked for and never tried again by itself; the mail stays, the others go on; a new one brings it back', async () => {
  await using own = await openProviders();
  await own.hill.deliver(carla.address, letter(carla.address, 'before'));
  using folder = openFolder();
  await using postern = await openBefore(own, folder.path);
  const { browser } = postern;
  await browser.signIn(alice.address, alice.password);
  const added = await addAccount(browser, carla);
  await browser.until(
    () => subjects(browser, added.id),
    (list) => list.includes('before'),
  );
  changePassword(own.hill, carla.address, 'another');
  own.hill.dovecot.doveadm('kick', carla.address);
  const state = async () => (await accountsOf(browser)).find(({ id }) => id === added.id);
  const refused = await browser.until(state, (account) => account?.state === 'refused');
  assert.deepEqual([refused?.refused, refused?.words], ['imap', 'Authentication failed.']);
  assert.deepEqual(await subjects(browser, added.id), ['before'], 'what was read stays readable');
  await own.village.deliver(alice.address, letter(alice.address, 'the others go on'));
  await browser.until(
    () => subjects(browser, browser.account),
    (list) => list.includes('the others go on'),
  );
  const tries = signIns(own.hill, carla.address).refused;
  assert.equal(tries, 1);
  // Neither looking nor another window nor a start anew is a reason to try it again.
  for (let i = 0; i < 20; i += 1) await subjects(browser, added.id);
  const second = new Browser(browser.url);
  await second.signIn(alice.address, alice.password);
  await subjects(second, added.id);
  assert.equal(signIns(own.hill, carla.address).refused, tries);
  const renew = (form: Record<string, unknown>) =>
    browser.post(`/auth/accounts/${added.id}/password`, { address: carla.address, ...form });
  assert.deepEqual(await problemOf(await renew({ password: 'still wrong' })), [401, 'wrong-password']);
  assert.deepEqual(
    await problemOf(
      await browser.post(`/auth/accounts/${added.id}/password`, { address: alice.address, password: 'x' }),
    ),
    [400, 'malformed'],
  );
  assert.equal((await state())?.state, 'refused', 'a wrong one changes nothing');
  const renewed = await renew({ password: 'another' });
  assert.equal(renewed.status, 200);
  assert.equal(((await renewed.json()) as AccountFacts).state, 'ok');
  await own.hill.deliver(carla.address, letter(carla.address, 'after'));
  await browser.until(
    () => subjects(browser, added.id),
    (list) => list.includes('after') && list.includes('before'),
  );
});

test('V102 D52 other servers are proven first and sealed anew; the mail and its ids stay', async () => {
  await using other = await openProviders();
  using folder = openFolder();
  await using postern = await openBefore(providers, folder.path);
  const { browser } = postern;
  await browser.signIn(alice.address, alice.password);
  const added = await addAccount(browser, carla);
  await browser.until(
    () => subjects(browser, added.id),
    (list) => list.includes('for Carla'),
  );
  const server = (port: number) => ({ host: '127.0.0.1', port, security: 'none' });
  const renew = (id: string, form: Record<string, unknown>) => browser.post(`/auth/accounts/${id}/password`, form);
  changePassword(other.hill, carla.address, 'moved');
  await other.hill.deliver(carla.address, letter(carla.address, 'at the other server'));
  const servers = { imap: server(other.hill.imapPort), smtp: server(other.hill.smtpPort) };
  assert.deepEqual(await problemOf(await renew(added.id, { address: carla.address, password: 'wrong', ...servers })), [
    401,
    'wrong-password',
  ]);
  assert.equal((await accountsOf(browser))[1]?.imap.port, providers.hill.imapPort);
  const moved = await renew(added.id, { address: carla.address, password: 'moved', imap: servers.imap });
  assert.equal(moved.status, 200, await moved.clone().text());
  assert.equal((await accountsOf(browser))[1]?.imap.port, other.hill.imapPort);
  await browser.until(
    () => subjects(browser, added.id),
    (list) => list.includes('at the other server'),
  );
  // The servers of the account one signs in with are another matter: whoever runs them could sign in.
  const home = { address: alice.address, password: alice.password, imap: server(other.village.imapPort) };
  assert.deepEqual(await problemOf(await renew(browser.account, home)), [403, 'proof-needed']);
  assert.equal((await browser.post('/auth/prove', { password: alice.password })).status, 204);
  assert.equal((await renew(browser.account, home)).status, 200);
  // From now on that is where one signs in.
  const fresh = new Browser(browser.url);
  assert.equal(
    (
      await fresh.signIn(alice.address, alice.password, {
        imap: server(other.village.imapPort),
        smtp: server(providers.village.smtpPort),
      })
    ).status,
    200,
  );
  assert.equal(fresh.account, browser.account);
});

test('V101 O30 a sign-in that names another server for sending reaches the account that is open', async () => {
  await using home = await openProviders();
  await using other = await openProviders();
  using folder = openFolder();
  await using postern = await openBefore(home, folder.path);
  const { browser, store } = postern;
  await browser.signIn(alice.address, alice.password);
  const server = (port: number) => ({ host: '127.0.0.1', port, security: 'none' });
  const servers = { imap: server(home.village.imapPort), smtp: server(other.village.smtpPort) };
  const before = [home.village.taken, other.village.taken];
  const fresh = new Browser(browser.url);
  assert.equal((await fresh.signIn(alice.address, alice.password, servers)).status, 200);
  const id = await sendLater(browser, browser.account, alice.address, alice.address, 0);
  await browser.until(
    async () => (await store.submission(id))?.state,
    (state) => state === 'filed',
  );
  assert.deepEqual([home.village.taken, other.village.taken], [before[0], before[1]! + 1]);
});

test('V109 an account that is removed leaves nothing: no row, no secret, no letter, no file', async () => {
  using folder = openFolder();
  await using postern = await openBefore(providers, folder.path);
  const { browser, store } = postern;
  await browser.signIn(alice.address, alice.password);
  const added = await addAccount(browser, carla);
  await browser.until(
    () => subjects(browser, added.id),
    (list) => list.includes('for Carla'),
  );
  const user = (await store.users())[0]!.id;
  const row = (await store.accounts(user))[1]!;
  assert.equal(filesOf(folder.path).filter((name) => name.startsWith(row.id)).length > 0, true);
  const remove = (id: string) => browser.fetch(`/auth/accounts/${id}`, { method: 'DELETE' });
  assert.deepEqual(await problemOf(await remove(added.id)), [403, 'proof-needed']);
  assert.equal((await browser.post('/auth/prove', { password: alice.password })).status, 204);
  assert.deepEqual(await problemOf(await remove(browser.account)), [409, 'last-unlocker']);
  assert.equal((await remove(added.id)).status, 204);
  assert.deepEqual(await problemOf(await remove(added.id)), [404, 'not-found']);
  assert.deepEqual((await accountsOf(browser)).map(bare), [[alice.address, 0, 'ok', true]]);
  assert.deepEqual(
    filesOf(folder.path).filter((name) => name.startsWith(row.id)),
    [],
  );
  assert.equal(await store.credential(row.id, 'imap'), null);
  assert.deepEqual(await store.records(user, row.id, 'index-key'), []);
  assert.deepEqual(await store.submissions(row.id), []);
  assert.deepEqual(await problemOf(await remove(browser.account)), [409, 'last-account']);
  assert.deepEqual(await subjects(browser, browser.account), ['for Alice'], 'the others go on');
  const audit = await store.auditOf(user, { since: 0, most: 50 });
  const kinds = audit.map(({ kind }) => kind);
  assert.ok(kinds.includes('account-added') && kinds.includes('account-removed'));
});

test('V109 a user who deletes everything leaves nothing', async () => {
  using folder = openFolder();
  await using postern = await openBefore(providers, folder.path);
  const { browser, store } = postern;
  await browser.signIn(alice.address, alice.password);
  await addAccount(browser, carla);
  const other = browser.at(browser.url);
  const user = (await store.users())[0]!.id;
  assert.deepEqual(await problemOf(await browser.fetch('/auth/user', { method: 'DELETE' })), [403, 'proof-needed']);
  assert.equal((await browser.post('/auth/prove', { password: alice.password })).status, 204);
  assert.equal((await browser.fetch('/auth/user', { method: 'DELETE' })).status, 204);
  assert.deepEqual(await store.users(), []);
  assert.deepEqual(await store.accounts(user), []);
  assert.deepEqual(await store.credentials(user), []);
  assert.deepEqual(await store.sessions(user), []);
  assert.deepEqual(filesOf(folder.path), []);
  assert.deepEqual(await problemOf(await other.fetch('/auth/session')), [401, 'unauthenticated']);
  assert.equal(browser.jar.size <= 1, true, 'the cookies of the session are gone');
});

test('V100 the sealed form adds an account; a box for another address does not', async () => {
  using folder = openFolder();
  await using postern = await openBefore(providers, folder.path);
  const { browser } = postern;
  await browser.signIn(alice.address, alice.password);
  const { key } = (await (await browser.fetch('/auth/key')).json()) as { key: string };
  const publicKey = readKey(key)!;
  const send = (body: Uint8Array<ArrayBuffer>) =>
    browser.fetch('/auth/accounts', { method: 'POST', headers: { 'content-type': 'application/octet-stream' }, body });
  const form = sealSignIn({ address: carla.address, password: carla.password } as never, publicKey);
  const foreign = Buffer.from(sealSignIn({ address: dora.address, password: carla.password } as never, publicKey));
  const at = foreign.indexOf(dora.address);
  foreign.write(` ${carla.address}`.slice(-dora.address.length), at);
  assert.equal((await send(foreign)).status >= 400, true);
  assert.equal((await send(form)).status, 201);
  assert.equal((await accountsOf(browser)).length, 2);
});
