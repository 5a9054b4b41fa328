import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ImapError } from '#imap/errors.ts';
import { emptyRow } from '#imap/fetch.ts';
import { openDovecot } from '#village/dovecot.ts';
import { openScriptedImap } from '#village/scripted-imap.ts';
import type { ScriptedCommand } from '#village/scripted-imap.ts';
import { handClock, inRole, openTestAccount, signIn, type TestAccount } from './test-account.ts';

/** A server that cannot, or will not, just now. */

const letter = (n: number): string =>
  `From: bob@village.test\r\nSubject: letter ${n}\r\nMessage-ID: <${n}@village.test>\r\n\r\nText ${n}.\r\n`;

/** A minute after the other, with time for what falls due. */
const minutes = async (pass: (ms: number) => void, count: number): Promise<void> => {
  for (let minute = 0; minute < count; minute += 1) {
    pass(60_000);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
};

/** As many minutes as it takes. */
const inTime = (account: TestAccount, pass: (ms: number) => void, ready: () => boolean, what: string) =>
  account.until(async () => {
    await minutes(pass, 1);
    return ready();
  }, what);

for (const [rule, most, words] of [
  ['S82', 30, '[LIMIT] UID FETCH Rate limit hit.'],
  ['S82', 30, '[INUSE] locked'],
  ['S82', 30, '[OVERQUOTA] Account exceeded command or bandwidth limits.'],
  ['S83', 500, '[UNAVAILABLE] UID FETCH Server error'],
  ['S83', 500, 'Server Unavailable. 15'],
] as const)
  test(`${rule} what a server does not give just now is asked for again, less and less often: ${words}`, async () => {
    const messages = Array.from({ length: 60 }, (_, n) => letter(n));
    let refuses = true;
    let refused = 0;
    const onCommand = ({ name, tag, connection }: ScriptedCommand): boolean => {
      if (!refuses || !name.includes('FETCH')) return false;
      refused += 1;
      connection.no(tag, words);
      return true;
    };
    await using server = await openScriptedImap({ messages, onCommand });
    const { clock, pass } = handClock(10_000);
    const user = { address: 'alice@village.test', password: 'alice' };
    await using account = await openTestAccount({ imapPort: server.port, user, clock });
    await account.until(() => refused > 0 && account.engine.connection.at === 'live', 'a refusal');
    await minutes(pass, 60);
    assert.ok(refused < most, `${refused} commands in an hour`);
    assert.equal(inRole(account, 'inbox').length, 0);
    refuses = false;
    await inTime(account, pass, () => inRole(account, 'inbox').length === messages.length, 'all letters');
    assert.equal(new Set(inRole(account, 'inbox').map(({ subject }) => subject)).size, messages.length);
    const haveTexts = (): boolean => inRole(account, 'inbox').every(({ preview }) => preview.startsWith('Text'));
    await inTime(account, pass, haveTexts, 'their texts');
  });

for (const responseCode of ['LIMIT', 'UNAVAILABLE'])
  test(`S82 S83 new mail that the server does not give just now comes later, and is no stub: ${responseCode}`, async () => {
    await using village = await openDovecot();
    const [user] = village.users;
    assert.ok(user);
    for (let n = 0; n < 5; n += 1) village.put(user.address, 'INBOX', letter(n), { receivedAt: 1_700_000_000 + n });
    const { clock, pass } = handClock(10_000);
    let refused: number | null = null;
    await using account = await openTestAccount({
      imapPort: village.imapPort,
      user,
      clock,
      connect: async () => {
        const session = await signIn(village.imapPort, user);
        const may =
          <T extends unknown[], R>(ask: (...args: T) => Promise<R>) =>
          (...args: T): Promise<R> => {
            if (refused === null) return ask(...args);
            refused += 1;
            return Promise.reject(new ImapError('imap/refused', { responseCode, command: 'UID FETCH' }));
          };
        const rescueRows = (uids: readonly number[], items: Parameters<typeof session.rescueRows>[1]) =>
          refused === null
            ? session.rescueRows(uids, items)
            : Promise.resolve({ rows: uids.map((uid) => emptyRow(0, uid)), gone: [] });
        return Object.assign(Object.create(session) as typeof session, {
          fetchRows: may(session.fetchRows),
          rescueRows,
        });
      },
    });
    await account.until(() => account.engine.progress.done && inRole(account, 'inbox').length === 5, 'the first sync');
    refused = 0;
    await village.deliver(user.address, letter(6));
    await account.until(() => refused !== 0, 'a refusal');
    await minutes(pass, 30);
    assert.ok(refused < 150, `${refused} commands in half an hour`);
    assert.equal(inRole(account, 'inbox').length, 5);
    refused = null;
    await inTime(account, pass, () => inRole(account, 'inbox').length === 6, 'it');
    assert.equal(inRole(account, 'inbox')[0]?.subject, 'letter 6');
  });
