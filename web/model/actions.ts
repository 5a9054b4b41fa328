import type { PatchObject } from '#jmap/core.ts';
import type { EmailId, MailboxId } from '#jmap/ids.ts';
import type { Mailbox, Role } from '#jmap/mail.ts';
import { pointerToken } from '#jmap/pointer.ts';
import type { Connection } from './connection.ts';
import { modelError } from './errors.ts';
import { counted } from './format.ts';
import type { List, Taken } from './list.ts';
import type { Mail } from './mail.ts';
import { mailboxName } from './mailboxes.ts';
import { inverse, type Outcome, type Patches } from './records.ts';
import { headsOf, leavingRows, pageOfAll, rowCount, sourcesOf, type Target } from './targets.ts';
import type { Toasts } from './toasts.ts';
import type { EmailHead } from './types.ts';
import type { Undoable, UndoStack } from './undo.ts';

export interface Question {
  title: string;
  text: string;
  yes: string;
  no: string;
}

export interface ActionParts {
  connection: Connection;
  toasts: Toasts;
  undo: UndoStack;
  /** Asks before what cannot be undone. */
  confirm: (question: Question) => Promise<boolean>;
}

export interface Actions {
  archive(target: Target): Promise<void>;
  /** To Trash; from Trash for ever, after a question. */
  remove(target: Target): Promise<void>;
  junk(target: Target): Promise<void>;
  notJunk(target: Target): Promise<void>;
  move(target: Target, to: MailboxId): Promise<void>;
  star(target: Target, on: boolean): Promise<void>;
  read(target: Target, yes: boolean): Promise<void>;
  /** This message and the newer ones of its conversation. */
  unreadFrom(mail: Mail, id: EmailId): Promise<void>;
  /** z */
  undoLast(): void;
}

const title = (heads: readonly EmailHead[], rows: number): string => {
  const subject = heads.at(-1)?.subject?.trim();
  return rows === 1 ? `“${subject || '(no subject)'}”` : counted(rows, 'conversation');
};

const moved = (head: EmailHead, sources: readonly string[], to: MailboxId, also: PatchObject): PatchObject | null => {
  const from = Object.keys(head.mailboxIds).filter((id) => sources.includes(id) && id !== to);
  if (from.length === 0) return null;
  return { ...Object.fromEntries(from.map((id) => [`mailboxIds/${id}`, null])), [`mailboxIds/${to}`]: true, ...also };
};

const keyword = (name: string, on: boolean): PatchObject => ({ [`keywords/${pointerToken(name)}`]: on ? true : null });

