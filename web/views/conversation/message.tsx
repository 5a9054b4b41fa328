import { useEffect, useState } from 'preact/hooks';
import type { EmailAddress } from '#jmap/mail.ts';
import { isBlankMessage } from '#model/blank.ts';
import { canCompose, openComposer, type ComposeRequest } from '#model/compose-port.ts';
import type { Conversation } from '#model/conversation.ts';
import { fullTime, messageTime, size } from '#model/format.ts';
import { colourOf, firstNameOf, initialsOf, listed, nameOf } from '#model/people.ts';
import { isMine } from '#model/rows.ts';
import type { EmailBody, EmailHead } from '#model/types.ts';
import { Icon } from '#parts/icon.tsx';
import { MenuButton, type MenuItem } from '#parts/menu.tsx';
import { Avatar } from '#parts/people.tsx';
import { IconButton } from '#parts/tooltip.tsx';
import { useApp } from '../model.ts';
import { Attachments } from './attachments.tsx';
import { sourceHref } from './hrefs.ts';
import { Html } from './html.tsx';
import { NoText, PlainText } from './plain.tsx';

const unknown: EmailAddress = { name: null, email: '(unknown sender)' };

const full = (people: readonly EmailAddress[] | null): string =>
  (people ?? []).map((person) => (person.name ? `${person.name} <${person.email}>` : person.email)).join(', ');

const Details = ({ head, body }: { head: EmailHead; body: EmailBody | undefined }) => {
  const lines: [string, string][] = [
    ['From', full(head.from)],
    ['Reply to', full(body?.replyTo ?? null)],
    ['To', full(head.to)],
    ['Cc', full(body?.cc ?? null)],
    ['Bcc', full(body?.bcc ?? null)],
    ['Date', fullTime(body?.sentAt ?? head.receivedAt)],
    ['Received', fullTime(head.receivedAt)],
    ['Size', size(head.size)],
  ];
  return (
    <dl class="details">
      {lines
        .filter(([, value]) => value !== '')
        .map(([name, value]) => (
          <>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </>
        ))}
    </dl>
  );
};

const Failed = ({ talk, head }: { talk: Conversation; head: EmailHead }) => (
  <div class="note bad" role="note">
    <Icon name="triangle-alert" size="s" />
    <span class="grow">This message could not be fetched.</span>
    <button type="button" class="btn" onClick={() => talk.retry()}>
      Try again
    </button>
    <a class="btn" href={sourceHref(talk.mail.id, head)} download>
      Download source
    </a>
  </div>
);

const isHtml = (body: EmailBody): boolean => body.htmlBody.some((part) => part.type === 'text/html');

const Body = ({ talk, head, night }: { talk: Conversation; head: EmailHead; night: boolean }) => {
  const known = talk.mail.bodies.of(head.id).value;
  switch (known.at) {
    case 'ready': {
      const body = known.value;
      return (
        <>
          {isBlankMessage(body) ? (
            <div class="body">{head.preview === '' ? <NoText /> : <p>{head.preview}</p>}</div>
          ) : isHtml(body) ? (
            <Html mail={talk.mail} head={head} night={night} />
          ) : (
            <PlainText mail={talk.mail} head={head} body={body} />
          )}
          <Attachments mail={talk.mail} body={body} />
        </>
      );
    }
    case 'failed':
      return <Failed talk={talk} head={head} />;
    case 'gone':
      return (
        <div class="note" role="note">
          <Icon name="circle-alert" size="s" />
          <span class="grow">This message is no longer on the server.</span>
        </div>
      );
    case 'empty':
    case 'loading':
      return (
        <div class="bones" aria-busy="true">
          <div />
          <div />
          <div />
        </div>
      );
  }
};

