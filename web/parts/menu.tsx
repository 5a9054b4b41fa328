import { render, type TargetedKeyboardEvent } from 'preact';
import { useId, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { Icon, type IconName } from './icon.tsx';
import { placed, type Box } from './place.ts';
import { tooltip } from './tooltip.tsx';

/** APG menu button and menu: arrows, Home, End, first letters; Escape and Tab close; focus returns to the opener. */

export type MenuItem =
  | { kind?: 'action'; label: string; icon?: IconName; cap?: string; run(): void }
  | { kind: 'choice'; label: string; chosen: boolean; run(): void }
  | { kind: 'switch'; label: string; on: boolean; run(): void }
  | { kind: 'link'; label: string; icon?: IconName; href: string; download?: string }
  | { kind: 'title'; label: string }
  | { kind: 'line' };

const roleOf = (item: MenuItem): 'menuitem' | 'menuitemradio' | 'menuitemcheckbox' => {
  if (item.kind === 'choice') return 'menuitemradio';
  return item.kind === 'switch' ? 'menuitemcheckbox' : 'menuitem';
};

const Entry = ({ item, onPick }: { item: MenuItem; onPick(): void }) => {
  if (item.kind === 'line') return <div role="separator" />;
  if (item.kind === 'title')
    return (
      <div class="menu-title" role="presentation">
        {item.label}
      </div>
    );
  if (item.kind === 'link')
    return (
      <a role="menuitem" tabIndex={-1} href={item.href} download={item.download} onClick={onPick}>
        {item.icon ? <Icon name={item.icon} size="s" /> : null}
        {item.label}
      </a>
    );
  const checked = item.kind === 'choice' ? item.chosen : item.kind === 'switch' ? item.on : undefined;
  return (
    <button
      type="button"
      role={roleOf(item)}
      tabIndex={-1}
      aria-checked={checked}
      onClick={() => {
        onPick();
        item.run();
      }}
    >
      {'icon' in item && item.icon ? <Icon name={item.icon} size="s" /> : null}
      {item.label}
      {'cap' in item && item.cap ? <kbd>{item.cap}</kbd> : null}
      {checked === undefined ? null : <span class="mark">{checked ? <Icon name="check" size="s" /> : null}</span>}
    </button>
  );
};

const Panel = (props: {
  label: string;
  at: Box;
  items: readonly MenuItem[];
  id?: string;
  onClose(refocus: boolean): void;
}) => {
  const own = useRef<HTMLDivElement>(null);
  const typed = useRef({ text: '', at: 0 });
  const entries = (): HTMLElement[] => [...(own.current?.querySelectorAll<HTMLElement>('[role^="menuitem"]') ?? [])];

  useLayoutEffect(() => {
    const menu = own.current;
    if (!menu) return undefined;
    const show = (): void => {
      if (menu.matches(':popover-open')) return;
      menu.showPopover();
      const { width, height } = menu.getBoundingClientRect();
      const at = placed(props.at, { width, height }, { width: innerWidth, height: innerHeight });
      menu.style.setProperty('left', `${at.left}px`);
      menu.style.setProperty('top', `${at.top}px`);
      entries()[0]?.focus();
    };
    show();
    // On Linux and macOS a right-click opens it while the button is down; Firefox closes popovers when it is released.
    const press = new AbortController();
    const { signal } = press;
    addEventListener('pointerup', show, { capture: true, once: true, signal });
    addEventListener('pointerdown', () => press.abort(), { capture: true, signal });
    return () => press.abort();
  }, []);

  const onKeyDown = (event: TargetedKeyboardEvent<HTMLElement>): void => {
    event.stopPropagation();
    const all = entries();
    const here = all.indexOf(document.activeElement as HTMLElement);
    const go = (index: number): void => {
      event.preventDefault();
      all.at(index % all.length)?.focus();
    };
    if (event.key === 'ArrowDown') go(here + 1);
    else if (event.key === 'ArrowUp') go(here <= 0 ? -1 : here - 1);
    else if (event.key === 'Home') go(0);
    else if (event.key === 'End') go(-1);
    else if (event.key === 'Tab') {
      event.preventDefault();
      props.onClose(true);
    } else if (event.key === 'Escape') {
      event.preventDefault();
      props.onClose(true);
    } else if (event.key.length === 1 && event.key !== ' ' && !event.ctrlKey && !event.metaKey && !event.altKey) {
      const now = performance.now();
      typed.current = { text: now - typed.current.at < 600 ? typed.current.text + event.key : event.key, at: now };
      const wanted = typed.current.text.toLocaleLowerCase();
      const from = wanted.length > 1 ? here : here + 1;
      const found = [...all.slice(from), ...all.slice(0, from)].find((each) =>
        (each.textContent ?? '').trim().toLocaleLowerCase().startsWith(wanted),
      );
      found?.focus();
    }
  };

  return (
    <div
      ref={own}
      id={props.id}
      class="menu"
      role="menu"
      aria-label={props.label}
      popover="auto"
      onKeyDown={onKeyDown}
      onPointerMove={(event) => (event.target as Element).closest<HTMLElement>('[role^="menuitem"]')?.focus()}
      onToggle={(event) => {
        if ((event as unknown as ToggleEvent).newState === 'closed')
          props.onClose(own.current?.contains(document.activeElement) ?? false);
      }}
    >
      {props.items.map((item, index) => (
        <Entry key={index} item={item} onPick={() => props.onClose(true)} />
      ))}
    </div>
  );
};

interface MenuButtonProps {
  label: string;
  icon: IconName;
  /** Made when it opens, which may take the loading of code. */
  items(): readonly MenuItem[] | Promise<readonly MenuItem[]>;
  cap?: string;
  size?: 'sm';
  tabIndex?: number;
  /** Gets what opens the menu, so that a key can. */
  opener?: (open: () => void) => void;
}

export const MenuButton = ({ label, icon, items, cap, size, tabIndex, opener }: MenuButtonProps) => {
  const [shown, setShown] = useState<readonly MenuItem[] | null>(null);
  const own = useRef<HTMLButtonElement>(null);
  /** What had the focus when a key opened it. */
  const from = useRef<Element | null>(null);
  const id = useId();
  const open = (): void => {
    const show = (made: readonly MenuItem[]): void => {
      if (made.length > 0) setShown(made);
    };
    const made = items();
    if (made instanceof Promise) void made.then(show);
    else show(made);
  };
  opener?.(() => {
    from.current = document.activeElement;
    own.current?.focus();
    open();
  });
  return (
    <>
      <button
        ref={own}
        type="button"
        class={`icon ${size ?? ''}`}
        aria-label={label}
        aria-haspopup="menu"
        aria-expanded={shown !== null}
        aria-controls={shown ? id : undefined}
        tabIndex={tabIndex}
        onClick={() => (shown ? setShown(null) : open())}
        onKeyDown={(event) => {
          if (event.key !== 'ArrowDown') return;
          event.preventDefault();
          event.stopPropagation();
          open();
        }}
        {...tooltip(label, cap)}
      >
        <Icon name={icon} />
      </button>
      {shown && own.current ? (
        <Panel
          id={id}
          label={label}
          at={own.current.getBoundingClientRect()}
          items={shown}
          onClose={(refocus) => {
            setShown(null);
            const { current: before } = from;
            from.current = null;
            const back = before instanceof HTMLElement && before.isConnected && before !== document.body;
            if (refocus) (back ? before : own.current)?.focus();
          }}
        />
      ) : null}
    </>
  );
};

/** A menu at a point or below an element, as right-click and `.` open it. */
export const openContextMenu = (label: string, items: readonly MenuItem[], at: Box): void => {
  const before = document.activeElement instanceof HTMLElement ? document.activeElement : null;
  const host = document.createElement('div');
  document.body.append(host);
  const close = (refocus: boolean): void => {
    if (!host.isConnected) return;
    host.remove();
    render(null, host);
    if (refocus && before?.isConnected) before.focus({ preventScroll: true });
  };
  render(<Panel label={label} at={at} items={items} onClose={close} />, host);
};
