import { computed, effect, signal, untracked, type ReadonlySignal, type Signal } from '@preact/signals-core';
import type { Clock } from '#base/clock.ts';
import { must } from '#base/must.ts';
import type { MailboxId } from '#jmap/ids.ts';
import type { EmailFilter, Mailbox, Role } from '#jmap/mail.ts';
import { gathered } from './all-inboxes.ts';
import type { Connection } from './connection.ts';
import { openList, type List, type RowId } from './list.ts';
import type { Mail } from './mail.ts';
import { mailboxName } from './mailboxes.ts';
import type { openMergedList } from './merged-list.ts';
import type { AllBox, MailRoute, Show } from './route.ts';
import { ask, type Question } from './search.ts';
import { openSelection, type Selection } from './selection.ts';
import type { Filter, ListQuery } from './types.ts';

/** A list with what belongs to it while it is on the screen and for a while after. */
export interface Place {
  readonly key: string;
  /** The account whose list it is; null when it is of several. */
  readonly mail: Mail | null;
  /** The accounts in it, in their order. */
  readonly mails: readonly Mail[];
  /** `Inbox`, `Starred`, `Search`, `All inboxes` */
  readonly title: string;
  readonly box: string;
  /** What it gathers of several accounts; null when it is a list of one, or a search. */
  readonly all: AllBox | null;
  /** The mailboxes whose mail it is; none for lists across mailboxes. */
  readonly mailboxes: readonly { mail: Mail; id: MailboxId }[];
  /** What these mailboxes are for. */
  readonly role: Role | null;
  readonly show: Show;
  /** What was asked, in a search. */
  readonly question: Question | null;
  readonly list: List;
  /** Accounts that belong in it and could not be fetched. */
  readonly missing: ReadonlySignal<readonly Mail[]>;
  readonly selection: Selection;
  /** The focused row. */
  readonly cursor: Signal<RowId | null>;
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

interface WantedPart {
  mail: Mail;
  mailbox: Mailbox | null;
  filter: Filter | null;
}

interface Wanted {
  title: string;
  box: string;
  all: AllBox | null;
  show: Show;
  question: Question | null;
  parts: readonly WantedPart[];
  /** Accounts that belong here and could not be opened. */
  absent: readonly Mail[];
}

/** Lists kept ready besides the one shown. */
const kept = 6;
/** Milliseconds before code that could not be fetched is asked for again. */
const retryAfter = 2_000;

const shows: Record<Show, EmailFilter> = {
  everything: {},
  unread: { notKeyword: '$seen' },
  starred: { hasKeyword: '$flagged' },
  files: { hasAttachment: true },
};

/** The account a route names by its address or id; the first when it names none. */
export const mailOf = (mails: readonly Mail[], name: string | null): Mail | undefined =>
  (name === null ? undefined : mailNamed(mails, name)) ?? mails[0];

/** How routes name an account. */
export const accountName = (mail: Mail): string => mail.account.name || mail.id;

/** The account a route names by its address or id, if it is among these. */
export const mailNamed = (mails: readonly Mail[], name: string): Mail | undefined =>
  mails.find((mail) => mail.account.name === name || mail.id === name);

/** What is gathered of several accounts is called. */
const allTitles: Record<AllBox, string> = { inbox: 'All inboxes', starred: 'Starred', drafts: 'Drafts' };

/** How routes name a mailbox. */
export const boxName = (mailbox: Mailbox): string => mailbox.role ?? mailbox.id;

/** The one folder whose mail a list is; null when it is of several, or of none. */
export const onlyFolder = ({ mailboxes: [only, ...others] }: Place): { mail: Mail; mailbox: Mailbox } | null => {
  const mailbox = others.length === 0 ? only?.mail.mailboxes.get(only.id) : undefined;
  return only && mailbox ? { mail: only.mail, mailbox } : null;
};

type NotOpen = Exclude<PlaceState, { at: 'open' }>;

/** The accounts that could be opened, once none is still on its way. */
const openedOf = (mails: readonly Mail[]): { here: readonly Mail[]; absent: readonly Mail[] } | NotOpen => {
  const waiting = mails.find((mail) => !mail.mailboxes.all.value && !mail.trouble.value);
  const here = mails.filter((mail) => mail.mailboxes.all.value);
  if (waiting || here.length === 0) return { at: 'opening', mail: waiting ?? mails[0] ?? null };
  return { here, absent: mails.filter((mail) => !here.includes(mail)) };
};

const wantedSearch = (
  { text, account }: Extract<MailRoute, { at: 'search' }>,
  mails: readonly Mail[],
  now: Date,
): Wanted | NotOpen => {
  const one = account === null ? undefined : mailOf(mails, account);
  const opened = openedOf(one ? [one] : mails);
  if ('at' in opened) return opened;
  const asked = opened.here.map((mail) => ({ mail, question: ask(text, mail.mailboxes, now) }));
  const [first] = asked;
  const parts = asked.filter(({ question }) => question.filter !== null);
  if (!first || parts.length === 0) return { at: 'empty-search', mail: first?.mail ?? (mails[0] as Mail) };
  /** An account without the folder that was named has nothing to answer, as long as another has it. */
  const least = Math.min(...parts.map(({ question }) => question.unanswered.length));
  const best = parts.filter(({ question }) => question.unanswered.length === least);
  return {
    title: 'Search',
    box: 'search',
    all: null,
    show: 'everything',
    question: best[0]?.question ?? null,
    parts: best.map(({ mail, question }) => ({ mail, mailbox: null, filter: question.filter })),
    absent: opened.absent,
  };
};

const starred = (mail: Mail, show: Show): WantedPart => ({
  mail,
  mailbox: null,
  filter: { ...shows[show], hasKeyword: '$flagged', inMailboxOtherThan: [...mail.mailboxes.hidden.value] },
});

const within = (mail: Mail, mailbox: Mailbox, show: Show): WantedPart => ({
  mail,
  mailbox,
  filter: { inMailbox: mailbox.id, ...shows[show] },
});

const wantedAll = (mails: readonly Mail[], box: AllBox, show: Show): Wanted | NotOpen => {
  const opened = openedOf(mails);
  if ('at' in opened) return opened;
  const parts = opened.here.flatMap((mail): WantedPart[] => {
    if (box === 'starred') return [starred(mail, show)];
    const mailbox = mail.mailboxes.byRole(box);
    return mailbox ? [within(mail, mailbox, show)] : [];
  });
  if (parts.length === 0) return { at: 'missing', mail: opened.here[0] as Mail };
  return { title: allTitles[box], box, all: box, show, question: null, parts, absent: opened.absent };
};

const wantedOf = (route: MailRoute, mails: readonly Mail[], now: Date): Wanted | NotOpen => {
  if (route.at === 'search') return wantedSearch(route, mails, now);
  const show = route.at === 'home' ? 'everything' : route.show;
  const all = route.at === 'all' ? gathered(mails) : [];
  if (route.at === 'all' && all.length > 0) return wantedAll(all, route.box, show);
  const mail = mailOf(mails, route.at === 'mailbox' ? route.account : null);
  if (!mail?.mailboxes.all.value) return { at: 'opening', mail: mail ?? null };
  const box = route.at === 'home' ? 'inbox' : route.box;
  const just = { box, all: null, show, question: null, absent: [] };
  if (box === 'starred') return { ...just, title: 'Starred', parts: [starred(mail, show)] };
  const mailbox =
    [...mail.mailboxes.all.value.values()].find((each) => each.role === box) ?? mail.mailboxes.get(box as MailboxId);
  if (!mailbox) return { at: 'missing', mail };
  return { ...just, title: mailboxName(mailbox), parts: [within(mail, mailbox, show)] };
};

export const openPlaces = (
  connection: Connection,
  clock: Clock,
  route: ReadonlySignal<MailRoute>,
  mails: ReadonlySignal<readonly Mail[]>,
): { state: ReadonlySignal<PlaceState>; forget(): void; close(): void } => {
  const state = signal<PlaceState>({ at: 'opening', mail: null });
  const places = new Map<string, Place>();

  /** Lists of several accounts; who has one account never fetches their code. */
  const merging = signal<typeof openMergedList | null>(null);
  let fetching = false;
  const fetchMerging = (): void => {
    if (fetching) return;
    fetching = true;
    import('./merged-list.ts').then(
      (code) => {
        merging.value = code.openMergedList;
      },
      () => {
        fetching = false;
        clock.after(retryAfter, fetchMerging);
      },
    );
  };

  /** Null until there is the code for it. */
  const place = (wanted: Wanted, merge: typeof openMergedList | null): Place | null => {
    const { title, box, all, show, question, parts, absent } = wanted;
    const queries = parts.map(({ mail, mailbox, filter }): ListQuery => ({
      accountId: mail.id,
      filter,
      sort: [{ property: 'receivedAt', isAscending: false }],
      collapse: mailbox?.role !== 'drafts',
      mailboxId: mailbox?.id ?? null,
    }));
    const key = JSON.stringify([
      title,
      all,
      queries.map(({ accountId, filter, collapse }) => [accountId, filter, collapse]),
    ]);
    const known = places.get(key);
    places.delete(key);
    if (known) {
      places.set(key, known);
      return known;
    }
    const several = parts.length > 1;
    if (several && !merge) return null;
    const lists = parts.map(({ mail }, at) => openList(connection, mail, queries[at] as ListQuery));
    const list = several && merge ? merge(lists) : must(lists[0], 'a list is of an account');
    const made: Place = {
      key,
      mail: several || all !== null ? null : (parts[0]?.mail ?? null),
      mails: parts.map(({ mail }) => mail),
      title,
      box,
      all,
      mailboxes: parts.flatMap(({ mail, mailbox }) => (mailbox ? [{ mail, id: mailbox.id }] : [])),
      role: parts[0]?.mailbox?.role ?? null,
      show,
      question,
      list,
      missing: computed(() => [...list.missing.value, ...absent]),
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

  let shown: Place | null = null;
  const stop = effect(() => {
    const wanted = wantedOf(route.value, mails.value, new Date(clock.now()));
    const merge = merging.value;
    if (gathered(mails.value).length > 0 || ('parts' in wanted && wanted.parts.length > 1)) fetchMerging();
    untracked(() => {
      const now = 'at' in wanted ? null : place(wanted, merge);
      if (now && now === shown) return;
      shown?.list.awake(false);
      shown = now;
      now?.list.awake(true);
      if ('at' in wanted) state.value = wanted;
      else state.value = now ? { at: 'open', place: now } : { at: 'opening', mail: null };
    });
  });

  /** Lists are opened anew by whoever looks at them next. */
  const forget = (): void => {
    for (const { list } of places.values()) list.close();
    places.clear();
    shown = null;
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
