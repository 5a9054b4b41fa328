import type { Clock } from '#base/clock.ts';
import { logError } from '#base/log.ts';
import type { Log } from '#base/log.ts';
import type { EmailRow, Index, MailboxId, Uid } from '#index/types.ts';
import type { ImapSession } from '#imap/session.ts';
import type { MailAccount, Store } from '#store/types.ts';
import type { Keeper } from '#vault/keeper.ts';
import { AccountBook } from './account-book.ts';
import { checkSending, imapConnector } from './connect.ts';
import { Drafts } from './drafts.ts';
import type { Connection, Engine, Refusal } from './engine.ts';
import { isClosed } from './errors.ts';
import { Fill } from './fill.ts';
import { FolderSync } from './folder-sync.ts';
import { Intents } from './intents.ts';
import { isOpen } from './is-open.ts';
import { urgency } from './line.ts';
import { Lines } from './lines.ts';
import { Mailboxes } from './mailboxes.ts';
import { Mirror } from './mirror.ts';
import { Outbox } from './outbox.ts';
import type { OutboxParts } from './outbox.ts';
import { Previews } from './previews.ts';
import { Quotas } from './quotas.ts';
import type { Reading } from './reading/reading.ts';
import { RoleChoiceBook } from './role-choices.ts';
import { openSentFolder } from './sent-folder.ts';
import { smtpSender } from './smtp-send.ts';
import { Sources } from './source.ts';
import { Sync } from './sync.ts';
import { serverHold, type Carrier, type Ticket } from './ticket.ts';
import { Undertakings } from './undertakings.ts';
import { tryAppendsAgain } from './waiting-appends.ts';
import { Watch } from './watch.ts';

export interface EngineParts {
  account: MailAccount;
  index: Index;
  store: Store;
  keeper: Keeper;
  clock: Clock;
  log: Log;
  /** In [0, 1); for jitter. */
  random?: () => number;
  /** Network address of the visitor for whom connections are made; null: nobody is here. */
  visitor?: () => string | null;
  /** Tests bring their own. */
  connect?: () => Promise<ImapSession>;
  send?: OutboxParts['send'];
  /** Who takes letters when the user leaves; without it the submission server, where it can. */
  ticket?: Ticket;
  /** Who carries what no ticket takes. */
  carrier?: Carrier;
  /** Reads what a first sync brings; without it the engine does. */
  reading?: Reading;
}

/** Closing waits this long at most for what was begun, milliseconds. */
const closeWithin = 20_000;

/** Opens one mail account and begins to keep its index in step. The index stays the caller's. */
export const openEngine = (parts: EngineParts): Engine => new OpenEngine(parts);

/** Listeners that come and go. */
class Listeners<T> {
  readonly #all = new Set<(news: T) => void>();

  readonly tell = (news: T): void => {
    for (const listener of this.#all) listener(news);
  };

  add(listener: (news: T) => void): () => void {
    this.#all.add(listener);
    return () => this.#all.delete(listener);
  }
}

class OpenEngine implements Engine {
  readonly #parts: EngineParts;
  readonly #status = new Listeners<void>();
  readonly #refusals = new Listeners<Refusal>();
  readonly #mirror: Mirror;
  readonly #lines: Lines;
  readonly #fill: Fill;
  readonly #previews: Previews;
  readonly #sync: Sync;
  readonly #mailboxes: Mailboxes;
  readonly #drafts: Drafts;
  readonly #sources: Sources;
  readonly #intents: Intents;
  readonly #outbox: Outbox;
  readonly #watch: Watch;
  readonly #book: AccountBook;
  readonly #roles: RoleChoiceBook;
  readonly #quotas: Quotas;
  readonly #ticket: Ticket;
  readonly #work = new Undertakings();
  #draftsRestored = false;

