import { computed, effect, signal, untracked, type ReadonlySignal } from '@preact/signals-core';
import type { Clock } from '#base/clock.ts';
import type { EmailId, ThreadId } from '#jmap/ids.ts';
import { openConversation, type Conversation } from './conversation.ts';
import type { List, RowId } from './list.ts';
import type { Mail } from './mail.ts';
import { accountName, mailNamed, type Place, type PlaceState } from './place.ts';
import type { MailRoute, Router } from './route.ts';

/** The list and the letter together: which row is focused, which conversation is open, how one follows the other. */
export interface Reading {
  readonly place: ReadonlySignal<Place | null>;
  readonly conversation: ReadonlySignal<Conversation | null>;
  /** Where the open conversation stands in its list. */
  readonly position: ReadonlySignal<{ index: number; total: number } | null>;
  /** Focus a row; beside a letter the letter follows after a moment's rest. */
  focus(id: RowId | null): void;
  open(id: RowId): void;
  /** Back to the list. */
  up(): void;
  /** Moves the focus by rows; in a letter that fills the window, opens the neighbour. Resolves when the row is known. */
  step(by: number): Promise<void>;
  /** The row of the open conversation, or the focused one. */
  readonly subject: ReadonlySignal<RowId | null>;
  /** Where the focus goes when these rows leave the list by what is done here; call before they leave. */
  leave(rows: readonly RowId[]): () => void;
  /** Of rows that are in the list again the first takes the focus, and a letter beside it goes along. */
  cameBack(list: List, rows: readonly RowId[]): void;
  close(): void;
}

/** Milliseconds before the letter follows the focused row. */
const followAfter = 120;
const ahead = 3;

/** A conversation, of one of the accounts in a list. */
interface Talk {
  mail: Mail;
  thread: ThreadId;
}

/** The place with a conversation open in it, or none. */
const withTalk = (route: MailRoute, talk: Talk | null, place: Place): MailRoute => {
  const thread = talk?.thread ?? null;
  const account = talk && accountName(talk.mail);
  switch (route.at) {
    case 'home':
      return { at: 'mailbox', account: accountName(place.mails[0] as Mail), box: place.box, show: place.show, thread };
    case 'all':
      return { ...route, open: talk && account !== null ? { account, thread: talk.thread } : null };
    case 'search':
      return { ...route, thread, of: place.mail ? null : account };
    case 'mailbox':
      return { ...route, thread };
  }
};

/** The conversation that a route opens in a place. */
const talkOf = (route: MailRoute, place: Place): Talk | null => {
  const open =
    route.at === 'home'
      ? null
      : route.at === 'all'
        ? route.open
        : { account: route.at === 'search' ? (route.of ?? '') : route.account, thread: route.thread };
  const mail = place.mail ?? (open ? mailNamed(place.mails, open.account) : undefined);
  return mail && open && open.thread !== null ? { mail, thread: open.thread as ThreadId } : null;
};

