import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { MailboxId } from '#jmap/ids.ts';
import type { Mailbox } from '#jmap/mail.ts';
import { folderChoices, foundWords } from './folders.ts';

const box = (id: string, more: Partial<Mailbox> = {}): Mailbox =>
  ({ id, name: id, parentId: null, role: null, myRights: { mayAddItems: true }, ...more }) as Mailbox;
const all = (...boxes: Mailbox[]): ReadonlyMap<MailboxId, Mailbox> => new Map(boxes.map((each) => [each.id, each]));

test('G36 any folder that holds mail can be chosen, but for the inbox and the one that has the role already', () => {
  const boxes = all(
    box('INBOX', { role: 'inbox' }),
    box('Sent', { role: 'sent' }),
    box('Old', { role: 'archive' }),
    box('Everything', { role: 'all' }),
    box('Group', { myRights: { mayAddItems: false } as Mailbox['myRights'] }),
    box('Letters', { parentId: 'Group' as MailboxId }),
    box('Below', { parentId: 'INBOX' as MailboxId }),
  );
  const names = (chosen: string | null) =>
    folderChoices(boxes, 'sent', chosen as MailboxId | null).map(({ name }) => name);
  assert.deepEqual(names(null), ['Below', 'Group / Letters', 'Old']);
  assert.deepEqual(names('Sent'), ['Below', 'Group / Letters', 'Old', 'Sent']);
  assert.equal(foundWords(boxes, 'sent', null), 'Found by the server: Sent');
  assert.equal(foundWords(boxes, 'sent', 'Sent' as MailboxId), 'Found by the server');
  assert.equal(foundWords(boxes, 'junk', null), 'Made when it is first needed');
});