  constructor(parts: EngineParts) {
    this.#parts = parts;
    const { account, index, store, keeper, clock, log, random = Math.random } = parts;
    const told = (): void => this.#status.tell();
    const visit = (id: MailboxId): void =>
      this.#background('visit', this.#sync.visit(id, { urgency: urgency.arrival }));
    const nudge = (): void => this.#background('intents', this.#intents.nudge());
    const book = new AccountBook({ account, store, clock, log });
    this.#book = book;
    this.#roles = new RoleChoiceBook(parts);
    const connect = this.#connector();
    const mirror = new Mirror(parts);
    const lines = new Lines({
      connect,
      clock,
      log,
      resting: () => this.#sync.resting(),
      most: account.connections,
      told: (most) => book.connections(most),
    });
    mirror.onUnsteady(() => lines.atMost(1));
    const folders = new FolderSync(mirror);
    this.#mirror = mirror;
    this.#lines = lines;
    this.#fill = new Fill({ mirror, lines, folders, told });
    this.#previews = new Previews({ mirror, lines, told });
    this.#sync = new Sync({
      mirror,
      lines,
      folders,
      fill: this.#fill,
      previews: this.#previews,
      told,
      work: this.#work,
      reading: parts.reading ?? null,
    });
    const roomier = (): void => void (tryAppendsAgain(index, clock.now()) && nudge());
    this.#quotas = new Quotas({ mirror, lines, roomier });
    this.#mailboxes = new Mailboxes({ mirror, lines, folders });
    this.#drafts = new Drafts({ mirror, lines, store, keeper, account });
    this.#sources = new Sources({ mirror, lines });
    this.#intents = new Intents({
      mirror,
      lines,
      random,
      visit,
      due: nudge,
      refused: (refusal) => this.#refused(refusal),
      resized: () => this.#quotas.soon(),
      appended: (row) => this.#background('draft', this.#drafts.appended(row)),
    });
    const filed = (id: MailboxId): void => {
      visit(id);
      this.#quotas.soon();
    };
    const sent = openSentFolder({ mirror, lines, mailboxes: this.#mailboxes, account, visit: filed });
    const send = parts.send ?? smtpSender({ ...parts, book });
    this.#ticket = parts.ticket ?? serverHold({ account, store }, send);
    const mayTry = (): boolean => book.mayTry('smtp');
    const wished = (): void => this.#carryOut();
    this.#outbox = new Outbox({ account, index, store, keeper, clock, log, random, nudge: wished, send, sent, mayTry });
    const begin = (session: ImapSession): Promise<void> => this.#work.add(this.#begin(session));
    const { refusedSince } = book;
    const watching = { lines, connect, clock, log, random, refusedSince, begin };
    this.#watch = new Watch({ ...watching, told: (now) => this.#told(now) });
    this.#watch.start();
    this.nudgeOutbox();
  }

  get connection(): Engine['connection'] {
    return this.#watch.connection;
  }

  get refusal(): Engine['refusal'] {
    return this.#book.refusal;
  }

  async checkSending(): Promise<void> {
    this.#book.forgive();
    await checkSending({ ...this.#parts, book: this.#book });
    this.#background('outbox', this.#outbox.live());
  }

  get progress(): Engine['progress'] {
    return this.#fill.progress();
  }

  onStatus(listener: () => void): () => void {
    return this.#status.add(listener);
  }

  onRefusal(listener: (refusal: Refusal) => void): () => void {
    return this.#refusals.add(listener);
  }

  async source(row: EmailRow): ReturnType<Engine['source']> {
    this.#watch.hurry();
    return this.#sources.source(row);
  }

  stream(row: EmailRow, section: string | null): AsyncIterable<Buffer> {
    this.#watch.hurry();
    return this.#sources.stream(row, section);
  }

  wantPreviews(rows: readonly EmailRow[]): Promise<void> {
    return this.#previews.want(rows);
  }

  look(mailbox: MailboxId): void {
    this.#watch.hurry();
    this.#sync.look(mailbox);
  }

  nudge(): void {
    this.#watch.hurry();
    this.#background('intents', this.#intents.nudge());
  }

  async handOver(): Promise<void> {
    await this.#outbox.handOver(this.#ticket, this.#parts.carrier);
  }

  nudgeOutbox(): void {
    this.#background('outbox', this.#outbox.nudge());
  }

  retry(): void {
    this.#book.forgive();
    this.#watch.retry();
    this.#background('outbox', this.#outbox.live());
  }

  async search(mailbox: MailboxId, text: string): Promise<Uid[]> {
    this.#watch.hurry();
    const uids = await this.#lines.watch.run(
      async (session) => {
        const box = this.#mirror.mailbox(mailbox);
        if (!isOpen(session, box)) await session.select(box.pathRaw, { readOnly: true });
        return session.search({ text });
      },
      { urgency: urgency.user },
    );
    return uids as Uid[];
  }

  readQuota(): Promise<void> {
    return this.#quotas.now();
  }

  async createMailbox(name: string, parent: MailboxId | null, subscribe: boolean): Promise<MailboxId> {
    this.#watch.hurry();
    return this.#mailboxes.create(name, parent, subscribe);
  }

  async renameMailbox(id: MailboxId, name: string, parent: MailboxId | null): Promise<void> {
    this.#watch.hurry();
    return this.#mailboxes.rename(id, name, parent);
  }

  async destroyMailbox(id: MailboxId, withMail: boolean): Promise<void> {
    this.#watch.hurry();
    // What could not be moved at once is tried again within a second.
    for (let rounds = 0; rounds < 10 && this.#mailboxes.isLeft(id); rounds += 1) {
      if (rounds > 0) await new Promise<void>((resolve) => void this.#parts.clock.after(300, resolve));
      await this.#intents.nudge();
    }
    return this.#mailboxes.destroy(id, withMail);
  }

  async subscribeMailbox(id: MailboxId, subscribed: boolean): Promise<void> {
    this.#watch.hurry();
    return this.#mailboxes.subscribe(id, subscribed);
  }

  async mailboxFor(role: Parameters<Engine['mailboxFor']>[0]): Promise<MailboxId> {
    this.#watch.hurry();
    return this.#mailboxes.forRole(role);
  }

  async chooseRole(...choice: Parameters<Engine['chooseRole']>): Promise<void> {
    this.#watch.hurry();
    await this.#mailboxes.chooseRole(...choice);
    await this.#roles.keep();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#sync.close();
    this.#fill.close();
    this.#previews.close();
    this.#intents.close();
    this.#quotas.close();
    const closed = Promise.all([this.#lines.close(), this.#watch.close(), this.#outbox.close()]);
    // The index is the caller's, and closed next: whatever writes into it has ended.
    let enough = (): void => undefined;
    const patience = new Promise<void>((resolve) => (enough = this.#parts.clock.after(closeWithin, resolve)));
    await Promise.race([closed.then(() => this.#work.settled()), patience]);
    enough();
    await Promise.all([this.#book.settled(), this.#roles.settled()]);
  }

  #connector(): () => Promise<ImapSession> {
    const connect = this.#parts.connect ?? imapConnector({ ...this.#parts, book: this.#book });
    return async () => {
      const session = await connect();
      this.#lines.atMost(session.quirks.connections);
      return session;
    };
  }

  /** A connection stands: the mailboxes, then all that waited for it. */
  async #begin(session: ImapSession): Promise<void> {
    await this.#roles.restore().catch((error: unknown) => logError(this.#parts.log, 'upstream.roles', error));
    await this.#sync.begin(session);
    this.#quotas.begin();
    this.#background('roles', this.#roles.keep());
    this.#background('intents', this.#intents.nudge());
    // A letter that went may be a draft that only the store has.
    if (!this.#draftsRestored) this.#draftsRestored = await this.#drafts.restore();
    this.#carryOut();
  }

  /** What is wished, then what the outbox is to do once it is done (O38). */
  #carryOut(): void {
    this.#background(
      'intents',
      this.#intents.nudge().finally(() => this.#outbox.live()),
    );
  }

  #refused(refusal: Refusal): void {
    if (refusal.responseCode === 'OVERQUOTA') this.#quotas.soon();
    this.#refusals.tell(refusal);
  }

  #told(connection: Connection): void {
    if (connection.at !== 'live') this.#sync.stop();
    if (connection.at === 'refused') this.#book.refused('imap', connection.words);
    if (connection.at === 'live') this.#book.cured('imap');
    this.#status.tell();
  }

  #background(what: string, work: Promise<unknown>): void {
    this.#work.add(work).catch((error: unknown) => {
      if (isClosed(error)) return;
      logError(this.#parts.log, 'upstream.background', error, { what });
    });
  }
}
