import { randomBytes } from 'node:crypto';
import { Tide } from '#base/tide.ts';
import type { Clock } from '#base/clock.ts';
import { addMailbox, openTestIndex } from '#index/fixture.ts';
import type { EmailNumber, EmailRow, Index, MailboxId, Role, Uid } from '#index/types.ts';
import { capabilities } from '#jmap/core.ts';
import { usualAccount } from '#store/new-rows.ts';
import type { AuditEntry, SealedRecord, Store, Submission } from '#store/types.ts';
import { digest } from '#upstream/digest.ts';
import type { Connection, Engine, Refusal, Source } from '#upstream/engine.ts';
import { UpstreamError } from '#upstream/errors.ts';
import { choicesOf, choose } from '#upstream/role-choices.ts';
import { type GivenRole, givenRoles } from '#upstream/roles.ts';
import type { Keeper, MailAccountId, Target, UserId } from '#vault/keeper.ts';
import type { Desk } from './app-password/desk.ts';
import { raises } from './tide.ts';
import { openGateway } from './gateway.ts';
import { emailId } from './ids.ts';
import type { Caller, Gateway, OpenAccount } from './types.ts';

/** For tests: one user with one account, a real index, a mail server and a store in memory, a clock that stands. */
export interface TestGateway extends Disposable {
  gateway: Gateway;
  caller: Caller;
  open: OpenAccount;
  index: Index;
  engine: TestEngine;
  store: TestStore;
  clock: Clock & { at: number };
  accountId: string;
  box: Record<'inbox' | 'archive' | 'drafts' | 'sent' | 'trash', MailboxId>;
  /** Puts a message on the server and into the index; answers its JMAP id. */
  deliver(raw: string, patch?: { mailbox?: MailboxId; keywords?: string[]; receivedAt?: number }): string;
  /** One request; answers the method responses. `A` in the arguments is filled in as accountId. */
  call(...calls: [string, Record<string, unknown>, string?][]): Promise<[string, Answer, string][]>;
  /** One call; its arguments. */
  one(name: string, args: Record<string, unknown>): Promise<Answer>;
  /** Any bytes; the parsed answer. */
  post(body: string | Buffer, caller?: Caller): Promise<{ status: number; type: string; answer: Answer }>;
}

// Tests look into answers of every shape; what is not there fails the assertion.
// oxlint-disable-next-line typescript/no-explicit-any
export type Answer = any;

const target = (protocol: 'imap' | 'smtp', port: number): Target => ({
  protocol,
  host: `${protocol}.example.org`,
  port,
  security: 'tls',
  username: 'ana@example.org',
  pin: null,
});

/** The keeper's part in sealing: keys that open themselves. */
const testKeeper = {
  makeKey: async () => {
    const key = randomBytes(32);
    return { key: Buffer.from(key), wrapped: Buffer.from(key) };
  },
  openKey: async (_binding: unknown, wrapped: Buffer) => Buffer.from(wrapped),
} as unknown as Keeper;

class TestStore {
  readonly kept = new Map<string, SealedRecord>();
  readonly outbox = new Map<string, Submission>();
  readonly audited: AuditEntry[] = [];

  audit = async (entry: AuditEntry): Promise<void> => void this.audited.push(entry);
  session = async (): Promise<null> => null;

  records = async (_user: UserId, account: MailAccountId | null, purpose: string): Promise<SealedRecord[]> =>
    [...this.kept.values()].filter((one) => one.account === account && one.purpose === purpose);
  record = async (id: string): Promise<SealedRecord | null> => this.kept.get(id) ?? null;
  saveRecord = async (record: SealedRecord): Promise<void> => void this.kept.set(record.id, record);
  deleteRecord = async (id: string): Promise<void> => void this.kept.delete(id);
  submissions: Store['submissions'] = async (_account, { states, updatedSince = 0, sendSince = 0 } = {}) =>
    [...this.outbox.values()].filter(
      (row) => (states?.includes(row.state) ?? true) && row.updatedAt >= updatedSince && row.sendAt >= sendSince,
    );
  submission = async (id: string): Promise<Submission | null> => this.outbox.get(id) ?? null;
  saveSubmission = async (row: Submission): Promise<void> => void this.outbox.set(row.id, row);
  deleteSubmission = async (id: string): Promise<void> => void this.outbox.delete(id);
  moveSubmission = async (
    id: string,
    from: string,
    to: Submission['state'],
    patch: Partial<Submission> = {},
  ): Promise<boolean> => {
    const row = this.outbox.get(id);
    if (row?.state !== from) return false;
    this.outbox.set(id, { ...row, ...patch, state: to });
    return true;
  };
}

