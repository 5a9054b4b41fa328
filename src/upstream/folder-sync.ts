import type { IndexTransactor, Mailbox, MailboxId, Role } from '#index/types.ts';
import type { ImapSession } from '#imap/session.ts';
import type { ListedMailbox } from '#imap/types.ts';
import { differs, parentPath, planFolders } from './folders.ts';
import type { FolderPlan, Listed } from './folders.ts';
import type { Mirror } from './mirror.ts';
import { choiceMoved, choicesOf } from './role-choices.ts';
import { assignRoles } from './roles.ts';

const listedOf = (box: ListedMailbox): Listed => ({
  pathRaw: box.pathRaw,
  path: box.path,
  name: (box.delimiter ? box.path.split(box.delimiter).at(-1) : box.path) ?? box.path,
  delimiter: box.delimiter,
  attributes: box.specialUse === null ? box.flags : [...box.flags, `\\${box.specialUse}`],
  noselect: box.noselect,
  subscribed: box.subscribed,
  status: box.status && {
    messages: box.status.messages,
    unseen: box.status.unseen,
    uidnext: box.status.uidnext,
    uidvalidity: box.status.uidvalidity,
    modseq: box.status.highestModseq,
  },
});

/**
 * Keeps the mailboxes of the index in step with LIST (rules S11, S12, R1 to R3). Remembers which were missing from the
 * last list: only a mailbox missing from two in a row is removed.
 */
export class FolderSync {
  /** Whether the mailboxes are known; not so while INBOX is only assumed. */
  known: boolean;
  readonly #mirror: Mirror;
  #missing = new Set<MailboxId>();

  constructor(mirror: Mirror) {
    this.#mirror = mirror;
    this.known = mirror.index.read((reader) => reader.mailboxes()).length > 0;
  }

  /** INBOX as it always exists (RFC 3501 §5.1), before anything is known of the mailboxes. */
  assumeInbox(): void {
    if (this.#mirror.index.read((reader) => reader.mailboxes()).length > 0) return;
    this.#mirror.index.write((t) => t.saveMailbox({ ...newMailbox(inbox), role: 'inbox' }));
  }

  /** Lists, writes, and answers which mailboxes differ from what the index holds. */
  async run(session: ImapSession): Promise<MailboxId[]> {
    const all = (await session.list()).map(listedOf);
    // An answer without any mailbox is no answer: INBOX always exists (RFC 3501 §5.1).
    if (all.length === 0) return [];
    const prefix = session.namespaces.personal[0]?.prefix ?? '';
    const known = this.#mirror.index.read((reader) => reader.mailboxes());
    const plan = planFolders(known, all);
    this.#followChoices(known, plan);
    const roles = assignRoles(all, prefix, this.#mirror.index.read(choicesOf));
    this.#write(known, plan, roles);
    this.known = true;
    const boxes = new Map(this.#mirror.index.read((reader) => reader.mailboxes()).map((box) => [box.pathRaw, box]));
    return all.flatMap((one) => {
      const box = boxes.get(one.pathRaw);
      if (box === undefined || one.noselect) return [];
      return box.state === 'new' || one.status === null || differs(box, one.status) ? [box.id] : [];
    });
  }

  /** The mailbox is gone by our own doing: no second list is waited for. */
  forget(id: MailboxId): void {
    this.#missing.delete(id);
    this.#mirror.index.write((t) => t.removeMailbox(id));
  }

  /** What the user chose goes along when another program renames it. */
  #followChoices(known: readonly Mailbox[], plan: FolderPlan): void {
    if (plan.renamed.length === 0) return;
    const before = new Map(known.map((box) => [box.id, box.pathRaw]));
    this.#mirror.index.write((t) => {
      for (const { id, to } of plan.renamed) choiceMoved(t, before.get(id) ?? to.pathRaw, to.pathRaw);
    });
  }

  #write(known: readonly Mailbox[], plan: FolderPlan, roles: ReadonlyMap<string, Role>): void {
    const gone = plan.missing.filter((id) => this.#missing.has(id));
    this.#missing = new Set(plan.missing.filter((id) => !gone.includes(id)));
    this.#mirror.index.write((t) => {
      for (const id of gone) t.removeMailbox(id);
      for (const { id, to } of plan.renamed) t.patchMailbox(id, { pathRaw: to.pathRaw, path: to.path, name: to.name });
      const before = new Map(known.map((box) => [box.id, box]));
      const seen = [
        ...plan.kept.map(({ id, listed }) => ({ id, listed })),
        ...plan.renamed.map(({ id, to }) => ({ id, listed: to })),
      ];
      for (const one of plan.added) seen.push({ id: t.saveMailbox(newMailbox(one)).id, listed: one });
      const idOf = new Map(seen.map(({ id, listed }) => [listed.path, id]));
      for (const { id, listed } of seen) {
        const above = parentPath(listed.path, listed.delimiter);
        const wanted: Partial<Mailbox> = {
          path: listed.path,
          name: listed.name,
          delimiter: listed.delimiter,
          parent: (above === null ? undefined : idOf.get(above)) ?? null,
          role: roles.get(listed.pathRaw) ?? null,
          noselect: listed.noselect,
          subscribed: listed.subscribed,
        };
        const box = before.get(id);
        if (box?.state === 'new' && listed.status?.messages != null) wanted.exists = listed.status.messages;
        const patch = difference(box, wanted);
        if (patch !== null) t.patchMailbox(id, patch);
      }
    });
  }
}

/** What of `wanted` is not so already; null when all is. */
const difference = (box: Mailbox | undefined, wanted: Partial<Mailbox>): Partial<Mailbox> | null => {
  if (box === undefined) return wanted;
  const entries = Object.entries(wanted).filter(([key, value]) => box[key as keyof Mailbox] !== value);
  return entries.length === 0 ? null : (Object.fromEntries(entries) as Partial<Mailbox>);
};

const inbox: Listed = {
  pathRaw: 'INBOX',
  path: 'INBOX',
  name: 'INBOX',
  delimiter: null,
  attributes: [],
  noselect: false,
  subscribed: true,
  status: null,
};

const newMailbox = (one: Listed): Parameters<IndexTransactor['saveMailbox']>[0] => ({
  pathRaw: one.pathRaw,
  path: one.path,
  name: one.name,
  delimiter: one.delimiter,
  parent: null,
  role: null,
  noselect: one.noselect,
  subscribed: one.subscribed,
  readOnly: false,
  keywordsAllowed: true,
  uidvalidity: 0,
  uidnext: 0,
  modseq: '0',
  exists: one.status?.messages ?? 0,
  lowUid: 0,
  state: one.noselect ? 'live' : 'new',
});
