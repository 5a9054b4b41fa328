import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Clock } from '#base/clock.ts';
import type { Email } from '#index/types.ts';
import { openScriptedImap } from '#village/scripted-imap.ts';
import { digest } from './digest.ts';
import type { Refusal } from './engine.ts';
import { handClock, inRole, openTestAccount, type TestAccount } from './test-account.ts';

const inbox = (account: TestAccount): Email[] => inRole(account, 'inbox');

/** What was due was tried, and its next try is noted: only then may time pass. */
const tried = (account: TestAccount, clock: Clock): Promise<unknown> =>
  account.until(
    () => (account.index.read((reader) => reader.nextIntentAt()) ?? Infinity) > clock.now(),
    'the end of the try',
  );

test('S24 what the server cannot do now is tried five times, then taken back and told', async () => {
  let asked = 0;
  await using server = await openScriptedImap({
    messages: ['From: bob@elsewhere.test\r\nSubject: one\r\nMessage-ID: <one@elsewhere.test>\r\n\r\nText.\r\n'],
    onCommand: ({ name, tag, connection }) => {
      if (name !== 'UID STORE') return false;
      asked += 1;
      connection.no(tag, '[UNAVAILABLE] Not now');
      return true;
    },
  });
  const { clock, pass } = handClock(5_000);
  const user = { address: 'a', password: 'b' };
  await using account = await openTestAccount({ imapPort: server.port, user, clock, random: () => 0 });
  await account.until(() => account.engine.progress.done && inbox(account).length === 1, 'the first sync');
  const refusals: Refusal[] = [];
  account.engine.onRefusal((refusal) => refusals.push(refusal));
  const [email] = inbox(account);
  assert.ok(email);
  account.index.write((t) => t.setKeywords(email.number, ['$flagged'], [], 0));
  account.engine.nudge();
  for (let tries = 1; ; tries += 1) {
    await account.until(() => asked === tries, `try ${tries}`);
    if (tries === 5) break;
    assert.deepEqual(inbox(account)[0]?.keywords, ['$flagged'], 'it is shown meanwhile');
    await tried(account, clock);
    pass(5 * 60_000);
  }
  await account.until(() => refusals.length > 0, 'the refusal');
  assert.deepEqual([refusals[0]?.kind, refusals[0]?.words], ['keywords', 'Not now']);
  assert.deepEqual(inbox(account)[0]?.keywords, []);
  assert.equal(
    account.index.read((reader) => reader.intentCount()),
    0,
  );
});

test('S86 what is taken back or changed while something else is carried out is not carried out as it was', async () => {
  const asked: string[] = [];
  const held = Promise.withResolvers<() => void>();
  await using server = await openScriptedImap({
    messages: [1, 2, 3].map((n) => `Subject: ${n}\r\nMessage-ID: <n${n}@elsewhere.test>\r\n\r\nText.\r\n`),
    onCommand: ({ name, args, tag, connection }) => {
      if (name !== 'UID STORE') return false;
      asked.push(args);
      if (asked.length > 1) return false;
      held.resolve(() => connection.ok(tag, 'Done'));
      return true;
    },
  });
  await using account = await openTestAccount({ imapPort: server.port, user: { address: 'a', password: 'b' } });
  await account.until(() => account.engine.progress.done && inbox(account).length === 3, 'the first sync');
  const [third, second, first] = inbox(account);
  assert.ok(first && second && third);
  const wish = (email: Email, add: string[], remove: string[]): void =>
    account.index.write((t) => t.setKeywords(email.number, add, remove, 0));
  wish(first, ['$flagged'], []);
  wish(second, ['$seen'], []);
  wish(third, ['$answered'], []);
  account.engine.nudge();
  const release = await held.promise;
  wish(second, [], ['$seen']);
  wish(third, ['$draft'], []);
  account.engine.nudge();
  release();
  await account.until(() => account.index.read((reader) => reader.intentCount()) === 0, 'the intents');
  assert.deepEqual(
    asked.map((args) => args.replace('.SILENT', '')),
    ['1 +FLAGS (\\Flagged)', '3 +FLAGS (\\Answered \\Draft)'],
  );
});

test('R4 the mailbox of a role is made with its attribute where the server takes one', async () => {
  for (const capability of ['CREATE-SPECIAL-USE', 'SPECIAL-USE']) {
    const made: string[] = [];
    await using server = await openScriptedImap({
      capabilities: ['IMAP4rev1', 'SASL-IR', 'AUTH=PLAIN', 'IDLE', 'NAMESPACE', 'UNSELECT', capability],
      onCommand: ({ name, tag, args, connection }) => {
        if (name !== 'CREATE') return false;
        made.push(args);
        connection.no(tag, '[NOPERM] Not here');
        return true;
      },
    });
    await using account = await openTestAccount({ imapPort: server.port, user: { address: 'a', password: 'b' } });
    await account.until(() => account.engine.connection.at === 'live', 'the line');
    await assert.rejects(account.engine.mailboxFor('archive'));
    assert.match(made.join(), capability === 'SPECIAL-USE' ? /^"?Archive"?$/ : /^"?Archive"? \(USE \(\\Archive\)\)$/);
  }
});

test('S53 a letter that found no room is tried again every quarter of an hour', async () => {
  const { clock, pass } = handClock(5_000);
  const tries: number[] = [];
  await using server = await openScriptedImap({
    onCommand: ({ name, tag, connection }) => {
      if (name !== 'APPEND') return false;
      tries.push(clock.now());
      connection.no(tag, '[OVERQUOTA] Full');
      return true;
    },
  });
  await using account = await openTestAccount({ imapPort: server.port, user: { address: 'a', password: 'b' }, clock });
  const refusals: Refusal[] = [];
  account.engine.onRefusal((refusal) => refusals.push(refusal));
  await account.until(() => account.engine.connection.at === 'live', 'the line');
  const raw = Buffer.from('Subject: draft\r\nMessage-ID: <draft@village.test>\r\n\r\nText.\r\n');
  const box = account.index.read((reader) => reader.mailboxes()).find(({ role }) => role === 'inbox');
  assert.ok(box);
  account.index.write((t) => {
    const [keywords, receivedAt] = [['$draft'], 1_700_000_000];
    const number = t.addLocal(box.id, { ...digest(raw), keywords, deleted: false, receivedAt });
    t.saveBody(t.email(number)!.row, 'raw', raw);
    t.append(number, { kind: 'append', mailbox: box.id, keywords, receivedAt, replaces: null }, 0);
  });
  account.engine.nudge();
  for (let minute = 0; minute < 40 && refusals.length < 3; minute += 1) {
    await tried(account, clock);
    pass(60_000);
  }
  await account.until(() => refusals.length === 3, 'three tries in forty minutes');
  const [first = 0, second = 0, third = 0] = tries;
  assert.ok(Math.min(second - first, third - second) >= 15 * 60_000, String(tries));
});
