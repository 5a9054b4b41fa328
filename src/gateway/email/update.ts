import type { EmailNumber, IndexTransactor, Mailbox, MailboxId } from '#index/types.ts';
import type { PatchObject } from '#jmap/core.ts';
import { applyPatch } from '#jmap/patch.ts';
import { invalidProperties, SetFailure } from '../errors.ts';
import { mailboxId } from '../ids.ts';
import { type Context, resolveId } from '../method.ts';
import { admitKeywords, admitMailbox, keywordsOf, mailboxesOf } from './placing.ts';
import { isChangeable } from './unchanged.ts';

/** `mailboxIds/#c` and `keywords/$Seen` as they are kept. */
const tidyKey = (context: Context, key: string): string => {
  const slash = key.indexOf('/');
  if (slash < 0) return key;
  const [property, rest] = [key.slice(0, slash), key.slice(slash + 1)];
  if (property === 'keywords') return `keywords/${rest.toLowerCase()}`;
  return property === 'mailboxIds' ? `mailboxIds/${resolveId(context, rest) ?? rest}` : key;
};

/** The patch with every key as it is kept: creation ids resolved, keywords in lower case. */
export const tidyPatch = (context: Context, patch: PatchObject): PatchObject =>
  Object.fromEntries(Object.entries(patch).map(([key, value]) => [tidyKey(context, key), value]));

const admitShape = (patch: PatchObject): void => {
  const strangers = Object.keys(patch).filter((key) => !isChangeable(key));
  if (strangers.length > 0) throw invalidProperties([...new Set(strangers.map((key) => key.split('/')[0] ?? key))]);
  for (const [key, value] of Object.entries(patch)) {
    // `keywords/x: false` is not how a keyword goes.
    if (key.includes('/') && value !== true && value !== null) throw invalidProperties([key.split('/')[0] ?? key]);
  }
};

/** Mailboxes as they were before the first update: asked for in between, every count would be written for each Email. */
export type Boxes = ReadonlyMap<MailboxId, Mailbox>;

const move = (
  transactor: IndexTransactor,
  boxes: Boxes,
  number: EmailNumber,
  before: readonly MailboxId[],
  after: readonly MailboxId[],
  dueAt: number,
): void => {
  const gone = before.filter((box) => !after.includes(box));
  // In the order of those it lay in: what is taken back meets the wish that was made.
  const fresh = after.filter((box) => !before.includes(box)).toSorted((one, other) => one - other);
  // A copy is another Email, unless the server says by a strong id that it is not.
  if (fresh.length > Math.min(1, gone.length) && !transactor.mayCopy(number))
    throw new SetFailure({ type: 'tooManyMailboxes' });
  for (const box of fresh) admitMailbox(boxes.get(box));
  if (gone.some((box) => boxes.get(box)?.readOnly)) throw new SetFailure({ type: 'forbidden' });
  // It is where it is to be before it leaves where it is not to be.
  const [from] = gone;
  const [to] = fresh;
  const isMoved = from !== undefined && to !== undefined;
  if (isMoved) transactor.move(number, from, to, dueAt);
  for (const box of isMoved ? fresh.slice(1) : fresh) transactor.copy(number, box, dueAt);
  for (const box of isMoved ? gone.slice(1) : gone) transactor.leave(number, box, dueAt);
};

/** One update of Email/set: only keywords and mailboxIds may change – RFC 8621 §4.6. @throws SetFailure */
export const updateEmail = (
  context: Context,
  transactor: IndexTransactor,
  boxes: Boxes,
  number: EmailNumber,
  patch: PatchObject,
  dueAt: number,
): void => {
  const email = transactor.email(number);
  if (!email) throw new SetFailure({ type: 'notFound' });
  admitShape(patch);
  const before = {
    keywords: Object.fromEntries(email.keywords.map((word) => [word, true])),
    mailboxIds: Object.fromEntries(email.mailboxes.map((box) => [mailboxId(box), true])),
  };
  const patched = applyPatch(before, tidyPatch(context, patch), { keywords: {} });
  if (!patched.ok) throw new SetFailure({ type: 'invalidPatch', description: patched.description });
  const keywords = keywordsOf(patched.value.keywords);
  const mailboxes = mailboxesOf(context, patched.value.mailboxIds);
  const added = keywords.filter((word) => !email.keywords.includes(word));
  const removed = email.keywords.filter((word) => !keywords.includes(word));
  const [home] = mailboxes;
  if (added.length > 0) admitKeywords(home === undefined ? undefined : boxes.get(home), added);
  move(transactor, boxes, number, email.mailboxes, mailboxes, dueAt);
  if (added.length > 0 || removed.length > 0) transactor.setKeywords(number, added, removed, dueAt);
};