class TestEngine {
  connection: Connection = { at: 'live' };
  progress = { known: 3, total: 3, reachesTo: 1_700_000_000, done: true };
  refusal = null;
  checkSending = (): Promise<void> => Promise.resolve();
  handOver = (): Promise<void> => Promise.resolve();
  readQuota = (): Promise<void> => Promise.resolve();
  readonly raws = new Map<EmailRow, Buffer>();
  readonly looked: MailboxId[] = [];
  readonly previewed: EmailRow[] = [];
  nudged = 0;
  fetched = 0;
  readonly #index: Index;
  readonly #listeners = new Set<() => void>();
  readonly #refusals = new Set<(refusal: Refusal) => void>();

  constructor(index: Index) {
    this.#index = index;
  }

  setStatus(connection: Connection): void {
    this.connection = connection;
    for (const listener of this.#listeners) listener();
  }
  refuse(refusal: Refusal): void {
    for (const listener of this.#refusals) listener(refusal);
  }
  onStatus = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };
  onRefusal = (listener: (refusal: Refusal) => void): (() => void) => {
    this.#refusals.add(listener);
    return () => this.#refusals.delete(listener);
  };
  source = async (row: EmailRow): Promise<Source> => {
    this.fetched += 1;
    if (this.connection.at === 'away') throw new UpstreamError('net/away', 'no connection');
    const raw = this.raws.get(row) ?? this.#index.read((reader) => reader.body(row, 'raw'));
    if (!raw) throw new UpstreamError('message/gone', 'no such message');
    return { kind: 'whole', raw };
  };
  stream = async function* stream(this: TestEngine, row: EmailRow): AsyncIterable<Buffer> {
    yield this.raws.get(row) ?? Buffer.alloc(0);
  };
  wantPreviews = async (rows: readonly EmailRow[]): Promise<void> => void this.previewed.push(...rows);
  look = (mailbox: MailboxId): void => void this.looked.push(mailbox);
  retried = 0;
  retry = (): void => void (this.retried += 1);
  nudge = (): void => void (this.nudged += 1);
  nudgeOutbox = (): void => void (this.nudged += 1);
  createMailbox = async (name: string, parent: MailboxId | null, subscribed: boolean): Promise<MailboxId> => {
    const id = addMailbox(this.#index, parent === null ? name : `${parent}/${name}`);
    this.#index.write((t) => t.patchMailbox(id, { name, parent, subscribed }));
    return id;
  };
  renameMailbox = async (id: MailboxId, name: string, parent: MailboxId | null): Promise<void> =>
    this.#index.write((t) => t.patchMailbox(id, { name, parent }));
  destroyMailbox = async (id: MailboxId): Promise<void> => {
    if (this.#index.read((reader) => reader.mailbox(id)?.name) === 'Protected') {
      throw new UpstreamError('mailbox/refused', 'refused', { words: 'Not this one.' });
    }
    this.#index.write((t) => t.removeMailbox(id));
  };
  subscribeMailbox = async (id: MailboxId, subscribed: boolean): Promise<void> =>
    this.#index.write((t) => t.patchMailbox(id, { subscribed }));
  chooseRole = async (id: MailboxId, role: GivenRole | null): Promise<void> =>
    this.#index.write((t) => {
      choose(t, t.mailbox(id)?.pathRaw ?? '', role);
      for (const box of t.mailboxes()) {
        // What the server of the test says of a mailbox stands in its name.
        const own = givenRoles.find((each) => box.name.toLowerCase() === each) ?? null;
        const chosen = Object.entries(choicesOf(t));
        const [given] = chosen.find(([, pathRaw]) => pathRaw === box.pathRaw) ?? [];
        const free = chosen.every(([each]) => each !== own) ? own : null;
        if (box.role !== 'inbox') t.patchMailbox(box.id, { role: (given as GivenRole | undefined) ?? free });
      }
    });
  mailboxFor = async (role: string): Promise<MailboxId> => {
    const box = this.#index.read((reader) => reader.mailboxes().find((one) => one.role === role));
    return box?.id ?? addMailbox(this.#index, role, role as Role);
  };
}

const everything = Object.values(capabilities);

export const openTestGateway = (desk?: Desk): TestGateway => {
  const clock = { at: Date.UTC(2026, 0, 5, 12), now: (): number => clock.at, after: () => () => undefined };
  const made = openTestIndex({ now: () => clock.at });
  const { index } = made;
  const engine = new TestEngine(index);
  const store = new TestStore();
  const accountId = 'Aana';
  const account = {
    id: 'ana' as MailAccountId,
    user: 'u' as UserId,
    address: 'ana@example.org',
    name: 'Ana',
    position: 0,
    colour: 'patina',
    imap: target('imap', 993),
    smtp: target('smtp', 465),
    ...usualAccount(0),
  } as const;
  const open: OpenAccount = { jmapId: accountId, account, index, engine: engine as unknown as Engine };
  const accounts = new Map([[accountId, open]]);
  const tide = new Tide();
  raises(index, tide);
  const host = {
    user: account.user,
    accounts,
    store: store as unknown as Store,
    keeper: testKeeper,
    tide,
    changed: () => tide.rise(),
    ended: () => undefined,
  };
  const caller: Caller = { host, readOnly: false, proven: false, session: null, sessionState: 's' };
  const gateway = openGateway({ clock, ...(desk ? { desk } : {}) });
  const box = {
    inbox: addMailbox(index, 'INBOX', 'inbox'),
    archive: addMailbox(index, 'Archive', 'archive'),
    drafts: addMailbox(index, 'Drafts', 'drafts'),
    sent: addMailbox(index, 'Sent', 'sent'),
    trash: addMailbox(index, 'Trash', 'trash'),
  };
  let uid = 0;

  const post: TestGateway['post'] = async (body, by = caller) => {
    const { status, type, body: bytes } = await gateway.api(by, Buffer.from(body));
    return { status, type, answer: JSON.parse(bytes.toString('utf8')) };
  };
  const call: TestGateway['call'] = async (...calls) => {
    const methodCalls = calls.map(([name, args, id], at) => [name, { accountId, ...args }, id ?? String(at)]);
    const { answer } = await post(JSON.stringify({ using: everything, methodCalls }));
    return (answer as { methodResponses: [string, Answer, string][] }).methodResponses;
  };

  return {
    gateway,
    caller,
    open,
    index,
    engine,
    store,
    clock,
    accountId,
    box,
    deliver: (raw, { mailbox = box.inbox, keywords = [], receivedAt } = {}) => {
      uid += 1;
      const bytes = Buffer.from(raw.replaceAll(/\r?\n/gu, '\r\n'), 'latin1');
      const { preview, ...facts } = digest(bytes);
      const at = receivedAt ?? 1_700_000_000 + uid;
      const strong = { modseq: '0', strongId: null, strongThread: null, deleted: false };
      index.write((t) => t.add(mailbox, [{ ...facts, ...strong, uid: uid as Uid, keywords, receivedAt: at }]));
      const row = index.read((reader) => reader.placement(mailbox, uid as Uid)?.email);
      if (row === undefined) throw new TypeError('the message was not indexed');
      if (preview !== '') index.write((t) => t.preview(row, preview));
      engine.raws.set(row, bytes);
      return emailId(index.read((reader) => reader.byRow(row)?.number) as EmailNumber);
    },
    call,
    one: async (name, args) => (await call([name, args]))[0]?.[1],
    post,
    [Symbol.dispose]: () => made[Symbol.dispose](),
  };
};

/** All that the mail server is to be told. */
export const intents = (g: TestGateway) => g.index.read((reader) => reader.intents(Number.MAX_SAFE_INTEGER));
