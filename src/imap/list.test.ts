import assert from 'node:assert/strict';
import { test } from 'node:test';
import { signInImap } from '#village/preauth.ts';
import { openScriptedImap } from '#village/scripted-imap.ts';
import { openImap } from './session.ts';

const plain = ['IMAP4rev1', 'SASL-IR', 'AUTH=PLAIN', 'NAMESPACE'];
const extended = [...plain, 'LIST-EXTENDED', 'LIST-STATUS', 'SPECIAL-USE', 'NOTIFY'];

/** What is understood of the answer to LIST, and how often it was said that mailboxes have changed. */
const listed = async (capabilities: readonly string[], answer: readonly string[]) => {
  await using server = await openScriptedImap({
    capabilities,
    onCommand: ({ name, args, tag, connection }) => {
      if (name !== 'LIST' || args.startsWith('"" ""')) return false;
      connection.send(answer.map((line) => `* ${line}\r\n`).join(''));
      connection.ok(tag);
      return true;
    },
  });
  await using session = await openImap(await signInImap(server, { address: 'a', password: 'b' }), { host: 'x.test' });
  let news = 0;
  session.onChange(({ kind }) => void (news += Number(kind === 'mailboxes')));
  const found = await session.list();
  return {
    boxes: found.map(({ pathRaw, flags, status }) => [pathRaw, flags.join(' '), status?.messages ?? null]),
    news,
  };
};

const inbox = 'LIST () "/" INBOX';

test('S57 what NOTIFY tells of a RENAME is no line of the answer it comes with', async () => {
  const late = [
    'LIST () "/" New ("OLDNAME" ("Old"))',
    'LIST () "/" {3}\r\nTwo (CHILDINFO ("SUBSCRIBED") OLDNAME (One))',
  ];
  assert.deepEqual(await listed(extended, [...late, inbox]), { boxes: [['INBOX', '', null]], news: 2 });
  const child = 'LIST (\\HasChildren) "/" Above ("CHILDINFO" ("SUBSCRIBED"))';
  assert.deepEqual(await listed(extended, [child, inbox]), {
    boxes: [
      ['Above', '\\HasChildren', null],
      ['INBOX', '', null],
    ],
    news: 0,
  });
});

test('S57 a line that says less of a mailbox does not take the place of one that says more', async () => {
  const sent = 'LIST (\\Subscribed \\Sent) "/" Sent';
  const status = 'STATUS Sent (MESSAGES 3)';
  const late = ['LIST (\\NonExistent \\Noselect \\HasNoChildren) "/" Sent', 'LIST () "/" Sent'];
  const want = {
    boxes: [
      ['Sent', '\\Subscribed \\Sent', 3],
      ['INBOX', '', null],
    ],
    news: 0,
  };
  assert.deepEqual(await listed(extended, [sent, status, ...late, inbox]), want);
  assert.deepEqual(await listed(extended, [...late, sent, status, inbox]), want);
});

test('S57 a name that does not exist is listed for what lies below it only, and where that was asked for', async () => {
  const answer = ['LIST (\\NonExistent) "/" Gone', 'LIST (\\NonExistent) "/" Above', 'LIST () "/" Above/Below', inbox];
  const boxes = [
    ['Above', '\\NonExistent', null],
    ['Above/Below', '', null],
    ['INBOX', '', null],
  ];
  assert.deepEqual((await listed(extended, answer)).boxes, boxes);
  assert.deepEqual((await listed(plain, answer)).boxes, boxes.slice(1));
});