export const openReading = (
  router: Router,
  state: ReadonlySignal<PlaceState>,
  onePane: ReadonlySignal<boolean>,
  clock: Clock,
): Reading => {
  const place = computed(() => (state.value.at === 'open' ? state.value.place : null));
  const conversation = signal<Conversation | null>(null);
  let cancelFollow = (): void => undefined;

  const talkAt = (where: Place, row: RowId): Talk | null => {
    const seat = where.list.seatOf(row);
    const thread = seat?.mail.emails.peek(seat.id)?.threadId;
    return seat && thread ? { mail: seat.mail, thread } : null;
  };

  /** Bodies of the neighbours, so that the next letter is there when it is asked for. */
  const prefetch = (where: Place, index: number): void => {
    const near = new Map<Mail, EmailId[]>();
    for (let at = Math.max(0, index - ahead); at <= index + ahead; at += 1) {
      const row = at === index ? undefined : where.list.idAt(at);
      const seat = row === undefined ? undefined : where.list.seatOf(row);
      if (seat) near.set(seat.mail, [...(near.get(seat.mail) ?? []), seat.id]);
    }
    for (const [mail, ids] of near) void mail.needBodies(ids);
  };

  const stop = effect(() => {
    const where = place.value;
    const talk = where && talkOf(router.mail.value, where);
    untracked(() => {
      const before = conversation.peek();
      if (before && talk && before.threadId === talk.thread && before.mail === talk.mail) return;
      before?.close();
      conversation.value = null;
      const query = where?.list.parts.find(({ mail }) => mail === talk?.mail)?.query;
      if (!where || !talk || !query) return;
      const opened = openConversation(talk.mail, talk.thread, query, clock);
      conversation.value = opened;
      opened.look();
      const index = where.list.indexOfThread(talk.mail, talk.thread);
      if (index >= 0) prefetch(where, index);
    });
  });

  const show = (where: Place, row: RowId, how: 'step' | 'open'): void => {
    const talk = talkAt(where, row);
    if (!talk) return;
    const next = withTalk(router.mail.peek(), talk, where);
    if (conversation.peek() && (how === 'step' || !onePane.peek())) router.replace(next);
    else router.go(next);
  };

  const focus = (id: RowId | null): void => {
    const where = place.peek();
    cancelFollow();
    if (!where) return;
    where.cursor.value = id;
    if (id === null || onePane.peek()) return;
    cancelFollow = clock.after(followAfter, () => {
      // Whoever is in the settings by then stays there.
      if (router.route.peek().at === 'settings') return;
      if (place.peek() === where && where.cursor.peek() === id) show(where, id, 'step');
    });
  };

  const open = (id: RowId): void => {
    const where = place.peek();
    cancelFollow();
    if (!where) return;
    where.cursor.value = id;
    show(where, id, 'open');
  };

  /** The conversation that is on its way off the screen: the browser takes its time with going back. */
  let closing: Conversation | null = null;
  const up = (): void => {
    const where = place.peek();
    const talk = conversation.peek();
    cancelFollow();
    if (!where || (talk && talk === closing)) return;
    closing = talk;
    router.back(withTalk(router.mail.peek(), null, where));
  };

  const rowOfConversation = (where: Place, talk: Conversation): RowId | null => {
    const index = where.list.indexOfThread(talk.mail, talk.threadId);
    const last = talk.members.peek().at(-1);
    return (index >= 0 ? where.list.idAt(index) : undefined) ?? (last ? where.list.rowOf(talk.mail, last.id) : null);
  };

  /** To the row that is next to one that left, and with the letter when it was open. */
  const goOn = (where: Place, next: RowId | null, openLeft: boolean): void => {
    where.cursor.value = next;
    if (!openLeft) return;
    if (onePane.peek() || next === null) up();
    else show(where, next, 'step');
  };

  /** Where the row that is focused, or open, was seen last. */
  let seen: { where: Place; row: RowId; index: number; thread: ThreadId | undefined } | null = null;

  /** Whether what a row stands for is in its list no more; a row that is only not known is. */
  const isOut = (where: Place, row: RowId): boolean => {
    const seat = where.list.seatOf(row);
    const known = seat?.mail.emails.of(seat.id).peek();
    if (!seat || known?.at === 'gone') return true;
    const { mailboxId } = seat.query;
    return known?.at === 'ready' && mailboxId !== null && !Object.hasOwn(known.value.mailboxIds, mailboxId);
  };

  /** The row left by what others did: its conversation may have another row, else what took its place is next. */
  const follow = (): void => {
    const before = seen;
    const where = place.peek();
    if (!before || where !== before.where || where.list.total.peek() === null) return;
    const { row, index, thread } = before;
    const cursor = where.cursor.peek();
    const talk = conversation.peek();
    const isSame = cursor === null ? talk !== null && talk.threadId === thread : cursor === row;
    if (!isSame || where.list.indexOf(row) >= 0) return;
    const mail = where.list.seatOf(row)?.mail;
    const other = mail && thread ? where.list.idAt(where.list.indexOfThread(mail, thread)) : undefined;
    if (other !== undefined) where.cursor.value = cursor && other;
    else if (isOut(where, row)) {
      const next = where.list.idAt(index) ?? where.list.idAt(index - 1) ?? null;
      goOn(where, next, talk !== null && talk.mail === mail && talk.threadId === thread);
    }
  };
  let cancelLook = (): void => undefined;
  const stopFollowing = effect(() => {
    const where = place.value;
    void where?.list.version.value;
    void where?.cursor.value;
    void conversation.value;
    untracked(() => {
      const talk = conversation.peek();
      const row = where && (where.cursor.peek() ?? (talk ? rowOfConversation(where, talk) : null));
      const index = where && row !== null ? where.list.indexOf(row) : -1;
      cancelLook();
      // What is done here goes on by itself, and does so first.
      if (!where || row === null || index < 0) cancelLook = clock.after(0, follow);
      else {
        const known = seen?.row === row ? seen.thread : undefined;
        seen = { where, row, index, thread: talkAt(where, row)?.thread ?? known };
      }
    });
  });

  const subject = computed(() => {
    const where = place.value;
    const talk = conversation.value;
    if (!where) return null;
    void where.list.version.value;
    const cursor = where.cursor.value;
    if (talk && (onePane.value || cursor === null)) return rowOfConversation(where, talk);
    return cursor;
  });

  const position = computed(() => {
    const where = place.value;
    const talk = conversation.value;
    if (!where || !talk) return null;
    void where.list.version.value;
    const index = where.list.indexOfThread(talk.mail, talk.threadId);
    return index < 0 ? null : { index, total: where.list.total.value ?? 0 };
  });

  return {
    place,
    conversation,
    position,
    subject,
    focus,
    open,
    up,
    step: async (by) => {
      const where = place.peek();
      if (!where) return;
      const reading = onePane.peek() && conversation.peek() !== null;
      const cursor = where.cursor.peek();
      const open = position.peek()?.index ?? -1;
      const from = reading || cursor === null ? open : where.list.indexOf(cursor);
      const last = (where.list.total.peek() ?? 0) - 1;
      const start = from < 0 ? (by > 0 ? -1 : 0) : from;
      const to = Math.max(0, Math.min(last, start + by));
      if (last < 0 || to === from) return;
      const id = where.list.idAt(to) ?? (await where.list.idsIn(to, to + 1))[0];
      if (id === undefined || place.peek() !== where) return;
      if (!reading) return focus(id);
      where.cursor.value = id;
      show(where, id, 'step');
    },
    leave: (rows) => {
      const where = place.peek();
      if (!where) return () => undefined;
      const gone = new Set<RowId>(rows);
      const talk = conversation.peek();
      const here = where.cursor.peek() ?? (talk ? rowOfConversation(where, talk) : null);
      const isOpen = (row: RowId): boolean => {
        const other = talkAt(where, row);
        return talk !== null && other?.thread === talk.threadId && other.mail === talk.mail;
      };
      const openLeaves = rows.some(isOpen);
      if (here === null || !gone.has(here))
        return () => (place.peek() === where && openLeaves ? goOn(where, here, openLeaves) : undefined);
      const at = where.list.indexOf(here);
      let [older, newer]: [RowId | null, RowId | null] = [null, null];
      where.list.eachKnown((id, index) => {
        if (gone.has(id)) return;
        if (index < at) newer = id;
        else older ??= id;
      });
      const next = older ?? newer;
      return () => {
        if (place.peek() === where) goOn(where, next, openLeaves);
      };
    },
    cameBack: (list, rows) => {
      const where = place.peek();
      const back = new Set(rows);
      let first: RowId | undefined;
      list.eachKnown((row) => {
        if (back.has(row)) first ??= row;
      });
      if (where?.list !== list || first === undefined) return;
      cancelFollow();
      goOn(where, first, conversation.peek() !== null && !onePane.peek());
    },
    close: () => {
      cancelFollow();
      cancelLook();
      stopFollowing();
      stop();
      conversation.peek()?.close();
    },
  };
};
