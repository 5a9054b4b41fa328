import type { IndexTransactor, Mailbox, MailboxId, Uid } from '#index/types.ts';
import type { ImapSession } from '#imap/session.ts';
import type { Selected } from '#imap/types.ts';
import { lastUid } from './mirror.ts';
import type { Brought, Mirror } from './mirror.ts';

/** Messages that the first look at a mailbox brings. */
export const headSize = 50;
/** Newest flags compared where the server cannot say what changed. */
const flagWindow = 500;
/** More new messages than this are fetched newest first. */
const flood = 300;

export interface CatchUp {
  /** EXAMINE: the selected mailbox will not be written to. */
  readOnly?: boolean;
  /** Compare all flags and UIDs even when nothing seems to differ; for servers without CONDSTORE. */
  deep?: boolean;
  /** How many of the newest a mailbox seen for the first time brings. */
  head?: number;
  /** A first look is stored together with what comes next. */
  later?: boolean;
}

const nothing: Brought = { count: 0, lowest: null, highest: null, oldest: null };

const max = (...values: (number | null)[]): number => Math.max(0, ...values.filter((value) => value !== null));

/** Never fetched from: new, or new again since its UIDVALIDITY changed. */
export const isFresh = (box: Mailbox): boolean => box.state === 'new' || (box.state === 'remap' && box.uidnext === 0);

/**
 * Selects a mailbox and brings the index into step with it: arrivals, flags, removals (rules S13, S15). Afterwards the
 * mailbox is the selected one, and what was not read yet lies below its `lowUid`.
 */
export const catchUp = async (
  session: ImapSession,
  mirror: Mirror,
  id: MailboxId,
  options: CatchUp = {},
): Promise<Brought> => {
  const box = mirror.mailbox(id);
  const fresh = isFresh(box);
  const mayResync = !fresh && session.qresync && box.modseq !== '0';
  const selected = await session.select(box.pathRaw, {
    ...(options.readOnly === true ? { readOnly: true } : {}),
    ...(mayResync ? { since: { uidvalidity: box.uidvalidity, modseq: box.modseq } } : {}),
  });
  const examined = options.readOnly === true;
  if (fresh) return firstLook(session, mirror, box, selected, options);
  if (selected.uidvalidity !== box.uidvalidity) {
    mirror.renewed(id, selected);
    return firstLook(session, mirror, mirror.mailbox(id), selected, options);
  }
  return inStep(session, mirror, box, selected, examined, options.deep === true);
};

/** `examined`: we opened it by EXAMINE, so that it is READ-ONLY says nothing about SELECT. */
const facts = (selected: Selected, examined: boolean): Partial<Mailbox> => ({
  uidvalidity: selected.uidvalidity,
  ...(examined ? {} : { readOnly: selected.readOnly }),
  exists: selected.exists,
  modseq: selected.highestModseq,
  // EXAMINE may leave PERMANENTFLAGS empty, which says nothing about SELECT.
  ...(selected.permanentFlags.length === 0 ? {} : { keywordsAllowed: selected.keywordsAllowed }),
});

const firstLook = async (
  session: ImapSession,
  mirror: Mirror,
  box: Mailbox,
  selected: Selected,
  { readOnly: examined = false, head = headSize, later = false }: CatchUp,
): Promise<Brought> => {
  const brought = selected.exists === 0 ? nothing : await mirror.bring(session, box.id, { newest: head }, later);
  const whole = brought.count >= selected.exists;
  // Another connection may have brought what went before this one looked.
  if (whole && mirror.held(box.id) !== selected.exists) await compare(session, mirror, { ...box, lowUid: 0 });
  const state = whole ? 'live' : box.state === 'remap' ? 'remap' : 'head';
  const learn = (t: IndexTransactor): void =>
    t.patchMailbox(box.id, {
      ...facts(selected, examined),
      state,
      lowUid: whole ? (0 as Uid) : (brought.lowest ?? lastUid),
      uidnext: max(selected.uidnext, (brought.highest ?? 0) + 1),
    });
  if (later) mirror.index.gather(learn);
  else mirror.index.write(learn);
  return brought;
};

