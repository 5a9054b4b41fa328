import { useRef, useState } from 'preact/hooks';
import type { RowId } from '#model/list.ts';
import { rowOf } from '#model/rows.ts';
import { Icon } from '#parts/icon.tsx';
import type { App } from '../model.ts';

/**
 * Swipes on touch: right archives, left marks read or unread; past half of the row commits. Everything here is also in
 * the menu of the row.
 */
export const useSwipe = ({ model, commands }: App, id: RowId) => {
  const [side, setSide] = useState<'archive' | 'read' | null>(null);
  const state = useRef({ x: 0, y: 0, dx: 0, active: false, pointer: -1, justMoved: false });
  const row = useRef<HTMLDivElement | null>(null);

  const move = (dx: number): void => {
    state.current.dx = dx;
    row.current?.style.setProperty('transform', dx === 0 ? 'none' : `translateX(${dx}px)`);
    row.current?.classList.toggle('swiped', dx !== 0);
    setSide(dx === 0 ? null : dx > 0 ? 'archive' : 'read');
  };

  const onDown = (event: PointerEvent): void => {
    state.current.justMoved = false;
    if (event.pointerType !== 'touch' || !model.onePane.peek()) return;
    Object.assign(state.current, { x: event.clientX, y: event.clientY, active: false, pointer: event.pointerId });
  };

  const onMove = (event: PointerEvent): void => {
    const now = state.current;
    if (now.pointer !== event.pointerId) return;
    const dx = event.clientX - now.x;
    const dy = event.clientY - now.y;
    if (!now.active) {
      if (Math.abs(dy) > 10) now.pointer = -1;
      if (Math.abs(dx) < 16 || Math.abs(dx) < 1.5 * Math.abs(dy)) return;
      now.active = true;
      row.current?.setPointerCapture(event.pointerId);
    }
    move(dx);
  };

  const onEnd = (event: PointerEvent): void => {
    const now = state.current;
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
    ref: (element: HTMLDivElement | null): void => {
      if (row.current === element) return;
      row.current = element;
      element?.addEventListener('pointerdown', onDown);
      element?.addEventListener('pointermove', onMove);
      element?.addEventListener('pointerup', onEnd);
      element?.addEventListener('pointercancel', onEnd);
    },
    under: side ? (
      <div class={`swipe-under ${side === 'read' ? 'back' : ''}`} aria-hidden="true">
        <Icon name={side === 'archive' ? 'archive' : 'mail-open'} />
        {side === 'archive' ? 'Archive' : 'Read or unread'}
      </div>
    ) : null,
  };
};
