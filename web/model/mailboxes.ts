import { computed, signal, type ReadonlySignal } from '@preact/signals-core';
import type { AccountId, MailboxId } from '#jmap/ids.ts';
import type { Mailbox, Role } from '#jmap/mail.ts';
import type { Connection } from './connection.ts';
import { MethodFailed } from './errors.ts';

/** A mailbox in its place; `depth` 1 for the top level (the account itself is level 0 of the tree). */
export interface MailboxNode {
  mailbox: Mailbox;
  depth: number;
  children: readonly MailboxNode[];
}

export interface Mailboxes {
  /** Undefined until the first answer. */
  readonly all: ReadonlySignal<ReadonlyMap<MailboxId, Mailbox> | undefined>;
  readonly tree: ReadonlySignal<readonly MailboxNode[]>;
  get(id: MailboxId): Mailbox | undefined;
  byRole(role: Role): Mailbox | undefined;
  /** Trash and Junk with what lies below them: mail there shows only where it is asked for. */
  readonly hidden: ReadonlySignal<readonly MailboxId[]>;
  /** Whether it is the mailbox of this role or lies below it. */
  within(id: MailboxId, role: Role): boolean;
  /** The mailbox of this role, made when the account has none. Errors of the connection; null when the server refuses. */
  need(role: 'archive' | 'trash' | 'junk' | 'drafts' | 'sent'): Promise<Mailbox | null>;
  /** `All / Sub / Leaf` as shown in choices. */
  pathOf(id: MailboxId): string;
  put(list: readonly Mailbox[]): void;
  merge(list: readonly (Partial<Mailbox> & { id: MailboxId })[]): void;
  drop(ids: readonly MailboxId[]): void;
  reset(list: readonly Mailbox[]): void;
  /** Nothing is known any more. */
  forget(): void;
}

const roleOrder: readonly (Role | null)[] = [
  'inbox',
  'drafts',
  'sent',
  'archive',
  'all',
  'junk',
  'trash',
  'flagged',
  'important',
  null,
];

const names: Record<Role, string> = {
  inbox: 'Inbox',
  archive: 'Archive',
  drafts: 'Drafts',
  flagged: 'Starred',
  important: 'Important',
  junk: 'Junk',
  sent: 'Sent',
  trash: 'Trash',
  all: 'All mail',
};

/** What a mailbox is called: roles have one name everywhere, the rest is the server's. */
export const mailboxName = (mailbox: Pick<Mailbox, 'name' | 'role'>): string =>
  mailbox.role ? names[mailbox.role] : mailbox.name;

const byPlace = new Intl.Collator(undefined, { numeric: true, sensitivity: 'base' });

const compare = (a: Mailbox, b: Mailbox): number =>
  roleOrder.indexOf(a.role) - roleOrder.indexOf(b.role) || a.sortOrder - b.sortOrder || byPlace.compare(a.name, b.name);

/**
 * The tree as shown. What lies below a mailbox that itself cannot hold mail stays below it; children of the inbox
 * (servers with `INBOX.` as prefix) stand beside it; parents that are missing are passed over.
 */
export const treeOf = (all: ReadonlyMap<MailboxId, Mailbox>): MailboxNode[] => {
  const inbox = [...all.values()].find((mailbox) => mailbox.role === 'inbox');
  const parentOf = (mailbox: Mailbox): MailboxId | null => {
    const parent = mailbox.parentId;
    return parent === null || parent === inbox?.id || !all.has(parent) || mailbox.role !== null ? null : parent;
  };
  const children = Map.groupBy([...all.values()].sort(compare), parentOf);
  const nodes = (parent: MailboxId | null, depth: number): MailboxNode[] =>
    (children.get(parent) ?? []).map((mailbox) => ({ mailbox, depth, children: nodes(mailbox.id, depth + 1) }));
  return nodes(null, 1);
};

export const openMailboxes = (connection: Connection, accountId: AccountId): Mailboxes => {
  const all = signal<ReadonlyMap<MailboxId, Mailbox> | undefined>(undefined);
  const tree = computed(() => (all.value ? treeOf(all.value) : []));

  const put = (list: readonly Mailbox[]): void => {
    const next = new Map(all.peek());
    for (const mailbox of list) next.set(mailbox.id, mailbox);
    all.value = next;
  };

  const byRole = (role: Role): Mailbox | undefined =>
    [...(all.value?.values() ?? [])].find((mailbox) => mailbox.role === role);

  const within = (id: MailboxId | null, role: Role): boolean => {
    const mailbox = id === null ? undefined : all.value?.get(id);
    return mailbox !== undefined && (mailbox.role === role || within(mailbox.parentId, role));
  };

  const pathOf = (id: MailboxId): string => {
    const mailbox = all.value?.get(id);
    if (!mailbox) return '';
    const parent = mailbox.parentId === null || mailbox.role ? undefined : all.value?.get(mailbox.parentId);
    return parent && parent.role !== 'inbox' ? `${pathOf(parent.id)} / ${mailboxName(mailbox)}` : mailboxName(mailbox);
  };

  return {
    all,
    tree,
    byRole,
    hidden: computed(() =>
      [...(all.value?.keys() ?? [])].filter((id) => within(id, 'trash') || within(id, 'junk')).toSorted(),
    ),
    within,
    pathOf,
    put,
    get: (id) => all.value?.get(id),
    need: async (role) => {
      const known = byRole(role);
      if (known) return known;
      const made = connection.call('Mailbox/set', { accountId, create: { made: { name: names[role], role } } });
      const got = connection.call('Mailbox/get', { accountId, ids: null });
      const answers = await Promise.all([made.answer, got.answer]).catch((error: unknown) => {
        if (error instanceof MethodFailed) return null;
        throw error;
      });
      if (answers) put(answers[1].list);
      return byRole(role) ?? null;
    },
    merge: (list) => {
      const next = new Map(all.peek());
      for (const part of list) {
        const before = next.get(part.id);
        if (before) next.set(part.id, { ...before, ...part });
      }
      all.value = next;
    },
    drop: (ids) => {
      const next = new Map(all.peek());
      for (const id of ids) next.delete(id);
      all.value = next;
    },
    forget: () => {
      all.value = undefined;
    },
    reset: (list) => {
      all.value = new Map(list.map((mailbox) => [mailbox.id, mailbox]));
    },
  };
};
