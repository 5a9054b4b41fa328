import type { Clock } from '#base/clock.ts';
import type { EmailId, SubmissionId } from '#jmap/ids.ts';
import type { OutboxProperties } from '#jmap/keep.ts';
import type { EmailSubmission } from '#jmap/mail.ts';
import type { Connection } from './connection.ts';
import { ModelError } from './errors.ts';
import { clockTime } from './format.ts';
import type { Mail } from './mail.ts';
import type { Storage } from './prefs.ts';
import type { ToastAction, Toasts } from './toasts.ts';
import type { UndoStack } from './undo.ts';

/** How a letter that was handed in fares (docs/spec/outbox.md). `words`: the server's; times in Unix ms. */
export type Fate =
  | { at: 'held' }
  | { at: 'sending' }
  | { at: 'later'; when: number; words: string | null }
  | { at: 'sent'; refused: readonly { email: string; words: string }[] }
  | { at: 'failed'; words: string | null }
  /** The line broke while the server had the letter in hand. */
  | { at: 'unknown' }
  | { at: 'canceled' };

/** A letter on its way. Until `sendAt` (Unix ms) it can be taken back. */
export interface Leaving {
  mail: Mail;
  id: SubmissionId;
  sendAt: number;
  subject: string;
  /** Brings it back to be written on. */
  reopen(): void;
  /** Sends it at once, as another submission; null when that is not offered. */
  now: (() => Promise<Leaving>) | null;
  /** Once the mail server took it. */
  sent?(): void;
}

/** A letter that is handed in and has not left. */
export interface Waiting extends Pick<Leaving, 'mail' | 'id' | 'sendAt' | 'subject'> {
  emailId: EmailId;
  to: string;
  fate: Fate;
}

export interface Outbox {
  /** Takes a letter back to be written on; says when that comes too late. */
  takeBack(leaving: Pick<Leaving, 'mail' | 'id' | 'reopen'>): void;
  /** Counts down, then says how it ended. */
  watch(leaving: Leaving): void;
  /** Takes up what an earlier visit left: letters that are held, and those that failed meanwhile. Never rejects. */
  resume(mail: Mail, reopen: (emailId: EmailId) => void): Promise<void>;
}

export interface OutboxParts {
  connection: Connection;
  clock: Clock;
  toasts: Toasts;
  undo: UndoStack;
  storage: Storage;
}

/** Reply codes (RFC 5321 §4.2, RFC 3463) are for machines; the text after them is for people. */
export const plainWords = (reply: string): string =>
  reply
    .trim()
    .replace(/^\d{3}[ -](?:\d\.\d{1,3}\.\d{1,3}\s+)?/u, '')
    .replace(/\.$/u, '');

export const fateOf = (submission: EmailSubmission & Partial<OutboxProperties>): Fate => {
  const words = submission.words ? plainWords(submission.words) : null;
  switch (submission.stage ?? 'held') {
    case 'due':
      return submission.tries && submission.nextTryAt
        ? { at: 'later', when: Date.parse(submission.nextTryAt), words }
        : { at: 'held' };
    case 'sending':
      return { at: 'sending' };
    case 'sent':
    case 'filed':
      return {
        at: 'sent',
        refused: Object.entries(submission.deliveryStatus ?? {}).flatMap(([email, { delivered, smtpReply }]) =>
          delivered === 'no' ? [{ email, words: plainWords(smtpReply) }] : [],
        ),
      };
    case 'failed':
      return { at: 'failed', words };
    case 'unknown':
      return { at: 'unknown' };
    case 'canceled':
      return { at: 'canceled' };
    case 'held':
      return { at: 'held' };
  }
};

export const said = (words: string | null): string =>
  words ? `The server said: ${words}. ` : 'The server does not answer. ';

