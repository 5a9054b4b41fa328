import { batch } from '@preact/signals-core';
import type { PatchObject } from '#jmap/core.ts';
import type { EmailId, MailboxId } from '#jmap/ids.ts';
import type { Mailbox, Role } from '#jmap/mail.ts';
import { pointerToken } from '#jmap/pointer.ts';
import type { Connection } from './connection.ts';
import type { List, RowId } from './list.ts';
import { ModelError, modelError } from './errors.ts';
import type { Mail } from './mail.ts';
import { mailboxName } from './mailboxes.ts';
import { inverse, type Outcome, type Patches } from './records.ts';
import { being, headsOf, leavingRows, rowCount, sourcesOf, title, type Leaving, type Target } from './targets.ts';
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
  /** Rows that had left a list are in it again. */
  cameBack: (list: List, rows: readonly RowId[]) => void;
}

export interface Actions {
  archive(target: Target): Promise<void>;
  /** To Trash; from Trash for ever, after a question. */
  remove(target: Target): Promise<void>;
  junk(target: Target): Promise<void>;
  notJunk(target: Target): Promise<void>;
  /** To a mailbox of the one account that the target is of. */
  move(target: Target, to: MailboxId): Promise<void>;
  star(target: Target, on: boolean): Promise<void>;
  read(target: Target, yes: boolean): Promise<void>;
  /** This message and the newer ones of its conversation. */
  unreadFrom(mail: Mail, id: EmailId): Promise<void>;
  /** z */
  undoLast(): void;
}

const goneWords = (heads: readonly EmailHead[], rows: number): string =>
  heads.length > 0
    ? `${being(heads, rows)} not here any more`
    : `${rows === 1 ? 'This conversation is' : 'These conversations are'} gone`;

const moved = (head: EmailHead, sources: readonly string[], to: MailboxId, also: PatchObject): PatchObject | null => {
  const from = Object.keys(head.mailboxIds).filter((id) => sources.includes(id) && id !== to);
  if (from.length === 0) return null;
  return { ...Object.fromEntries(from.map((id) => [`mailboxIds/${id}`, null])), [`mailboxIds/${to}`]: true, ...also };
};

const keyword = (name: string, on: boolean): PatchObject => ({ [`keywords/${pointerToken(name)}`]: on ? true : null });

