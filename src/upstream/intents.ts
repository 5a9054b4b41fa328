import { logError } from '#base/log.ts';
import type { EmailRow, Intent, Mailbox, MailboxId, Uid, Want } from '#index/types.ts';
import { ImapError } from '#imap/errors.ts';
import type { ImapSession } from '#imap/session.ts';
import { backoff, intentBackoff } from './backoff.ts';
import { catchUp } from './catch-up.ts';
import type { Refusal } from './engine.ts';
import { UpstreamError } from './errors.ts';
import { findMessage } from './find-message.ts';
import { flagsOf, keptFlags } from './flags.ts';
import { groupIntents } from './intent-groups.ts';
import type { IntentGroup } from './intent-groups.ts';
import { isOpen } from './is-open.ts';
import { leaveMailbox } from './leave.ts';
import { urgency } from './line.ts';
import type { Lines } from './lines.ts';
import type { Mirror } from './mirror.ts';
import { removeOldDraft } from './old-draft.ts';
import { isForAll, isPassing } from './response-codes.ts';

/** Tries of what failed without a clear NO. */
const mostTries = 5;
/** So many messages are looked for one by one; where more are in doubt the next look at the mailbox tells. */
const mostLooked = 20;
/** A message that could not be filed is not thrown away: it waits this long, milliseconds. */
const appendRest = 15 * 60_000;

/** An intent with the place of its message as the index knows it now. */
interface Placed {
  intent: Intent;
  uid: Uid;
}

/** What became of a wish. */
type Result = { mailbox: MailboxId; uid: Uid } | null;

export interface IntentParts {
  mirror: Mirror;
  lines: Lines;
  random: () => number;
  refused: (refusal: Refusal) => void;
  /** The next is due. */
  due: () => void;
  /** An APPEND succeeded: what was kept for it elsewhere may go. */
  appended: (email: EmailRow) => void;
  /** Messages were put in or taken out for good. */
  resized: () => void;
  /** The server put messages there without saying where: the mailbox should be visited. */
  visit: (mailbox: MailboxId) => void;
}

/** Makes the server follow the user's wishes (rules S20 to S26). */
export class Intents {
  readonly #parts: IntentParts;
  readonly #mirror: Mirror;
  /** Intents up to this one may have been begun by an earlier process. */
  readonly #inherited: number;
  /** How often the line broke while this intent was under way. */
  readonly #lost = new Map<number, number>();
  #running: Promise<void> | null = null;
  #again = false;
  #cancel: (() => void) | null = null;
  #closed = false;

