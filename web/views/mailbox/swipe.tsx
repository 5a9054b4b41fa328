import { useEffect, useRef, useState } from 'preact/hooks';
import type { RowId } from '#model/list.ts';
import { rowOf } from '#model/rows.ts';
import { Icon } from '#parts/icon.tsx';
import type { App } from '../model.ts';

/** Milliseconds of rest on a row that pick it. */
const longPress = 500;

/**
 * Swipes on touch: right archives, left marks read or unread; past half of the row commits. A long press calls `onPress`.
 * Everything here is also in the menu of the row.
 */
export const useSwipe = ({ model, commands }: App, id: RowId, onPress: () => void) => {
  const [side, setSide] = useState<'archive' | 'read' | null>(null);
  const state = useRef({ x: 0, y: 0, dx: 0, active: false, pointer: -1, justMoved: false, timer: 0 });
  const row = useRef<HTMLDivElement | null>(null);

  const move = (dx: number): void => {
    state.current.dx = dx;
    row.current?.style.setProperty('transform', dx === 0 ? 'none' : `translateX(${dx}px)`);
    row.current?.classList.toggle('swiped', dx !== 0);
    setSide(dx === 0 ? null : dx > 0 ? 'archive' : 'read');
  };

  /** Called by the clock, or by the system, which may have a shorter one. */
  const press = (): void => {
    const now = state.current;
    clearTimeout(now.timer);
    if (now.timer === 0) return;
    Object.assign(now, { timer: 0, pointer: -1, justMoved: true });
    navigator.vibrate?.(8);
    latest.current();
  };
  const noPress = (): void => {
    clearTimeout(state.current.timer);
    state.current.timer = 0;
  };
  const latest = useRef(onPress);
  latest.current = onPress;
  useEffect(() => noPress, []);

  const onDown = (event: PointerEvent): void => {
    noPress();
    state.current.justMoved = false;
    if (event.pointerType !== 'touch') return;
    const timer = window.setTimeout(press, longPress);
    Object.assign(state.current, {
      x: event.clientX,
      y: event.clientY,
      active: false,
      pointer: event.pointerId,
      timer,
    });
  };

  const onMove = (event: PointerEvent): void => {
    const now = state.current;
    if (now.pointer !== event.pointerId) return;
    const dx = event.clientX - now.x;
    const dy = event.clientY - now.y;
    if (!now.active) {
      if (Math.hypot(dx, dy) > 10) noPress();
      if (Math.abs(dy) > 10 || !model.onePane.peek()) now.pointer = -1;
      if (now.pointer === -1 || Math.abs(dx) < 16 || Math.abs(dx) < 1.5 * Math.abs(dy)) return;
      now.active = true;
      row.current?.setPointerCapture(event.pointerId);
    }
    move(dx);
  };

  const onEnd = (event: PointerEvent): void => {
    const now = state.current;
    noPress();
    if (now.pointer !== event.pointerId) return;
    now.pointer = -1;
    if (!now.active) return;
    now.justMoved = true;
    const commits = event.type === 'pointerup' && Math.abs(now.dx) > (row.current?.clientWidth ?? 0) / 2;
    const right = now.dx > 0;
    move(0);
    const target = commands.targetOf([id]);
    if (!commits || !target) return;
    navigator.vibrate?.(8);
    if (right) commands.leaving((given) => model.actions.archive(given), target);
    else {
      const seat = target.list.seatOf(id);
      void model.actions.read(target, (seat && rowOf(seat)?.unread) ?? true);
    }
  };

  return {
    moved: () => state.current.justMoved,
    /** True when the system's long press was ours. */
    pressed: (): boolean => {
      press();
      return state.current.justMoved;
    },
    ref: row,
    touch: { onPointerDown: onDown, onPointerMove: onMove, onPointerUp: onEnd, onPointerCancel: onEnd },
    under: side ? (
      <div class={`swipe-under ${side === 'read' ? 'back' : ''}`} aria-hidden="true">
        <Icon name={side === 'archive' ? 'archive' : 'mail-open'} />
        {side === 'archive' ? 'Archive' : 'Read or unread'}
      </div>
    ) : null,
  };
};
