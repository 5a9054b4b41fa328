import assert from 'node:assert/strict';
import { test } from 'node:test';
import { signal } from '@preact/signals-core';
import type { AccountId } from '#jmap/ids.ts';
import { openMail, type Mail } from './mail.ts';
import { openPlaces, type PlaceState } from './place.ts';
import { parseRoute, type MailRoute } from './route.ts';
import { account, fakeMailbox, fakeServer, settled } from './testing.ts';

const boxes = (['inbox', 'drafts', 'trash'] as const).map(
  (role) => ({ id: role, name: role, role, totalEmails: 0, unreadThreads: 0 }) as never,
);
const status = (inAllInboxes: boolean) => ({ inAllInboxes, name: '', address: '' }) as never;

/** Accounts whose folders are not known yet. */
const openHouse = (count: number) => {
  const box = fakeMailbox(3);
  const down = new Set<string>();
  const server = fakeServer(
    Object.fromEntries(
      Object.entries(box.handlers).map(([name, handler]) => [
        name,
        (args) => (down.has(String(args['accountId'])) ? { error: 'serverFail' } : handler(args)),
      ]),
    ),
  );
  const mails = Array.from({ length: count }, (_, at) =>
    openMail(server.connection, `A${at + 1}` as AccountId, { ...account, name: `x${at + 1}@y.example` }),
  );
  const known = (mail: Mail | undefined, takesPart = true): void => {
    mail?.mailboxes.reset(boxes);
    mail?.setStatus(status(takesPart));
  };
  const route = signal(parseRoute('/all/inbox') as MailRoute);
  const places = openPlaces(server.connection, server.clock, route, signal(mails));
  const said = (): string => {
    const state: PlaceState = places.state.value;
    if (state.at !== 'open') return state.at;
    const { title, all, mails: of } = state.place;
    return `${title} (${all ?? 'one'}) of ${of.map(({ id }) => id).join(' ')}`;
  };
  const go = (url: string): void => {
    route.value = parseRoute(url) as MailRoute;
  };
  return { mails, known, said, go, down, places };
};

test('M12 All inboxes opens when every account that takes part is known, with those that do', async () => {
  const { mails, known, said } = openHouse(3);
  known(mails[0]);
  known(mails[2], false);
  await settled();
  assert.equal(said(), 'opening');
  known(mails[1]);
  await settled();
  assert.equal(said(), 'All inboxes (inbox) of A1 A2');
  mails[2]?.setStatus(status(true));
  await settled();
  assert.equal(said(), 'All inboxes (inbox) of A1 A2 A3');
});

test('M12 where there is nothing to gather, its addresses lead to the one account', async () => {
  const { mails, known, said, go } = openHouse(2);
  known(mails[0]);
  known(mails[1], false);
  await settled();
  assert.equal(said(), 'Inbox (one) of A1');
  go('/all/starred');
  await settled();
  assert.equal(said(), 'Starred (one) of A1');
});

test('M7 an account that cannot be opened is named, the others are there', async () => {
  const { mails, known, said, down, places } = openHouse(3);
  known(mails[0]);
  known(mails[2]);
  down.add('A2');
  await mails[1]?.load();
  await settled();
  assert.equal(said(), 'All inboxes (inbox) of A1 A3');
  const state = places.state.value;
  assert.ok(state.at === 'open');
  assert.deepEqual(state.place.missing.value, [mails[1]]);
  known(mails[1]);
  await settled();
  assert.equal(said(), 'All inboxes (inbox) of A1 A2 A3');
});

test('M13 M15 the home is the first inbox; starred mail and drafts are gathered too', async () => {
  const { mails, known, said, go } = openHouse(2);
  for (const mail of mails) known(mail);
  go('/');
  await settled();
  assert.equal(said(), 'Inbox (one) of A1');
  go('/all/starred');
  await settled();
  assert.equal(said(), 'Starred (starred) of A1 A2');
  go('/all/drafts');
  await settled();
  assert.equal(said(), 'Drafts (drafts) of A1 A2');
});

test('M14 a search without an account is over all; one that lacks the folder named has no part in it', async () => {
  const { mails, known, said, go } = openHouse(2);
  for (const mail of mails) known(mail);
  go('/search?q=boats');
  await settled();
  assert.equal(said(), 'Search (one) of A1 A2');
  go('/search?q=boats&in=x2@y.example');
  await settled();
  assert.equal(said(), 'Search (one) of A2');
  mails[1]?.mailboxes.put([{ id: 'rowing', name: 'Rowing', role: null } as never]);
  go('/search?q=boats in:rowing');
  await settled();
  assert.equal(said(), 'Search (one) of A2');
});