  constructor(parts: IntentParts) {
    this.#parts = parts;
    this.#mirror = parts.mirror;
    this.#inherited = Math.max(
      0,
      ...this.#mirror.index.read((reader) => reader.intents(Number.MAX_SAFE_INTEGER)).map((intent) => intent.id),
    );
  }

  /** Runs what is due, and sleeps until the next is. Without connection nothing happens. */
  nudge(): Promise<void> {
    if (this.#closed || this.#parts.lines.watch.session === null) return this.#running ?? Promise.resolve();
    this.#again = true;
    this.#running ??= this.#run().finally(() => {
      this.#running = null;
      this.#sleep();
    });
    return this.#running;
  }

  close(): void {
    this.#closed = true;
    this.#cancel?.();
  }

  #sleep(): void {
    this.#cancel?.();
    if (this.#closed) return;
    const next = this.#mirror.index.read((reader) => reader.nextIntentAt());
    if (next === null) return;
    this.#cancel = this.#mirror.clock.after(Math.max(50, next - this.#mirror.clock.now()), this.#parts.due);
  }

  async #run(): Promise<void> {
    while (this.#again && !this.#closed) {
      this.#again = false;
      const due = this.#mirror.index.read((reader) => reader.intents(this.#mirror.clock.now()));
      for (const group of groupIntents(due)) {
        if (this.#closed) return;
        try {
          await this.#parts.lines.watch.run((session) => this.#begin(session, group.intents), {
            urgency: urgency.intent,
            again: false,
          });
        } catch (error) {
          if (error instanceof UpstreamError && error.code === 'engine/closed') return;
          this.#later(group.intents, error);
          if (this.#parts.lines.watch.session === null) return;
        }
      }
    }
  }

  /**
   * Not done, and no clear NO: again after a while, refused after five tries. Where the line broke the intent stays
   * begun: the index then knows its message when the sync meets it first.
   */
  #later(intents: readonly Intent[], error: unknown): void {
    logError(this.#mirror.log, 'upstream.intent-later', error, { count: intents.length });
    if (error instanceof UpstreamError && error.code === 'net/away') {
      const losses = intents.map((intent) => (this.#lost.get(intent.id) ?? 0) + 1);
      intents.forEach((intent, at) => this.#lost.set(intent.id, losses[at] ?? 1));
      // Some servers hang up on what they do not like.
      if (Math.max(...losses) < mostTries) return;
    }
    const now = this.#mirror.clock.now();
    const asked = error instanceof ImapError ? (error.retryAfter ?? 0) : 0;
    const tired = intents.filter(
      (intent) => intent.tries + 1 >= mostTries || (this.#lost.get(intent.id) ?? 0) >= mostTries,
    );
    const rest = intents.filter((intent) => !tired.includes(intent));
    this.#mirror.index.write((t) => {
      for (const intent of rest)
        t.intentLater(intent.id, now + Math.max(asked, backoff(intentBackoff, intent.tries + 1, this.#parts.random())));
    });
    if (tired.length > 0) this.#refuse(tired, error);
  }

  /** An earlier try may have happened after all (rule S23). */
  #inDoubt(intent: Intent): boolean {
    return intent.tries > 0 || intent.id <= this.#inherited || this.#lost.has(intent.id);
  }

  /** The model falls back to the server's state; a message that waits for its APPEND is kept. */
  #refuse(intents: readonly Intent[], error: unknown): void {
    const words = (error instanceof ImapError ? error.words : null) ?? 'The server did not do it.';
    const responseCode = error instanceof ImapError ? error.responseCode : null;
    const emails = this.#mirror.index.read((reader) =>
      intents.flatMap((intent) => reader.byRow(intent.email)?.number ?? []),
    );
    const kind = intents[0]?.want.kind ?? 'keywords';
    this.#mirror.index.write((t) => {
      for (const intent of intents) {
        if (intent.want.kind === 'append') t.intentLater(intent.id, this.#mirror.clock.now() + appendRest);
        else t.intentRefused(intent.id);
      }
    });
    this.#mirror.log('info', 'upstream.intent-refused', { kind, count: intents.length, responseCode });
    this.#parts.refused({ emails, kind, responseCode, words });
  }

  /** What was taken back or changed while others were carried out is not what was read any more (rule S86). */
  async #begin(session: ImapSession, read: readonly Intent[]): Promise<void> {
    const wished = this.#mirror.index.write((t) => t.intentsStarted(read.map((intent) => intent.id)));
    for (const group of groupIntents(wished)) await this.#group(session, group);
  }

  async #group(session: ImapSession, group: IntentGroup): Promise<void> {
    try {
      await this.#carryOut(session, group);
    } catch (error) {
      if (!(error instanceof ImapError) || error.code !== 'imap/refused') throw error;
      if (isPassing(error)) return this.#later(group.intents, error);
      if (group.intents.length === 1 || isForAll(error)) return this.#refuse(group.intents, error);
      // One message of many may be the reason.
      const half = Math.ceil(group.intents.length / 2);
      await this.#group(session, { ...group, intents: group.intents.slice(0, half) });
      await this.#group(session, { ...group, intents: group.intents.slice(half) });
    }
  }

  async #carryOut(session: ImapSession, group: IntentGroup): Promise<void> {
    const { want } = group;
    if (want.kind === 'append') {
      for (const intent of group.intents) await this.#append(session, intent, want);
      return;
    }
    const from = group.at?.mailbox ?? this.#firstPlace(group.intents[0]?.email);
    const box = from === null ? undefined : this.#mirror.index.read((reader) => reader.mailbox(from));
    if (box === undefined) return this.#withoutPlace(group.intents);
    if (!isOpen(session, box) || session.selected?.readOnly === true) {
      const selected = await session.select(box.pathRaw);
      if (selected.uidvalidity !== box.uidvalidity) {
        await catchUp(session, this.#mirror, box.id);
        return this.#postpone(group.intents);
      }
    }
    const placed = this.#place(group.intents, box);
    if (placed.length > 0) await this.#command(session, box, want, placed);
  }

  /** Where each message lies in this mailbox now; the others are settled. */
  #place(intents: readonly Intent[], { id: mailbox, uidvalidity }: Mailbox): Placed[] {
    const places = this.#mirror.index.read((reader) =>
      intents.map((intent) => ({ intent, at: reader.placements(intent.email) })),
    );
    const placed: Placed[] = [];
    const unknown: Intent[] = [];
    const elsewhere: Intent[] = [];
    for (const { intent, at } of places) {
      const there = at.filter((place) => place.mailbox === mailbox);
      const isMeant = intent.at?.mailbox === mailbox && intent.at.uidvalidity === uidvalidity;
      // Of two copies in one mailbox each has a wish of its own.
      const here = there.find(({ uid }) => isMeant && uid === intent.at?.uid) ?? there[0];
      if (here?.uid != null) placed.push({ intent, uid: here.uid });
      else if (here !== undefined) unknown.push(intent);
      else elsewhere.push(intent);
    }
    if (unknown.length > 0) {
      this.#parts.visit(mailbox);
      this.#postpone(unknown);
    }
    if (elsewhere.length > 0) this.#withoutPlace(elsewhere);
    return placed;
  }

  #firstPlace(email: EmailRow | undefined): MailboxId | null {
    if (email === undefined) return null;
    const places = this.#mirror.index.read((reader) => reader.placements(email));
    return (places.find((place) => place.uid !== null) ?? places[0])?.mailbox ?? null;
  }

  /** The messages are not where the wish found them: done elsewhere already, or gone. */
  #withoutPlace(intents: readonly Intent[]): void {
    this.#mirror.index.write((t) => {
      for (const intent of intents) {
        const { want } = intent;
        const places = t.placements(intent.email);
        const target = want.kind === 'move' || want.kind === 'copy' ? want.to : null;
        const there = places.find((place) => place.mailbox === target && place.uid !== null);
        if (there?.uid != null) t.intentDone(intent.id, { mailbox: there.mailbox, uid: there.uid });
        else if (want.kind === 'destroy' || want.kind === 'leave') t.intentDone(intent.id, null);
        else if (places.some((place) => place.uid === null))
          t.intentLater(intent.id, this.#mirror.clock.now() + intentBackoff.first);
        else t.intentRefused(intent.id);
      }
    });
  }

  /** Not now, and not counted against it as far as the next try goes: the index has to catch up first. */
  #postpone(intents: readonly Intent[]): void {
    const at = this.#mirror.clock.now() + 1_000;
    this.#mirror.index.write((t) => {
      for (const intent of intents) t.intentLater(intent.id, at);
    });
  }

  async #command(
    session: ImapSession,
    box: Mailbox,
    want: Exclude<Want, { kind: 'append' }>,
    placed: readonly Placed[],
  ): Promise<void> {
    const uids = placed.map((one) => one.uid);
    switch (want.kind) {
      case 'keywords': {
        const facts = {
          keywordsAllowed: session.selected?.keywordsAllowed ?? true,
          permanentFlags: session.selected?.permanentFlags ?? [],
        };
        const add = keptFlags(flagsOf(want.add), facts);
        const remove = keptFlags(flagsOf(want.remove), facts);
        if (add.length + remove.length > 0) await session.store(uids, add, remove);
        return this.#done(placed, () => null);
      }
      case 'move':
      case 'copy':
        return this.#transfer(session, box, want, placed);
      case 'leave':
        if (!(await leaveMailbox(session, this.#mirror, box, uids))) return this.#leftToServer(box.id, placed);
        this.#parts.resized();
        return this.#done(placed, () => null);
      case 'destroy':
        await session.expunge(uids);
        this.#parts.resized();
        return this.#done(placed, () => null);
    }
  }

  /** Until the server does it, they lie there. */
  #leftToServer(mailbox: MailboxId, placed: readonly Placed[]): void {
    this.#mirror.index.write((t) => {
      for (const { intent } of placed) t.intentRefused(intent.id);
    });
    this.#parts.visit(mailbox);
  }

  async #transfer(
    session: ImapSession,
    box: Mailbox,
    want: Extract<Want, { kind: 'move' | 'copy' }>,
    placed: readonly Placed[],
  ): Promise<void> {
    const to = this.#mirror.mailbox(want.to);
    const doubtful = placed.filter(({ intent }) => this.#inDoubt(intent));
    const settled =
      doubtful.length === 0 ? new Set<number>() : await this.#lookFirst(session, box, to, want.kind, doubtful);
    const rest = placed.filter(({ intent }) => !settled.has(intent.id));
    if (rest.length === 0) return;
    const uids = rest.map((one) => one.uid);
    const copied = want.kind === 'move' ? await session.move(uids, to.pathRaw) : await session.copy(uids, to.pathRaw);
    const sameTarget = copied !== null && (to.uidvalidity === 0 || copied.uidvalidity === to.uidvalidity);
    // OK is said of messages too that are not there any more; a server that tells UIDs is silent of those.
    const unsaid = session.capabilities.has('UIDPLUS') ? rest.filter(({ uid }) => !copied?.uids.has(uid)) : [];
    const isFew = unsaid.length > 0 && unsaid.length <= mostLooked;
    const found = isFew ? await this.#lookFirst(session, box, to, want.kind, unsaid) : new Set<number>();
    const done = rest.filter(({ intent }) => !found.has(intent.id));
    this.#done(done, ({ uid }) => {
      const at = sameTarget ? copied.uids.get(uid) : undefined;
      return at === undefined ? null : { mailbox: to.id, uid: at as Uid };
    });
    if (want.kind === 'copy') this.#parts.resized();
    if (!sameTarget) this.#parts.visit(to.id);
  }

  /**
   * Rule S23. A move may have happened when its message is no longer in the source, a copy always: such messages are
   * looked for in the target by Message-ID. Answers the intents that are settled; the source is selected again.
   */
  async #lookFirst(
    session: ImapSession,
    box: Mailbox,
    to: Mailbox,
    kind: 'move' | 'copy',
    placed: readonly Placed[],
  ): Promise<Set<number>> {
    const there = new Set<number>(await session.search({ uids: placed.map(({ uid }) => [uid, uid] as const) }));
    const missing = kind === 'copy' ? placed : placed.filter(({ uid }) => !there.has(uid));
    const settled = new Set<number>();
    if (missing.length === 0) return settled;
    await session.select(to.pathRaw, { readOnly: true });
    for (const { intent, uid } of missing) {
      const email = this.#mirror.index.read((reader) => reader.byRow(intent.email));
      const found = email === undefined ? null : await findMessage(session, this.#mirror, to, email);
      if (found === null && there.has(uid)) continue;
      settled.add(intent.id);
      this.#mirror.index.write((t) =>
        found === null ? t.intentRefused(intent.id) : t.intentDone(intent.id, { mailbox: to.id, uid: found }),
      );
    }
    await session.select(box.pathRaw);
    return settled;
  }

  #done(placed: readonly Placed[], result: (placed: Placed) => Result): void {
    this.#mirror.index.write((t) => {
      for (const one of placed) t.intentDone(one.intent.id, result(one));
    });
  }

  async #append(session: ImapSession, intent: Intent, want: Extract<Want, { kind: 'append' }>): Promise<void> {
    const { email, raw } = this.#mirror.index.read((reader) => ({
      email: reader.byRow(intent.email),
      raw: reader.body(intent.email, 'raw'),
    }));
    if (email === undefined || raw === undefined) {
      this.#mirror.log('warn', 'upstream.append-without-bytes', {});
      return this.#mirror.index.write((t) => t.intentRefused(intent.id));
    }
    const box = this.#mirror.mailbox(want.mailbox);
    const old = want.replaces;
    const except = old?.mailbox === box.id ? old.uid : null;
    let uid: Uid | null = null;
    if (this.#inDoubt(intent)) {
      await session.select(box.pathRaw, { readOnly: true });
      uid = await findMessage(session, this.#mirror, box, email, except);
    }
    if (uid === null) {
      const said = await session.append(box.pathRaw, raw, flagsOf(want.keywords), want.receivedAt);
      uid = said !== null && (box.uidvalidity === 0 || said.uidvalidity === box.uidvalidity) ? (said.uid as Uid) : null;
      if (uid === null) {
        await session.select(box.pathRaw, { readOnly: true });
        uid = await findMessage(session, this.#mirror, box, email, except);
      }
    }
    // Before the intent is done: should it break here, the new one is found by its Message-ID and the old one goes then.
    if (old !== null) await removeOldDraft(session, this.#mirror, old);
    const at = uid;
    this.#mirror.index.write((t) => t.intentDone(intent.id, at === null ? null : { mailbox: box.id, uid: at }));
    this.#parts.appended(intent.email);
    this.#parts.resized();
    if (at === null) this.#parts.visit(box.id);
  }
}
