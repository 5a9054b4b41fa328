import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openDovecot } from '#village/dovecot.ts';
import { openFolder, openPostern } from './postern.ts';

/** A server whose mailboxes are labels, as Gmail's: it greets as Gmail does, and has every message in All Mail too. */
const extra = `
login_greeting = Gimap ready for requests
namespace inbox {
  mailbox "All Mail" {
    auto = subscribe
    special_use = \\All
  }
}
`;

const letter = (subject: string): string =>
  `From: Bob <bob@village.test>\r\nTo: alice@village.test\r\nSubject: ${subject}\r\nMessage-ID: <${subject}@elsewhere.test>\r\n\r\nText.\r\n`;

interface Box {
  id: string;
  role: string | null;
}

test('S55 where mailboxes are labels one is left by MOVE, and nothing is expunged', async () => {
  await using village = await openDovecot({ extra });
  using folder = openFolder();
  await using postern = await openPostern(village, folder.path);
  const { browser } = postern;
  const [alice] = village.users;
  assert.ok(alice);
  await village.deliver(alice.address, letter('Boats'));
  village.dovecot.doveadm('copy', '-u', alice.address, 'All Mail', 'mailbox', 'INBOX', 'all');
  assert.equal((await browser.signIn(alice.address, alice.password)).status, 200);
  const boxes = await browser.until(
    async () => ((await browser.jmap([['Mailbox/get', { ids: null }]]))[0]?.['list'] ?? []) as Box[],
    (list) => list.some(({ role }) => role === 'all'),
  );
  const idOf = (role: string): string => boxes.find((box) => box.role === role)?.id ?? '';
  const [inbox, all] = [idOf('inbox'), idOf('all')];
  const found = await browser.until(
    async () =>
      ((
        await browser.jmap([
          ['Email/query', { filter: { inMailbox: inbox } }],
          ['Email/get', { '#ids': { resultOf: 'c0', name: 'Email/query', path: '/ids' }, properties: ['mailboxIds'] }],
        ])
      )[1]?.['list'] ?? []) as { id: string; mailboxIds: Record<string, true> }[],
    ([first]) => Object.keys(first?.mailboxIds ?? {}).length === 2,
  );
  const [email] = found;
  assert.ok(email);
  const [answer] = await browser.jmap([
    ['Email/set', { update: { [email.id]: { [`mailboxIds/${inbox}`]: null, [`mailboxIds/${all}`]: true } } }],
  ]);
  assert.equal(answer?.['notUpdated'], null);
  const count = (mailbox: string, subject: string): number =>
    village.dovecot
      .doveadm('search', '-u', alice.address, 'mailbox', mailbox, 'subject', subject)
      .split('\n')
      .filter(Boolean).length;
  await browser.until(
    async () => count('INBOX', 'Boats'),
    (left) => left === 0,
  );
  // Gmail knows it as the same message; this Dovecot has it twice now, which shows by what command it left.
  assert.equal(count('All Mail', 'Boats'), 2);

  // Deleted from a search it is to leave every mailbox: Gmail itself takes it out of All Mail when it comes to Trash.
  const trash = idOf('trash');
  await village.deliver(alice.address, letter('Oars'));
  const arrived = await browser.until(
    async () =>
      ((await browser.jmap([['Email/query', { filter: { inMailbox: inbox, subject: 'Oars' } }]]))[0]?.['ids'] ??
        []) as string[],
    (ids) => ids.length === 1,
  );
  village.dovecot.doveadm('copy', '-u', alice.address, 'All Mail', 'mailbox', 'INBOX', 'subject', 'Oars');
  const [id = ''] = arrived;
  const boxesOf = async (): Promise<string[]> => {
    const [got] = await browser.jmap([['Email/get', { ids: [id], properties: ['mailboxIds'] }]]);
    return Object.keys(((got?.['list'] ?? []) as { mailboxIds: object }[])[0]?.mailboxIds ?? {});
  };
  await browser.until(boxesOf, (list) => list.length === 2, 70_000);
  const [deleted] = await browser.jmap([
    [
      'Email/set',
      {
        update: { [id]: { [`mailboxIds/${inbox}`]: null, [`mailboxIds/${all}`]: null, [`mailboxIds/${trash}`]: true } },
      },
    ],
  ]);
  assert.equal(deleted?.['notUpdated'], null);
  await browser.until(
    async () => [count('INBOX', 'Oars'), count('Trash', 'Oars')].join(),
    (now) => now === '0,1',
  );
  assert.equal(count('All Mail', 'Oars'), 1, 'nothing was expunged there');
});
