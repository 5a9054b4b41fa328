import { setImmediate as pause } from 'node:timers/promises';
import type { IndexTransactor, Mailbox, MailboxId, Role } from '#index/types.ts';
import { ImapError } from '#imap/errors.ts';
import type { ImapSession } from '#imap/session.ts';
import type { ListedMailbox, MailboxStatus } from '#imap/types.ts';
import { differs, lastName, parentPath, planFolders } from './folders.ts';
import type { FolderPlan, Listed, ListedStatus } from './folders.ts';
import type { Mirror } from './mirror.ts';
import { OwnChanges } from './own-changes.ts';
import { choiceMoved, choicesOf } from './role-choices.ts';
import { assignRoles } from './roles.ts';

const statusOf = ({ messages, unseen, uidnext, uidvalidity, highestModseq }: MailboxStatus): ListedStatus => ({
  messages,
  unseen,
  uidnext,
  uidvalidity,
  modseq: highestModseq,
});

const listedOf = (box: ListedMailbox): Listed => ({
  pathRaw: box.pathRaw,
  path: box.path,
  name: lastName(box.path, box.delimiter),
  delimiter: box.delimiter,
  attributes: box.flags,
  noselect: box.noselect,
  subscribed: box.subscribed,
  status: box.status && statusOf(box.status),
});

/** Emails that go with their mailbox in one write: others are answered in between (rule S87). */
const goneAtOnce = 200;

/** The server lists a mailbox and says that it does not exist. */
const isUnreal = (error: unknown): boolean => error instanceof ImapError && error.responseCode === 'NONEXISTENT';

/**
 * Keeps the mailboxes of the index in step with LIST (rules S11, S12, S58, S59, R1 to R3). Remembers which were missing
 * from the last list: only a mailbox missing from two in a row is removed.
 */
export class FolderSync {
  /** Whether the mailboxes are known; not so while INBOX is only assumed. */
  known: boolean;
  /** What we changed ourselves. */
  readonly own: OwnChanges;
  readonly #mirror: Mirror;
  #missing = new Set<MailboxId>();
  /** Listed the last time though the server said that they do not exist. */
  #unreal = new Set<string>();
  /** The server would not open them when it was last asked. */
  readonly #shut = new Set<MailboxId>();
  #doubt: () => void = () => undefined;

  constructor(mirror: Mirror) {
    this.#mirror = mirror;
    this.own = new OwnChanges(mirror.clock);
    this.known = mirror.index.read((reader) => reader.mailboxes()).length > 0;
  }

