import { addMailbox, found, openTestIndex, query } from './fixture.ts';
import type { Email, EmailNumber, Index, Intent, MailboxId, Want } from './types.ts';

export interface Scene extends Disposable {
  index: Index;
  inbox: MailboxId;
  archive: MailboxId;
  trash: MailboxId;
  drafts: MailboxId;
  number: EmailNumber;
}

/** One message, UID 1 in INBOX, seen. */
export const scene = (): Scene => {
  const t = openTestIndex({ now: () => 1_800_000_000_000 });
  const [inbox, archive, trash, drafts] = (['inbox', 'archive', 'trash', 'drafts'] as const).map((role) =>
    addMailbox(t.index, role, role),
  ) as [MailboxId, MailboxId, MailboxId, MailboxId];
  t.index.write((w) => w.add(inbox, [found(1, { keywords: ['$seen'] })]));
  const number = t.index.read((r) => r.query(query()).ids[0]!);
  return { index: t.index, inbox, archive, trash, drafts, number, [Symbol.dispose]: () => t[Symbol.dispose]() };
};

export const email = ({ index, number }: Scene): Email => index.read((r) => r.email(number)!);
export const due = ({ index }: Scene, now = 0): Intent[] => index.read((r) => r.intents(now));
export const wants = (s: Scene): Want[] => due(s).map(({ want }) => want);
export const mark = (s: Scene, add: string[], remove: string[] = [], dueAt = 0): void =>
  s.index.write((w) => w.setKeywords(s.number, add, remove, dueAt));