const inStep = async (
  session: ImapSession,
  mirror: Mirror,
  box: Mailbox,
  selected: Selected,
  examined: boolean,
  deep: boolean,
): Promise<Brought> => {
  // Put there by our own MOVE, COPY or APPEND, unseen: somebody may have removed it since.
  const unseen = mirror.held(box.id, box.uidnext) > 0;
  const whole = box.lowUid === 0 && session.quirks.window === null;
  const before = whole ? 0 : mirror.held(box.id);
  if (selected.resynced) {
    mirror.vanished(box.id, selected.vanished);
    await mirror.flags(box.id, selected.changed);
  }
  const gone = whole ? 0 : before - mirror.held(box.id);
  const mayHaveNew = selected.uidnext === null || selected.uidnext > box.uidnext;
  const brought = mayHaveNew ? await arrivals(session, mirror, box, selected.exists) : nothing;
  if (!selected.resynced) await changedFlags(session, mirror, box, selected, deep);
  // Of a mailbox that is not held whole, only that the numbers add up can be seen.
  const expected = whole ? mirror.held(box.id) : box.exists + brought.count - gone;
  if (deep || (unseen && !whole) || expected !== selected.exists) await compare(session, mirror, box);
  mirror.index.write((t) =>
    t.patchMailbox(box.id, {
      ...facts(selected, examined),
      uidnext: max(box.uidnext, selected.uidnext, (brought.highest ?? 0) + 1),
    }),
  );
  return brought;
};

const changedFlags = async (
  session: ImapSession,
  mirror: Mirror,
  box: Mailbox,
  selected: Selected,
  deep: boolean,
): Promise<void> => {
  if (session.condstore && box.modseq !== '0' && selected.highestModseq !== '0') {
    if (selected.highestModseq === box.modseq) return;
    const { rows, vanished } = await session.fetchFlags({ range: [1, lastUid] }, box.modseq);
    mirror.vanished(box.id, vanished);
    return mirror.flags(box.id, rows);
  }
  if (selected.exists === 0) return;
  const { rows } = await session.fetchFlags(deep ? { range: [1, lastUid] } : { newest: flagWindow });
  await mirror.flags(box.id, rows);
};

/** Messages from `uidnext` on, of the selected mailbox. */
export const arrivals = async (
  session: ImapSession,
  mirror: Mirror,
  box: Mailbox,
  exists: number,
): Promise<Brought> => {
  if (exists - box.exists <= flood) return mirror.bring(session, box.id, { range: [box.uidnext, lastUid] });
  const known = new Set<number>(mirror.uids(box.id));
  const uids = (await session.search({ uids: [[box.uidnext, lastUid]] })).filter((uid) => !known.has(uid));
  const total: Brought = { ...nothing };
  for (let end = uids.length; end > 0; end -= flood) {
    const part = await mirror.bring(session, box.id, { uids: uids.slice(Math.max(0, end - flood), end) });
    total.count += part.count;
    total.lowest = part.lowest ?? total.lowest;
    total.highest = total.highest === null ? part.highest : (max(total.highest, part.highest) as Uid);
    total.oldest = part.oldest ?? total.oldest;
  }
  return total;
};

/** Compares the UIDs above `lowUid` with the server's: removals, and holes that are filled. */
export const compare = async (session: ImapSession, mirror: Mirror, box: Mailbox): Promise<void> => {
  const there =
    box.lowUid === 0 ? await session.uidSearchAll() : await session.search({ uids: [[box.lowUid, lastUid]] });
  const onServer = new Set<number>(there);
  const known = mirror.uids(box.id).filter((uid) => uid >= box.lowUid);
  // A server that shows only the newest messages has not lost the older ones.
  const visibleFrom = session.quirks.window === null ? 0 : (there[0] ?? Infinity);
  const gone = known.filter((uid) => !onServer.has(uid) && uid >= visibleFrom);
  if (gone.length > 0) mirror.index.write((t) => t.vanished(box.id, gone));
  const held = new Set<number>(known);
  const holes = there.filter((uid) => !held.has(uid));
  for (let end = holes.length; end > 0; end -= flood) {
    await mirror.bring(session, box.id, { uids: holes.slice(Math.max(0, end - flood), end) });
  }
};