export const openActions = ({ connection, toasts, undo, confirm }: ActionParts): Actions => {
  /** Words for what the server would not take. */
  const tellRefused = (mail: Mail, { refused, error }: Outcome, boxes: Mailbox | null): void => {
    const first = refused[0];
    if (first) {
      const subject = mail.emails.peek(first.id)?.subject?.trim() || '(no subject)';
      const where = mail.mailboxes.get(Object.keys(mail.emails.peek(first.id)?.mailboxIds ?? {})[0] as MailboxId);
      const why = first.error.description ?? first.error.type;
      const place = where && boxes ? `is back in ${mailboxName(where)}` : 'is as it was';
      toasts.show(`“${subject}” ${place}. The server did not allow it: ${why}`, { tone: 'failed' });
    } else if (error && error.code !== 'auth/signed-out')
      toasts.show('The change could not be made. Everything is as it was.', { tone: 'failed' });
  };

  interface Step {
    mail: Mail;
    patches: Patches;
    /** Row ids that leave the list. */
    leave: { list: List; ids: readonly EmailId[] } | null;
    label: string;
    icon: string;
    /** The mailbox the mail goes to; null for marks. */
    to: Mailbox | null;
    /** Small marks do not deserve a toast; they can be undone all the same. */
    quiet: boolean;
  }

  const run = ({ mail, patches, leave, label, icon, to, quiet }: Step): void => {
    const back: Record<string, PatchObject> = {};
    for (const [id, patch] of Object.entries(patches)) {
      const head = mail.emails.peek(id);
      if (head) back[id] = inverse(head, patch);
    }
    const taken: Taken | null = leave ? leave.list.take(leave.ids) : null;
    const done = mail.emails.change(patches);
    const item: Undoable = {
      label,
      undo: () => {
        if (leave && taken) leave.list.putBack(taken);
        void mail.emails.change(back).then((outcome) => tellRefused(mail, outcome, to));
      },
    };
    undo.push(item);
    if (!quiet) toasts.show(label, { icon, actions: [{ label: 'Undo', cap: 'Z', run: () => undoOne(item) }] });
    void done.then((outcome) => {
      if (outcome.refused.length === 0 && !outcome.error) return;
      undo.drop(item);
      if (leave && taken) leave.list.putBack(taken);
      if (leave) void leave.list.refresh();
      tellRefused(mail, outcome, to);
    });
  };

  const undoOne = (item?: Undoable): void => {
    const label = undo.undo(item);
    if (label === null) toasts.show('Nothing to undo', { life: 3_000 });
    else toasts.show(`Undone: ${label.charAt(0).toLowerCase()}${label.slice(1)}`, { icon: 'undo-2', life: 4_000 });
  };

  const guard = async (act: () => Promise<void>): Promise<void> => {
    try {
      await act();
    } catch (error) {
      const { code } = modelError(error);
      if (code !== 'auth/signed-out')
        toasts.show(
          code === 'net/offline'
            ? 'You are offline. Nothing was changed.'
            : 'The server could not do that. Nothing was changed.',
          { tone: 'failed' },
        );
    }
  };

  const moveTo = async (
    target: Target,
    to: Mailbox,
    verb: string,
    icon: string,
    also: PatchObject = {},
  ): Promise<void> => {
    const { mail } = target;
    const heads = await headsOf(connection, target);
    const sources = sourcesOf(target, heads);
    const patches: Record<string, PatchObject> = {};
    for (const head of heads) {
      const patch = moved(head, sources, to.id, also);
      if (patch) patches[head.id] = patch;
    }
    const rows = rowCount(target);
    if (Object.keys(patches).length === 0) {
      toasts.show(`${title(heads, rows)} is already in ${mailboxName(to)}`, { icon, life: 4_000 });
      return;
    }
    const label =
      verb === 'Moved' ? `Moved ${title(heads, rows)} to ${mailboxName(to)}` : `${verb} ${title(heads, rows)}`;
    run({ mail, patches, leave: leavingRows(target), label, icon, to, quiet: false });
    if (target.rows === 'all') void target.list?.refresh();
  };

  const toRole = (
    target: Target,
    role: 'archive' | 'trash' | 'junk',
    verb: string,
    icon: string,
    also?: PatchObject,
  ): Promise<void> =>
    guard(async () => {
      const all: Role = role === 'archive' && !target.mail.mailboxes.byRole('archive') ? 'all' : role;
      const to = target.mail.mailboxes.byRole(all) ?? (await target.mail.mailboxes.need(role));
      if (to) await moveTo(target, to, verb, icon, also);
      else toasts.show(`This account has no ${role} folder, and the server would not make one.`, { tone: 'failed' });
    });

  const destroy = async (target: Target): Promise<void> => {
    const { mail, list } = target;
    const rows = rowCount(target);
    const heads = (await headsOf(connection, target)).filter(
      (head) => target.query.mailboxId === null || Object.hasOwn(head.mailboxIds, target.query.mailboxId),
    );
    if (heads.length === 0) return;
    const what = title(heads, rows);
    const sure = await confirm({
      title: `Delete ${what} for ever?`,
      text: 'It is removed from the server at once and cannot be brought back.',
      yes: 'Delete for ever',
      no: 'Keep',
    });
    if (!sure) return;
    const taken = list?.take(target.rows === 'all' ? [] : target.rows) ?? null;
    const ids = heads.map((head) => head.id);
    for (let from = 0; from < ids.length; from += pageOfAll) {
      const some = ids.slice(from, from + pageOfAll);
      const answer = await connection.call('Email/set', { accountId: mail.id, destroy: some }).answer;
      mail.emails.gone(answer.destroyed ?? []);
      const no = Object.values(answer.notDestroyed ?? {})[0];
      if (no) {
        if (taken) list?.putBack(taken);
        toasts.show(`${what} is still there. The server did not allow it: ${no.description ?? no.type}`, {
          tone: 'failed',
        });
        return;
      }
    }
    toasts.show(`Deleted ${what} for ever`, { icon: 'trash' });
    void list?.refresh();
  };

  const mark = (
    target: Target,
    patchOf: (heads: EmailHead[]) => Record<string, PatchObject>,
    verb: string,
    icon: string,
  ): Promise<void> =>
    guard(async () => {
      const heads = await headsOf(connection, target);
      const patches = patchOf(heads);
      if (Object.keys(patches).length === 0) return;
      const rows = rowCount(target);
      run({
        mail: target.mail,
        patches,
        leave: null,
        label: `${verb} ${title(heads, rows)}`,
        icon,
        to: null,
        quiet: rows === 1,
      });
    });

  const each = (heads: readonly EmailHead[], name: string, on: boolean): Record<string, PatchObject> =>
    Object.fromEntries(
      heads.filter((head) => Object.hasOwn(head.keywords, name) !== on).map((head) => [head.id, keyword(name, on)]),
    );

  /** The newest message of each conversation. */
  const latest = (heads: readonly EmailHead[]): EmailHead[] => {
    const byThread = new Map<string, EmailHead>();
    for (const head of heads) if (!Object.hasOwn(head.keywords, '$draft')) byThread.set(head.threadId, head);
    return [...byThread.values()];
  };

  return {
    archive: (target) => toRole(target, 'archive', 'Archived', 'archive'),
    remove: (target) => {
      const trash = target.mail.mailboxes.byRole('trash');
      const forEver = trash !== undefined && target.query.mailboxId === trash.id;
      return forEver ? guard(() => destroy(target)) : toRole(target, 'trash', 'Deleted', 'trash');
    },
    junk: (target) =>
      toRole(target, 'junk', 'Reported as junk:', 'octagon-alert', {
        ...keyword('$junk', true),
        ...keyword('$notjunk', false),
      }),
    notJunk: (target) =>
      guard(async () => {
        const inbox = target.mail.mailboxes.byRole('inbox');
        if (inbox)
          await moveTo(target, inbox, 'Not junk:', 'inbox', {
            ...keyword('$junk', false),
            ...keyword('$notjunk', true),
          });
      }),
    move: (target, to) =>
      guard(async () => {
        const mailbox = target.mail.mailboxes.get(to);
        if (mailbox) await moveTo(target, mailbox, 'Moved', 'folder-input');
      }),
    star: (target, on) =>
      mark(target, (heads) => each(on ? latest(heads) : heads, '$flagged', on), on ? 'Starred' : 'Unstarred', 'star'),
    read: (target, yes) =>
      mark(
        target,
        (heads) => each(yes ? heads : latest(heads), '$seen', yes),
        yes ? 'Marked read:' : 'Marked unread:',
        'mail-open',
      ),
    unreadFrom: (mail, id) =>
      guard(async () => {
        const head = mail.emails.peek(id);
        const ids = (head && mail.threads.peek(head.threadId)?.emailIds) ?? [id];
        const heads = ids
          .slice(ids.indexOf(id))
          .map((one) => mail.emails.peek(one))
          .filter((one) => one !== undefined);
        const patches = each(heads, '$seen', false);
        if (Object.keys(patches).length > 0)
          run({
            mail,
            patches,
            leave: null,
            label: `Marked unread: ${title(heads, 1)}`,
            icon: 'mail',
            to: null,
            quiet: true,
          });
      }),
    undoLast: () => undoOne(),
  };
};
