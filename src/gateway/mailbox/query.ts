import { capabilities } from '#jmap/core.ts';
import type { Mailbox, MailboxFilter } from '#jmap/mail.ts';
import { bool, id, nullable, optional, orNull, shape, text } from '../check.ts';
import { filterOf, passes } from '../filter.ts';
import { method } from '../method.ts';
import { type ReadComparator, sorted, sortOf } from '../sort.ts';
import { windowFields, windowOf } from '../window.ts';
import { listedMailboxes } from './view.ts';

const absent = Symbol('absent');

const condition = shape({
  parentId: optional(nullable(id), absent),
  name: optional(text, absent),
  role: optional(nullable(text), absent),
  hasAnyRole: optional(bool, absent),
  isSubscribed: optional(bool, absent),
});
type Condition = ReturnType<typeof condition>;

const filterKeys: readonly (keyof MailboxFilter)[] = ['parentId', 'name', 'role', 'hasAnyRole', 'isSubscribed'];

const holds = (box: Mailbox, is: Condition): boolean =>
  (is.parentId === absent || box.parentId === is.parentId) &&
  (is.name === absent || box.name.toLowerCase().includes(is.name.toLowerCase())) &&
  (is.role === absent || box.role === is.role) &&
  (is.hasAnyRole === absent || (box.role !== null) === is.hasAnyRole) &&
  (is.isSubscribed === absent || box.isSubscribed === is.isSubscribed);

/** Parents before their children, siblings in the order given – RFC 8621 §2.3, sortAsTree */
const asTree = (boxes: readonly Mailbox[], all: readonly Mailbox[], sort: readonly ReadComparator[]): Mailbox[] => {
  const chosen = new Set(boxes.map((box) => box.id));
  const children = Map.groupBy(sortBoxes(all, sort), (box) => box.parentId);
  const ordered: Mailbox[] = [];
  const visit = (parent: Mailbox['parentId']): void => {
    for (const box of children.get(parent) ?? []) {
      if (chosen.has(box.id)) ordered.push(box);
      visit(box.id);
    }
  };
  visit(null);
  return ordered;
};

/** Only mailboxes whose ancestors pass as well – RFC 8621 §2.3, filterAsTree */
const withAncestors = (boxes: readonly Mailbox[]): Mailbox[] => {
  const byId = new Map(boxes.map((box) => [box.id, box]));
  const rooted = (box: Mailbox): boolean => {
    if (box.parentId === null) return true;
    const parent = byId.get(box.parentId);
    return parent !== undefined && rooted(parent);
  };
  return boxes.filter(rooted);
};

const sortBoxes = (boxes: readonly Mailbox[], sort: readonly ReadComparator[]): Mailbox[] =>
  sorted(boxes, sort, (box, name) =>
    name === 'parentId' ? (box.parentId ?? '') : name === 'name' ? box.name : box.sortOrder,
  );

/** Mailbox/query – RFC 8621 §2.3 */
export const mailboxQuery = method(
  'Mailbox/query',
  capabilities.mail,
  { pure: true },
  {
    ...windowFields,
    filter: orNull(filterOf(filterKeys, condition)),
    sort: orNull(sortOf(['sortOrder', 'name', 'parentId'])),
    sortAsTree: optional(bool, false),
    filterAsTree: optional(bool, false),
  },
  ({ open, caller }, args) => {
    const { queryState, all } = open.index.read((reader) => ({
      queryState: reader.state('Mailbox'),
      all: listedMailboxes(reader, caller.readOnly),
    }));
    const { filter } = args;
    const sort = args.sort ?? [
      { property: 'sortOrder', isAscending: true, more: {} },
      { property: 'name', isAscending: true, more: {} },
    ];
    const matching = filter === null ? all : all.filter((box) => passes(filter, (is) => holds(box, is)));
    const kept = args.filterAsTree ? withAncestors(matching) : matching;
    const ordered = args.sortAsTree ? asTree(kept, all, sort) : sortBoxes(kept, sort);
    const window = windowOf(
      ordered.map((box) => box.id),
      args,
    );
    return { json: JSON.stringify({ accountId: open.jmapId, queryState, canCalculateChanges: false, ...window }) };
  },
);
