import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { aheadMs, holdKeys, typedAhead } from '#model/ahead.ts';
import { commands as everyCommand, latinOf, openKeys, type Command, type Press } from '#model/keys.ts';
import { listWidths } from '#model/prefs.ts';
import { focusRegion } from '#parts/regions.ts';
import { Bar } from './bar.tsx';
import { ComposerDocks } from './composer-slot.tsx';
import { Confirm } from './confirm.tsx';
import { openRow } from './mailbox/row.tsx';
import { ListPane } from './mailbox/pane.tsx';
import { folderForm } from './folders/asked.ts';
import { later } from './later.tsx';
import { useApp, type App } from './model.ts';
import { PhoneBar } from './phone.tsx';
import { Side } from './side.tsx';
import { ToastView } from './toast.tsx';

const conversation = later(async () => (await import('./conversation/pane.tsx')).ConversationPane);
const help = later(async () => (await import('./help.tsx')).Help);
const move = later(async () => (await import('./move.tsx')).MoveDialog);
const folder = later(async () => (await import('./folders/form.tsx')).FolderDialog);
const outbox = later(async () => (await import('./outbox.tsx')).OutboxDialog);
const palette = later(async () => (await import('./palette/palette.tsx')).CommandPalette);
const settings = later(async () => (await import('./settings/settings.tsx')).Settings);

/** Fetches the code of the letter and of what keys open, once the first list is on the screen. */
const useLater = ({ model }: App): void => {
  const shown =
    model.reading.place.value?.list.total.value !== undefined && model.reading.place.value?.list.total.value !== null;
  const [begun, setBegun] = useState(false);
  useEffect(() => {
    if (shown) setBegun(true);
  }, [shown]);
  useEffect(() => {
    if (!begun) return;
    let over = false;
    const stops: (() => void)[] = [];
    const start = (stop: () => void): void => {
      if (over) stop();
      else stops.push(stop);
    };
    const timer = setTimeout(() => {
      for (const each of [conversation, move, help, folder, palette, outbox]) each.fetch();
      import('#model/waiting.ts').then(
        ({ watchWaiting }) => start(watchWaiting(model)),
        () => undefined,
      );
      import('./keep.ts').then(
        ({ keep }) => start(keep(model)),
        () => undefined,
      );
    }, 200);
    return () => {
      over = true;
      clearTimeout(timer);
      for (const stop of stops) stop();
    };
  }, [begun]);
};

const isWriting = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement &&
  (target.isContentEditable ||
    target instanceof HTMLTextAreaElement ||
    target instanceof HTMLSelectElement ||
    (target instanceof HTMLInputElement && !['checkbox', 'radio', 'button'].includes(target.type)));

const pressOf = (event: KeyboardEvent): Press => ({
  key: latinOf(event),
  ctrl: event.ctrlKey,
  alt: event.altKey,
  meta: event.metaKey,
  shift: event.shiftKey,
  writing: isWriting(event.target),
});

/** In the settings no key acts on mail that is not shown. */
const inSettings = (command: Command): boolean => everyCommand[command][1] === 'go' || command === 'undo';

/** Keys of the whole window; parts that have keys of their own stop them before. */
const useKeys = ({ model, commands }: App): void => {
  useEffect(() => {
    const keys = openKeys(model.clock);
    const isOver = (): boolean => document.querySelector('dialog[open], .menu:popover-open') !== null;
    /** Before any part takes it for a key of its own. */
    const onAhead = (event: KeyboardEvent): void => {
      if (event.ctrlKey || event.metaKey || event.altKey || isOver() || isWriting(event.target)) return;
      if (!typedAhead(event.key)) return;
      event.preventDefault();
      event.stopPropagation();
    };
    const onKey = (event: KeyboardEvent): void => {
      if (event.defaultPrevented || isOver()) return;
      const meant = keys.press(pressOf(event), model.prefs.keys.peek());
      if (meant === null) return;
      if (model.router.route.peek().at === 'settings' && meant !== 'half' && !inSettings(meant.command)) return;
      const isButton = event.target instanceof Element && event.target.closest('button, a, [role="button"]') !== null;
      if (meant !== 'half' && meant.command === 'open' && isButton) return;
      event.preventDefault();
      if (meant !== 'half') commands.run(meant);
    };
    addEventListener('keydown', onAhead, true);
    addEventListener('keydown', onKey);
    const stops = [
      commands.on('nextRegion', () => focusRegion(1)),
      commands.on('previousRegion', () => focusRegion(-1)),
    ];
    return () => {
      removeEventListener('keydown', onAhead, true);
      removeEventListener('keydown', onKey);
      for (const stop of stops) stop();
    };
  }, []);
};

/** The line between list and letter: drag it, or Alt with arrows. */
const Sash = () => {
  const { listWidth } = useApp().model.prefs;
  const set = (width: number): void => {
    listWidth.value = Math.round(Math.max(listWidths.least, Math.min(listWidths.most, width)));
  };
  return (
    <div
      class="sash"
      role="separator"
      aria-orientation="vertical"
      aria-label="Width of the list"
      aria-valuemin={listWidths.least}
      aria-valuemax={listWidths.most}
      aria-valuenow={listWidth.value}
      tabIndex={0}
      onKeyDown={(event) => {
        const by = { ArrowLeft: -16, ArrowRight: 16 }[event.key];
        if (by === undefined) return;
        event.preventDefault();
        event.stopPropagation();
        set(listWidth.peek() + by);
      }}
      onDblClick={() => set(listWidths.usual)}
      onPointerDown={(event) => {
        event.currentTarget.setPointerCapture(event.pointerId);
        event.preventDefault();
      }}
      onPointerMove={(event) => {
        if (!event.currentTarget.hasPointerCapture(event.pointerId)) return;
        set(event.clientX - (event.currentTarget.parentElement?.getBoundingClientRect().left ?? 0));
      }}
    />
  );
};

