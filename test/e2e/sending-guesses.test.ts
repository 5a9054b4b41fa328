import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type Village, openDovecot } from '#village/dovecot.ts';
import { Browser } from './browser.ts';
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

test('D51 D5 with an IMAP server of one’s own nobody tries passwords at somebody’s SMTP server without end', async () => {
  using folder = openFolder();
  await using postern = await openPostern(village, folder.path);
  const alice = village.users[0]!;
  const servers = { imap: at(hill.imapPort), smtp: at(village.smtpPort, alice.address) };
  const found: unknown[] = [];
  for (const { address, password } of guessers) {
    const stranger = new Browser(postern.browser.url);
    assert.equal((await stranger.signIn(address, password, servers)).status, 200);
    const session = (await (await stranger.fetch('/.well-known/jmap')).json()) as { accounts: Record<string, object> };
    const answer = await stranger.post(`/auth/accounts/${Object.keys(session.accounts)[0]}/check`, {});
    if (answer.status === 429) break;
    const { smtp } = (await answer.json()) as { smtp: { state: string; problem: { title: string } } };
    found.push([answer.status, smtp.state, smtp.problem.title]);
  }
  assert.ok(found.length > 0 && found.length < guessers.length, `${found.length} guesses`);
  const title = '127.0.0.1 did not accept this password for sending mail.';
  for (const each of found) assert.deepEqual(each, [200, 'refused', title]);
  // They went on the count of the login that they were made for.
  assert.equal((await new Browser(postern.browser.url).signIn(alice.address, alice.password)).status, 429);
});
