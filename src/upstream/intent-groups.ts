import type { Intent, MailboxId, Uid, Want } from '#index/types.ts';

/** Intents that one command can bring about, in the order the user wished them. */
export interface IntentGroup {
  want: Want;
  /** Mailbox to select and its UIDVALIDITY when the wish was made; null for `append`. */
  at: { mailbox: MailboxId; uidvalidity: number } | null;
  intents: (Intent & { uid: Uid | null })[];
}

/** Most UIDs in one command: a line of scattered UIDs stays below 8,000 bytes. */
export const mostInGroup = 500;

const keyOf = (intent: Intent): string | null => {
  const { want, at } = intent;
  switch (want.kind) {
    case 'keywords':
      return (
        at &&
        `keywords ${at.mailbox} ${at.uidvalidity} ${want.add.toSorted().join(' ')} / ${want.remove.toSorted().join(' ')}`
      );
    case 'move':
      return at && `move ${at.mailbox} ${at.uidvalidity} ${want.to}`;
    case 'copy':
      return at && `copy ${at.mailbox} ${at.uidvalidity} ${want.to}`;
    case 'destroy':
    case 'leave':
      return at && `${want.kind} ${at.mailbox} ${at.uidvalidity}`;
    case 'append':
      return null;
  }
};

/**
 * Groups due intents, given oldest first. Intents of one email keep their order: an intent joins an earlier group only if
 * no group after that one holds an intent of the same email.
 */
export const groupIntents = (intents: readonly Intent[]): IntentGroup[] => {
  const groups: (IntentGroup & { key: string | null })[] = [];
  const lastOf = new Map<number, number>();
  const open = new Map<string, number>();
  for (const intent of intents) {
    const key = keyOf(intent);
    const least = lastOf.get(intent.email) ?? -1;
    const candidate = key === null ? undefined : open.get(key);
    const joins =
      candidate !== undefined && candidate > least && (groups[candidate]?.intents.length ?? 0) < mostInGroup;
    const entry = { ...intent, uid: intent.at?.uid ?? null };
    if (joins) {
      groups[candidate]?.intents.push(entry);
      lastOf.set(intent.email, candidate);
      continue;
    }
    groups.push({
      key,
      want: intent.want,
      at: intent.at && { mailbox: intent.at.mailbox, uidvalidity: intent.at.uidvalidity },
      intents: [entry],
    });
    lastOf.set(intent.email, groups.length - 1);
    if (key !== null) open.set(key, groups.length - 1);
  }
  return groups.map(({ want, at, intents: members }) => ({ want, at, intents: members }));
};
