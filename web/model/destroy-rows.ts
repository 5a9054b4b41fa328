import type { MailboxId } from '#jmap/ids.ts';
import type { ActionParts } from './actions.ts';
import { destroyIn } from './destroy.ts';
import { mailboxName } from './mailboxes.ts';
import { being, headsOf, rowCount, title, type Target, type TargetPart } from './targets.ts';
import type { EmailHead } from './types.ts';

/** What is to go for ever out of a mailbox. */
interface Doomed {
  part: TargetPart;
  mailbox: MailboxId;
  heads: EmailHead[];
}

/** Asks, and takes rows out of Trash for ever. Rejects as the connection does. */
export const destroyRows = async (
  { connection, toasts, confirm }: Pick<ActionParts, 'connection' | 'toasts' | 'confirm'>,
  target: Target,
): Promise<void> => {
  const found: Doomed[] = [];
  for (const part of target.parts) {
    const { mailboxId: mailbox } = part.query;
    if (mailbox === null) continue;
    const heads = (await headsOf(connection, part)).filter((head) => Object.hasOwn(head.mailboxIds, mailbox));
    if (heads.length > 0) found.push({ part, mailbox, heads });
  }
  const [first] = found;
  if (!first) return;
  const all = found.flatMap(({ heads }) => heads);
  const rows = rowCount(target);
  const what = title(all, rows);
  const sure = await confirm({
    title: `Delete ${what} for ever?`,
    text: 'It is removed from the server at once and cannot be brought back.',
    yes: 'Delete for ever',
    no: 'Keep',
  });
  if (!sure) return;
  // While the question stood, some of it may have been taken elsewhere: here by `z`, or by another program.
  const left = found
    .map(({ part, mailbox, heads }): Doomed => {
      const now = heads.map(({ id }) => part.mail.emails.peek(id)).filter((head) => head !== undefined);
      return { part, mailbox, heads: now.filter((head) => Object.hasOwn(head.mailboxIds, mailbox)) };
    })
    .filter(({ heads }) => heads.length > 0);
  if (left.length === 0) {
    const where = first.part.mail.mailboxes.get(first.mailbox);
    toasts.show(`${being(all, rows)} not in ${where ? mailboxName(where) : 'Trash'} any more`, { life: 4_000 });
    void target.list.refresh();
    return;
  }
  for (const { part, mailbox, heads } of left) {
    const putBack = part.list.take(part.named);
    const no = await destroyIn(connection, part.mail, mailbox, heads);
    if (no === null) continue;
    putBack();
    toasts.show(`${being(all, rows)} still there. The server did not allow it: ${no}`, { tone: 'failed' });
    return;
  }
  toasts.show(`Deleted ${what} for ever`, { icon: 'trash' });
  void target.list.refresh();
};
