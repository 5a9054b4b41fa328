import { canCompose } from '#model/compose-port.ts';
import { accountName, type Place } from '#model/place.ts';
import type { Route } from '#model/route.ts';
import { Icon } from '#parts/icon.tsx';
import { Arch } from '#parts/people.tsx';
import { IconButton } from '#parts/tooltip.tsx';
import { printRoute } from '#model/route.ts';
import { useApp, useModel } from './model.ts';
import { colourOfAccount, initialOf, nameOfAccount } from './side.tsx';
import { statusOf } from './status.ts';

const Gates = () => {
  const { mails, mail, router } = useModel();
  if (mails.value.length < 2) return null;
  return (
    <nav class="gates" aria-label="Accounts">
      {mails.value.map((each, index) => {
        const route: Route = {
          at: 'mailbox',
          account: accountName(each),
          box: 'inbox',
          show: 'everything',
          thread: null,
        };
        const name = nameOfAccount(each);
        return (
          <a
            key={each.id}
            class={`gate ${each === mail.value ? 'on' : ''}`}
            aria-current={each === mail.value ? 'page' : undefined}
            href={printRoute(route)}
            onClick={(event) => {
              event.preventDefault();
              router.go(route);
            }}
          >
            <Arch initial={initialOf(name)} colour={colourOfAccount(each, index)} />
            {name}
          </a>
        );
      })}
    </nav>
  );
};

export const PhoneHeader = ({
  place,
  summary,
  onDrawer,
}: {
  place: Place | null;
  summary: string;
  onDrawer(): void;
}) => {
  const { model, commands } = useApp();
  if (!model.onePane.value) return null;
  const status = statusOf(model);
  const words = status.tone === 'ok' ? 'up to date' : status.text;
  return (
    <header class="phone-h">
      <div class="m-t">
        <IconButton icon="menu" label="Folders" onClick={onDrawer} />
        <div class="grow">
          <h1>{place?.title ?? 'Mail'}</h1>
          <small>{[summary, words].filter(Boolean).join(', ')}</small>
        </div>
        <IconButton icon="search" label="Search" onClick={() => commands.run('search')} />
        <IconButton
          icon="square-check"
          label="Select conversations"
          onClick={() => {
            const first = place?.list.idAt(0);
            if (first) place?.selection.toggle(first);
          }}
        />
      </div>
      <Gates />
    </header>
  );
};

/** The bar at the bottom of a phone's window. */
export const PhoneBar = () => {
  const { model, commands } = useApp();
  const mail = model.mail.value;
  const state = model.places.value;
  if (!model.onePane.value || !mail || model.reading.conversation.value) return null;
  const box = state.at === 'open' ? state.place.box : '';
  const link = (to: string, icon: Parameters<typeof Icon>[0]['name'], label: string) => {
    const route: Route = { at: 'mailbox', account: accountName(mail), box: to, show: 'everything', thread: null };
    return (
      <a
        class={box === to ? 'on' : ''}
        aria-current={box === to ? 'page' : undefined}
        href={printRoute(route)}
        onClick={(event) => {
          event.preventDefault();
          model.router.go(route);
        }}
      >
        <Icon name={icon} />
        {label}
      </a>
    );
  };
  return (
    <nav class="m-b" aria-label="Main">
      {link('inbox', 'inbox', 'Mail')}
      {link('starred', 'star', 'Starred')}
      {canCompose() ? (
        <button type="button" class="fab" aria-label="Compose" onClick={() => commands.run('compose')}>
          <Icon name="pen-line" />
        </button>
      ) : (
        <span />
      )}
      {link('sent', 'send-horizontal', 'Sent')}
      {link('drafts', 'file-text', 'Drafts')}
    </nav>
  );
};
