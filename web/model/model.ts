import { computed, effect, signal, untracked, type ReadonlySignal, type Signal } from '@preact/signals-core';
import type { Clock } from '#base/clock.ts';
import type { StateChange } from '#jmap/core.ts';
import type { AccountId } from '#jmap/ids.ts';
import { openActions, type Actions, type Question } from './actions.ts';
import { openFollower, type Follower } from './changes.ts';
import { openComposer } from './compose-port.ts';
import { openConnection, type Connection, type Fetch } from './connection.ts';
import { openLock, type Lock, type LockPorts } from './lock.ts';
import { openMail, type Mail } from './mail.ts';
import { outboxLater, type LaterOutbox } from './outbox-later.ts';
import { openPlaces, type PlaceState } from './place.ts';
import { openPrefs, type PageStorage, type Prefs } from './prefs.ts';
import { openPush, type Height, type Push, type PushPorts } from './push.ts';
import { openReading, type Reading } from './reading.ts';
import { watchRefusals } from './refusals.ts';
import { openRouter, type History, type Router } from './route.ts';
import { openSession, type Session } from './session.ts';
import { openTheme, type Theme } from './theme.ts';
import { openToasts, type Toasts } from './toasts.ts';
import { openUndo, type UndoStack } from './undo.ts';

/** What the model needs of the outside. Tests give their own. */
export interface ModelParts {
  fetch: Fetch;
  clock: Clock;
  history: History;
  storage: PageStorage;
  push: PushPorts;
  lock: LockPorts;
  /** The system prefers dark. */
  systemDark: ReadonlySignal<boolean>;
  /** The window has room for one pane only. */
  onePane: ReadonlySignal<boolean>;
}

export interface AskedQuestion extends Question {
  answer(yes: boolean): void;
}

export interface Model {
  readonly clock: Clock;
  readonly connection: Connection;
  readonly session: Session;
  readonly lock: Lock;
  /** The accounts of the signed-in user, in their order; empty before. */
  readonly mails: ReadonlySignal<readonly Mail[]>;
  /** The account on the screen; the first of them in a list of several. */
  readonly mail: ReadonlySignal<Mail | null>;
  readonly router: Router;
  readonly places: ReadonlySignal<PlaceState>;
  readonly reading: Reading;
  readonly actions: Actions;
  readonly undo: UndoStack;
  /** Letters on their way. */
  readonly outbox: LaterOutbox;
  readonly toasts: Toasts;
  readonly storage: PageStorage;
  readonly prefs: Prefs;
  readonly theme: ReadonlySignal<Theme>;
  readonly onePane: ReadonlySignal<boolean>;
  /** Asks before what cannot be undone. */
  ask(question: Question): Promise<boolean>;
  /** A question that waits for its answer. */
  readonly question: Signal<AskedQuestion | null>;
  /** The day as the lists need it; moves at midnight. */
  readonly today: ReadonlySignal<Date>;
  /** Changes that the server has not confirmed, of all accounts. */
  readonly waiting: ReadonlySignal<number>;
  /** Mail documents tell how tall they are, by the token of their showing; returns what stops listening. */
  onHeight(token: string, listener: (height: Height) => void): () => void;
  /** Looks for new mail at once. */
  check(): void;
  /** The page became visible, or the line is back. */
  wake(): void;
  signOut(): Promise<void>;
  close(): void;
}

const minute = 60_000;

/** Minutes pass: what says "Today" moves on. */
const openToday = (clock: Clock): { today: ReadonlySignal<Date>; close: () => void } => {
  const today = signal(new Date(clock.now()));
  let cancel = (): void => undefined;
  const tick = (): void => {
    const now = new Date(clock.now());
    if (now.toDateString() !== today.peek().toDateString()) today.value = now;
    cancel = clock.after(minute, tick);
  };
  cancel = clock.after(minute, tick);
  return { today, close: () => cancel() };
};

