import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openDovecot, quotaOf } from '#village/dovecot.ts';
import { openScriptedImap, type ScriptedImap } from '#village/scripted-imap.ts';
import { signInImap } from '#village/preauth.ts';
import { ImapError } from './errors.ts';
import { type ImapSession, openImap } from './session.ts';

const capabilities = [
  'IMAP4rev1',
  'SASL-IR',
  'AUTH=PLAIN',
  'IDLE',
  'NAMESPACE',
  'UNSELECT',
  'QUOTA',
  'QUOTA=RES-STORAGE',
];

const open = async (
  answer: string,
  more: { capabilities?: readonly string[]; status?: string } = {},
): Promise<{ session: ImapSession; server: ScriptedImap } & AsyncDisposable> => {
  const server = await openScriptedImap({
    capabilities: more.capabilities ?? capabilities,
    onCommand: ({ name, tag, connection }) => {
      if (name !== 'GETQUOTAROOT') return false;
      connection.send(`${answer}${tag} ${more.status ?? 'OK done'}\r\n`);
      return true;
    },
  });
  const session = await openImap(await signInImap(server, { address: 'a', password: 'b' }), { host: '127.0.0.1' });
  return {
    session,
    server,
    [Symbol.asyncDispose]: async () => {
      await session.close();
      await server[Symbol.asyncDispose]();
    },
  };
};

/** What is understood of an answer. */
const read = async (answer: string) => {
  await using opened = await open(answer);
  const found = await opened.session.quota();
  // The line is in step afterwards.
  await opened.session.noop();
  return found?.map(({ root, resource, used, limit }) => [root, resource, used, limit]);
};

test('S50 STORAGE counts units of 1024 octets, MESSAGE messages; several roots, each its own', async () => {
  assert.deepEqual(await read('* QUOTAROOT INBOX ""\r\n* QUOTA "" (STORAGE 10 512)\r\n'), [
    ['', 'STORAGE', 10_240, 524_288],
  ]);
  assert.deepEqual(
    await read(
      '* QUOTAROOT "INBOX" "User quota" #shared\r\n* QUOTA "User quota" (STORAGE 10 512 MESSAGE 3 1000)\r\n* quota #shared (message 4 9)\r\n',
    ),
    [
      ['User quota', 'STORAGE', 10_240, 524_288],
      ['User quota', 'MESSAGE', 3, 1000],
      ['#shared', 'MESSAGE', 4, 9],
    ],
  );
  assert.deepEqual(
    await read('* QUOTAROOT INBOX {6}\r\nPr\xc3\xbcf.\r\n* QUOTA {6}\r\nPr\xc3\xbcf. (STORAGE 1 2)\r\n'),
    [['Prüf.', 'STORAGE', 1024, 2048]],
  );
});

test('S50 what is no limit, or of another resource, or of another root is left out', async () => {
  assert.deepEqual(await read('* QUOTAROOT INBOX\r\n'), []);
  assert.deepEqual(await read(''), []);
  assert.deepEqual(await read('* QUOTAROOT INBOX ""\r\n* QUOTA "" ()\r\n'), []);
  assert.deepEqual(await read('* QUOTAROOT INBOX a\r\n* QUOTA a (MAILBOX 3 10 X-NUM-FOLDERS 1 2 MESSAGE 1 2)\r\n'), [
    ['a', 'MESSAGE', 1, 2],
  ]);
  assert.deepEqual(await read('* QUOTAROOT INBOX a\r\n* QUOTA a (MESSAGE 1 2)\r\n* QUOTA b (MESSAGE 1 2)\r\n'), [
    ['a', 'MESSAGE', 1, 2],
  ]);
  assert.deepEqual(await read('* QUOTA a (MESSAGE 1 2)\r\n'), [['a', 'MESSAGE', 1, 2]], 'without QUOTAROOT');
  for (const limit of ['0', '-1', '18446744073709551615', '1e400', 'NaN', 'NIL', '""'])
    assert.deepEqual(await read(`* QUOTAROOT INBOX ""\r\n* QUOTA "" (STORAGE 1 ${limit} MESSAGE 2 3)\r\n`), [
      ['', 'MESSAGE', 2, 3],
    ]);
});

test('S50 a hostile answer costs no more than itself', async () => {
  assert.deepEqual(await read('* QUOTAROOT INBOX ""\r\n* QUOTA "" (STORAGE -5 100 MESSAGE x y)\r\n'), []);
  assert.deepEqual(await read('* QUOTAROOT INBOX ""\r\n* QUOTA "" (STORAGE 12345678901234567890 100)\r\n'), [
    ['', 'STORAGE', Number.MAX_SAFE_INTEGER, 102_400],
  ]);
  for (const broken of ['(STORAGE)', '(STORAGE 1', '(STORAGE 1 2', 'STORAGE 1 2', '', '(((((', '(STORAGE (1) 2)'])
    assert.deepEqual(await read(`* QUOTAROOT INBOX ""\r\n* QUOTA "" ${broken}\r\n`), [], broken);
  const roots = Array.from({ length: 500 }, (_, at) => `* QUOTA r${at} (STORAGE 1 2)\r\n`).join('');
  assert.equal((await read(roots))?.length, 10);
  const resources = 'STORAGE 1 2 '.repeat(20_000);
  assert.deepEqual(await read(`* QUOTA "" (${resources})\r\n`), [['', 'STORAGE', 1024, 2048]]);
  const [name = ''] = (await read(`* QUOTA "\x01${'n'.repeat(5000)}\x1b[31m" (STORAGE 1 2)\r\n`))?.[0] ?? [];
  assert.match(String(name), /^n{200,300}…?$/u);
});

test('S50 a server without QUOTA is not asked; one that refuses says so, and the line goes on', async () => {
  {
    await using opened = await open('', { capabilities: capabilities.filter((word) => !word.startsWith('QUOTA')) });
    assert.equal(await opened.session.quota(), null);
    assert.ok(!opened.server.commands.includes('GETQUOTAROOT'));
  }
  for (const status of ['NO [NOPERM] not for you', 'BAD what?']) {
    await using opened = await open('', { status });
    await assert.rejects(
      opened.session.quota(),
      (error) => error instanceof ImapError && error.code === 'imap/refused',
    );
    await opened.session.noop();
  }
});

test('S50 what a real Dovecot says', async () => {
  const user = { address: 'q@village.test', password: 'pass q' };
  await using village = await openDovecot({ users: [user], extra: quotaOf({ storage: '64k', messages: 20 }) });
  const session = await openImap(await signInImap(village, user), { host: '127.0.0.1' });
  const limits = async () =>
    (await session.quota())?.map(({ root, resource, used, limit }) => [root, resource, used > 0, limit]);
  assert.deepEqual(await limits(), [
    ['Mailbox', 'STORAGE', false, 65_536],
    ['Mailbox', 'MESSAGE', false, 20],
  ]);
  await session.append('INBOX', Buffer.from(`Subject: a\r\n\r\n${'x'.repeat(5000)}\r\n`), [], null);
  assert.deepEqual(await limits(), [
    ['Mailbox', 'STORAGE', true, 65_536],
    ['Mailbox', 'MESSAGE', true, 20],
  ]);
  await assert.rejects(
    session.append('INBOX', Buffer.from(`Subject: b\r\n\r\n${'x'.repeat(70_000)}\r\n`), [], null),
    (error) => error instanceof ImapError && error.responseCode === 'OVERQUOTA',
  );
  await session.close();
});
