import { must } from '#base/must.ts';
import type { Core } from './core.ts';
import { lateTwin } from './identity.ts';
import { deleted, marksOf, withKeywords } from './keywords.ts';
import {
  type IntentRow,
  type Model,
  readIntent,
  readyIntents,
  selectIntents,
  type Stored,
  type StoredIntent,
} from './model.ts';
import type { EmailRow, Intent, MailboxId, Uid, Want } from './types.ts';
import { both, type Keywords, reduced } from './wishes.ts';

type Append = Extract<Want, { kind: 'append' }>;

/** Placements the server will answer for: with a UID, not `\Deleted`. */
const addressable = (placement: Stored): boolean => placement.uid > 0 && (placement.flags & deleted) === 0;

const isAt = (intent: StoredIntent, placement: Stored | null): boolean =>
  placement === null ? intent.uid === null : intent.mailbox === placement.mailbox && intent.uid === placement.uid;

/** The user's wishes that the server has not confirmed. */
export class Intents {
  readonly #core: Core;
  readonly #model: Model;

  constructor(core: Core, model: Model) {
    this.#core = core;
    this.#model = model;
  }

  setKeywords(row: EmailRow, add: readonly string[], remove: readonly string[], due: number): void {
    const want: Keywords = { kind: 'keywords', add: [...add].sort(), remove: [...remove].sort() };
    const intents = this.#model.intents(row);
    const append = intents.find((intent) => intent.want.kind === 'append' && intent.started === 0);
    if (append) {
      const before = append.want as Append;
      const keywords = [...new Set([...before.keywords.filter((keyword) => !remove.includes(keyword)), ...add])];
      this.#rewrite(append.id, { ...before, keywords }, append.due);
    }
    const placements = this.#model.placements(row).filter(addressable);
    if (placements.length === 0) {
      if (!append) this.#wish(row, intents, want, null, due);
    } else for (const placement of placements) this.#wish(row, intents, want, placement, due);
    this.#model.remodel(row);
  }

  move(row: EmailRow, from: MailboxId, to: MailboxId, due: number): void {
    const state = this.#model.state(row);
    if (!state || state.hidden || from === to || !state.boxes.includes(from)) return;
    const intents = this.#model.intents(row);
    const append = intents.find(
      ({ want, started }) => want.kind === 'append' && want.mailbox === from && started === 0,
    );
    if (append) {
      this.#rewrite(append.id, { ...(append.want as Append), mailbox: to }, due);
    } else {
      const earlier = intents.filter(
        ({ want, started }) => started === 0 && (want.kind === 'move' || want.kind === 'copy') && want.to === from,
      );
      for (const intent of earlier) this.#redirect(intent, to, due);
      const placements = this.#model.placements(row).filter((placement) => placement.mailbox === from);
      for (const placement of placements.filter(addressable)) {
        this.#insert(row, { kind: 'move', from, to }, placement, due);
      }
      if (earlier.length === 0 && !placements.some(addressable))
        this.#insert(row, { kind: 'move', from, to }, null, due);
    }
    this.#model.remodel(row);
  }

  copy(row: EmailRow, to: MailboxId, due: number): void {
    const state = this.#model.state(row);
    if (!state || state.hidden || state.boxes.includes(to)) return;
    const left = this.#model
      .intents(row)
      .filter(({ want, started }) => want.kind === 'leave' && want.from === to && started === 0);
    for (const { id } of left) this.#remove(id);
    // A copy that is on its way out is none to copy from.
    const from = this.#model.placements(row).filter((placement) => placement.mailbox !== to);
    if (left.length === 0) this.#insert(row, { kind: 'copy', to }, from.find(addressable) ?? null, due);
    this.#model.remodel(row);
  }

