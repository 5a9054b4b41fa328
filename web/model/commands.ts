import { gathered } from './all-inboxes.ts';
import { openComposer, type ComposeRequest } from './compose-port.ts';
import type { Command, Meant } from './keys.ts';
import type { RowId } from './list.ts';
import type { Mail } from './mail.ts';
import type { Model } from './model.ts';
import { accountName } from './place.ts';
import type { AllBox, Show } from './route.ts';
import { rowOf, type Row } from './rows.ts';
import { targetIn, type Target } from './targets.ts';

type Handler = (meant: Meant) => void;

/** Commands by name, whether a key, a button or a menu asks for them. */
export interface Commands {
  run(meant: Meant | Command): void;
  /** Views take over commands that are about the window (focus the search, open a menu); returns what gives it back. */
  on(command: Command, handler: Handler): () => void;
  /** What actions act on now: picked rows, else the open or focused conversation. */
  target(): Target | null;
  /** What an action on these rows acts on. */
  targetOf(rows: readonly RowId[]): Target | null;
  /** Why these cannot be moved to one folder; null when they can. */
  whyNotMove(target: Target): string | null;
  /** The list again, narrowed otherwise. */
  narrow(show: Show): void;
  /** Runs an action that takes the rows out of the list, and moves the focus to what is next. */
  leaving(act: (target: Target) => Promise<void>, target?: Target | null): void;
}

export const shows: readonly Show[] = ['everything', 'unread', 'starred', 'files'];
const page = 50;

