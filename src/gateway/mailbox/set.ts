import { Problem } from '#base/problem.ts';
import type { IndexReader, Mailbox as Row } from '#index/types.ts';
import { capabilities, type PatchObject } from '#jmap/core.ts';
import type { SetError } from '#jmap/errors.ts';
import type { Mailbox } from '#jmap/mail.ts';
import { applyPatch } from '#jmap/patch.ts';
import { choicesOf } from '#upstream/role-choices.ts';
import { type GivenRole, givenRoles } from '#upstream/roles.ts';
import { bool, id as idCheck, nullable, oneOf, optional, text, unsigned } from '../check.ts';
import { invalidProperties, SetFailure } from '../errors.ts';
import { mailboxId, mailboxNumber } from '../ids.ts';
import { limits } from '../limits.ts';
import { type AccountContext, method, resolveId } from '../method.ts';
import { admitSet, onlyProperties, Outcome, property, setFields, targetsOf } from '../set.ts';
import { listedMailboxes, mailboxProperties } from './view.ts';

const codes: Readonly<Record<string, SetError['type']>> = {
  'mailbox/not-found': 'notFound',
  'mailbox/exists': 'alreadyExists',
  'mailbox/has-children': 'mailboxHasChild',
  'mailbox/has-mail': 'mailboxHasEmail',
  'mailbox/full': 'overQuota',
  'mailbox/refused': 'forbidden',
};

const wordsOf = (error: Problem): string | undefined =>
  'words' in error && typeof error.words === 'string' ? error.words : undefined;

/** What the mail server's answer means for the record; the server's words are the description. */
const asSetFailure = (error: unknown): unknown => {
  const type = error instanceof Problem ? codes[error.code] : undefined;
  if (type === undefined || !(error instanceof Problem)) return error;
  const description = wordsOf(error);
  return new SetFailure(description === undefined ? { type } : { type, description });
};

// eslint-disable-next-line no-control-regex
const controls = /[\0-\x1f\x7f-\x9f\u2028\u2029]/u;

const nameOf = (value: unknown): string => {
  const name = property(text, value, 'name').normalize('NFC');
  if (name === '' || name.trim() !== name)
    throw invalidProperties(['name'], 'A name may not be empty or have blanks around it.');
  if (Buffer.byteLength(name) > limits.maxSizeMailboxName) throw invalidProperties(['name'], 'The name is too long.');
  if (controls.test(name)) throw invalidProperties(['name'], 'The name has control characters.');
  return name;
};

/** Runs the records of one Mailbox/set. */
class MailboxSet {
  readonly #context: AccountContext;
  /** Roles that mailboxes got in this call. */
  readonly #given = new Set<GivenRole>();

  constructor(context: AccountContext) {
    this.#context = context;
  }

