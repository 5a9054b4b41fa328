import { useEffect, useLayoutEffect, useRef } from 'preact/hooks';
import { openComposer, canCompose } from '#model/compose-port.ts';
import type { Conversation, Item } from '#model/conversation.ts';
import { count, foldTime } from '#model/format.ts';
import { mailboxName } from '#model/mailboxes.ts';
import { colourOf, initialsOf, nameOf } from '#model/people.ts';
import { isMine } from '#model/rows.ts';
import type { Command } from '#model/keys.ts';
import { Icon, type IconName } from '#parts/icon.tsx';
import { MenuButton } from '#parts/menu.tsx';
import { Avatar } from '#parts/people.tsx';
import { Toolbar } from '#parts/toolbar.tsx';
import { IconButton } from '#parts/tooltip.tsx';
import { actionItems } from '../action-items.ts';
import { ComposerInline } from '../composer-slot.tsx';
import { Gate, nameOfAccount } from '../gate.tsx';
import { State } from '../state.tsx';
import { useApp, useModel } from '../model.ts';
import { Message } from './message.tsx';

const Tools = () => {
  const app = useApp();
  const { model, commands } = app;
  const position = model.reading.position.value;
  const role = model.reading.place.value?.role ?? null;
  const moreOpener = useRef<() => void>(() => undefined);
  useEffect(() => {
    const stops = [
      commands.on('more', () => moreOpener.current()),
      commands.on('toolbar', () => document.querySelector<HTMLElement>('.tools [tabindex="0"]')?.focus()),
    ];
    return () => {
      for (const stop of stops) stop();
    };
  }, []);
  const onePane = model.onePane.value;
  const more = (
    <MenuButton
      icon="ellipsis"
      label="More actions"
      cap="."
      items={() => actionItems(app)}
      opener={(open) => {
        moreOpener.current = open;
      }}
    />
  );
  return (
    <Toolbar label="Conversation" class="tools">
      {onePane ? (
        <IconButton icon="arrow-left" label="Back to the list" cap="U" onClick={() => commands.run('up')} />
      ) : (
        <>
          {role === 'archive' ? null : (
            <IconButton icon="archive" label="Archive" cap="E" onClick={() => commands.run('archive')} />
          )}
          <IconButton
            icon="octagon-alert"
            label={role === 'junk' ? 'Not junk' : 'Report junk'}
            cap="!"
            onClick={() => commands.run('junk')}
          />
          <IconButton
            icon="trash"
            label={role === 'trash' ? 'Delete for ever' : 'Delete'}
            cap="#"
            onClick={() => commands.run('delete')}
          />
          <span class="sep" />
          <IconButton icon="folder-input" label="Move to" cap="V" onClick={() => commands.run('move')} />
          <IconButton icon="mail-open" label="Mark unread" cap="⇧ U" onClick={() => commands.run('unread')} />
          <span class="sep" />
          {more}
        </>
      )}
      <span class="pos">{position ? `${count(position.index + 1)} of ${count(position.total)}` : ''}</span>
      <IconButton
        icon="chevron-left"
        label="Newer"
        cap="K"
        disabled={!position || position.index === 0}
        onClick={() => commands.run('newer')}
      />
      <IconButton
        icon="chevron-right"
        label="Older"
        cap="J"
        disabled={!position || position.index + 1 >= position.total}
        onClick={() => commands.run('older')}
      />
      {onePane ? more : null}
    </Toolbar>
  );
};

/** A phone has what is done most at the bottom, under the thumb. */
const ThumbBar = () => {
  const { commands } = useApp();
  const button = (icon: IconName, label: string, command: Command) => (
    <button type="button" onClick={() => commands.run(command)}>
      <Icon name={icon} />
      {label}
    </button>
  );
  return (
    <Toolbar label="Letter" class="m-b letter-bar">
      {button('archive', 'Archive', 'archive')}
      {button('trash', 'Delete', 'delete')}
      {button('folder-input', 'Move', 'move')}
      {canCompose() ? button('reply', 'Reply', 'reply') : null}
    </Toolbar>
  );
};

