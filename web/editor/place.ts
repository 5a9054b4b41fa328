import type { Place } from './protocol.ts';

/** Selections as ways from the root, so that they outlive the nodes. */

const wayTo = (root: Node, node: Node, offset: number): number[] | null => {
  const way: number[] = [offset];
  for (let at = node; at !== root;) {
    const parent: ParentNode | null = at.parentNode;
    if (!parent) return null;
    way.unshift([...parent.childNodes].indexOf(at as ChildNode));
    at = parent;
  }
  return way;
};

export const placeOf = (root: Node, selection: Selection | null): Place | null => {
  if (!selection?.anchorNode || !selection.focusNode) return null;
  const anchor = wayTo(root, selection.anchorNode, selection.anchorOffset);
  const focus = wayTo(root, selection.focusNode, selection.focusOffset);
  return anchor && focus ? { anchor, focus } : null;
};

/** The end of a way, or the nearest there is. */
const endOf = (root: Node, way: readonly number[]): [Node, number] => {
  let at = root;
  for (const index of way.slice(0, -1)) {
    const child = at.childNodes[Math.min(index, at.childNodes.length - 1)];
    if (!child) break;
    at = child;
  }
  const most = at.nodeType === Node.TEXT_NODE ? (at.nodeValue ?? '').length : at.childNodes.length;
  return [at, Math.min(way.at(-1) ?? 0, most)];
};

export const selectPlace = (root: Node, { anchor, focus }: Place, selection: Selection | null): void => {
  selection?.setBaseAndExtent(...endOf(root, anchor), ...endOf(root, focus));
};
