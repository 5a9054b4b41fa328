import type { ComponentChildren, TargetedKeyboardEvent } from 'preact';
import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import { Icon } from './icon.tsx';
import type { Box } from './place.ts';

export interface Branch {
  key: string;
  /** 1 for the top. */
  level: number;
  /** Undefined: nothing below. */
  expanded?: boolean;
  current: boolean;
  /** What typing jumps to. */
  label: string;
  /** Where Enter and a click lead; none for a branch that only unfolds. */
  href: string | null;
  class: string;
  /** It has a menu of its own. */
  menu: boolean;
  children: ComponentChildren;
}

const typingPause = 700;
/** Milliseconds that something dragged rests on a folded branch before it unfolds. */
const dragRest = 600;

/** APG tree, flat in the DOM: Right opens, Left closes or climbs, typing jumps, Enter goes. One Tab stop. */
export const Tree = (props: {
  label: string;
  branches: readonly Branch[];
  onOpen(branch: Branch): void;
  onFold(branch: Branch, expanded: boolean): void;
  /** Asked for by right-click, `.`, the menu key, or the dots that a mouse finds. */
  onMenu(branch: Branch, at: Box): void;
  /** Whether what is dragged over it, of these types, may be let go there. */
  takes(branch: Branch, types: readonly string[]): boolean;
  onDrop(branch: Branch): void;
}) => {
  const own = useRef<HTMLDivElement>(null);
  const typed = useRef({ text: '', at: 0 });
  const [stop, setStop] = useState<string | null>(null);
  const [over, setOver] = useState<string | null>(null);
  const resting = useRef({ key: '', timer: 0 });
  const { branches } = props;
  const last = useRef(-1);
  const stopKey = branches.some((branch) => branch.key === stop)
    ? stop
    : (
        (stop === null ? undefined : branches[Math.min(last.current, branches.length - 1)]) ??
        branches.find((branch) => branch.current) ??
        branches[0]
      )?.key;
  last.current = branches.findIndex((branch) => branch.key === stopKey);
  const hadFocus = own.current?.contains(document.activeElement) ?? false;

  // A branch that is taken out, or put elsewhere, loses the focus: it goes back to it, or to what is in its place.
  useLayoutEffect(() => {
    if (hadFocus && document.activeElement === document.body)
      own.current?.querySelector<HTMLElement>('[tabindex="0"]')?.focus();
  });

  useLayoutEffect(() => {
    own.current?.querySelector('[aria-current]')?.scrollIntoView({ block: 'nearest' });
  }, [branches.find((branch) => branch.current)?.key]);

  const focus = (index: number): void => {
    const branch = branches[Math.max(0, Math.min(branches.length - 1, index))];
    if (!branch) return;
    setStop(branch.key);
    own.current?.querySelector<HTMLElement>(`[data-key="${CSS.escape(branch.key)}"]`)?.focus();
  };

  const jump = (key: string, here: number): void => {
    const now = performance.now();
    typed.current = { text: now - typed.current.at < typingPause ? typed.current.text + key : key, at: now };
    const wanted = typed.current.text.toLocaleLowerCase();
    const from = wanted.length > 1 ? here : here + 1;
    const order = [...branches.keys()].map((index) => (from + index) % branches.length);
    const found = order.find((index) => branches[index]?.label.toLocaleLowerCase().startsWith(wanted));
    if (found !== undefined) focus(found);
  };

  const drag = (event: DragEvent, branch: Branch): void => {
    const takes = props.takes(branch, event.dataTransfer?.types ?? []);
    if (takes) event.preventDefault();
    setOver(takes ? branch.key : null);
  };

  const onKeyDown = (event: TargetedKeyboardEvent<HTMLElement>): void => {
    const here = branches.findIndex((branch) => branch.key === (event.target as HTMLElement).dataset['key']);
    const branch = branches[here];
    if (!branch || event.ctrlKey || event.altKey || event.metaKey) return;
    const done = (): void => {
      event.preventDefault();
      event.stopPropagation();
    };
    switch (event.key) {
      case 'ArrowDown':
        done();
        return focus(here + 1);
      case 'ArrowUp':
        done();
        return focus(here - 1);
      case 'Home':
        done();
        return focus(0);
      case 'End':
        done();
        return focus(branches.length - 1);
      case 'ArrowRight':
        done();
        if (branch.expanded === false) props.onFold(branch, true);
        else if (branch.expanded) focus(here + 1);
        return;
      case 'ArrowLeft': {
        done();
        if (branch.expanded) return props.onFold(branch, false);
        const parent = branches.slice(0, here).findLastIndex((other) => other.level < branch.level);
        if (parent >= 0) focus(parent);
        return;
      }
      case '.':
        if (!branch.menu) return;
        done();
        return props.onMenu(branch, (event.target as HTMLElement).getBoundingClientRect());
      case 'Enter':
      case ' ':
        done();
        return props.onOpen(branch);
      default:
        if (!/^\p{L}$/u.test(event.key)) return;
        done();
        jump(event.key, here);
    }
  };

  return (
    <div ref={own} class="nav" role="tree" aria-label={props.label} onKeyDown={onKeyDown}>
      {branches.map((branch) => (
        <a
          key={branch.key}
          data-key={branch.key}
          class={`${branch.class} ${branch.current ? 'on' : ''} ${over === branch.key ? 'over' : ''}`}
          role="treeitem"
          aria-level={branch.level}
          aria-expanded={branch.expanded}
          aria-current={branch.current ? 'page' : undefined}
          aria-selected={branch.current}
          {...(branch.href === null ? {} : { href: branch.href })}
          tabIndex={branch.key === stopKey ? 0 : -1}
          // The mouse leaves the focus where it is, so that keys go on acting on the mail.
          onMouseDown={(event) => event.preventDefault()}
          onClick={(event) => {
            if (event.ctrlKey || event.metaKey || event.shiftKey || event.button !== 0) return;
            event.preventDefault();
            setStop(branch.key);
            props.onOpen(branch);
          }}
          draggable={false}
          onDragEnter={(event) => {
            clearTimeout(resting.current.timer);
            const unfold = (): void => props.onFold(branch, true);
            const timer = branch.expanded === false ? window.setTimeout(unfold, dragRest) : 0;
            resting.current = { key: branch.key, timer };
            drag(event, branch);
          }}
          onDragOver={(event) => drag(event, branch)}
          onDragLeave={() => {
            // What is entered is told before what is left.
            if (resting.current.key === branch.key) clearTimeout(resting.current.timer);
            setOver((now) => (now === branch.key ? null : now));
          }}
          onDrop={(event) => {
            setOver(null);
            if (!props.takes(branch, event.dataTransfer?.types ?? [])) return;
            event.preventDefault();
            props.onDrop(branch);
          }}
          onContextMenu={(event) => {
            if (!branch.menu) return;
            event.preventDefault();
            const { clientX: left, clientY: top } = event;
            props.onMenu(branch, { left, right: left, top, bottom: top });
          }}
        >
          {branch.children}
          {branch.menu ? (
            <span
              class="dots"
              aria-hidden="true"
              onClick={(event) => {
                event.preventDefault();
                event.stopPropagation();
                props.onMenu(branch, event.currentTarget.getBoundingClientRect());
              }}
            >
              <Icon name="ellipsis" size="s" />
            </span>
          ) : null}
        </a>
      ))}
    </div>
  );
};
