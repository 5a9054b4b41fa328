/** Arithmetic of a list of rows of one height with headings between them, and of scrolling lists taller than a browser can. */

export interface Heading {
  /** It stands above this row. */
  index: number;
  label: string;
}

/** Pixels; headings ascending. */
export interface Geometry {
  rowHeight: number;
  headHeight: number;
  count: number;
  headings: readonly Heading[];
}

/** Headings above the row or right on top of it. */
const headsUpTo = ({ headings }: Geometry, index: number): number => {
  let low = 0;
  let high = headings.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((headings[middle]?.index ?? 0) <= index) low = middle + 1;
    else high = middle;
  }
  return low;
};

/** Top of a row. */
export const offsetOf = (geometry: Geometry, index: number): number =>
  index * geometry.rowHeight + headsUpTo(geometry, index) * geometry.headHeight;

export const heightOf = (geometry: Geometry): number =>
  geometry.count * geometry.rowHeight + geometry.headings.length * geometry.headHeight;

/** The row at a height, its heading counted to it. */
export const indexAt = (geometry: Geometry, y: number): number => {
  const { rowHeight, headHeight, headings, count } = geometry;
  let above = 0;
  for (const { index } of headings) {
    if (index * rowHeight + above * headHeight > y) break;
    above += 1;
  }
  const plain = Math.floor((y - above * headHeight) / rowHeight);
  const last = headings[above - 1];
  return Math.max(0, Math.min(count - 1, Math.max(plain, last ? last.index : 0)));
};

/** Browsers cannot lay out elements much taller than this; Firefox ends at 17.8 million pixels. */
export const tallest = 8_000_000;

/**
 * Where the rows lie in an element that may be shorter than they are. `top` is where the reader is in the rows,
 * `scrollTop` where the element is; small moves of the one are the same moves of the other, large ones are in proportion.
 */
export class Scale {
  #shift = 0;
  #last = 0;

  physical(height: number): number {
    return Math.min(height, tallest);
  }

  /** A row at `offset` is drawn here. */
  drawn(offset: number): number {
    return offset - this.#shift;
  }

  /** The reader scrolled; answers where in the rows, and where to put the element when it came too close to its end. */
  scrolled(scrollTop: number, view: number, height: number): { top: number; scrollTop: number | null } {
    const room = this.physical(height) - view;
    const all = height - view;
    const moved = Math.abs(scrollTop - this.#last);
    this.#last = scrollTop;
    if (height <= tallest) {
      this.#shift = 0;
      return { top: scrollTop, scrollTop: null };
    }
    if (moved > 4 * view || scrollTop <= 0 || scrollTop >= room)
      this.#shift = Math.round((scrollTop / room) * all) - scrollTop;
    const top = Math.max(0, Math.min(all, scrollTop + this.#shift));
    const close = scrollTop < view || scrollTop > room - view;
    const atEnd = top < view || top > all - view;
    return close && !atEnd ? { top, scrollTop: this.goto(top, view, height) } : { top, scrollTop: null };
  }

  /** The `scrollTop` that brings the reader to `top`. */
  goto(top: number, view: number, height: number): number {
    if (height <= tallest) {
      this.#shift = 0;
      this.#last = top;
      return top;
    }
    const scrollTop = Math.round((top / (height - view)) * (this.physical(height) - view));
    this.#shift = top - scrollTop;
    this.#last = scrollTop;
    return scrollTop;
  }
}