/** An open message. The address stands always beside the name. */
export const Message = ({ talk, head }: { talk: Conversation; head: EmailHead }) => {
  const { model, commands } = useApp();
  const { mail } = talk;
  const [details, setDetails] = useState(false);
  /** HTML is recoloured for the night unless the reader wants the original. */
  const dark = model.theme.value === 'dark';
  const [original, setOriginal] = useState(false);
  const isCurrent = talk.current.value === head.id;
  useEffect(() => (isCurrent ? commands.on('original', () => setOriginal((now) => !now)) : undefined), [isCurrent]);
  const person = head.from?.[0] ?? unknown;
  const known = mail.bodies.of(head.id).value;
  const body = known.at === 'ready' ? known.value : undefined;
  const recipients = [...(head.to ?? []), ...(body?.cc ?? [])].map((each) =>
    isMine(mail, each) ? 'you' : nameOf(each),
  );
  const recoloured = dark && body !== undefined && isHtml(body);
  const folds = talk.members.value.length > 1;

  const compose = (kind: ComposeRequest['kind']): void => {
    talk.goTo(head.id);
    void openComposer({ kind, accountId: mail.id, emailId: head.id, inThread: talk.threadId });
  };
  const items = (): MenuItem[] => [
    ...(canCompose()
      ? ([
          { label: 'Reply', icon: 'reply', run: () => compose('reply') },
          { label: 'Reply all', icon: 'reply-all', run: () => compose('replyAll') },
          { label: 'Forward', icon: 'forward', run: () => compose('forward') },
          { kind: 'line' },
        ] satisfies MenuItem[])
      : []),
    { label: 'Mark unread from here', icon: 'mail', cap: '_', run: () => void model.actions.unreadFrom(mail, head.id) },
    { label: details ? 'Hide details' : 'Show details', icon: 'list', run: () => setDetails(!details) },
    ...(recoloured
      ? [
          {
            label: original ? 'Change colours for night' : 'Show original colours',
            icon: 'sun-moon',
            cap: '⇧ O',
            run: () => setOriginal(!original),
          } satisfies MenuItem,
        ]
      : []),
    { kind: 'link', label: 'Download source', icon: 'download', href: sourceHref(mail.id, head), download: '' },
  ];

  return (
    <section
      class="msg"
      aria-label={`From ${nameOf(person)}, ${messageTime(head.receivedAt, model.today.value)}`}
      data-message={head.id}
      tabIndex={-1}
    >
      <header class="msg-h">
        <Avatar initials={initialsOf(person)} colour={colourOf(person.email)} />
        <div
          class="fold-again"
          onClick={(event) => {
            if (folds && !(event.target as Element).closest('button') && String(getSelection()) === '')
              talk.toggle(head.id);
          }}
        >
          <div class="who">
            <b>{isMine(mail, person) ? 'You' : nameOf(person)}</b>
            {person.name ? <span class="addr">{person.email}</span> : null}
          </div>
          <div class="to">
            <button type="button" aria-expanded={details} onClick={() => setDetails(!details)}>
              to {listed(recipients.length > 0 ? recipients : ['nobody named'])}
            </button>
          </div>
        </div>
        <time dateTime={head.receivedAt} title={fullTime(head.receivedAt)}>
          {messageTime(head.receivedAt, model.today.value)}
        </time>
        {recoloured ? (
          <IconButton
            icon="sun-moon"
            size="sm"
            on={!original}
            pressed={original}
            label={
              original ? 'Original colours. Change them for night' : 'Colours changed for night. Show the original'
            }
            cap="⇧ O"
            onClick={() => setOriginal(!original)}
          />
        ) : null}
        {canCompose() ? (
          <IconButton
            icon="reply"
            size="sm"
            label={`Reply to ${firstNameOf(person)}`}
            onClick={() => compose('reply')}
          />
        ) : null}
        <MenuButton icon="ellipsis" size="sm" label="More for this message" items={items} />
        {folds ? (
          <button type="button" class="vh" aria-expanded="true" onClick={() => talk.toggle(head.id)}>
            Fold this message
          </button>
        ) : null}
      </header>
      {details ? <Details head={head} body={body} /> : null}
      <Body talk={talk} head={head} night={dark && !original} />
    </section>
  );
};
