import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openDovecot } from '#village/dovecot.ts';
import { openScriptedImap } from '#village/scripted-imap.ts';
import type { ScriptedCommand } from '#village/scripted-imap.ts';
import { query } from '#index/fixture.ts';
import { handClock, inRole, openTestAccount } from './test-account.ts';

/** Mailboxes whose UIDVALIDITY changes while they are looked at. */

const letter = (name: string, n: number): string =>
  `From: bob@village.test\r\nSubject: ${name} ${n}\r\nMessage-ID: <${name}${n}@village.test>\r\n\r\nText ${n}.\r\n`;

test('S84 a mailbox that another client made anew is read to its end on the connection that stands', async () => {
  await using village = await openDovecot();
  const [user] = village.users;
  assert.ok(user);
  for (let n = 0; n < 120; n += 1)
    village.put(user.address, 'Work', letter('old', n), { receivedAt: 1_700_000_000 + n });
  await using account = await openTestAccount({ imapPort: village.imapPort, user });
  const subjects = (): Set<string> =>
    account.index.read((reader) => {
      const box = reader.mailboxes().find(({ path }) => path === 'Work');
      const page = box && reader.query(query({ filter: { op: 'is', inMailbox: box.id }, limit: 500 }));
      return new Set(page ? reader.emails(page.ids).map(({ subject }) => subject.split(' ')[0] ?? '') : []);
    });
  const boxNamed = (name: string) =>
    account.index.read((reader) => reader.mailboxes().find(({ path }) => path === name));
  const count = (): number | undefined => boxNamed('Work')?.totalEmails;
  await account.until(() => account.engine.progress.done && count() === 120, 'the first sync');
  const client = await account.client();
  await client.create('Other');
  for (let n = 0; n < 130; n += 1) await client.append('Other', Buffer.from(letter('new', n)), [], 1_700_000_000 + n);
  await account.until(() => boxNamed('Other')?.totalEmails === 130, 'the other');
  await client.delete('Work');
  await client.rename('Other', 'Work');
  await account.until(() => count() === 130 && subjects().size === 1, 'all of the new ones');
  assert.deepEqual([...subjects()], ['new']);
});

test('S85 a server whose UIDVALIDITY is another in each connection is read twice or three times, then by one connection', async () => {
  const messages = Array.from({ length: 1_200 }, (_, n) => letter('old', n));
  const of = new Map<unknown, number>();
  let asked = 0;
  const onCommand = ({ name, tag, args, connection }: ScriptedCommand): boolean => {
    const [, first, last] = /^(\d+):?(\d+|\*)? .*HEADER/.exec(args) ?? [];
    if (name.endsWith('FETCH') && first !== undefined)
      asked += Math.min(messages.length, Number(last?.replace('*', '9999') ?? first)) - Number(first) + 1;
    if (name !== 'SELECT' && name !== 'EXAMINE') return false;
    const uidvalidity = of.get(connection) ?? of.size + 100;
    of.set(connection, uidvalidity);
    connection.send(`* FLAGS (\\Seen)\r\n* ${messages.length} EXISTS\r\n* OK [UIDVALIDITY ${uidvalidity}] ok\r\n`);
    connection.ok(tag, name === 'SELECT' ? '[READ-WRITE] done' : '[READ-ONLY] done');
    return true;
  };
  await using server = await openScriptedImap({ messages, onCommand });
  const { clock, pass } = handClock(10_000);
  const user = { address: 'alice@village.test', password: 'alice' };
  await using account = await openTestAccount({ imapPort: server.port, user, clock });
  await account.until(() => inRole(account, 'inbox').length === 1_200, 'the first sync');
  const texts = (): boolean => inRole(account, 'inbox').every(({ preview }) => preview !== '');
  await account.until(texts, 'their texts');
  const minutes = async (count: number): Promise<void> => {
    for (let minute = 0; minute < count; minute += 1) {
      pass(60_000);
      await new Promise((resolve) => setTimeout(resolve, 150));
    }
  };
  await minutes(60);
  assert.ok(asked < 6 * 1_200, `${asked} heads`);
  const [before, connections] = [asked, server.connections];
  messages.push(letter('new', 1));
  server.broadcast(`* ${messages.length} EXISTS\r\n`);
  await account.until(() => inRole(account, 'inbox').length === 1_201, 'new mail');
  await minutes(30);
  assert.deepEqual([server.connections, server.open, inRole(account, 'inbox').length], [connections, 1, 1_201]);
  assert.ok(asked - before < 100, `${asked - before} heads`);
  const { row } = inRole(account, 'inbox').at(-1) ?? assert.fail();
  assert.equal((await account.engine.source(row)).kind, 'whole', 'what is listed can be opened');
});
