import { effect, signal, untracked, type ReadonlySignal, type Signal } from '@preact/signals-core';
import type { Clock } from '#base/clock.ts';
import type { EmailId, MailboxId } from '#jmap/ids.ts';
import type { EmailFilter, Mailbox } from '#jmap/mail.ts';
import type { Connection } from './connection.ts';
import { openList, type List } from './list.ts';
import type { Mail } from './mail.ts';
import { mailboxName } from './mailboxes.ts';
import type { MailRoute, Show } from './route.ts';
import { ask, type Question } from './search.ts';
import { openSelection, type Selection } from './selection.ts';
import type { Filter, ListQuery } from './types.ts';

/** A list with what belongs to it while it is on the screen and for a while after. */
export interface Place {
  readonly key: string;
  readonly mail: Mail;
  /** `Inbox`, `Starred`, `Search` */
  readonly title: string;
  readonly box: string;
  readonly mailbox: Mailbox | null;
  readonly show: Show;
  /** What was asked, in a search. */
  readonly question: Question | null;
  readonly list: List;
  readonly selection: Selection;
  /** The focused row. */
  readonly cursor: Signal<EmailId | null>;
  /** Pixels the view was scrolled by when it was left. */
  scrolled: number;
}

export type PlaceState =
  /** `mail` null: no account is known yet. */
  | { at: 'opening'; mail: Mail | null }
  /** A search without a question. */
  | { at: 'empty-search'; mail: Mail }
  /** The address names a folder that is not there. */
  | { at: 'missing'; mail: Mail }
  | { at: 'open'; place: Place };

interface Wanted {
  mail: Mail;
  title: string;
  box: string;
  mailboxId: MailboxId | null;
  show: Show;
  question: Question | null;
  filter: Filter | null;
}

/** Lists kept ready besides the one shown. */
const kept = 6;

const shows: Record<Show, EmailFilter> = {
  everything: {},
  unread: { notKeyword: '$seen' },
  starred: { hasKeyword: '$flagged' },
  files: { hasAttachment: true },
};

const hiddenOf = (mail: Mail): MailboxId[] =>
  (['trash', 'junk'] as const).map((role) => mail.mailboxes.byRole(role)?.id).filter((id) => id !== undefined);

/** The account a route names by its address or id; the first when it names none. */
export const mailOf = (mails: readonly Mail[], name: string | null): Mail | undefined =>
  mails.find((mail) => mail.account.name === name || mail.id === name) ?? mails[0];

/** How routes name an account. */
export const accountName = (mail: Mail): string => mail.account.name || mail.id;

/** How routes name a mailbox. */
export const boxName = (mailbox: Mailbox): string => mailbox.role ?? mailbox.id;

const wantedOf = (
  route: MailRoute,
  mails: readonly Mail[],
  now: Date,
): Wanted | Exclude<PlaceState, { at: 'open' }> => {
  const mail = mailOf(mails, route.at === 'home' ? null : route.account);
  if (!mail?.mailboxes.all.value) return { at: 'opening', mail: mail ?? null };
  if (route.at === 'search') {
    const question = ask(route.text, mail.mailboxes, now);
    if (question.filter === null) return { at: 'empty-search', mail };
    return {
      mail,
      title: 'Search',
      box: 'search',
      mailboxId: null,
      show: 'everything',
      question,
      filter: question.filter,
    };
  }
  const show = route.at === 'mailbox' ? route.show : 'everything';
  const box = route.at === 'mailbox' ? route.box : 'inbox';
  if (box === 'starred') {
    const filter: EmailFilter = { ...shows[show], hasKeyword: '$flagged', inMailboxOtherThan: hiddenOf(mail) };
    return { mail, title: 'Starred', box, mailboxId: null, show, question: null, filter };
  }
  const mailbox =
    [...mail.mailboxes.all.value.values()].find((each) => each.role === box) ?? mail.mailboxes.get(box as MailboxId);
  if (!mailbox) return { at: 'missing', mail };
  return {
    mail,
    title: mailboxName(mailbox),
    box,
    mailboxId: mailbox.id,
    show,
    question: null,
    filter: { inMailbox: mailbox.id, ...shows[show] },
  };
};

export const openPlaces = (
  connection: Connection,
  clock: Clock,
  route: ReadonlySignal<MailRoute>,
  mails: ReadonlySignal<readonly Mail[]>,
): { state: ReadonlySignal<PlaceState>; forget(): void; close(): void } => {
  const state = signal<PlaceState>({ at: 'opening', mail: null });
  const places = new Map<string, Place>();

  const place = (wanted: Wanted): Place => {
    const { mail, filter, mailboxId } = wanted;
    const role = mailboxId === null ? null : (mail.mailboxes.get(mailboxId)?.role ?? null);
    const query: ListQuery = {
      accountId: mail.id,
      filter,
      sort: [{ property: 'receivedAt', isAscending: false }],
      collapse: role !== 'drafts',
      mailboxId,
    };
    const key = JSON.stringify([mail.id, filter, query.collapse, wanted.title]);
    const known = places.get(key);
    places.delete(key);
    if (known) {
      places.set(key, known);
      return known;
    }
    const list = openList(connection, mail, query);
    const made: Place = {
      key,
      mail,
      title: wanted.title,
      box: wanted.box,
      mailbox: mailboxId === null ? null : (mail.mailboxes.get(mailboxId) ?? null),
      show: wanted.show,
      question: wanted.question,
      list,
      selection: openSelection(list),
      cursor: signal(null),
      scrolled: 0,
    };
    places.set(key, made);
    for (const [old, { list: idle }] of places) {
      if (places.size <= kept) break;
      places.delete(old);
      idle.close();
    }
    return made;
  };

  const stop = effect(() => {
    const wanted = wantedOf(route.value, mails.value, new Date(clock.now()));
    untracked(() => {
      const before = state.peek();
      if ('at' in wanted) {
        state.value = wanted;
        return;
      }
      const now = place(wanted);
      if (before.at === 'open' && before.place === now) return;
      if (before.at === 'open') before.place.list.awake(false);
      now.list.awake(true);
      state.value = { at: 'open', place: now };
    });
  });

  /** Lists are opened anew by whoever looks at them next. */
  const forget = (): void => {
    for (const { list } of places.values()) list.close();
    places.clear();
  };

  return {
    state,
    forget,
    close: () => {
      stop();
      forget();
    },
  };
};