export type DialogName = 'help' | 'move' | 'commands' | 'outbox' | null;

export const Shell = () => {
  const app = useApp();
  const { model, commands } = app;
  const [dialog, setDialog] = useState<DialogName>(null);
  const [drawer, setDrawer] = useState(false);
  const own = useRef<HTMLDivElement>(null);
  /** Whoever types at once, or gives up, need not wait for the code of the dialog. */
  const openTyped = (name: 'move' | 'commands'): void => {
    setTimeout(
      holdKeys(() => setDialog(null)),
      aheadMs,
    );
    setDialog(name);
  };
  useKeys(app);
  useLater(app);
  useEffect(() => {
    const stops = [
      commands.on('help', () => setDialog('help')),
      commands.on('goOutbox', () => setDialog('outbox')),
      commands.on('commands', () => openTyped('commands')),
      commands.on('move', () => {
        const target = commands.target();
        const why = target && commands.whyNotMove(target);
        if (why) model.toasts.show(why, { icon: 'folder-input' });
        else if (target) openTyped('move');
      }),
      commands.on('open', () => {
        const place = model.reading.place.peek();
        const id = place?.cursor.peek() ?? place?.list.idAt(0);
        if (!place || !id) return;
        openRow(app, place, id);
        requestAnimationFrame(() => {
          const letter = document.querySelector<HTMLElement>('.conv');
          // Whoever went on to one of its messages stays there.
          if (!letter?.contains(document.activeElement)) letter?.focus({ preventScroll: true });
        });
      }),
      commands.on('goFolder', () => openTyped('move')),
    ];
    return () => {
      for (const stop of stops) stop();
    };
  }, []);
  const width = model.prefs.listWidth.value;
  useEffect(() => own.current?.style.setProperty('--list-now', `${width}px`), [width]);
  const route = model.router.route.value;
  const page = route.at === 'settings' ? route.page : null;
  const title = page ? 'Settings' : model.reading.place.value?.title;
  const subject = page ? null : model.reading.conversation.value?.subject.value;
  useEffect(() => {
    document.title = [subject, title, 'Postern'].filter(Boolean).join(' - ');
  }, [title, subject]);
  useEffect(() => setDrawer(false), [route]);
  useLayoutEffect(() => (drawer ? model.router.cover(() => setDrawer(false)) : undefined), [drawer]);
  // Whoever comes in after it was locked, or somebody else signed in, is not asked about a folder of before.
  useEffect(
    () => () => {
      folderForm.value = null;
    },
    [],
  );
  const reading = model.reading.conversation.value !== null;
  const closing = model.lock.state.value === 'closing';
  const onePane = model.onePane.value;
  /** The letter fills the window. */
  const alone = reading && onePane;
  const before = useRef(reading);
  useEffect(() => {
    if (onePane && before.current !== reading)
      document.querySelector<HTMLElement>(reading ? '.conv' : '#list [tabindex="0"]')?.focus();
    before.current = reading;
  }, [reading, onePane]);
  const fromSettings = useRef(page !== null);
  useEffect(() => {
    if (fromSettings.current && page === null) {
      const gear = document.querySelector<HTMLElement>('.to-settings');
      const shown = gear?.checkVisibility({ visibilityProperty: true }) ? gear : null;
      (shown ?? document.querySelector<HTMLElement>('#list [tabindex="0"]'))?.focus();
    }
    fromSettings.current = page !== null;
  }, [page]);

  return (
    <div ref={own} class={`app ${closing ? 'closing' : ''}`} inert={closing}>
      {page ? (
        <settings.View page={page} />
      ) : (
        <>
          <a
            class="skip btn primary"
            href="#list-pane"
            onClick={(event) => {
              event.preventDefault();
              const [first, other] = alone ? ['.conv', '.read button'] : ['#list [tabindex="0"]', '#list-pane button'];
              document.querySelector<HTMLElement>(document.querySelector(first) ? first : other)?.focus();
            }}
          >
            Skip to the {alone ? 'letter' : 'list'}
          </a>
          <Side open={drawer} onClose={() => setDrawer(false)} onHelp={() => setDialog('help')} />
          <Bar onDrawer={() => setDrawer(true)} />
          <main class={`court ${reading ? 'reading' : ''}`}>
            <ListPane onDrawer={() => setDrawer(true)} />
            <conversation.View />
            <Sash />
          </main>
          <PhoneBar />
        </>
      )}
      <ToastView />
      <ComposerDocks />
      {dialog === 'help' ? <help.View onClose={() => setDialog(null)} /> : null}
      {dialog === 'outbox' ? <outbox.View onClose={() => setDialog(null)} /> : null}
      {dialog === 'commands' ? <palette.View onClose={() => setDialog(null)} /> : null}
      {dialog === 'move' ? <move.View onClose={() => setDialog(null)} /> : null}
      {folderForm.value ? (
        <folder.View
          form={folderForm.value}
          onClose={() => {
            folderForm.value = null;
          }}
        />
      ) : null}
      <Confirm />
    </div>
  );
};