/** What the person is told; null while there is nothing to tell. */
export const fateWords = (fate: Fate, subject: string): { text: string; tone: 'done' | 'failed' } | null => {
  const named = `“${subject.trim() || 'no subject'}”`;
  switch (fate.at) {
    case 'sent': {
      const [first, ...more] = fate.refused;
      if (!first) return { text: 'Sent', tone: 'done' };
      const others = more.length > 0 ? ` and ${more.length} more` : '';
      return { text: `Sent ${named}, but not to ${first.email}${others}. ${said(first.words)}`.trim(), tone: 'failed' };
    }
    case 'failed':
      return { text: `Not sent yet: ${named}. ${said(fate.words)}It is kept in your drafts.`, tone: 'failed' };
    case 'later':
      return {
        text: `Not sent yet: ${named}. ${said(fate.words)}Trying again at ${clockTime(fate.when)}.`,
        tone: 'failed',
      };
    case 'unknown':
      return {
        text: `It is not known whether ${named} went out: the connection broke while the server had it. Ask, or look in Sent, before you send it again. It is kept in your drafts.`,
        tone: 'failed',
      };
    case 'held':
    case 'sending':
    case 'canceled':
      return null;
  }
};

export const isFinal = ({ at }: Fate): boolean => at !== 'held' && at !== 'sending' && at !== 'later';

/** Push tells of changes; a look now and then finds what push missed. */
const looks = [1_500, 3_000, 5_000, 10_000, 30_000];
/** What failed longer ago than this is not told any more. */
const memory = 7 * 86_400_000;
/** What another program sends later than this is not counted down: it stands in the outbox, and is not what `z` takes back. */
const longestCount = 60_000;
const toldKey = 'postern.outbox.told';

