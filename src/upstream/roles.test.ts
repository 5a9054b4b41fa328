import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assignRoles } from './roles.ts';
import type { RoleCandidate } from './roles.ts';

const box = (path: string, attributes: string[] = [], delimiter = '/', noselect = false): RoleCandidate => ({
  pathRaw: path,
  path,
  name: path.split(delimiter).at(-1) ?? path,
  delimiter,
  attributes,
  noselect,
});

const roles = (boxes: RoleCandidate[], prefix = '', chosen?: { sent: string }) =>
  Object.fromEntries(assignRoles(boxes, prefix, chosen));

test('R1 the attribute wins over the name, and a role is given once', () => {
  assert.deepEqual(roles([box('INBOX'), box('Sent'), box('Outgoing', ['\\Sent']), box('Also', ['\\Sent'])]), {
    INBOX: 'inbox',
    Outgoing: 'sent',
  });
});

test('R2 localized names count at the root of the namespace only', () => {
  assert.deepEqual(
    roles(
      [
        box('INBOX', [], '.'),
        box('INBOX.Entwürfe', [], '.'),
        box('INBOX.Old.Sent', [], '.'),
        box('INBOX.Papierkorb', [], '.'),
      ],
      'INBOX.',
    ),
    {
      INBOX: 'inbox',
      'INBOX.Entwürfe': 'drafts',
      'INBOX.Papierkorb': 'trash',
    },
  );
  assert.deepEqual(roles([box('inbox'), box('Projects/Sent'), box('Gesendete Objekte')]), {
    inbox: 'inbox',
    'Gesendete Objekte': 'sent',
  });
});

test('R2 of two names for one role the more usual one wins, whatever the order of LIST', () => {
  assert.deepEqual(roles([box('INBOX'), box('Deleted Items'), box('Trash')]), { INBOX: 'inbox', Trash: 'trash' });
});

test('R3 the user’s choice comes before the server’s word', () => {
  assert.deepEqual(roles([box('Sent', ['\\Sent']), box('Mine')], '', { sent: 'Mine' }), {
    Mine: 'sent',
  });
});

test('R1 XLIST attributes are understood; a mailbox that cannot be selected has no role', () => {
  assert.deepEqual(
    roles([
      box('INBOX'),
      box('[Gmail]/Spam', ['\\Spam']),
      box('[Gmail]/All', ['\\AllMail']),
      box('Trash', [], '/', true),
    ]),
    {
      INBOX: 'inbox',
      '[Gmail]/Spam': 'junk',
      '[Gmail]/All': 'all',
    },
  );
});