  #read<T>(task: (reader: IndexReader) => T): T {
    return this.#context.open.index.read(task);
  }

  #row(id: string): Row {
    const number = mailboxNumber(id);
    const row = number === undefined ? undefined : this.#read((reader) => reader.mailbox(number));
    if (!row || row.state === 'gone') throw new SetFailure({ type: 'notFound' });
    return row;
  }

  /** The parent named, or null for the top. */
  #parent(value: unknown): Row | null {
    const given = property(nullable(text), value, 'parentId');
    if (given === null) return null;
    const parentId = resolveId(this.#context, given);
    try {
      const row = this.#row(parentId === undefined ? '' : property(idCheck, parentId, 'parentId'));
      if (row.delimiter === null) throw invalidProperties(['parentId'], 'This mailbox cannot hold others.');
      return row;
    } catch (error) {
      throw error instanceof SetFailure && error.code === 'notFound' ? invalidProperties(['parentId']) : error;
    }
  }

  /** No sibling of that name, no delimiter within the name. */
  #admitName(name: string, parent: Row | null, self: Row | null): void {
    const rows = this.#read((reader) => reader.mailboxes());
    const delimiter = parent?.delimiter ?? rows.find((row) => row.delimiter !== null)?.delimiter ?? null;
    if (delimiter !== null && name.includes(delimiter)) {
      throw invalidProperties(['name'], `The server uses ${delimiter} to separate names.`);
    }
    const same = (row: Row): boolean =>
      row.state !== 'gone' && row.id !== self?.id && row.parent === (parent?.id ?? null) && row.name === name;
    const sibling = rows.find(same);
    if (sibling) throw new SetFailure({ type: 'alreadyExists', existingId: mailboxId(sibling.id) });
  }

  /** A role that no mailbox has yet and that can be given; where its mailbox lies is the mail server's. */
  #freeRole(role: unknown, parent: Row | null): GivenRole {
    const free = property(oneOf(...givenRoles), role, 'role');
    if (this.#read((reader) => reader.mailboxes().some((row) => row.role === free && row.state !== 'gone'))) {
      throw invalidProperties(['role'], 'Another mailbox has this role.');
    }
    if (parent !== null) throw invalidProperties(['parentId'], 'A mailbox with a role has no parent.');
    return free;
  }

  async create(given: Record<string, unknown>): Promise<Partial<Mailbox> & { id: Mailbox['id'] }> {
    onlyProperties(given, ['name', 'parentId', 'role', 'sortOrder', 'isSubscribed']);
    const name = nameOf(given['name']);
    const parent = this.#parent(given['parentId'] ?? null);
    const subscribed = property(optional(bool, true), given['isSubscribed'] ?? true, 'isSubscribed');
    const { sortOrder = 0 } = given;
    property(unsigned, sortOrder, 'sortOrder');
    const role = given['role'] ?? null;
    const { engine } = this.#context.open;
    if (role === null) this.#admitName(name, parent, null);
    const row =
      role === null
        ? await engine.createMailbox(name, parent?.id ?? null, subscribed)
        : await engine.mailboxFor(this.#freeRole(role, parent));
    const made = this.#read((reader) => listedMailboxes(reader, false)).find((box) => box.id === mailboxId(row));
    if (!made) throw new SetFailure({ type: 'serverFail', description: 'mailbox/not-found' });
    const told: Partial<Mailbox> & { id: Mailbox['id'] } = { ...made };
    if (made.name === given['name']) delete told.name;
    if (made.role === given['role']) delete told.role;
    if (made.parentId === given['parentId']) delete told.parentId;
    if (made.sortOrder === given['sortOrder']) delete told.sortOrder;
    if (made.isSubscribed === given['isSubscribed']) delete told.isSubscribed;
    return told;
  }

  /** The role that this mailbox may have from now on: one it takes from another, or null for the server's own. */
  #newRole(row: Row, wish: unknown): GivenRole | null {
    const role = property(nullable(oneOf(...givenRoles)), wish, 'role');
    const kept = row.role !== null && !givenRoles.includes(row.role as GivenRole);
    if (kept || row.noselect) throw invalidProperties(['role'], 'This mailbox can have no other role.');
    const chosen = Object.values(this.#read(choicesOf)).includes(row.pathRaw);
    if (role === null && !chosen) throw invalidProperties(['role'], 'The mail server gives it this role.');
    if (role !== null && this.#given.has(role)) throw invalidProperties(['role'], 'Another mailbox gets this role.');
    return role;
  }

  /** Answers what is otherwise than wished: the server's own role may be the one that was taken. */
  async #giveRole(row: Row, role: GivenRole | null): Promise<Partial<Mailbox> | null> {
    if (role !== null) this.#given.add(role);
    await this.#context.open.engine.chooseRole(row.id, role);
    const now = this.#row(mailboxId(row.id)).role;
    return now === role ? null : { role: now };
  }

  async update(id: string, patch: PatchObject): Promise<Partial<Mailbox> | null> {
    const row = this.#row(id);
    const before = this.#read((reader) => listedMailboxes(reader, false)).find((box) => box.id === id);
    if (!before) throw new SetFailure({ type: 'notFound' });
    onlyProperties(
      Object.fromEntries(Object.keys(patch).map((key) => [key.split('/')[0] ?? key, true])),
      mailboxProperties,
    );
    const patched = applyPatch(before, patch);
    if (!patched.ok) throw new SetFailure({ type: 'invalidPatch', description: patched.description });
    const after = patched.value;
    const fixed = mailboxProperties.filter(
      (name) =>
        !['name', 'parentId', 'role', 'isSubscribed'].includes(name) &&
        JSON.stringify(after[name]) !== JSON.stringify(before[name]),
    );
    if (fixed.length > 0) throw invalidProperties(fixed);
    const name = after.name === before.name ? before.name : nameOf(after.name);
    const parent = this.#parent(after.parentId);
    const subscribed = property(bool, after.isSubscribed, 'isSubscribed');
    const role = after.role === before.role ? undefined : this.#newRole(row, after.role);
    if (name !== before.name || (parent?.id ?? null) !== row.parent) {
      if (row.role !== null)
        throw new SetFailure({ type: 'forbidden', description: 'A mailbox with a role keeps its name.' });
      this.#admitNoLoop(row, parent);
      this.#admitName(name, parent, row);
      await this.#context.open.engine.renameMailbox(row.id, name, parent?.id ?? null);
    }
    if (subscribed !== before.isSubscribed) await this.#context.open.engine.subscribeMailbox(row.id, subscribed);
    return role === undefined ? null : this.#giveRole(row, role);
  }

  #admitNoLoop(row: Row, parent: Row | null): void {
    for (let above = parent; above !== null;) {
      if (above.id === row.id) throw invalidProperties(['parentId'], 'A mailbox cannot be below itself.');
      const next: number | null = above.parent;
      above = next === null ? null : this.#row(mailboxId(next as Row['id']));
    }
  }

  async destroy(id: string, removeEmails: boolean): Promise<void> {
    const row = this.#row(id);
    if (row.role !== null)
      throw new SetFailure({ type: 'forbidden', description: 'A mailbox with a role cannot be destroyed.' });
    const rows = this.#read((reader) => reader.mailboxes());
    if (rows.some((other) => other.parent === row.id && other.state !== 'gone'))
      throw new SetFailure({ type: 'mailboxHasChild' });
    const held = row.state === 'live' ? row.totalEmails : Math.max(row.totalEmails, row.exists);
    if (held > 0 && !removeEmails) throw new SetFailure({ type: 'mailboxHasEmail' });
    await this.#context.open.engine.destroyMailbox(row.id, removeEmails);
  }
}

