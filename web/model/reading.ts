import { computed, effect, signal, untracked, type ReadonlySignal } from '@preact/signals-core';
import type { Clock } from '#base/clock.ts';
import type { EmailId, ThreadId } from '#jmap/ids.ts';
import { openConversation, type Conversation } from './conversation.ts';
import type { Place, PlaceState } from './place.ts';
import type { MailRoute, Router } from './route.ts';

/** The list and the letter together: which row is focused, which conversation is open, how one follows the other. */
export interface Reading {
  readonly place: ReadonlySignal<Place | null>;
  readonly conversation: ReadonlySignal<Conversation | null>;
  /** Where the open conversation stands in its list. */
  readonly position: ReadonlySignal<{ index: number; total: number } | null>;
  /** Focus a row; beside a letter the letter follows after a moment's rest. */
  focus(id: EmailId | null): void;
  open(id: EmailId): void;
  /** Back to the list. */
  up(): void;
  /** Moves the focus by rows; in a letter that fills the window, opens the neighbour. Resolves when the row is known. */
  step(by: number): Promise<void>;
  /** The row of the open conversation, or the focused one. */
  readonly subject: ReadonlySignal<EmailId | null>;
  /** Where the focus goes when these rows leave the list; call before they leave. */
  leave(rows: readonly EmailId[]): () => void;
  close(): void;
}

/** Milliseconds before the letter follows the focused row. */
export const followAfter = 120;
const ahead = 3;

const withThread = (route: MailRoute, thread: string | null, place: Place): MailRoute => {
  if (route.at === 'home')
    return { at: 'mailbox', account: place.mail.account.name, box: place.box, show: place.show, thread };
  return { ...route, thread };
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

  const threadOf = (where: Place, id: EmailId): ThreadId | undefined => where.mail.emails.peek(id)?.threadId;

  /** Bodies of the neighbours, so that the next letter is there when it is asked for. */
  const prefetch = (where: Place, index: number): void => {
    const ids: EmailId[] = [];
    for (let at = Math.max(0, index - ahead); at <= index + ahead; at += 1) {
      const id = where.list.idAt(at);
      if (id !== undefined && at !== index) ids.push(id);
    }
    void where.mail.needBodies(ids);
  };

  const stop = effect(() => {
    const where = place.value;
    const route = router.mail.value;
    const thread = route.at === 'home' ? null : route.thread;
    untracked(() => {
      const before = conversation.peek();
      if (before && before.threadId === thread && before.mail === where?.mail) return;
      before?.close();
      conversation.value = null;
      if (!where || thread === null) return;
      const opened = openConversation(where.mail, thread as ThreadId, where.list.query, clock);
      conversation.value = opened;
      opened.look();
      const index = where.list.indexOfThread(thread as ThreadId);
      if (index >= 0) prefetch(where, index);
    });
  });

  const show = (where: Place, id: EmailId, how: 'step' | 'open'): void => {
    const thread = threadOf(where, id);
    const route = router.mail.peek();
    if (!thread) return;
    const next = withThread(route, thread, where);
    if (conversation.peek() && (how === 'step' || !onePane.peek())) router.replace(next);
    else router.go(next);
  };

  const focus = (id: EmailId | null): void => {
    const where = place.peek();
    cancelFollow();
    if (!where) return;
    where.cursor.value = id;
    if (id === null || onePane.peek()) return;
    cancelFollow = clock.after(followAfter, () => {
      if (place.peek() === where && where.cursor.peek() === id) show(where, id, 'step');
    });
  };

  const open = (id: EmailId): void => {
    const where = place.peek();
    cancelFollow();
    if (!where) return;
    where.cursor.value = id;
    show(where, id, 'open');
  };

  const up = (): void => {
    const where = place.peek();
    cancelFollow();
    if (where) router.back(withThread(router.mail.peek(), null, where));
  };

  const rowOfConversation = (where: Place, talk: Conversation): EmailId | null => {
    const index = where.list.indexOfThread(talk.threadId);
    return (index >= 0 ? where.list.idAt(index) : undefined) ?? talk.members.peek().at(-1)?.id ?? null;
  };

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
    const index = where.list.indexOfThread(talk.threadId);
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
      const from = reading
        ? (position.peek()?.index ?? -1)
        : where.list.indexOf((where.cursor.peek() ?? '') as EmailId);
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
      const gone = new Set(rows);
      const talk = conversation.peek();
      const here = where.cursor.peek() ?? (talk ? rowOfConversation(where, talk) : null);
      const openLeaves = talk !== null && rows.some((id) => threadOf(where, id) === talk.threadId);
      if (here === null || !gone.has(here)) return () => (openLeaves && onePane.peek() ? up() : undefined);
      const at = where.list.indexOf(here);
      const older = [at + 1, at + 2, at + 3]
        .map((index) => where.list.idAt(index))
        .find((id) => id !== undefined && !gone.has(id));
      const newer = [at - 1, at - 2]
        .map((index) => where.list.idAt(index))
        .find((id) => id !== undefined && !gone.has(id));
      const next = older ?? newer ?? null;
      return () => {
        if (place.peek() !== where) return;
        where.cursor.value = next;
        if (!openLeaves) return;
        if (onePane.peek() || next === null) up();
        else show(where, next, 'step');
      };
    },
    close: () => {
      cancelFollow();
      stop();
      conversation.peek()?.close();
    },
  };
};
