import type { Filter, MailboxId } from '../types.ts';

export type Is = Extract<Filter, { op: 'is' }>;
export type Name = Exclude<keyof Is, 'op'>;

/** A filter as a frozen tree: every `is` node split into single conditions, the mailboxes of an OR put together. */
export type Node =
  | { readonly op: 'AND' | 'OR'; readonly of: readonly Node[] }
  | { readonly op: 'NOT'; readonly of: Node }
  | { readonly op: 'boxes'; readonly of: readonly MailboxId[] }
  | { readonly op: 'one'; readonly name: Name; readonly is: Is };

/** What a condition looks up for each Email, as a multiple of the cheapest; all others look at its row alone. */
const weights: Partial<Record<Name | 'boxes', number>> = {
  boxes: 1,
  inMailbox: 1,
  inMailboxOtherThan: 1,
  allInThreadHaveKeyword: 4,
  someInThreadHaveKeyword: 4,
  noneInThreadHaveKeyword: 4,
  header: 4,
  text: 1,
  from: 1,
  to: 1,
  cc: 1,
  bcc: 1,
  subject: 1,
  body: 1,
};
/** With so much a query of 60,000 messages takes half a second. */
const heaviest = 60;

const weightOf = (node: Node): number => {
  switch (node.op) {
    case 'AND':
    case 'OR':
      return node.of.reduce((sum, each) => sum + weightOf(each), 0);
    case 'NOT':
      return weightOf(node.of);
    case 'boxes':
      return weights.boxes ?? 0;
    case 'one':
      return weights[node.name] ?? 0;
  }
};

/** More than one query may ask for. */
export const isTooHeavy = (conditions: readonly Node[]): boolean =>
  conditions.reduce((sum, each) => sum + weightOf(each), 0) > heaviest;

/** The mailbox of a node that says nothing else. */
const boxOf = (node: Node): MailboxId | undefined => {
  if (node.op === 'AND' && node.of.length === 1 && node.of[0]) return boxOf(node.of[0]);
  return node.op === 'one' && node.name === 'inMailbox' ? node.is.inMailbox : undefined;
};

const either = (nodes: readonly Node[]): Node => {
  const boxes = nodes.map(boxOf).filter((box) => box !== undefined);
  if (boxes.length < 2) return Object.freeze({ op: 'OR', of: nodes });
  const others = nodes.filter((node) => boxOf(node) === undefined);
  const one: Node = Object.freeze({ op: 'boxes', of: boxes });
  return others.length === 0 ? one : Object.freeze({ op: 'OR', of: [one, ...others] });
};

/** RFC 8620 §5.5: NOT is true when none of the conditions is. */
export const toNode = (filter: Filter): Node => {
  if (filter.op === 'is') {
    const { op: _, ...is } = filter;
    const names = (Object.keys(is) as Name[]).filter((name) => is[name] !== undefined);
    const of = names.map((name): Node => Object.freeze({ op: 'one', name, is: filter }));
    return Object.freeze({ op: 'AND', of });
  }
  const of = filter.of.map(toNode);
  if (filter.op === 'NOT') return Object.freeze({ op: 'NOT', of: either(of) });
  return filter.op === 'OR' ? either(of) : Object.freeze({ op: 'AND', of });
};

export const flat = (node: Node): readonly Node[] => (node.op === 'AND' ? node.of.flatMap(flat) : [node]);
