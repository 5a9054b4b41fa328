import { randomUUID } from 'node:crypto';
import type { Clock } from '#base/clock.ts';
import type { Index, IndexReader, IndexTransactor } from '#index/types.ts';
import type { MailAccount, SealedRecord, Store } from '#store/types.ts';
import { recordBinding } from '#vault/associated.ts';
import type { Keeper } from '#vault/keeper.ts';
import { openRecord } from '#vault/seal-record.ts';
import { resealed } from './records.ts';
import type { GivenRole } from './roles.ts';

/** The user's own choice of mailboxes for roles, by raw name (rules R5, R6). */
export type RoleChoices = Partial<Record<GivenRole, string>>;

/** Values of the index: what is chosen, and what of it the durable store has. */
const chosenKey = 'roles/chosen';
const keptKey = 'roles/kept';

const none = '{}';

export const choicesOf = (reader: IndexReader): RoleChoices =>
  JSON.parse(reader.value(chosenKey) ?? none) as RoleChoices;

const write = (t: IndexTransactor, entries: readonly (readonly [string, string])[]): void =>
  t.setValue(chosenKey, JSON.stringify(Object.fromEntries(entries.toSorted(([a], [b]) => (a < b ? -1 : 1)))));

/** The mailbox gets this role and no other; null: the server decides about it again. */
export const choose = (t: IndexTransactor, pathRaw: string, role: GivenRole | null): void => {
  const others = Object.entries(choicesOf(t)).filter(([each, chosen]) => each !== role && chosen !== pathRaw);
  write(t, role === null ? others : [...others, [role, pathRaw]]);
};

/** A choice goes along with its mailbox. */
export const choiceMoved = (t: IndexTransactor, from: string, to: string): void => {
  const entries = Object.entries(choicesOf(t));
  if (!entries.some(([, chosen]) => chosen === from)) return;
  write(
    t,
    entries.map(([role, chosen]) => [role, chosen === from ? to : chosen]),
  );
};

interface Preferences {
  roles?: RoleChoices;
}

/** Keeps the choices in a sealed record of the account, whence an index that was made anew has them. */
export class RoleChoiceBook {
  readonly #index: Index;
  readonly #store: Store;
  readonly #keeper: Keeper;
  readonly #account: MailAccount;
  readonly #clock: Clock;
  #keeping: Promise<void> = Promise.resolve();

  constructor(parts: { index: Index; store: Store; keeper: Keeper; account: MailAccount; clock: Clock }) {
    this.#index = parts.index;
    this.#store = parts.store;
    this.#keeper = parts.keeper;
    this.#account = parts.account;
    this.#clock = parts.clock;
  }

  /** Into an index that has never heard of them. @throws StoreError, VaultError */
  async restore(): Promise<void> {
    if (this.#index.read((reader) => reader.value(keptKey)) !== undefined) return;
    const record = await this.#record();
    const { roles = {} } = record ? await this.#open(record) : {};
    this.#index.write((t) => {
      write(t, Object.entries(roles));
      t.setValue(keptKey, t.value(chosenKey) ?? none);
    });
  }

  /** Stores what was chosen since. @throws StoreError, VaultError */
  keep(): Promise<void> {
    const kept = this.#keeping.then(() => this.#keep());
    this.#keeping = kept.catch(() => undefined);
    return kept;
  }

  /** Resolves when nothing is being stored. */
  settled(): Promise<void> {
    return this.#keeping;
  }

  async #keep(): Promise<void> {
    const { chosen, kept } = this.#index.read((reader) => ({
      chosen: reader.value(chosenKey) ?? none,
      kept: reader.value(keptKey) ?? none,
    }));
    if (chosen === kept) return;
    const before = await this.#record();
    const preferences: Preferences = { roles: JSON.parse(chosen) as RoleChoices };
    const bytes = Buffer.from(JSON.stringify(preferences), 'utf8');
    await this.#store.saveRecord(await resealed(this.#keeper, before ?? this.#blank(), bytes, this.#clock.now()));
    this.#index.write((t) => t.setValue(keptKey, chosen));
  }

  async #record(): Promise<SealedRecord | undefined> {
    return (await this.#store.records(this.#account.user, this.#account.id, 'preference'))[0];
  }

  /** What the first generation follows. */
  #blank(): SealedRecord {
    const { user, id: account } = this.#account;
    const nothing = Buffer.alloc(0);
    const row = { id: randomUUID(), user, account, purpose: 'preference', generation: 0 } as const;
    return { ...row, wrapped: nothing, sealed: nothing, updatedAt: 0 };
  }

  async #open(record: SealedRecord): Promise<Preferences> {
    const bytes = await openRecord(this.#keeper, recordBinding(record), record);
    return JSON.parse(bytes.toString('utf8')) as Preferences;
  }
}
