import { canCompose } from '#model/compose-port.ts';
import { gathered } from '#model/all-inboxes.ts';
import { accountName, type Place } from '#model/place.ts';
import type { Mail } from '#model/mail.ts';
import type { AllBox, Route } from '#model/route.ts';
import { Icon } from '#parts/icon.tsx';
import { IconButton } from '#parts/tooltip.tsx';
import { printRoute } from '#model/route.ts';
import { Gate, nameOfAccount } from './gate.tsx';
import { useApp, useModel } from './model.ts';
import { statusOf } from './status.ts';

/** The accounts as pills, and all of them together where there is something to gather. */
const Gates = () => {
  const { mails, mail, places, router } = useModel();
  if (mails.value.length < 2) return null;
  const state = places.value;
  const here = state.at === 'open' ? state.place.mail : mail.value;
  const pill = (route: Route, on: boolean, label: string, each?: Mail) => (
    <a
      key={each?.id ?? ''}
      class={`gate ${on ? 'on' : ''}`}
      aria-current={on ? 'page' : undefined}
      href={printRoute(route)}
      onClick={(event) => {
        event.preventDefault();
        router.go(route);
      }}
    >
      {each ? <Gate mail={each} /> : null}
      {label}
    </a>
  );
  const all = gathered(mails.value).length > 0;
  return (
    <nav class="gates" aria-label="Accounts">
      {all ? pill({ at: 'all', box: 'inbox', show: 'everything', open: null }, here === null, 'All') : null}
      {mails.value.map((each) =>
        pill(
          { at: 'mailbox', account: accountName(each), box: 'inbox', show: 'everything', thread: null },
          each === here,
          nameOfAccount(each),
          each,
        ),
      )}
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
          <h1 tabIndex={-1} data-stand-in>
            {place?.title ?? 'Mail'}
          </h1>
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
  const all = state.at === 'open' && state.place.all !== null;
  const link = (to: AllBox | 'sent', icon: Parameters<typeof Icon>[0]['name'], label: string) => {
    const route: Route =
      all && to !== 'sent'
        ? { at: 'all', box: to, show: 'everything', open: null }
        : { at: 'mailbox', account: accountName(mail), box: to, show: 'everything', thread: null };
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