/** Parents that are created in the same call come before their children. */
const inOrder = (create: Readonly<Record<string, Record<string, unknown>>>): [string, Record<string, unknown>][] => {
  const waiting = new Map(Object.entries(create));
  const ordered: [string, Record<string, unknown>][] = [];
  const visit = (creationId: string): void => {
    const record = waiting.get(creationId);
    if (!record) return;
    waiting.delete(creationId);
    const parent = record['parentId'];
    if (typeof parent === 'string' && parent.startsWith('#')) visit(parent.slice(1));
    ordered.push([creationId, record]);
  };
  for (const creationId of Object.keys(create)) visit(creationId);
  return ordered;
};

/** Children before parents. */
const deepestFirst = (reader: IndexReader, ids: readonly string[]): string[] => {
  const depth = (id: string): number => {
    let row = reader.mailbox(mailboxNumber(id) ?? (0 as Row['id']));
    let steps = 0;
    for (; row?.parent && steps < 100; steps += 1) row = reader.mailbox(row.parent);
    return steps;
  };
  return ids.toSorted((a, b) => depth(b) - depth(a));
};

/** Who gives a role to one mailbox may say in the same call that the other has none: it has lost it by then. */
const givingFirst = (update: Iterable<[string, PatchObject]>): [string, PatchObject][] =>
  [...update].toSorted(([, a], [, b]) => Number(a['role'] === null) - Number(b['role'] === null));

/** Mailbox/set – RFC 8621 §2.5. Each change is done at the mail server before it is answered. */
export const mailboxSet = method(
  'Mailbox/set',
  capabilities.mail,
  { writes: true },
  { ...setFields, onDestroyRemoveEmails: optional(bool, false) },
  async (context, args) => {
    const { index } = context.open;
    const state = (): string => index.read((reader) => reader.state('Mailbox'));
    const oldState = state();
    admitSet(args, oldState);
    const outcome = new Outcome(context);
    const set = new MailboxSet(context);
    for (const [creationId, record] of inOrder(args.create ?? {})) {
      try {
        outcome.created(creationId, await set.create(record));
      } catch (error) {
        outcome.refused('create', creationId, asSetFailure(error));
      }
    }
    const targets = targetsOf(context, args, outcome);
    for (const [id, patch] of givingFirst(targets.update)) {
      try {
        outcome.updated(id, await set.update(id, patch));
      } catch (error) {
        outcome.refused('update', id, asSetFailure(error));
      }
    }
    for (const id of index.read((reader) => deepestFirst(reader, targets.destroy))) {
      try {
        await set.destroy(id, args.onDestroyRemoveEmails);
        outcome.destroyed(id);
      } catch (error) {
        outcome.refused('destroy', id, asSetFailure(error));
      }
    }
    return { json: outcome.toJson(oldState, state()) };
  },
);
