import type { Clock } from '#base/clock.ts';
import { logError } from '#base/log.ts';
import type { Log } from '#base/log.ts';
import type { EmailRow, Index, MailboxId, Uid } from '#index/types.ts';
import type { ImapSession } from '#imap/session.ts';
import type { MailAccount, Store } from '#store/types.ts';
import type { Keeper } from '#vault/keeper.ts';
import { imapConnector } from './connect.ts';
import { Drafts } from './drafts.ts';
import type { Connection, Engine, Refusal } from './engine.ts';
import { Fill } from './fill.ts';
import { FolderSync } from './folder-sync.ts';
import { Intents } from './intents.ts';
import { urgency } from './line.ts';
import { Lines } from './lines.ts';
import { Mailboxes } from './mailboxes.ts';
import { Mirror } from './mirror.ts';
import { Outbox } from './outbox.ts';
import { Previews } from './previews.ts';
import { openSentFolder } from './sent-folder.ts';
import { smtpSender } from './smtp-send.ts';
import type { OutboxParts } from './outbox.ts';
import { Sources } from './source.ts';
import { Sync } from './sync.ts';
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
  /** Tests bring their own. */
  connect?: () => Promise<ImapSession>;
  send?: OutboxParts['send'];
}

/** Opens one mail account and begins to keep its index in step. The index stays the caller's. */
export const openEngine = (parts: EngineParts): Engine => {
  const { account, index, store, keeper, clock, log, random = Math.random } = parts;
  const listeners = new Set<() => void>();
  const refusalListeners = new Set<(refusal: Refusal) => void>();
  const told = (): void => {
    for (const listener of listeners) listener();
  };
  const background = (what: string, work: Promise<unknown>): void => {
    work.catch((error: unknown) => logError(log, 'upstream.background', error, { what }));
  };

  const mirror = new Mirror({ index, clock, log });
  let draftsRestored = false;
  const connect = async (): Promise<ImapSession> => {
    const session = await (parts.connect ?? imapConnector({ account, store, keeper, clock, log }))();
    lines.atMost(session.quirks.connections);
    return session;
  };
  const lines: Lines = new Lines({ connect, clock, log, resting: () => sync.resting() });
  const folders = new FolderSync(mirror);
  const fill = new Fill({ mirror, lines, told });
  const previews = new Previews({ mirror, lines });
  const sync = new Sync({ mirror, lines, folders, fill, previews, told });
  const visit = (mailbox: MailboxId): void => background('visit', sync.visit(mailbox, { urgency: urgency.arrival }));
  const mailboxes = new Mailboxes({ mirror, lines, folders });
  const drafts = new Drafts({ mirror, lines, store, keeper, account });
  const sources = new Sources({ mirror, lines });
  const intents = new Intents({
    mirror,
    lines,
    random,
    visit,
    refused: (refusal) => {
      for (const listener of refusalListeners) listener(refusal);
    },
    appended: (row) => background('draft', drafts.appended(row)),
  });
  const nudge = (): void => background('intents', intents.nudge());
  const outbox = new Outbox({
    account,
    index,
    store,
    keeper,
    clock,
    log,
    random,
    nudge,
    send: parts.send ?? smtpSender({ account, store, keeper, clock, log }),
    sent: openSentFolder({ mirror, lines, mailboxes, account, visit }),
  });

  /** What the account's row says of the password, so that the next start knows. */
  let stored = account.state;
  const remember = (connection: Connection): void => {
    const state = connection.at === 'refused' ? 'refused' : connection.at === 'live' ? 'ok' : stored;
    if (state === stored) return;
    stored = state;
    background('account', store.saveAccount({ ...account, state, stateAt: clock.now() }));
  };

  const watch = new Watch({
    lines,
    connect,
    clock,
    log,
    random,
    told: (connection) => {
      remember(connection);
      if (connection.at !== 'live') sync.stop();
      told();
    },
    begin: async (session) => {
      await sync.begin(session);
      nudge();
      background('outbox', outbox.live());
      if (draftsRestored) return;
      draftsRestored = true;
      await drafts.restore();
      nudge();
    },
  });
  watch.start();
  background('outbox', outbox.nudge());

  const hurried = <T>(work: () => T): T => {
    watch.hurry();
    return work();
  };

  return {
    get connection() {
      return watch.connection;
    },
    get progress() {
      return fill.progress();
    },
    onStatus: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    onRefusal: (listener) => {
      refusalListeners.add(listener);
      return () => refusalListeners.delete(listener);
    },
    source: (row: EmailRow) => hurried(() => sources.source(row)),
    stream: (row, section) => hurried(() => sources.stream(row, section)),
    wantPreviews: (rows) => previews.want(rows),
    look: (mailbox) => hurried(() => sync.look(mailbox)),
    nudge: () => hurried(nudge),
    retry: () => watch.retry(),
    search: (mailbox, text) =>
      hurried(() =>
        lines.watch.run(
          async (session) => {
            const { pathRaw } = mirror.mailbox(mailbox);
            if (session.selected?.pathRaw !== pathRaw) await session.select(pathRaw, { readOnly: true });
            return (await session.search({ text })) as Uid[];
          },
          { urgency: urgency.user },
        ),
      ),
    createMailbox: (name, parent, subscribe) => hurried(() => mailboxes.create(name, parent, subscribe)),
    renameMailbox: (id, name, parent) => hurried(() => mailboxes.rename(id, name, parent)),
    destroyMailbox: (id) => hurried(() => mailboxes.destroy(id)),
    subscribeMailbox: (id, subscribed) => hurried(() => mailboxes.subscribe(id, subscribed)),
    mailboxFor: (role) => hurried(() => mailboxes.forRole(role)),
    nudgeOutbox: () => background('outbox', outbox.nudge()),
    [Symbol.asyncDispose]: async () => {
      sync.stop();
      fill.close();
      previews.close();
      intents.close();
      await Promise.all([lines.close(), watch.close(), outbox.close()]);
    },
  };
};
