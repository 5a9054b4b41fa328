import { useEffect, useState } from 'preact/hooks';
import { shows } from '#model/commands.ts';
import { coverageOf } from '#model/coverage.ts';
import { count, counted } from '#model/format.ts';
import type { Mail } from '#model/mail.ts';
import { accountName, onlyFolder, type Place } from '#model/place.ts';
import { densityNames } from './densities.ts';
import type { Density } from '#model/prefs.ts';
import { without } from '#model/search.ts';
import { retryAccount } from '#model/settings/retry.ts';
import { Icon } from '#parts/icon.tsx';
import { MenuButton, type MenuItem } from '#parts/menu.tsx';
import { Tabs } from '#parts/tabs.tsx';
import { IconButton } from '#parts/tooltip.tsx';
import { later } from '../later.tsx';
import { folderItemsOf } from '../folders/open.ts';
import { useApp, useModel, type App } from '../model.ts';
import { PhoneHeader } from '../phone.tsx';
import { nameOfAccount } from '../gate.tsx';
import { bannerOf } from '../status.ts';
import { State } from '../state.tsx';
import { Picks } from './picks.tsx';
import { Rows } from './rows.tsx';

const repair = later(async () => (await import('../add-account/repair.tsx')).Repair);

const tabNames = { everything: 'Everything', unread: 'Unread', starred: 'Starred', files: 'Attachments' } as const;

const densityItems = (chosen: Density, choose: (density: Density) => void): MenuItem[] => [
  { kind: 'title', label: 'Rows' },
  ...(Object.keys(densityNames) as Density[]).map((density): MenuItem => ({
    kind: 'choice',
    label: densityNames[density],
    chosen: density === chosen,
    run: () => choose(density),
  })),
];

/** A count of the mailboxes of a list together. */
const sumOf = (place: Place, what: 'totalEmails' | 'unreadThreads'): number =>
  place.mailboxes.reduce((sum, { mail, id }) => sum + (mail.mailboxes.get(id)?.[what] ?? 0), 0);

/** `7 unread`, `12 drafts`, `1,284 found` */
const summaryOf = (place: Place): string => {
  const total = place.list.total.value;
  if (place.question) return total === null ? '' : `${count(total)} found`;
  if (place.mailboxes.length === 0) return total === null ? '' : counted(total, 'conversation');
  if (place.role === 'drafts') return counted(sumOf(place, 'totalEmails'), 'draft');
  const unread = sumOf(place, 'unreadThreads');
  return unread > 0 ? `${count(unread)} unread` : '';
};

/** How the list looks, and what can be done with the folder that it shows. */
const headerItems = async (app: App, place: Place): Promise<MenuItem[]> => {
  const { density } = app.model.prefs;
  const rows = densityItems(density.peek(), (chosen) => {
    density.value = chosen;
  });
  const open = onlyFolder(place);
  const own = open ? await folderItemsOf(app, open.mail, open.mailbox) : [];
  return own.length > 0 ? [{ kind: 'title', label: 'Folder' }, ...own, { kind: 'line' }, ...rows] : rows;
};

const Header = ({ place }: { place: Place }) => {
  const app = useApp();
  return (
    <div class="list-h">
      <h1 tabIndex={-1} data-stand-in>
        {place.title}
      </h1>
      <p>{summaryOf(place)}</p>
      <span class="grow" />
      <IconButton
        icon="square-check"
        size="sm"
        label="Select conversations"
        cap="X"
        onClick={() => {
          const first = place.cursor.peek() ?? place.list.idAt(0);
          if (first) place.selection.toggle(first);
        }}
      />
      <MenuButton icon="list-filter" size="sm" label="This list" items={() => headerItems(app, place)} />
    </div>
  );
};

