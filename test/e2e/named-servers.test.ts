import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type Village, openDovecot } from '#village/dovecot.ts';
import { Browser, problemOf } from './browser.ts';
import { openFolder, openPostern } from './postern.ts';

let village: Village;
let hill: Village;
/** Users of a mail server of one's own: each has a guess as its password. */
const guessers = Array.from({ length: 20 }, (_, n) => ({ address: `g${n}@hill.test`, password: `guess ${n}` }));

before(async () => {
  [village, hill] = await Promise.all([openDovecot(), openDovecot({ users: guessers })]);
});
after(() => Promise.all([village, hill].map((each) => each[Symbol.asyncDispose]())));

const at = (port: number, username?: string) => ({
  host: '127.0.0.1',
  port,
  security: 'none',
  ...(username === undefined ? {} : { username }),
});

test('V148 D5 with an IMAP server of one’s own nobody learns of a password at somebody’s SMTP server', async () => {
  using folder = openFolder();
  await using postern = await openPostern(village, folder.path);
  const alice = village.users[0]!;
  const stranger = new Browser(postern.browser.url);
  const servers = { imap: at(hill.imapPort), smtp: at(village.smtpPort, alice.address) };
  const refused: unknown[] = [];
  for (const { address, password } of guessers) {
    const answer = await stranger.signIn(address, password, servers);
    const problem = (await answer.json()) as { type: string; title: string; protocol?: string };
    if (answer.status === 429) break;
    refused.push([answer.status, problem.type.split(':').at(-1), problem.protocol, problem.title]);
  }
  assert.ok(refused.length > 0 && refused.length < guessers.length, `${refused.length} guesses`);
  const title = '127.0.0.1 did not accept this password for sending mail.';
  for (const each of refused) assert.deepEqual(each, [401, 'wrong-password', 'smtp', title]);
  assert.deepEqual(await problemOf(await stranger.fetch('/auth/session')), [401, 'unauthenticated']);
  // The guesses went on the count of the login that they were made for.
  assert.equal((await new Browser(postern.browser.url).signIn(alice.address, alice.password)).status, 429);
});

test('V148 an SMTP server that was named is told to be wrong at the sign-in; what is kept already is not asked again', async () => {
  using folder = openFolder();
  await using postern = await openPostern(village, folder.path);
  const { browser } = postern;
  const alice = village.users[0]!;
  const imap = at(village.imapPort);
  assert.deepEqual(await problemOf(await browser.signIn(alice.address, alice.password, { imap, smtp: imap })), [
    422,
    'not-imap',
  ]);
  assert.deepEqual(await problemOf(await browser.fetch('/auth/session')), [401, 'unauthenticated']);
  const smtp = at(village.smtpPort);
  assert.equal((await browser.signIn(alice.address, alice.password, { imap, smtp })).status, 200);
  const accounts = async (): Promise<{ smtp: { port: number } }[]> =>
    ((await (await browser.fetch('/auth/session')).json()) as { accounts: { smtp: { port: number } }[] }).accounts;
  assert.equal((await accounts())[0]?.smtp.port, village.smtpPort);
  // Another server at a later sign-in: refused, nothing is changed.
  assert.equal((await browser.signIn(alice.address, alice.password, { imap, smtp: imap })).status, 422);
  assert.equal((await accounts())[0]?.smtp.port, village.smtpPort);
});