export const openCommands = (model: Model): Commands => {
  const { reading, actions, router } = model;
  const handlers = new Map<Command, Handler[]>();

  const targetOf = (rows: readonly RowId[]): Target | null => {
    const place = reading.place.peek();
    return place && rows.length > 0 ? targetIn(place.list, rows) : null;
  };

  const target = (): Target | null => {
    const place = reading.place.peek();
    if (!place) return null;
    const picked = place.selection.picked.peek();
    if (picked.all) return targetIn(place.list, 'all', [...picked.except]);
    if (picked.ids.size > 0) return targetOf([...picked.ids]);
    const subject = reading.subject.peek();
    return subject === null ? null : targetOf([subject]);
  };

  /** The account of what is open or focused, else the one on the screen. */
  const acting = (): Mail | null => {
    const place = reading.place.peek();
    const subject = reading.subject.peek();
    const seat = place && subject !== null ? place.list.seatOf(subject) : undefined;
    return seat?.mail ?? model.mail.peek();
  };

  const leaving: Commands['leaving'] = (act, given = target()) => {
    const place = reading.place.peek();
    if (!given || !place) return;
    const rows: RowId[] = given.rows === 'all' ? [] : [...given.rows];
    if (given.rows === 'all')
      given.list.eachKnown((row) => {
        if (!given.except.includes(row)) rows.push(row);
      });
    const next = reading.leave(rows);
    const before = place.list.version.peek();
    void act(given).then(() => {
      if (place.list.version.peek() === before) return;
      place.selection.clear();
      next();
    });
  };

  const marked = (act: (given: Target) => Promise<void>): void => {
    const given = target();
    if (given) void act(given);
  };

  const rowNow = (row: RowId | undefined): Row | undefined => {
    const seat = row === undefined ? undefined : reading.place.peek()?.list.seatOf(row);
    return seat && rowOf(seat);
  };

  const compose = (kind: ComposeRequest['kind'], { shift }: Meant): void => {
    const talk = reading.conversation.peek();
    const mail = kind === 'new' ? model.mail.peek() : (talk?.mail ?? acting());
    if (!mail) return;
    if (kind === 'new') {
      void openComposer({ kind, accountId: mail.id, apart: shift });
      return;
    }
    const emailId = talk ? talk.answered() : rowNow(reading.subject.peek() ?? undefined)?.id;
    if (!emailId) return;
    void openComposer({
      kind,
      accountId: mail.id,
      emailId,
      apart: shift,
      ...(talk ? { inThread: talk.threadId } : {}),
    });
  };

  /** In a list of several accounts, to what is gathered of them. */
  const goGathered = (box: AllBox): void => {
    if (reading.place.peek()?.all) router.go({ at: 'all', box, show: 'everything', open: null });
    else goBox(box);
  };

  const goBox = (box: string, mail = acting()): void => {
    if (mail) router.go({ at: 'mailbox', account: accountName(mail), box, show: 'everything', thread: null });
  };

  const narrow = (show: Show): void => {
    const place = reading.place.peek();
    if (!place || place.question) return;
    if (place.all) router.go({ at: 'all', box: place.all, show, open: null });
    else if (place.mail)
      router.go({ at: 'mailbox', account: accountName(place.mail), box: place.box, show, thread: null });
  };

  const section = (by: number): void => {
    const place = reading.place.peek();
    if (place) narrow(shows[(shows.indexOf(place.show) + by + shows.length) % shows.length] ?? 'everything');
  };

  /** Picks among the rows that have been fetched. */
  const pick = (wanted: (row: Row) => boolean): void => {
    const place = reading.place.peek();
    if (!place) return;
    const picked: RowId[] = [];
    place.list.eachKnown((id) => {
      const row = rowNow(id);
      if (row && wanted(row)) picked.push(id);
    });
    place.selection.only(picked);
  };

  const message = (by: number): void => {
    const talk = reading.conversation.peek();
    if (!talk) return;
    const members = talk.members.peek();
    const at = members.findIndex((head) => head.id === talk.current.peek());
    const next = members[Math.max(0, Math.min(members.length - 1, at + by))];
    if (!next) return;
    if (!talk.items.peek().some((item) => item.kind === 'message' && item.head.id === next.id)) talk.unstack();
    talk.goTo(next.id);
  };

  const own: Partial<Record<Command, Handler>> = {
    older: () => void reading.step(1),
    newer: () => void reading.step(-1),
    nextPage: () => void reading.step(page),
    previousPage: () => void reading.step(-page),
    open: () => {
      const id = reading.place.peek()?.cursor.peek();
      if (id) reading.open(id);
    },
    up: () => reading.up(),
    select: () => {
      const place = reading.place.peek();
      const id = reading.subject.peek();
      if (place && id) place.selection.toggle(id);
    },
    selectAll: () => pick(() => true),
    selectNone: () => reading.place.peek()?.selection.clear(),
    selectRead: () => pick((row) => !row.unread),
    selectUnread: () => pick((row) => row.unread),
    selectStarred: () => pick((row) => row.starred),
    selectUnstarred: () => pick((row) => !row.starred),
    nextSection: () => section(1),
    previousSection: () => section(-1),
    archive: () => leaving((given) => actions.archive(given)),
    archiveAndOlder: () => leaving((given) => actions.archive(given)),
    archiveAndNewer: () => {
      const given = target();
      leaving((each) => actions.archive(each).then(() => reading.step(-1)), given);
    },
    delete: () => leaving((given) => actions.remove(given)),
    junk: () =>
      leaving((given) => (reading.place.peek()?.role === 'junk' ? actions.notJunk(given) : actions.junk(given))),
    star: () => {
      const given = target();
      const first = given && given.rows !== 'all' ? given.rows[0] : undefined;
      marked((each) => actions.star(each, !rowNow(first)?.starred));
    },
    read: () => marked((given) => actions.read(given, true)),
    unread: () => marked((given) => actions.read(given, false)),
    unreadFrom: () => {
      const talk = reading.conversation.peek();
      const current = talk?.current.peek();
      if (talk && current) void actions.unreadFrom(talk.mail, current);
    },
    undo: () => actions.undoLast(),
    refresh: () => {
      model.check();
      void reading.place.peek()?.list.refresh();
    },
    nextMessage: () => message(1),
    previousMessage: () => message(-1),
    foldAll: () => reading.conversation.peek()?.foldAll(),
    unfoldAll: () => reading.conversation.peek()?.openAll(),
    reply: (meant) => compose('reply', meant),
    replyAll: (meant) => compose('replyAll', meant),
    forward: (meant) => compose('forward', meant),
    compose: (meant) => compose('new', meant),
    lock: () => void model.lock.now(),
    goAllInboxes: () => {
      if (gathered(model.mails.peek()).length === 0) goBox('inbox');
      else router.go({ at: 'all', box: 'inbox', show: 'everything', open: null });
    },
    goInbox: () => goBox('inbox'),
    goStarred: () => goGathered('starred'),
    goSent: () => goBox('sent'),
    goDrafts: () => goGathered('drafts'),
    goAll: () => goBox(acting()?.mailboxes.byRole('all') ? 'all' : 'archive'),
    goAccount: ({ digit }) => {
      const mail = model.mails.peek()[(digit ?? 1) - 1];
      if (mail) goBox('inbox', mail);
    },
  };

  return {
    target,
    targetOf,
    leaving,
    narrow,
    whyNotMove: ({ parts }) =>
      parts.length > 1 ? 'These are of several accounts. Choose those of one account to move them to a folder.' : null,
    on: (command, handler) => {
      handlers.set(command, [handler, ...(handlers.get(command) ?? [])]);
      return () => {
        handlers.set(
          command,
          (handlers.get(command) ?? []).filter((each) => each !== handler),
        );
      };
    },
    run: (given) => {
      const meant: Meant = typeof given === 'string' ? { command: given, digit: null, shift: false } : given;
      const handler = handlers.get(meant.command)?.[0] ?? own[meant.command];
      handler?.(meant);
    },
  };
};