  leave(row: EmailRow, from: MailboxId, due: number): void {
    const state = this.#model.state(row);
    if (!state || state.hidden || !state.boxes.includes(from) || state.boxes.length < 2) return;
    /** Where copies lie that are not to be: here, and where those still are that were about to come here. */
    const sources = new Set([from]);
    for (const { id, want, started } of this.#model.intents(row)) {
      if (started !== 0 || (want.kind !== 'move' && want.kind !== 'copy') || want.to !== from) continue;
      if (want.kind === 'move') sources.add(want.from);
      this.#remove(id);
    }
    const placements = this.#model.placements(row).filter(({ mailbox }) => sources.has(mailbox));
    for (const placement of placements.filter(addressable))
      this.#insert(row, { kind: 'leave', from: placement.mailbox }, placement, due);
    if (!placements.some(({ mailbox, uid }) => mailbox === from && uid > 0) && this.#isComing(row, from))
      this.#insert(row, { kind: 'leave', from }, null, due);
    this.#model.remodel(row);
  }

  destroy(row: EmailRow, due: number): void {
    const state = this.#model.state(row);
    if (!state || state.hidden) return;
    const intents = this.#model.intents(row);
    for (const intent of intents) if (intent.started === 0) this.#cancel(intent, due);
    const placements = this.#model.placements(row);
    const inFlight = intents.filter(({ started }) => started !== 0);
    if (placements.length === 0 && inFlight.length === 0) {
      this.#model.destroy(row);
      return;
    }
    const waiting = placements.filter((placement) => placement.uid < 0);
    for (const { mailbox, ...placement } of placements.filter(addressable)) {
      this.#insert(row, { kind: 'destroy', from: mailbox }, { mailbox, ...placement }, due);
    }
    // What is on its way is destroyed where it arrives.
    const targets = new Set<MailboxId>(waiting.map(({ mailbox }) => mailbox));
    for (const { want } of inFlight) {
      if (want.kind === 'move' || want.kind === 'copy') targets.add(want.to);
      if (want.kind === 'append') targets.add(want.mailbox);
    }
    for (const mailbox of targets) this.#insert(row, { kind: 'destroy', from: mailbox }, null, due);
    if (placements.length > 0 && targets.size === 0 && !placements.some(addressable)) {
      for (const placement of placements)
        this.#insert(row, { kind: 'destroy', from: placement.mailbox }, placement, due);
    }
    this.#model.remodel(row);
  }

  append(row: EmailRow, want: Append, due: number): void {
    this.#insert(row, want, null, due);
    this.#model.remodel(row);
  }

  started(ids: readonly number[]): Intent[] {
    const isOne = 'id IN (SELECT value FROM json_each(?))';
    const these = JSON.stringify(ids);
    this.#core.db.run(`UPDATE intent SET started = 1 WHERE ${isOne}`, these);
    return readyIntents(this.#core, isOne, these);
  }

  later(id: number, due: number): void {
    this.#core.db.run('UPDATE intent SET due = ?, tries = tries + 1, started = 0 WHERE id = ?', due, id);
  }

  done(id: number, result: { mailbox: MailboxId; uid: Uid } | null): void {
    const intent = this.#take(id);
    if (!intent) return;
    const { want, email } = intent;
    switch (want.kind) {
      case 'keywords':
        this.#confirm(intent, want);
        break;
      case 'move':
        this.#arrived(intent, result, want.to);
        this.#drop(intent);
        break;
      case 'copy':
        this.#arrived(intent, result, want.to);
        break;
      case 'append':
        this.#arrived(intent, result, want.mailbox);
        if (want.replaces) this.#replaced(want.replaces);
        break;
      case 'destroy':
      case 'leave':
        this.#drop(intent);
        break;
    }
    this.address(email);
    this.settle(email);
  }

  refused(id: number): void {
    const intent = this.#take(id);
    if (!intent) return;
    this.address(intent.email);
    this.settle(intent.email);
  }

  /** Gives the wishes whose placement is gone, or was not known, a placement the Email has now. */
  address(row: EmailRow): void {
    const intents = this.#model.intents(row).filter(({ want }) => want.kind !== 'append');
    if (intents.length === 0) return;
    const known = this.#model.placements(row).filter(({ uid }) => uid > 0);
    const placements = known.toSorted((a, b) => (a.flags & deleted) - (b.flags & deleted));
    for (const intent of intents) {
      if (placements.some((placement) => isAt(intent, placement))) continue;
      const { want } = intent;
      const from = 'from' in want ? want.from : null;
      const isFree = (placement: Stored): boolean =>
        !intents.some((other) => other.want.kind === want.kind && isAt(other, placement));
      // What was begun with a UID that is void since is not.
      const isUnderWay = (other: StoredIntent): boolean =>
        other.started !== 0 && (other !== intent || intent.uid !== null);
      const target =
        // Of two copies in one mailbox the other has a wish of its own.
        placements.find((placement) => placement.mailbox === from && isFree(placement)) ??
        // Somebody moved the message: the wish follows it, unless one of our own moves is still on its way, or it was to
        // leave a mailbox in which it does not lie any more.
        (want.kind === 'leave' || intents.some(isUnderWay) ? undefined : placements.find(isFree));
      if (!target && want.kind === 'leave' && !this.#isComing(row, want.from)) this.#remove(intent.id);
      if (!target) continue;
      if (want.kind === 'move' && want.to === target.mailbox) {
        this.#remove(intent.id);
        continue;
      }
      const moved: Want = from === null ? want : ({ ...want, from: target.mailbox } as Want);
      this.#core.db.run(
        'UPDATE intent SET want = ?, mailbox = ?, uidvalidity = ?, uid = ? WHERE id = ?',
        JSON.stringify(moved),
        target.mailbox,
        this.#uidvalidity(target.mailbox),
        target.uid,
        intent.id,
      );
      Object.assign(intent, { mailbox: target.mailbox, uid: target.uid });
    }
  }

  /** Merges a wish with the one of the same kind at the same placement that is still here. */
  #wish(row: EmailRow, intents: readonly StoredIntent[], want: Keywords, placement: Stored | null, due: number): void {
    const here = intents.filter((intent) => intent.want.kind === 'keywords' && isAt(intent, placement));
    const earlier = here.find((intent) => intent.started === 0);
    // A wish already on its way may change what the server has: then nothing is "so anyway".
    const server = here.some((intent) => intent.started !== 0) ? null : placement;
    const merged = reduced(earlier ? both(earlier.want as Keywords, want) : want, server);
    const isEmpty = merged.add.length === 0 && merged.remove.length === 0;
    if (earlier && isEmpty) this.#remove(earlier.id);
    else if (earlier) this.#rewrite(earlier.id, merged, due);
    else if (!isEmpty) this.#insert(row, merged, placement, due);
  }

  /** A later goal replaces an earlier one that was not begun; back where it came from it is no wish at all. */
  #redirect(intent: StoredIntent, to: MailboxId, due: number): void {
    const want = intent.want as Extract<Want, { kind: 'move' | 'copy' }>;
    if (want.kind === 'move' && want.from === to) this.#remove(intent.id);
    else this.#rewrite(intent.id, { ...want, to }, due);
  }