export const openActions = ({ connection, toasts, undo, confirm, cameBack }: ActionParts): Actions => {
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

  /** What is done in one account. */
  interface Step {
    mail: Mail;
    patches: Patches;
    /** Rows that leave the list. */
    leave: Leaving | null;
    /** The mailbox the mail goes to; null for marks. */
    to: Mailbox | null;
    /** The list that only the server knows the whole of: asked again once the change is answered. */
    again?: List | null;
  }

  interface Deed {
    steps: readonly Step[];
    label: string;
    /** `“Board dinner” is` */
    being: string;
    icon: string;
    /** Small marks do not deserve a toast; they can be undone all the same. */
    quiet: boolean;
  }

  /** Whether all its mail was destroyed since. */
  const isGone = ({ mail, patches }: Step): boolean =>
    Object.keys(patches).every((id) => mail.emails.of(id).peek().at === 'gone');

  /** Starts a change; what the server refuses of it comes back by itself, and is not undone once more. */
  const begin = (step: Step, failed: () => void): (() => void) => {
    const { mail, patches, leave, to, again } = step;
    const back: Record<string, PatchObject> = {};
    for (const [id, patch] of Object.entries(patches)) {
      const head = mail.emails.peek(id);
      if (head) back[id] = inverse(head, patch);
    }
    const putBack = leave ? leave.list.take(leave.rows) : () => undefined;
    let stands = true;
    void mail.emails.change(patches).then((outcome) => {
      if (outcome.refused.length === 0 && !outcome.error) return void again?.refresh();
      stands = false;
      failed();
      putBack();
      void leave?.list.refresh();
      tellRefused(mail, outcome, to);
    });
    return () => {
      if (!stands || isGone(step)) return;
      putBack();
      void guard(async () => {
        // What left Trash for ever and lies elsewhere too was forgotten.
        const missing = mail.emails.missing(Object.keys(back)) as EmailId[];
        if (missing.length > 0) await mail.needHeads(missing);
        tellRefused(mail, await mail.emails.change(back), to);
      });
    };
  };

  const run = ({ steps, label, being: words, icon, quiet }: Deed): void => {
    let left = steps.length;
    const failed = (): void => {
      left -= 1;
      if (left === 0) undo.drop(item);
    };
    const backs = batch(() => steps.map((step) => begin(step, failed)));
    const item: Undoable = {
      label,
      hopeless: () => (steps.every(isGone) ? `${words} gone for ever and cannot be brought back` : null),
      undo: () => {
        batch(() => backs.forEach((back) => back()));
        const list = steps[0]?.leave?.list;
        if (list)
          cameBack(
            list,
            steps.flatMap(({ leave }) => leave?.rows ?? []),
          );
      },
    };
    undo.push(item);
    if (!quiet) toasts.show(label, { icon, actions: [{ label: 'Undo', cap: 'Z', run: () => undoOne(item) }] });
  };

  const undoOne = (item = undo.items.peek().at(-1)): void => {
    const hopeless = item?.hopeless?.() ?? null;
    const label = undo.undo(item);
    if (label !== null && hopeless !== null) toasts.show(hopeless);
    else if (label === null) toasts.show('Nothing to undo', { life: 3_000 });
    else toasts.show(`Undone: ${label.charAt(0).toLowerCase()}${label.slice(1)}`, { icon: 'undo-2', life: 4_000 });
  };

  /** Takes the mail of each part to where `toOf` says. */
  const moveTo = async (
    target: Target,
    toOf: ReadonlyMap<Mail, Mailbox>,
    verb: string,
    icon: string,
    also: PatchObject = {},
  ): Promise<void> => {
    const steps: Step[] = [];
    let all: EmailHead[] = [];
    const again = target.rows === 'all' ? target.list : null;
    for (const part of target.parts) {
      const to = toOf.get(part.mail);
      if (!to) continue;
      const heads = await headsOf(connection, part);
      all = all.concat(heads);
      const sources = sourcesOf(part, heads);
      const patches: Record<string, PatchObject> = {};
      for (const head of heads) {
        const patch = moved(head, sources, to.id, also);
        if (patch) patches[head.id] = patch;
      }
      if (Object.keys(patches).length > 0)
        steps.push({ mail: part.mail, patches, leave: leavingRows(part), to, again });
    }
    const rows = rowCount(target);
    const what = title(all, rows);
    const [where] = toOf.values();
    if (!where) return;
    if (steps.length === 0) {
      const isThere = all.some((head) => [...toOf.values()].some(({ id }) => Object.hasOwn(head.mailboxIds, id)));
      if (isThere) toasts.show(`${being(all, rows)} already in ${mailboxName(where)}`, { icon, life: 4_000 });
      else toasts.show(goneWords(all, rows), { life: 4_000 });
      void target.list.refresh();
      return;
    }
    const label = verb === 'Moved' ? `Moved ${what} to ${mailboxName(where)}` : `${verb} ${what}`;
    run({ steps, label, being: being(all, rows), icon, quiet: false });
  };

  const toRole = (
    target: Target,
    role: 'archive' | 'trash' | 'junk',
    verb: string,
    icon: string,
    also?: PatchObject,
  ): Promise<void> =>
    guard(async () => {
      const toOf = new Map<Mail, Mailbox>();
      for (const { mail } of target.parts) {
        const known: Role = role === 'archive' && !mail.mailboxes.byRole('archive') ? 'all' : role;
        const to = mail.mailboxes.byRole(known) ?? (await mail.mailboxes.need(role));
        if (to) toOf.set(mail, to);
        else
          toasts.show(`${mail.account.name} has no ${role} folder, and the server would not make one.`, {
            tone: 'failed',
          });
      }
      await moveTo({ ...target, parts: target.parts.filter(({ mail }) => toOf.has(mail)) }, toOf, verb, icon, also);
    });

  const mark = (
    target: Target,
    patchOf: (heads: EmailHead[]) => Record<string, PatchObject>,
    verb: string,
    icon: string,
  ): Promise<void> =>
    guard(async () => {
      const steps: Step[] = [];
      let all: EmailHead[] = [];
      for (const part of target.parts) {
        const heads = await headsOf(connection, part);
        all = all.concat(heads);
        const patches = patchOf(heads);
        if (Object.keys(patches).length > 0) steps.push({ mail: part.mail, patches, leave: null, to: null });
      }
      if (steps.length === 0) return;
      const rows = rowCount(target);
      run({ steps, label: `${verb} ${title(all, rows)}`, being: being(all, rows), icon, quiet: rows === 1 });
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
      const forEver = target.parts.every(
        ({ mail, query: { mailboxId } }) => mailboxId !== null && mail.mailboxes.within(mailboxId, 'trash'),
      );
      if (!forEver) return toRole(target, 'trash', 'Deleted', 'trash');
      return guard(async () => {
        const { destroyRows } = await import('./destroy-rows.ts').catch((cause: unknown) => {
          throw new ModelError('net/offline', 'Its code could not be fetched.', { cause });
        });
        await destroyRows({ connection, toasts, confirm }, target);
      });
    },
    junk: (target) =>
      toRole(target, 'junk', 'Reported as junk:', 'octagon-alert', {
        ...keyword('$junk', true),
        ...keyword('$notjunk', false),
      }),
    notJunk: (target) =>
      guard(async () => {
        const toOf = new Map<Mail, Mailbox>();
        for (const { mail } of target.parts) {
          const inbox = mail.mailboxes.byRole('inbox');
          if (inbox) toOf.set(mail, inbox);
        }
        await moveTo(target, toOf, 'Not junk:', 'inbox', { ...keyword('$junk', false), ...keyword('$notjunk', true) });
      }),
    move: (target, to) =>
      guard(async () => {
        const [part, ...others] = target.parts;
        const mailbox = others.length === 0 ? part?.mail.mailboxes.get(to) : undefined;
        if (part && mailbox) await moveTo(target, new Map([[part.mail, mailbox]]), 'Moved', 'folder-input');
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
            steps: [{ mail, patches, leave: null, to: null }],
            label: `Marked unread: ${title(heads, 1)}`,
            being: being(heads, 1),
            icon: 'mail',
            quiet: true,
          });
      }),
    undoLast: () => undoOne(),
  };
};
