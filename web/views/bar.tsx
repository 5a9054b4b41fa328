import { useEffect, useRef, useState } from 'preact/hooks';
import { accountName } from '#model/place.ts';
import { Icon } from '#parts/icon.tsx';
import { IconButton } from '#parts/tooltip.tsx';
import { useApp } from './model.ts';
import { statusOf } from './status.ts';

/** Small changes are confirmed before anybody could read "Saving"; it shows after three seconds. */
const patience = 3_000;

const StatusLine = () => {
  const { model } = useApp();
  const now = statusOf(model);
  const saving = now.text.startsWith('Saving');
  const [late, setLate] = useState(false);
  useEffect(() => {
    setLate(false);
    if (!saving) return;
    const timer = setTimeout(() => setLate(true), patience);
    return () => clearTimeout(timer);
  }, [saving]);
  const shown = saving && !late ? { tone: 'ok', text: 'All mail up to date' } : now;
  return (
    <div class="status">
      <span class={`dot ${shown.tone === 'ok' ? '' : shown.tone}`} />
      <span class="cut">{shown.text}</span>
    </div>
  );
};

const SearchBox = ({ onLeave }: { onLeave(): void }) => {
  const { model, commands } = useApp();
  const route = model.router.route.value;
  const asked = route.at === 'search' ? route.text : '';
  const [text, setText] = useState(asked);
  const [focused, setFocused] = useState(false);
  const own = useRef<HTMLInputElement>(null);
  useEffect(() => setText(asked), [asked]);
  const submit = (): void => {
    const mail = model.mail.peek();
    if (text.trim() === '' || !mail) return;
    const several = model.mails.peek().length > 1;
    /** From a list of several accounts all are searched. */
    const all = model.reading.place.peek()?.mail === null || (route.at === 'search' && route.account === null);
    const account = several && !all ? accountName(mail) : null;
    model.router.go({ at: 'search', text: text.trim(), account, thread: null, of: null });
    document.querySelector<HTMLElement>('#list')?.focus();
    onLeave();
  };
  const clear = (): void => {
    setText('');
    const mail = model.mail.peek();
    if (route.at === 'search' && route.account === null) commands.run('goAllInboxes');
    else if (route.at === 'search' && mail)
      model.router.go({ at: 'mailbox', account: accountName(mail), box: 'inbox', show: 'everything', thread: null });
    own.current?.focus();
  };
  return (
    <form
      class="search"
      role="search"
      data-region
      onSubmit={(event) => {
        event.preventDefault();
        submit();
      }}
    >
      <Icon name="search" />
      {text === '' ? (
        <span class="hint cut" aria-hidden="true">
          Search mail, people, or type <b>from:</b>
        </span>
      ) : null}
      <input
        ref={own}
        type="search"
        aria-label="Search mail"
        enterkeyhint="search"
        autocomplete="off"
        spellcheck={false}
        value={text}
        onInput={(event) => setText(event.currentTarget.value)}
        onFocus={() => setFocused(true)}
        onBlur={() => setFocused(false)}
        onKeyDown={(event) => {
          if (event.key !== 'Escape') return;
          event.preventDefault();
          if (text === asked) {
            own.current?.blur();
            document.querySelector<HTMLElement>('#list [tabindex="0"]')?.focus();
            onLeave();
          } else setText(asked);
        }}
      />
      {text === '' ? (
        focused ? null : (
          <kbd>/</kbd>
        )
      ) : (
        <IconButton icon="x" label="Clear the search" size="sm" onClick={clear} />
      )}
    </form>
  );
};

export const Bar = ({ onDrawer }: { onDrawer(): void }) => {
  const { commands, model } = useApp();
  /** On a phone the search takes the place of the title while it is used. */
  const [asking, setAsking] = useState(false);
  useEffect(() => {
    const focus = (): void => {
      const input = document.querySelector<HTMLInputElement>('.search input');
      input?.focus();
      input?.select();
    };
    return commands.on('search', () => {
      setAsking(true);
      focus();
      // On a phone the box appears only now.
      requestAnimationFrame(() => document.activeElement?.matches('.search input') || focus());
    });
  }, []);
  const route = model.router.route.value;
  const narrow = asking || (route.at === 'search' && model.reading.conversation.value === null);
  return (
    <header class={`bar ${narrow ? 'asking' : ''}`}>
      <IconButton icon="menu" label="Folders" class="drawer-open" onClick={onDrawer} />
      <SearchBox onLeave={() => setAsking(false)} />
      <button type="button" class="btn quiet commands" onClick={() => commands.run('commands')}>
        <Icon name="command" size="s" />
        Commands
        <kbd>Ctrl K</kbd>
      </button>
      <StatusLine />
    </header>
  );
};