  #remove(id: number): void {
    this.#core.db.run('DELETE FROM intent WHERE id = ?', id);
  }

  /** A copy of it will lie there: a wish that brings it was begun, or one that arrived without a UID. */
  #isComing(row: EmailRow, mailbox: MailboxId): boolean {
    return (
      this.#model.placements(row).some((placement) => placement.mailbox === mailbox && placement.uid < 0) ||
      this.#model
        .intents(row)
        .some(
          ({ want, started }) =>
            started !== 0 &&
            ((want.kind === 'append' && want.mailbox === mailbox) || ('to' in want && want.to === mailbox)),
        )
    );
  }

  /** Takes back a wish not begun. What an APPEND would have replaced still has to go. */
  #cancel(intent: StoredIntent, due: number): void {
    const { db } = this.#core;
    const { want } = intent;
    this.#remove(intent.id);
    if (want.kind !== 'append' || !want.replaces) return;
    const { mailbox, uid } = want.replaces;
    const old = db.get<Stored>('SELECT * FROM placement WHERE mailbox = ? AND uid = ?', mailbox, uid);
    if (!old) return;
    const isWished = this.#model.intents(old.email).some((other) => other.want.kind === 'destroy' && isAt(other, old));
    if (!isWished) this.#insert(old.email, { kind: 'destroy', from: mailbox }, old, due);
    this.#model.remodel(old.email);
  }

  #insert(row: EmailRow, want: Want, placement: Stored | null, due: number): void {
    const at = placement !== null && placement.uid > 0 ? placement : null;
    this.#core.db.run(
      'INSERT INTO intent(email, kind, want, due, mailbox, uidvalidity, uid) VALUES(?, ?, ?, ?, ?, ?, ?)',
      row,
      want.kind,
      JSON.stringify(want),
      due,
      at?.mailbox ?? null,
      at === null ? null : this.#uidvalidity(at.mailbox),
      at?.uid ?? null,
    );
    this.#model.hasIntent();
  }

  #rewrite(id: number, want: Want, due: number): void {
    this.#core.db.run('UPDATE intent SET want = ?, due = ? WHERE id = ?', JSON.stringify(want), due, id);
  }

  #take(id: number): StoredIntent | undefined {
    const row = this.#core.db.get<IntentRow>(`${selectIntents} WHERE id = ?`, id);
    if (!row) return undefined;
    this.#remove(id);
    return readIntent(row);
  }

  #placement(intent: StoredIntent): Stored | undefined {
    if (intent.mailbox === null || intent.uid === null) return undefined;
    return this.#core.db.get<Stored>(
      'SELECT * FROM placement WHERE mailbox = ? AND uid = ? AND email = ?',
      intent.mailbox,
      intent.uid,
      intent.email,
    );
  }

  /** The server did it: its copy has the keywords now. */
  #confirm(intent: StoredIntent, want: Keywords): void {
    const placement = this.#placement(intent);
    if (!placement) return;
    const marks = withKeywords(placement, want.add, want.remove);
    this.#core.db.run(
      'UPDATE placement SET flags = ?, labels = ? WHERE mailbox = ? AND uid = ?',
      marks.flags,
      marks.labels,
      placement.mailbox,
      placement.uid,
    );
  }

  #drop(intent: StoredIntent): void {
    const placement = this.#placement(intent);
    if (!placement) return;
    this.#core.db.run('DELETE FROM placement WHERE mailbox = ? AND uid = ?', placement.mailbox, placement.uid);
  }

  /** The message now lies in `to`, at a UID the server told or one that the next look will find. */
  #arrived(intent: StoredIntent, result: { mailbox: MailboxId; uid: Uid } | null, to: MailboxId): void {
    const { db } = this.#core;
    const row = intent.email;
    // What was appended has the keywords it was appended with, whatever was wished since.
    const marks =
      intent.want.kind === 'append'
        ? marksOf(intent.want.keywords)
        : (this.#placement(intent) ?? must(this.#model.state(row), 'the Email of an intent'));
    if (result) {
      const there = db.get<Stored>('SELECT * FROM placement WHERE mailbox = ? AND uid = ?', result.mailbox, result.uid);
      if (there?.email === row) return;
      if (there) {
        // The sync saw it first and took it for another: that one never was.
        db.run('UPDATE placement SET email = ? WHERE mailbox = ? AND uid = ?', row, there.mailbox, there.uid);
        this.#model.remodel(there.email);
        if (this.#model.placements(there.email).length === 0) this.#model.destroy(there.email);
        return;
      }
    } else {
      if (db.value('SELECT 1 FROM placement WHERE email = ? AND mailbox = ?', row, to) !== undefined) return;
      const twin = lateTwin(this.#core, row, must(this.#model.state(row), 'the Email of an intent').thread, { in: to });
      if (twin !== undefined) {
        this.#model.absorb(row, twin);
        return;
      }
    }
    const uid =
      result?.uid ??
      db.value<number>('SELECT min(uid, 0) - 1 FROM (SELECT min(uid) AS uid FROM placement WHERE mailbox = ?)', to) ??
      -1;
    db.run(
      'INSERT INTO placement(mailbox, uid, email, flags, labels, modseq, since) VALUES(?, ?, ?, ?, ?, 0, ?)',
      result?.mailbox ?? to,
      uid,
      row,
      marks.flags,
      marks.labels,
      result ? null : this.#core.now(),
    );
  }

  /** The older version of a draft, which the executor took off the server. */
  #replaced({ mailbox, uid }: { mailbox: MailboxId; uid: Uid }): void {
    const { db } = this.#core;
    const old = db.get<Stored>('SELECT * FROM placement WHERE mailbox = ? AND uid = ?', mailbox, uid);
    if (!old) return;
    db.run('DELETE FROM placement WHERE mailbox = ? AND uid = ?', mailbox, uid);
    for (const intent of this.#model.intents(old.email)) if (isAt(intent, old)) this.#remove(intent.id);
    this.settle(old.email);
  }

  /** After what happened to a wish or a placement: an Email that the user destroyed and that will lie nowhere ceases to be. */
  settle(row: EmailRow): void {
    const hidden = this.#model.state(row)?.hidden ?? false;
    const brings = ({ want }: StoredIntent): boolean => want.kind === 'append' || 'to' in want;
    if (hidden && this.#model.placements(row).length === 0 && !this.#model.intents(row).some(brings))
      this.#model.destroy(row);
    else this.#model.remodel(row);
  }

  #uidvalidity(mailbox: MailboxId): number {
    return this.#core.mailboxes.get(mailbox)?.uidvalidity ?? 0;
  }
}