const Asked = ({ place }: { place: Place }) => {
  const { router } = useModel();
  const route = router.route.value;
  const { question } = place;
  if (!question || route.at !== 'search') return null;
  const chips = question.tokens.filter((token) => token.operator !== null);
  const covered = coverageOf(
    place.mails.map((mail) => ({ name: nameOfAccount(mail), progress: mail.status.value?.progress ?? null })),
    new Date(),
  );
  if (chips.length === 0 && question.unanswered.length === 0 && covered === null) return null;
  return (
    <div class="asked">
      {chips.map((token) => {
        const said = `${token.negated ? '-' : ''}${token.operator}:${token.value}`;
        return (
          <span key={`${token.from}`} class="chip">
            {said}
            <button
              type="button"
              aria-label={`Remove ${said}`}
              onClick={() => router.go({ ...route, text: without(route.text, token), thread: null })}
            >
              <Icon name="x" size="xs" />
            </button>
          </span>
        );
      })}
      {question.unanswered.map((words) => (
        <p key={words}>{words}</p>
      ))}
      {covered === null ? null : <p class="covers">{covered}</p>}
    </div>
  );
};

const Splits = ({ place }: { place: Place }) => {
  const { commands } = useApp();
  const unread = place.role === 'drafts' ? 0 : sumOf(place, 'unreadThreads');
  return (
    <Tabs
      label="Show"
      controls="list-pane"
      chosen={place.show}
      tabs={shows.map((key) => ({
        key,
        label: tabNames[key],
        count: key === 'everything' ? unread : null,
      }))}
      onChoose={commands.narrow}
    />
  );
};

const emptyWords = (place: Place): string => {
  if (place.show === 'unread') return 'No unread mail here.';
  if (place.show === 'starred' || place.box === 'starred') return 'No starred mail here.';
  if (place.show === 'files') return 'No mail with attachments here.';
  if (place.role === 'inbox') return 'Nothing is waiting.';
  if (place.role === 'drafts') return 'No drafts.';
  return 'No mail here.';
};

const Empty = ({ place }: { place: Place }) => {
  const { model, commands } = useApp();
  const { router } = model;
  const route = router.route.value;
  if (place.question && route.at === 'search') {
    const chips = place.question.tokens.filter((token) => token.operator !== null);
    return (
      <State title="No mail matches.">
        <div class="acts-row">
          {route.account !== null && model.mails.value.length > 1 ? (
            <button
              type="button"
              class="btn"
              onClick={() => router.go({ ...route, account: null, thread: null, of: null })}
            >
              Search all accounts
            </button>
          ) : null}
          {chips.map((token) => (
            <button
              key={token.from}
              type="button"
              class="btn"
              onClick={() => router.go({ ...route, text: without(route.text, token), thread: null })}
            >
              Drop {token.operator}:{token.value}
            </button>
          ))}
        </div>
      </State>
    );
  }
  return (
    <State title={emptyWords(place)} lit={place.role === 'inbox'}>
      {place.show === 'everything' ? null : (
        <button type="button" class="btn" onClick={() => commands.narrow('everything')}>
          Show all
        </button>
      )}
    </State>
  );
};

/** Nothing for a moment, then the shape of rows; never a spinner. */
const Skeleton = () => {
  const [late, setLate] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setLate(true), 150);
    return () => clearTimeout(timer);
  }, []);
  return (
    <div class="rows" id="list" tabIndex={-1} data-stand-in aria-busy="true" aria-label="Loading">
      {late
        ? [0, 1, 2, 3, 4, 5, 6, 7].map((index) => (
            <div key={index} class="row blank" aria-hidden="true">
              <div class="bone b1" />
              <div class="bone b2" />
              <div class="bone b3" />
            </div>
          ))
        : null}
    </div>
  );
};

const Content = ({ place }: { place: Place }) => {
  const state = place.list.state.value;
  const total = place.list.total.value;
  if (state.at === 'failed')
    return (
      <State title="This list could not be fetched.">
        <p>The server answered with an error. Other folders may still work.</p>
        <button type="button" class="btn" onClick={() => void place.list.refresh()}>
          Try again
        </button>
      </State>
    );
  if (total === null) return <Skeleton />;
  return total === 0 ? <Empty place={place} /> : <Rows place={place} />;
};