export const openOutbox = ({ connection, clock, toasts, undo, storage }: OutboxParts): Outbox => {
  const told = (): string[] => storage.get(toldKey)?.split(' ') ?? [];
  const tell = (id: string): void => storage.set(toldKey, [...told(), id].slice(-100).join(' '));

  const fetchFates = async (mail: Mail, ids: readonly SubmissionId[]) =>
    (await connection.call('EmailSubmission/get', { accountId: mail.id, ids: [...ids] }).answer).list;

  const set = async (mail: Mail, id: SubmissionId, patch: Record<string, unknown>): Promise<boolean> => {
    const answer = await connection.call('EmailSubmission/set', { accountId: mail.id, update: { [id]: patch } }).answer;
    return Object.hasOwn(answer.updated ?? {}, id);
  };

  /** Calls `hear` with each new fate until the last; returns what stops it. */
  const follow = ({ mail, id, sendAt }: Leaving, hear: (fate: Fate) => void): (() => void) => {
    let known = '';
    let turn = 0;
    let stopped = false;
    let cancel = (): void => undefined;
    const stop = (): void => {
      stopped = true;
      cancel();
      unlisten();
    };
    const again = (fate: Fate | null): void => {
      cancel();
      const next = fate?.at === 'later' ? fate.when : sendAt;
      const wait = looks[Math.min(turn, looks.length - 1)] ?? 30_000;
      turn += next > clock.now() ? 0 : 1;
      cancel = clock.after(Math.max(0, next - clock.now()) + wait, () => void look());
    };
    const look = async (): Promise<void> => {
      let fate: Fate | null = null;
      try {
        const [found] = await fetchFates(mail, [id]);
        fate = found ? fateOf(found) : { at: 'canceled' };
      } catch {
        // The line is down: the next look asks again.
      }
      if (stopped) return;
      if (fate && isFinal(fate)) stop();
      else again(fate);
      const now = JSON.stringify(fate);
      if (!fate || now === known) return;
      known = now;
      hear(fate);
    };
    const unlisten = mail.onSubmissions(() => void look());
    again(null);
    return stop;
  };

  const ended = (leaving: Leaving, fate: Fate): void => {
    const words = fateWords(fate, leaving.subject);
    if (!words) return;
    const edit: ToastAction = { label: 'Edit', run: () => (toasts.dismiss(), leaving.reopen()) };
    const again: ToastAction = {
      label: 'Send again',
      run: () => {
        toasts.dismiss();
        set(leaving.mail, leaving.id, { stage: 'due' }).then(
          (yes) => (yes ? watch({ ...leaving, sendAt: clock.now() }) : leaving.reopen()),
          () => leaving.reopen(),
        );
      },
    };
    const back: ToastAction = { label: 'Edit', run: () => takeBack(leaving) };
    const actions = { sent: [], failed: [edit], later: [back], unknown: [edit, again] };
    if (isFinal(fate)) tell(leaving.id);
    if (fate.at === 'sent') leaving.sent?.();
    toasts.show(words.text, {
      tone: words.tone,
      icon: 'send',
      actions: fate.at in actions ? actions[fate.at as keyof typeof actions] : [],
      ...(words.tone === 'done' ? { life: 4_000 } : {}),
    });
  };

  const takeBack: Outbox['takeBack'] = (leaving) => {
    toasts.dismiss();
    set(leaving.mail, leaving.id, { undoStatus: 'canceled' }).then(
      (inTime) => {
        if (inTime) leaving.reopen();
        else toasts.show('It was already sent.', { tone: 'failed' });
      },
      () => toasts.show('The letter could not be taken back. It may already be on its way.', { tone: 'failed' }),
    );
  };

  const watch = (leaving: Leaving): void => {
    const left = (): number => Math.ceil((leaving.sendAt - clock.now()) / 1000);
    const words = (): string => (left() > 0 ? `Sending in ${left()} s` : 'Sending');
    let cancelTick = (): void => undefined;
    const over = (): void => {
      cancelTick();
      unfollow();
      undo.drop(item);
      toasts.dismiss(toast);
    };
    const item = {
      label: 'Sending',
      undo: () => {
        over();
        takeBack(leaving);
      },
    };
    const sendNow = (): void => {
      over();
      leaving
        .now?.()
        .then(watch, (error: unknown) =>
          toasts.show(error instanceof ModelError ? error.message : 'Postern does not answer.', { tone: 'failed' }),
        );
    };
    const held = left() > 0;
    let toast = toasts.show(words(), {
      icon: 'send',
      life: null,
      actions: held
        ? [
            { label: 'Undo', cap: 'Z', run: () => undo.undo(item) },
            ...(leaving.now ? [{ label: 'Send now', run: sendNow }] : []),
          ]
        : [],
    });
    const unfollow = follow(leaving, (fate) => {
      if (fate.at === 'held') return;
      undo.drop(item);
      cancelTick();
      toasts.dismiss(toast);
      if (fate.at === 'sending') toast = toasts.show('Sending', { icon: 'send', life: null, announce: false });
      else ended(leaving, fate);
    });
    if (!held) return;
    undo.push(item);
    const tick = (): void => {
      toasts.update(toast, words());
      if (left() > 0) cancelTick = clock.after(1000, tick);
    };
    cancelTick = clock.after(1000, tick);
  };

  return {
    takeBack,
    watch,
    resume: async (mail, reopen) => {
      try {
        const after = `${new Date(clock.now() - memory).toISOString().slice(0, 19)}Z` as EmailSubmission['sendAt'];
        const query = connection.call('EmailSubmission/query', { accountId: mail.id, filter: { after }, limit: 50 });
        const found = connection.call('EmailSubmission/get', { accountId: mail.id, '#ids': query.ref('/ids') });
        const before = told();
        for (const submission of (await found.answer).list) {
          const fate = fateOf(submission);
          const bad = fate.at === 'failed' || fate.at === 'unknown' || (fate.at === 'sent' && fate.refused.length > 0);
          const missed = bad && !before.includes(submission.id);
          const underWay = !isFinal(fate);
          if (!missed && !underWay) continue;
          await mail.needHeads([submission.emailId]).catch(() => undefined);
          const leaving: Leaving = {
            mail,
            id: submission.id,
            sendAt: Date.parse(submission.sendAt),
            subject: mail.emails.peek(submission.emailId)?.subject ?? '',
            reopen: () => reopen(submission.emailId),
            now: null,
          };
          const counts = fate.at !== 'later' && leaving.sendAt - clock.now() <= longestCount;
          if (underWay && counts) watch(leaving);
          else if (underWay) follow(leaving, (next) => ended(leaving, next));
          else ended(leaving, fate);
        }
      } catch {
        // Without the outbox the mail is still there; the next visit asks again.
      }
    },
  };
};
