import type {
  ComponentChildren,
  RefObject,
  TargetedFocusEvent,
  TargetedKeyboardEvent,
  TargetedMouseEvent,
} from 'preact';
import { useCallback, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { latestFocus } from './regions.ts';
import { heightOf, indexAt, offsetOf, Scale, type Geometry } from './virtual.ts';

/**
 * APG grid whose rows take the focus (one Tab stop), virtual at any length: only rows in sight, their neighbours and the
 * focused row are in the DOM. Right and Left walk the cells of a row.
 */

export interface GridProps {
  label: string;
  id: string;
  class?: string;
  geometry: Geometry;
  /** Changes whenever rows moved. */
  version: number;
  /** Row with the Tab stop; -1 when none is known. */
  focused: number;
  /** The reader chose it: it takes the focus when nothing else has it. */
  chosen: boolean;
  /** A row's lasting key, undefined while it is not known. */
  keyAt(index: number): string | undefined;
  indexOf(key: string): number;
  row(index: number): ComponentChildren;
  /** Where the view was when it was left; pixels. */
  start: number;
  onLook(from: number, to: number): void;
  onScroll(top: number): void;
  /** A row took the focus by Tab, F6 or a screen reader. */
  onFocus(index: number): void;
  onMove(index: number): void;
  onOpen(index: number): void;
  onToggle(index: number): void;
  onExtend(index: number): void;
  onAll(): void;
  children?: ComponentChildren;
}

const overscan = 6;

/** The element of a row within a grid. */
const rowElement = (grid: HTMLElement, index: number): HTMLElement | null =>
  grid.querySelector<HTMLElement>(`[aria-rowindex="${index + 1}"]`);

/** Elements of a row that Right and Left visit, in order. */
const cellsOf = (row: HTMLElement): HTMLElement[] => [...row.querySelectorAll<HTMLElement>('[data-cell]')];

const walkCells = (row: HTMLElement, by: 1 | -1): void => {
  const cells = [row, ...cellsOf(row)];
  const here = cells.indexOf(document.activeElement as HTMLElement);
  cells[Math.max(0, Math.min(cells.length - 1, here + by))]?.focus({ preventScroll: true });
};

/** Whether a grid had the focus last: when its row leaves, or the list is another, the new row takes it. */
let gridHadFocus = false;

const useGridFocus = (own: { current: HTMLDivElement | null }, { focused, chosen, version, onFocus }: GridProps) => {
  useLayoutEffect(() => {
    const grid = own.current;
    const active = document.activeElement;
    if (!grid || focused < 0) return;
    const inside = grid.contains(active);
    const lost = active === null || active === document.body;
    // What another part of the window had and lost is given to it again (keep-focus.ts).
    const free = chosen && latestFocus() === null;
    const owed = active?.hasAttribute('data-stand-in') || (lost && (gridHadFocus || free));
    if (!inside && !owed) return;
    if (inside && active?.closest(`[aria-rowindex="${focused + 1}"]`)) return;
    rowElement(grid, focused)?.focus({ preventScroll: true });
  }, [focused, chosen, version]);
  return {
    onFocusIn: ({ target }: TargetedFocusEvent<HTMLElement>) => {
      gridHadFocus = true;
      const row = target as HTMLElement;
      if (row.matches('[role="row"]:focus-visible')) onFocus(Number(row.ariaRowIndex) - 1);
    },
    onFocusOut: (event: TargetedFocusEvent<HTMLElement>) => {
      const left = event.target as HTMLElement;
      if (event.relatedTarget instanceof Node) gridHadFocus = event.currentTarget.contains(event.relatedTarget);
      else
        queueMicrotask(() => {
          if (left.isConnected && left.checkVisibility() && document.activeElement === document.body)
            gridHadFocus = false;
        });
    },
  };
};

export const Grid = (props: GridProps) => {
  const { geometry, focused, version } = props;
  const own = useRef<HTMLDivElement>(null);
  const scale = useRef(new Scale()).current;
  const [range, setRange] = useState({ from: 0, to: 20 });
  const anchor = useRef<{ key: string; below: number } | null>(null);
  const latest = useRef(props);
  latest.current = props;
  const total = heightOf(geometry);
  const top = useRef(0);

  /** What is in sight at `at`, told to whoever fetches; remembers the first row so that it can stay where it is. */
  const look = useCallback((at: number): void => {
    const grid = own.current;
    const { geometry: shape, keyAt, onLook } = latest.current;
    if (!grid) return;
    top.current = at;
    const first = indexAt(shape, at);
    const last = indexAt(shape, at + grid.clientHeight);
    const key = keyAt(first);
    anchor.current = key === undefined ? null : { key, below: at - offsetOf(shape, first) };
    onLook(first, last + 1);
    setRange((old) => (old.from === first && old.to === last + 1 ? old : { from: first, to: last + 1 }));
  }, []);

  const scrollTo = useCallback((to: number): void => {
    const grid = own.current;
    if (!grid) return;
    const height = heightOf(latest.current.geometry);
    const target = Math.max(0, Math.min(to, height - grid.clientHeight));
    grid.scrollTop = scale.goto(target, grid.clientHeight, height);
    look(target);
  }, []);

  useLayoutEffect(() => {
    scrollTo(props.start);
    const watch = new ResizeObserver(() => look(top.current));
    if (own.current) watch.observe(own.current);
    return () => watch.disconnect();
  }, []);

  /** Rows that came or went above leave what is read where it is; at the top new rows come in. */
  useLayoutEffect(() => {
    const held = anchor.current;
    const index = held && top.current > 0 ? props.indexOf(held.key) : -1;
    if (held && index >= 0) {
      const wanted = offsetOf(geometry, index) + held.below;
      if (Math.abs(wanted - top.current) >= 1) return scrollTo(wanted);
    }
    look(top.current);
  }, [version, geometry]);

  useLayoutEffect(() => {
    const grid = own.current;
    if (!grid || focused < 0) return;
    const rowTop = offsetOf(geometry, focused);
    const heading = geometry.headings.some((each) => each.index === focused) ? geometry.headHeight : 0;
    const bottom = rowTop + geometry.rowHeight;
    if (rowTop - heading < top.current) scrollTo(rowTop - heading);
    else if (bottom > top.current + grid.clientHeight) scrollTo(bottom - grid.clientHeight);
  }, [focused]);

  const focusing = useGridFocus(own, props);

  const onKeyDown = (event: TargetedKeyboardEvent<HTMLDivElement>): void => {
    const row = (event.target as HTMLElement).closest<HTMLElement>('[role="row"]');
    const onRow = event.target === row;
    const here = row ? Number(row.getAttribute('aria-rowindex')) - 1 : focused;
    const page = Math.max(1, Math.floor((own.current?.clientHeight ?? 0) / geometry.rowHeight) - 1);
    const go = (index: number): void => {
      const to = Math.max(0, Math.min(geometry.count - 1, index));
      if (event.shiftKey) props.onExtend(to);
      props.onMove(to);
    };
    if (event.altKey || event.metaKey) return;
    if (event.ctrlKey) {
      if (event.key.toLowerCase() !== 'a') return;
      props.onAll();
    } else if (event.key === 'ArrowDown') go(here + 1);
    else if (event.key === 'ArrowUp') go(here - 1);
    else if (event.key === 'PageDown') go(here + page);
    else if (event.key === 'PageUp') go(here - page);
    else if (event.key === 'Home') go(0);
    else if (event.key === 'End') go(geometry.count - 1);
    else if (event.key === 'ArrowRight' && row) walkCells(row, 1);
    else if (event.key === 'ArrowLeft' && row) walkCells(row, -1);
    else if (event.key === ' ' && onRow) props.onToggle(here);
    else if (event.key === 'Enter' && onRow) props.onOpen(here);
    else return;
    event.preventDefault();
    event.stopPropagation();
  };

  const onScroll = (): void => {
    const grid = own.current;
    if (!grid) return;
    const moved = scale.scrolled(grid.scrollTop, grid.clientHeight, heightOf(latest.current.geometry));
    if (moved.scrollTop !== null) grid.scrollTop = moved.scrollTop;
    look(moved.top);
    latest.current.onScroll(moved.top);
  };

  const shown: number[] = [];
  const from = Math.max(0, range.from - overscan);
  const to = Math.min(geometry.count, range.to + overscan);
  if (focused >= 0 && focused < from) shown.push(focused);
  for (let index = from; index < to; index += 1) shown.push(index);
  if (focused >= to && focused < geometry.count) shown.push(focused);

  return (
    <div
      ref={own}
      id={props.id}
      class={`rows ${props.class ?? ''}`}
      role="grid"
      aria-label={props.label}
      aria-rowcount={geometry.count}
      aria-multiselectable="true"
      tabIndex={focused < 0 || geometry.count === 0 ? 0 : -1}
      onKeyDown={onKeyDown}
      onScroll={onScroll}
      {...focusing}
    >
      <div
        class="rows-in"
        role="presentation"
        ref={(box) => box?.style.setProperty('height', `${scale.physical(total)}px`)}
      >
        {geometry.headings
          .filter(({ index }) => index >= from && index < to)
          .map(({ index, label }) => (
            <div
              key={`day ${label}`}
              class="day"
              aria-hidden="true"
              ref={(box) =>
                box?.style.setProperty(
                  'transform',
                  `translateY(${scale.drawn(offsetOf(geometry, index)) - geometry.headHeight}px)`,
                )
              }
            >
              {label}
            </div>
          ))}
        {shown.map((index) => (
          <RowPlace key={props.keyAt(index) ?? `blank ${index}`} top={scale.drawn(offsetOf(geometry, index))}>
            {props.row(index)}
          </RowPlace>
        ))}
      </div>
      {props.children}
    </div>
  );
};

const RowPlace = ({ top, children }: { top: number; children: ComponentChildren }) => (
  <div class="row-place" role="presentation" ref={(box) => box?.style.setProperty('transform', `translateY(${top}px)`)}>
    {children}
  </div>
);

export interface GridRowProps {
  index: number;
  class: string;
  label: string;
  stop: boolean;
  picked: boolean;
  current: boolean;
  onClick(event: TargetedMouseEvent<HTMLDivElement>): void;
  onContextMenu(event: TargetedMouseEvent<HTMLDivElement>): void;
  rowRef: RefObject<HTMLDivElement | null>;
  touch: Record<'onPointerDown' | 'onPointerMove' | 'onPointerUp' | 'onPointerCancel', (event: PointerEvent) => void>;
  /** It can be dragged by mouse; whatever that does has a twin for keys. */
  drag?: { onDragStart(event: DragEvent): void; onDragEnd(): void };
  children: ComponentChildren;
}

export const GridRow = (props: GridRowProps) => (
  <div
    ref={props.rowRef}
    class={props.class}
    role="row"
    aria-rowindex={props.index + 1}
    aria-label={props.label}
    aria-selected={props.picked}
    aria-current={props.current ? 'true' : undefined}
    tabIndex={props.stop ? 0 : -1}
    onClick={props.onClick}
    onContextMenu={props.onContextMenu}
    draggable={props.drag !== undefined}
    {...props.drag}
    {...props.touch}
  >
    {props.children}
  </div>
);

export const Cell = ({ class: name, children }: { class?: string; children: ComponentChildren }) => (
  <div class={`cell ${name ?? ''}`} role="gridcell">
    {children}
  </div>
);

/** The check mark of a row. */
export const PickBox = ({
  picked,
  label,
  onPick,
  children,
}: {
  picked: boolean;
  label: string;
  onPick(shift: boolean): void;
  children: ComponentChildren;
}) => (
  <button
    type="button"
    class="pick"
    role="checkbox"
    aria-checked={picked}
    aria-label={label}
    tabIndex={-1}
    data-cell
    onClick={(event) => {
      event.stopPropagation();
      onPick(event.shiftKey);
    }}
  >
    <span>{children}</span>
  </button>
);
