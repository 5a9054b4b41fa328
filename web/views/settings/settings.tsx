import { useEffect } from 'preact/hooks';
import { printRoute, type SettingsPage } from '#model/route.ts';
import { Icon } from '#parts/icon.tsx';
import { IconButton } from '#parts/tooltip.tsx';
import { useModel } from '../model.ts';
import { groups, type PageEntry } from './pages.ts';
import './settings.css';

const Entry = ({ entry, page }: { entry: PageEntry; page: SettingsPage }) => {
  const { router } = useModel();
  const on = entry.page === page;
  const route = { at: 'settings', page: entry.page } as const;
  return (
    <li>
      <a
        class={on ? 'on' : ''}
        aria-current={on ? 'page' : undefined}
        href={printRoute(route)}
        onPointerEnter={entry.body.fetch}
        onFocus={entry.body.fetch}
        onClick={(event) => {
          if (event.ctrlKey || event.metaKey || event.shiftKey) return;
          event.preventDefault();
          router.go(route);
        }}
      >
        <Icon name={entry.icon} />
        {entry.title}
      </a>
    </li>
  );
};

/** On a phone the pages lie in a line that is longer than the screen. */
const useShownPage = (page: SettingsPage): void => {
  useEffect(() => {
    const link = document.querySelector('.set-nav a.on');
    const line = link?.closest('.set-groups');
    if (!link || !line) return;
    // To the middle by hand: at the ends of the line the browser would push the whole window on to get it there.
    const middle = ({ left, width }: DOMRect): number => left + width / 2;
    line.scrollLeft += middle(link.getBoundingClientRect()) - middle(line.getBoundingClientRect());
    link.scrollIntoView({ block: 'nearest', inline: 'nearest' });
  }, [page]);
};

const Nav = ({ page, onBack }: { page: SettingsPage; onBack(): void }) => (
  <nav class="set-nav" aria-label="Settings" data-region>
    <div class="set-nav-h">
      <IconButton icon="arrow-left" label="Back to the mail" cap="Esc" onClick={onBack} />
      <span>Settings</span>
    </div>
    <div class="set-groups">
      {groups.map(({ title, pages }) => (
        <div key={title}>
          <h2 id={`set-nav-${title}`}>{title}</h2>
          <ul aria-labelledby={`set-nav-${title}`}>
            {pages.map((entry) => (
              <Entry key={entry.page} entry={entry} page={page} />
            ))}
          </ul>
        </div>
      ))}
    </div>
  </nav>
);

/** The settings fill the window; Escape goes back to where the mail was left. */
export const Settings = ({ page }: { page: SettingsPage }) => {
  const { router } = useModel();
  useShownPage(page);
  const back = (): void => router.back(router.mail.peek());
  useEffect(() => {
    const onKey = (event: KeyboardEvent): void => {
      if (event.key !== 'Escape' || event.defaultPrevented) return;
      if (document.querySelector('dialog[open], .menu:popover-open')) return;
      event.preventDefault();
      back();
    };
    addEventListener('keydown', onKey);
    return () => removeEventListener('keydown', onKey);
  }, []);
  const entry = groups.flatMap(({ pages }) => pages).find((each) => each.page === page);
  return (
    <div class="set">
      <Nav page={page} onBack={back} />
      <main class="set-main" data-region tabIndex={-1}>
        <div key={page} class="set-in">
          {entry ? <entry.body.View /> : null}
        </div>
      </main>
    </div>
  );
};
