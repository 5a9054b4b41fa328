import assert from 'node:assert/strict';
import { test } from 'node:test';
import { signal } from '@preact/signals-core';
import { stillClock } from '#base/clock.testkit.ts';
import type { AccountId, BlobId, EmailId, MailboxId } from '#jmap/ids.ts';
import type { Mailbox } from '#jmap/mail.ts';
import { openMail, type Mail } from '../mail.ts';
import { account, fakeServer, settled } from '../testing.ts';
import { openToasts } from '../toasts.ts';
import { openDraft } from './draft.ts';
import { openFiles } from './files.ts';
import { emptyLetter, type Letter } from './letter.ts';

/** A letter that leaves by another account than the one it was begun in. */

const begin = (letter: Partial<Letter>) => {
  const log: string[] = [];
  /** What another device has sent meanwhile. */
  const sent = new Set<string>();
  let made = 0;
  const server = fakeServer({
    'Email/set': ({ accountId, create, destroy }) => {
      const created: Record<string, { id: string }> = {};
      for (const [key, email] of Object.entries((create ?? {}) as Record<string, object>)) {
        made += 1;
        created[key] = { id: `M${made}` };
        const blob = /"G\d"/u.exec(JSON.stringify(email))?.[0] ?? 'nothing';
        log.push(`${String(accountId)} made M${made} with ${blob}`);
      }
      for (const id of (destroy ?? []) as string[]) log.push(`${String(accountId)} dropped ${id}`);
      return { accountId, oldState: '1', newState: '2', created, destroyed: destroy ?? [] };
    },
    'Email/get': ({ accountId, ids }) => ({
      accountId,
      state: '2',
      list: (ids as string[]).map((id) => ({
        id,
        attachments: [],
        keywords: sent.has(id) ? {} : { $draft: true },
        mailboxIds: { [sent.has(id) ? 'sent' : `${String(accountId)}-drafts`]: true },
      })),
      notFound: [],
    }),
  });
  const mailOf = (id: string): Mail => {
    const mail = openMail(server.connection, id as AccountId, account);
    mail.mailboxes.put([
      { id: `${id}-drafts` as MailboxId, name: 'Drafts', role: 'drafts', parentId: null } as Mailbox,
    ]);
    return mail;
  };
  const [one, two] = [mailOf('A1'), mailOf('A2')];
  const draft = openDraft({
    connection: server.connection,
    mail: one,
    mailOf: (id) => [one, two].find((each) => each.id === id),
    clock: server.clock,
    letter: { ...emptyLetter, subject: 'Boats', ...letter },
    emailId: 'M0' as EmailId,
    remember: () => undefined,
  });
  return { draft, two, log, sent };
};

test('a saved page is a file: to browsers it is a multipart, which no attachment may be', () => {
  const { draft, two } = begin({});
  const { connection } = fakeServer({});
  const toasts = openToasts(stillClock());
  const files = openFiles({ connection, toasts, account: signal(two), draft, newKey: () => 'k' });
  const types = ['multipart/related', '', 'text/html'];
  files.attach(types.map((type) => new File(['x'], 'page', { type })));
  const attached = draft.letter.peek().attachments.map(({ type }) => type);
  assert.deepEqual(attached, ['application/octet-stream', 'application/octet-stream', 'text/html']);
  files.abort();
});

test('G17 the draft is made in the other account before it goes from the first', async () => {
  const { draft, two, log } = begin({});
  draft.moveTo(two);
  assert.equal(await draft.save(), 'M1');
  assert.deepEqual(log, ['A2 made M1 with nothing', 'A1 dropped M0']);
});

test('G18 what goes with it is in the first account until it has come along', async () => {
  const file = { key: 'a1', name: 'x', type: 'text/plain', size: 3, cid: null } as const;
  const { draft, two, log } = begin({ attachments: [{ ...file, upload: { at: 'ready', blobId: 'G1' as BlobId } }] });
  draft.moveTo(two);
  draft.change({ attachments: [{ ...file, upload: { at: 'uploading', sent: 0 } }] });
  await draft.save();
  assert.deepEqual(log, ['A2 made M1 with nothing']);
  draft.change({ attachments: [{ ...file, upload: { at: 'ready', blobId: 'G2' as BlobId } }] });
  await draft.save();
  assert.deepEqual(log.slice(1).toSorted(), ['A1 dropped M0', 'A2 dropped M1', 'A2 made M2 with "G2"']);
});

test('G19 a version that was on its way when the account changed is not the draft', async () => {
  const { draft, two, log } = begin({});
  draft.change({ subject: 'Cars' });
  const saving = draft.save();
  await settled();
  draft.moveTo(two);
  await saving;
  await draft.save();
  const mine = log.findLast((line) => line.startsWith('A2 made'))?.split(' ')[2];
  assert.equal(draft.emailId.peek(), mine);
  const dropped = log.filter((line) => line.startsWith('A1 dropped')).map((line) => line.split(' ')[2]);
  const madeThere = log.filter((line) => line.startsWith('A1 made')).map((line) => line.split(' ')[2]);
  assert.deepEqual(dropped.toSorted(), ['M0', ...madeThere]);
});

test('G20 a version that another device has sent is the copy in Sent, and stays', async () => {
  const { draft, log, sent } = begin({});
  draft.change({ subject: 'Cars' });
  await draft.save();
  sent.add('M1');
  draft.change({ subject: 'Trains' });
  await draft.save();
  await draft.discard();
  assert.deepEqual(
    log.map((line) => line.split(' ').slice(1, 3).join(' ')),
    ['made M1', 'dropped M0', 'made M2', 'dropped M2'],
  );
});