  /** `listener` is told when a list leaves something in doubt, so that another one is due soon (rule S65). */
  onDoubt(listener: () => void): void {
    this.#doubt = listener;
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
    if (all.every(({ pathRaw }) => pathRaw !== inbox.pathRaw)) all.push(inbox);
    const unsure = await this.#lookCloser(session, all);
    const prefix = session.namespaces.personal[0]?.prefix ?? '';
    const known = this.#mirror.index.read((reader) => reader.mailboxes());
    const { listed, isContradicted } = this.own.believed(known, all);
    const plan = planFolders(known, listed);
    this.#followChoices(known, plan);
    const roles = assignRoles(listed, prefix, this.#mirror.index.read(choicesOf));
    await this.#write(known, plan, roles);
    this.known = true;
    if (this.#missing.size > 0 || unsure.size > 0 || isContradicted) this.#doubt();
    const boxes = new Map(this.#mirror.index.read((reader) => reader.mailboxes()).map((box) => [box.pathRaw, box]));
    return listed.flatMap((one) => {
      const box = boxes.get(one.pathRaw);
      if (box === undefined || one.noselect || unsure.has(one.pathRaw)) return [];
      return box.state === 'new' || one.status === null || differs(box, one.status) ? [box.id] : [];
    });
  }

  /** Another list is due soon. */
  lookAgain(): void {
    this.#doubt();
  }

  /** The server would not open a mailbox: the next list is read with that in mind. */
  refused(id: MailboxId): void {
    if (this.#shut.has(id)) return;
    this.#shut.add(id);
    this.#doubt();
  }

  /**
   * Asks for what LIST left out and may be left out because there is no such mailbox: Dovecot lists one that was deleted
   * and has others below it like any other where it keeps Maildir++. One that does not exist by two lists in a row
   * becomes `noselect`; answers which are that in this list only.
   */
  async #lookCloser(session: ImapSession, all: readonly Listed[]): Promise<Set<string>> {
    const before = this.#unreal;
    const known = new Map(this.#mirror.index.read((reader) => reader.mailboxes()).map((box) => [box.pathRaw, box]));
    const hasStatus = session.capabilities.has('LIST-STATUS') && all.some(({ status }) => status !== null);
    const isOdd = (one: Listed): boolean => {
      const box = known.get(one.pathRaw);
      return hasStatus || (box !== undefined && (box.noselect || this.#shut.has(box.id)));
    };
    this.#unreal = new Set();
    for (const one of all) {
      if (one.noselect || one.status !== null || !isOdd(one)) continue;
      const box = known.get(one.pathRaw);
      try {
        one.status = statusOf(await session.status(one.pathRaw));
        if (box !== undefined) this.#shut.delete(box.id);
      } catch (error) {
        if (!(error instanceof ImapError) || error.code !== 'imap/refused') throw error;
        if (!isUnreal(error)) continue;
        this.#unreal.add(one.pathRaw);
        one.noselect = box === undefined || box.noselect || before.has(one.pathRaw);
      }
    }
    return new Set(all.filter((one) => this.#unreal.has(one.pathRaw) && !one.noselect).map((one) => one.pathRaw));
  }

  /** The mailbox is gone by our own doing: no second list is waited for, and nothing in it turns up elsewhere. */
  async forget(id: MailboxId): Promise<void> {
    this.#missing.delete(id);
    await this.#remove(id, true);
  }

  async #remove(id: MailboxId, withEmails: boolean): Promise<void> {
    while (this.#mirror.index.write((t) => t.removeMailbox(id, withEmails, goneAtOnce))) await pause();
  }

  /** What the user chose goes along when another program renames it. */
  #followChoices(known: readonly Mailbox[], plan: FolderPlan): void {
    if (plan.renamed.length === 0) return;
    const before = new Map(known.map((box) => [box.id, box.pathRaw]));
    this.#mirror.index.write((t) => {
      for (const { id, to } of plan.renamed) choiceMoved(t, before.get(id) ?? to.pathRaw, to.pathRaw);
    });
  }

  async #write(known: readonly Mailbox[], plan: FolderPlan, roles: ReadonlyMap<string, Role>): Promise<void> {
    const gone = plan.missing.filter((id) => this.#missing.has(id));
    this.#missing = new Set(plan.missing.filter((id) => !gone.includes(id)));
    for (const id of gone) await this.#remove(id, false);
    this.#mirror.index.write((t) => {
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
        if (box?.noselect === true && !listed.noselect) wanted.state = 'new';
        if (box !== undefined && listed.noselect && (!box.noselect || box.uidvalidity !== 0))
          this.#empty(t, id, wanted);
        if ((wanted.state ?? box?.state) === 'new' && listed.status?.messages != null)
          wanted.exists = listed.status.messages;
        const patch = difference(box, wanted);
        if (patch !== null) t.patchMailbox(id, patch);
      }
    });
  }

  /** It cannot be opened any more: nothing lies in it, and nothing is known of one that may be opened again. */
  #empty(t: IndexTransactor, id: MailboxId, wanted: Partial<Mailbox>): void {
    t.emptyMailbox(id);
    this.#mirror.closed(id);
    Object.assign(wanted, closedBox);
  }
}

const closedBox = { state: 'live', exists: 0, uidnext: 0, uidvalidity: 0, modseq: '0', lowUid: 0 } as const;

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
