import { computed, signal, type ReadonlySignal } from '@preact/signals-core';
import type { Clock } from '#base/clock.ts';
import type { EmailId, ThreadId } from '#jmap/ids.ts';
import { modelError, type ModelError } from './errors.ts';
import type { Mail } from './mail.ts';
import { membersOf } from './rows.ts';
import type { EmailHead, ListQuery } from './types.ts';

export type ConversationState =
  | { at: 'loading' }
  | { at: 'ready' }
  | { at: 'gone' }
  | { at: 'failed'; error: ModelError };

/** Oldest first. A stack stands for messages that are read and folded away. */
export type Item =
  | { kind: 'message'; head: EmailHead; open: boolean }
  | { kind: 'draft'; head: EmailHead }
  | { kind: 'stack'; ids: readonly EmailId[] };

/** An open conversation; docs/spec/web.md, rules C. */
export interface Conversation {
  readonly mail: Mail;
  readonly threadId: ThreadId;
  readonly state: ReadonlySignal<ConversationState>;
  readonly subject: ReadonlySignal<string>;
  readonly members: ReadonlySignal<readonly EmailHead[]>;
  readonly items: ReadonlySignal<readonly Item[]>;
  /** The message in sight: the first unread one, or the last; then the one that was opened or gone to. */
  readonly current: ReadonlySignal<EmailId | null>;
  goTo(id: EmailId): void;
  /** The letter an answer goes to: the one that was opened or gone to, else the last. */
  answered(): EmailId | null;
  toggle(id: EmailId): void;
  /** Shows what a stack stands for. */
  unstack(): void;
  openAll(): void;
  foldAll(): void;
  retry(): void;
  /** The reader is looking: what is open becomes read after a moment's rest. */
  look(): void;
  close(): void;
}

/** Read conversations of this length and more hide their middle. */
const stackFrom = 4;
/** Milliseconds of rest before a message counts as read. */
const readAfter = 600;

const isUnread = (head: EmailHead): boolean =>
  !Object.hasOwn(head.keywords, '$seen') && !Object.hasOwn(head.keywords, '$draft');

export const openConversation = (
  mail: Mail,
  threadId: ThreadId,
  query: Pick<ListQuery, 'collapse' | 'mailboxId'>,
  clock: Clock,
): Conversation => {
  const failure = signal<ModelError | null>(null);
  /** Messages opened or folded by the reader or at the start; others fold. */
  const opened = signal<ReadonlySet<string>>(new Set());
  const stacked = signal(true);
  const current = signal<EmailId | null>(null);
  let started = false;
  let wentTo: EmailId | null = null;
  let cancelRead = (): void => undefined;

  const members = computed<readonly EmailHead[]>(() => {
    const thread = mail.threads.get(threadId);
    const heads = (thread?.emailIds ?? []).map((id) => mail.emails.get(id)).filter((head) => head !== undefined);
    const last = heads.at(-1);
    if (!last) return [];
    const shown = membersOf(
      mail,
      heads.find((head) => query.mailboxId !== null && Object.hasOwn(head.mailboxIds, query.mailboxId)) ?? last,
      {
        collapse: true,
        mailboxId: query.mailboxId,
      },
    );
    return shown;
  });

  const state = computed<ConversationState>(() => {
    const known = mail.threads.of(threadId).value;
    if (known.at === 'gone') return { at: 'gone' };
    if (failure.value) return { at: 'failed', error: failure.value };
    if (known.at !== 'ready') return { at: 'loading' };
    if (members.value.length > 0) return { at: 'ready' };
    return known.value.emailIds.every((id) => mail.emails.of(id).value.at === 'gone')
      ? { at: 'gone' }
      : { at: 'loading' };
  });

  const items = computed<readonly Item[]>(() => {
    const all: Item[] = members.value.map((head) =>
      Object.hasOwn(head.keywords, '$draft')
        ? { kind: 'draft', head }
        : { kind: 'message', head, open: opened.value.has(head.id) },
    );
    const firstOpen = all.findIndex((item) => item.kind !== 'message' || item.open);
    const folded = firstOpen < 0 ? all.length : firstOpen;
    if (!stacked.value || folded < stackFrom) return all;
    const hidden = all.slice(1, folded).flatMap((item) => (item.kind === 'message' ? [item.head.id] : []));
    return [...all.slice(0, 1), { kind: 'stack', ids: hidden }, ...all.slice(folded)];
  });

  const bodies = (): void => {
    const wanted = members.peek().filter((head) => opened.peek().has(head.id));
    void mail.needBodies(wanted.map((head) => head.id));
  };

  const open = (ids: readonly string[]): void => {
    opened.value = new Set([...opened.peek(), ...ids]);
    bodies();
  };

  const markRead = (): void => {
    const unread = members.peek().filter((head) => isUnread(head) && opened.peek().has(head.id));
    if (unread.length > 0)
      void mail.emails.change(Object.fromEntries(unread.map((head) => [head.id, { 'keywords/$seen': true }])));
  };

  const letters = (): EmailHead[] => members.peek().filter((head) => !Object.hasOwn(head.keywords, '$draft'));

  /** At the start: the last message and all unread ones are open. */
  const start = (): void => {
    if (started || members.value.length === 0) return;
    started = true;
    const last = letters().at(-1);
    const unread = letters().filter(isUnread);
    open([...unread, ...(last ? [last] : [])].map((head) => head.id));
    current.value = (unread[0] ?? last)?.id ?? null;
  };

  const load = async (): Promise<void> => {
    failure.value = null;
    try {
      if (mail.threads.missing([threadId]).length > 0) await mail.loadThreads([threadId]);
      else await mail.needHeads(mail.threads.peek(threadId)?.emailIds ?? []);
    } catch (error) {
      failure.value = modelError(error);
    }
  };

  const goTo = (id: EmailId): void => {
    wentTo = id;
    current.value = id;
  };

  /** Messages that arrive while the conversation is open come in open. */
  let known = new Set<string>();
  const stopMembers = members.subscribe((now) => {
    start();
    const news = now.filter((head) => started && known.size > 0 && !known.has(head.id) && isUnread(head));
    known = new Set(now.map((head) => head.id));
    if (news.length > 0) queueMicrotask(() => open(news.map((head) => head.id)));
  });
  void load();

  return {
    mail,
    threadId,
    state,
    members,
    items,
    current,
    goTo,
    answered: () => (letters().find(({ id }) => id === wentTo) ?? letters().at(-1))?.id ?? null,
    subject: computed(() => members.value.find((head) => head.subject?.trim())?.subject?.trim() ?? '(no subject)'),
    toggle: (id) => {
      if (opened.peek().has(id)) {
        opened.value = new Set([...opened.peek()].filter((each) => each !== id));
      } else {
        open([id]);
        goTo(id);
      }
    },
    unstack: () => {
      stacked.value = false;
    },
    openAll: () => {
      stacked.value = false;
      open(members.peek().map((head) => head.id));
    },
    foldAll: () => {
      const last = members.peek().at(-1);
      opened.value = new Set(last ? [last.id] : []);
    },
    retry: () => {
      const failed = [...opened.peek()].filter((id) => mail.bodies.of(id).peek().at === 'failed');
      if (failure.peek()) void load();
      if (failed.length > 0) void mail.needBodies(failed as EmailId[]);
    },
    look: () => {
      cancelRead();
      cancelRead = clock.after(readAfter, markRead);
    },
    close: () => {
      cancelRead();
      stopMembers();
    },
  };
};