const Folded = ({ talk, item }: { talk: Conversation; item: Extract<Item, { kind: 'message' }> }) => {
  const { today } = useModel();
  const { head } = item;
  const person = head.from?.[0] ?? { name: null, email: '(unknown sender)' };
  const unread = !Object.hasOwn(head.keywords, '$seen');
  return (
    <button
      type="button"
      class={`fold ${unread ? 'unread' : ''}`}
      aria-expanded="false"
      data-message={head.id}
      onClick={() => talk.toggle(head.id)}
    >
      <Avatar initials={initialsOf(person)} colour={colourOf(person.email)} size="md" />
      <b>{isMine(talk.mail, person) ? 'You' : nameOf(person)}</b>
      <span class="cut grow" dir="auto">
        {head.preview}
      </span>
      {head.hasAttachment ? <Icon name="paperclip" size="xs" /> : null}
      <time dateTime={head.receivedAt}>{foldTime(head.receivedAt, today.value)}</time>
    </button>
  );
};

const DraftLine = ({ talk, item }: { talk: Conversation; item: Extract<Item, { kind: 'draft' }> }) => {
  const { today } = useModel();
  const { head } = item;
  return (
    <button
      type="button"
      class="fold"
      data-message={head.id}
      onClick={() =>
        void openComposer({ kind: 'draft', accountId: talk.mail.id, emailId: head.id, inThread: talk.threadId })
      }
    >
      <Icon name="pen-line" />
      <b>Draft</b>
      <span class="cut grow" dir="auto">
        {head.preview || 'Empty'}
      </span>
      <time dateTime={head.receivedAt}>{foldTime(head.receivedAt, today.value)}</time>
    </button>
  );
};

const ReplyBar = () => {
  const { commands } = useApp();
  if (!canCompose()) return null;
  return (
    <div class="replybar">
      <button type="button" class="btn" onClick={() => commands.run('reply')}>
        <Icon name="reply" size="s" />
        Reply<kbd>R</kbd>
      </button>
      <button type="button" class="btn" onClick={() => commands.run('replyAll')}>
        <Icon name="reply-all" size="s" />
        Reply all<kbd>A</kbd>
      </button>
      <button type="button" class="btn" onClick={() => commands.run('forward')}>
        <Icon name="forward" size="s" />
        Forward<kbd>F</kbd>
      </button>
    </div>
  );
};

/** In a list of several accounts, which one it is of; folders other than the list's own that it also lies in. */
const Elsewhere = ({ talk }: { talk: Conversation }) => {
  const place = useModel().reading.place.value;
  const ids = new Set(talk.members.value.flatMap((head) => Object.keys(head.mailboxIds)));
  const boxes = [...(talk.mail.mailboxes.all.value?.values() ?? [])].filter(
    (mailbox) =>
      ids.has(mailbox.id) &&
      !place?.mailboxes.some(({ mail, id }) => mail === talk.mail && id === mailbox.id) &&
      !['sent', 'drafts', 'inbox'].includes(mailbox.role ?? ''),
  );
  return (
    <>
      {place && !place.mail ? (
        <span class="chip">
          <Gate mail={talk.mail} size="xs" />
          {nameOfAccount(talk.mail)}
        </span>
      ) : null}
      {boxes.map((mailbox) => (
        <span key={mailbox.id} class="chip">
          {mailboxName(mailbox)}
        </span>
      ))}
    </>
  );
};

/** The letter had the focus: the next one takes it. Who leaves a frame in it is told of by what takes the focus alone. */
let letterHadFocus = false;
document.addEventListener('focusin', ({ target }) => {
  letterHadFocus = target instanceof Element && target.closest('.conv') !== null;
});

/** Letters of a subject that may take more lines than are shown: it scrolls, by keys too. */
const scrolling = 200;