const Banner = () => {
  const model = useModel();
  const [repairing, setRepairing] = useState<Mail | null>(null);
  const banner = bannerOf(model);
  if (!banner && !repairing) return null;
  const { help } = banner ?? { help: null };
  return (
    <>
      {banner ? (
        <div class={`banner ${help === 'password' ? 'bad' : ''}`} role="note">
          <Icon name={help === 'password' ? 'lock' : 'cloud-off'} size="s" />
          <span class="grow">
            <b>{banner.title}</b> {banner.text}
          </span>
          {help === 'wake' ? (
            <button type="button" class="btn" onClick={() => model.wake()}>
              Try now
            </button>
          ) : null}
          {help === 'retry' && banner.mail ? (
            <button type="button" class="btn" onClick={() => banner.mail && void retryAccount(model, banner.mail)}>
              Try now
            </button>
          ) : null}
          {help === 'password' ? (
            <button type="button" class="btn" onPointerEnter={repair.fetch} onClick={() => setRepairing(banner.mail)}>
              Enter password
            </button>
          ) : null}
        </div>
      ) : null}
      {repairing ? <repair.View mail={repairing} onClose={() => setRepairing(null)} /> : null}
    </>
  );
};

/** Accounts that are not in the list though they belong there; the rest of it stands. */
const Missing = ({ place }: { place: Place }) => (
  <>
    {(place.list.total.value === null ? [] : place.missing.value).map((mail) => (
      <div key={mail.id} class="banner bad" role="note">
        <Icon name="cloud-off" size="s" />
        <span class="grow">
          <b>{nameOfAccount(mail)} is missing here.</b> Its mail could not be fetched; it is safe on its server.
        </span>
        <button
          type="button"
          class="btn"
          onClick={() => void (mail.trouble.peek() ? mail.load() : place.list.refresh())}
        >
          Try again
        </button>
      </div>
    ))}
  </>
);

const Fresh = ({ place }: { place: Place }) => {
  const n = place.list.fresh.value;
  if (n === 0) return null;
  return (
    <div class="fresh-host">
      <button
        type="button"
        class="fresh"
        onClick={() => {
          const grid = document.querySelector('#list');
          if (grid) grid.scrollTop = 0;
          place.list.atTop(true);
        }}
      >
        {n} new
      </button>
    </div>
  );
};

export const ListPane = ({ onDrawer }: { onDrawer(): void }) => {
  const { model } = useApp();
  const state = model.places.value;
  const place = state.at === 'open' ? state.place : null;
  const label = place?.mail ? `${place.title} of ${nameOfAccount(place.mail)}` : (place?.title ?? 'Mail');
  const picked = place ? place.selection.count.value > 0 : false;
  return (
    <section id="list-pane" class="list" aria-label={label} data-region="#list [tabindex='0']">
      <PhoneHeader place={place} summary={place ? summaryOf(place) : ''} onDrawer={onDrawer} />
      {place ? <Header place={place} /> : null}
      {place && picked ? <Picks place={place} /> : null}
      {place && !picked ? place.question ? <Asked place={place} /> : <Splits place={place} /> : null}
      <Banner />
      {place ? <Missing place={place} /> : null}
      {place ? (
        <>
          <Fresh place={place} />
          <Content key={place.key} place={place} />
        </>
      ) : null}
      {state.at === 'opening' ? <Opening mail={state.mail} /> : null}
      {state.at === 'missing' ? (
        <State title="There is no such folder.">
          <button
            type="button"
            class="btn"
            onClick={() =>
              model.router.go({
                at: 'mailbox',
                account: accountName(state.mail),
                box: 'inbox',
                show: 'everything',
                thread: null,
              })
            }
          >
            Open Inbox
          </button>
        </State>
      ) : null}
      {state.at === 'empty-search' ? (
        <State title="What are you looking for?">
          <p>
            Words, “phrases”, from:, to:, subject:, in:, is:unread, has:attachment, larger:5m, older_than:1y, and -
            before what must not be there.
          </p>
        </State>
      ) : null}
    </section>
  );
};

/** Until the folders are known; says so when they cannot be fetched. */
const Opening = ({ mail }: { mail: Mail | null }) => {
  if (!mail?.trouble.value) return <Skeleton />;
  return (
    <State title={`${nameOfAccount(mail)} could not be opened.`}>
      <p>The server answered with an error. Your mail is safe on its server.</p>
      <button type="button" class="btn" onClick={() => void mail.load()}>
        Try again
      </button>
    </State>
  );
};
