import type { Core } from './core.ts';
import { isUnread } from './keywords.ts';
import type { MailboxId, ThreadNumber } from './types.ts';

/** All counters again from the Emails: when another mailbox becomes Trash, what is unread where is told anew. */
export const recount = (core: Core): void => {
  const { db, mailboxes, log } = core;
  core.settle();
  const unread = new Map<ThreadNumber, { elsewhere: number; trash: number }>();
  const rows = db.rows<[ThreadNumber, number, string]>('SELECT thread, flags, boxes FROM email WHERE hidden = 0');
  for (const [thread, flags, json] of rows) {
    if (!isUnread(flags)) continue;
    const boxes = JSON.parse(json) as MailboxId[];
    const sums = unread.get(thread) ?? { elsewhere: 0, trash: 0 };
    sums.elsewhere += Number(boxes.some((box) => !mailboxes.isTrash(box)));
    sums.trash += Number(boxes.some((box) => mailboxes.isTrash(box)));
    unread.set(thread, sums);
  }
  db.run('UPDATE thread SET unread = 0, unread_trash = 0 WHERE unread <> 0 OR unread_trash <> 0');
  for (const [thread, { elsewhere, trash }] of unread) {
    db.run('UPDATE thread SET unread = ?, unread_trash = ? WHERE id = ?', elsewhere, trash, thread);
  }
  for (const { id, unreadThreads } of mailboxes.all()) {
    const column = mailboxes.isTrash(id) ? 'unread_trash' : 'unread';
    const now = db.value<number>(
      `SELECT count(DISTINCT m.thread) FROM member m CROSS JOIN thread t ON t.id = m.thread AND t.${column} > 0 WHERE m.mailbox = ?`,
      id,
    );
    if (now === unreadThreads) continue;
    db.run('UPDATE mailbox SET unread_threads = ? WHERE id = ?', now ?? 0, id);
    log.note('Mailbox', id, 'counts');
  }
  mailboxes.forget();
};