const Letters = ({ talk }: { talk: Conversation }) => {
  const own = useRef<HTMLElement>(null);
  /** Alone in the window it is the page's title; beside the list the list's name is. */
  const Heading = useModel().onePane.value ? 'h1' : 'h2';
  const items = talk.items.value;
  const ready = talk.state.value.at === 'ready';
  const current = talk.current.value;
  const before = useRef<string | null>(null);

  useLayoutEffect(() => {
    if (letterHadFocus && document.activeElement === document.body) own.current?.focus({ preventScroll: true });
  }, []);

  /** At first the first unread message is in sight; later the one that was gone to. */
  useLayoutEffect(() => {
    const pane = own.current;
    if (!pane || !ready || current === null || before.current === current) return;
    const first = before.current === null;
    before.current = current;
    const message = pane.querySelector<HTMLElement>(`[data-message="${CSS.escape(current)}"]`);
    if (!message) return;
    if (!first) message.focus({ preventScroll: true });
    const isFirst = items[0]?.kind !== 'stack' && items[0]?.head.id === current;
    if (!isFirst || !first)
      pane.scrollTop += message.getBoundingClientRect().top - pane.getBoundingClientRect().top - 12;
    const whole = pane.scrollHeight - pane.clientHeight;
    if (first && whole <= 0) pane.scrollTop = 0;
  }, [current, ready]);

  return (
    <article ref={own} class="conv" aria-label={talk.subject.value} tabIndex={-1}>
      <Heading class="subject" tabIndex={talk.subject.value.length > scrolling ? 0 : undefined}>
        {talk.subject.value} <Elsewhere talk={talk} />
      </Heading>
      {items.map((item) => {
        if (item.kind === 'stack')
          return (
            <div key="stack" class="stack">
              <button type="button" onClick={() => talk.unstack()}>
                {count(item.ids.length)} more messages
              </button>
            </div>
          );
        if (item.kind === 'draft') return <DraftLine key={item.head.id} talk={talk} item={item} />;
        return item.open ? (
          <Message key={item.head.id} talk={talk} head={item.head} />
        ) : (
          <Folded key={item.head.id} talk={talk} item={item} />
        );
      })}
      <ReplyBar />
      <ComposerInline threadId={talk.threadId} />
    </article>
  );
};

const Content = ({ talk }: { talk: Conversation }) => {
  const state = talk.state.value;
  switch (state.at) {
    case 'ready':
      return <Letters talk={talk} />;
    case 'loading':
      return (
        <article class="conv" tabIndex={-1} aria-busy="true">
          <div class="bones">
            <div />
            <div />
            <div />
          </div>
        </article>
      );
    case 'gone':
      return (
        <article class="conv" tabIndex={-1}>
          <State title="This conversation is gone." />
        </article>
      );
    case 'failed':
      return (
        <State title="This conversation could not be fetched.">
          <button type="button" class="btn" onClick={() => talk.retry()}>
            Try again
          </button>
        </State>
      );
  }
};

export const ConversationPane = () => {
  const { model } = useApp();
  const talk = model.reading.conversation.value;
  return (
    <section class="read" aria-label="Conversation" data-region=".conv">
      {talk ? (
        <>
          <Tools />
          <Content key={`${talk.mail.id} ${talk.threadId}`} talk={talk} />
          {model.onePane.value ? <ThumbBar /> : null}
        </>
      ) : (
        <Nothing />
      )}
    </section>
  );
};

/** No letter is open: how much is chosen, or how to begin. */
const Nothing = () => {
  const { reading, prefs } = useModel();
  const place = reading.place.value;
  const chosen = place?.selection.count.value ?? 0;
  if (chosen > 0) return <State title={`${count(chosen)} chosen`} />;
  if (!place || !place.list.total.value) return null;
  return (
    <div class="state">
      <p>{prefs.keys.value ? 'Choose a conversation, or press J.' : 'Choose a conversation.'}</p>
    </div>
  );
};