export const openModel = (parts: ModelParts): Model => {
  const { clock, onePane } = parts;
  const connection = openConnection({ fetch: parts.fetch, clock });
  const session = openSession(connection);
  const router = openRouter(parts.history);
  const prefs = openPrefs(parts.storage);
  const lock = openLock({
    connection,
    fetch: parts.fetch,
    clock,
    storage: parts.storage,
    ports: parts.lock,
    after: prefs.lockAfter,
  });
  const toasts = openToasts(clock);
  const undo = openUndo();
  const outbox = outboxLater({ connection, clock, toasts, undo, storage: parts.storage });
  const question = signal<AskedQuestion | null>(null);
  const mails = signal<readonly Mail[]>([]);
  const followers = new Map<AccountId, Follower>();
  const { today, close: closeToday } = openToday(clock);

  const confirm = (asked: Question): Promise<boolean> =>
    new Promise((resolve) => {
      question.value = {
        ...asked,
        answer: (yes) => {
          question.value = null;
          resolve(yes);
        },
      };
    });

  const quietly = (work: Promise<void> | undefined): void => {
    work?.catch(() => undefined);
  };
  const changed = ({ changed: accounts }: StateChange): void => {
    for (const [id, states] of Object.entries(accounts)) quietly(followers.get(id as AccountId)?.follow(states));
  };
  const check = (): void => {
    for (const follower of followers.values()) quietly(follower.check());
  };

  const heightListeners = new Map<string, (height: Height) => void>();

  const push: Push = openPush(parts.push, clock, {
    changed,
    height: (height) => heightListeners.get(height.token)?.(height),
    session: () => {
      void session.open();
      check();
    },
    reopened: check,
    signedOut: () => connection.closed(),
  });

  const places = openPlaces(connection, clock, router.mail, mails);
  const reading = openReading(router, places.state, onePane, clock);

  /** Accounts that were let go of while Postern is locked; letters being written go on with them. */
  let resting: readonly Mail[] = [];
  const letGo = (): void => {
    push.stop();
    followers.clear();
    resting = [...mails.peek(), ...resting];
    for (const mail of resting) mail.forget();
    mails.value = [];
    places.forget();
    undo.clear();
    toasts.dismiss();
    question.peek()?.answer(false);
  };

  /** Accounts follow the session; an account that stays keeps its records. */
  const stopAccounts = effect(() => {
    const now = session.state.value;
    untracked(() => {
      if (now.at === 'signed-out') {
        letGo();
        resting = [];
      }
      if (now.at === 'locked') letGo();
      if (now.at !== 'signed-in') return;
      for (const id of followers.keys()) if (!now.jmap.accounts[id]) followers.delete(id);
      mails.value = Object.entries(now.jmap.accounts)
        .filter(([, account]) => account.accountCapabilities['urn:ietf:params:jmap:mail'])
        .map(([id, account]) => {
          const known = mails.peek().find((mail) => mail.id === id);
          if (known) return known;
          const mail = resting.find((each) => each.id === id) ?? openMail(connection, id as AccountId, account);
          followers.set(mail.id, openFollower(connection, mail));
          void mail
            .load()
            .then(() =>
              outbox.resume(mail, (emailId) => void openComposer({ kind: 'draft', accountId: mail.id, emailId })),
            );
          return mail;
        });
      resting = [];
      push.start();
    });
  });

  const stopRefusals = watchRefusals(mails, toasts);
  const actions = openActions({ connection, toasts, undo, confirm, cameBack: reading.cameBack });

  const mail = computed(() => {
    const state = places.state.value;
    if (state.at === 'open') return state.place.mails[0] ?? null;
    return state.mail ?? mails.value[0] ?? null;
  });

  return {
    clock,
    connection,
    session,
    lock,
    mails,
    mail,
    router,
    places: places.state,
    reading,
    actions,
    undo,
    outbox,
    toasts,
    storage: parts.storage,
    prefs,
    theme: openTheme(prefs.theme, parts.systemDark),
    onePane,
    ask: confirm,
    question,
    today,
    waiting: computed(() => mails.value.reduce((sum, each) => sum + each.emails.waiting.value, 0)),
    onHeight: (token, listener) => {
      heightListeners.set(token, listener);
      return () => heightListeners.delete(token);
    },
    check,
    wake: () => {
      lock.wake();
      if (session.state.peek().at === 'unreachable') void session.open();
      connection.wake();
      push.wake();
    },
    signOut: async () => {
      const safe = await lock.keep();
      const lose = {
        title: 'Sign out without what you wrote?',
        text: 'A letter is on this device alone: the server does not have it yet. Signing out deletes it here.',
        yes: 'Sign out',
        no: 'Stay',
      };
      if (!safe && !(await confirm(lose))) return;
      if (await session.signOut()) push.tellSignedOut();
      else
        toasts.show('Postern does not answer: you are still signed in. Sign out again when it does.', {
          tone: 'failed',
        });
    },
    close: () => {
      push.stop();
      lock.close();
      reading.close();
      places.close();
      stopAccounts();
      stopRefusals();
      closeToday();
    },
  };
};
