import { useEffect, useRef } from 'preact/hooks';
import { printRoute, settingsPages, type SettingsPage } from '#model/route.ts';
import { Icon, type IconName } from '#parts/icon.tsx';
import { IconButton } from '#parts/tooltip.tsx';
import { useModel } from '../model.ts';
import { Accounts } from './accounts.tsx';
import { Appearance } from './appearance.tsx';
import { Security } from './security.tsx';
import './settings.css';

const pages: Readonly<Record<SettingsPage, { title: string; icon: IconName }>> = {
  accounts: { title: 'Accounts', icon: 'users' },
  security: { title: 'Security', icon: 'shield-check' },
  appearance: { title: 'Appearance', icon: 'palette' },
};

const bodies = { accounts: Accounts, security: Security, appearance: Appearance };

const Nav = ({ page, onBack }: { page: SettingsPage; onBack(): void }) => {
  const { router } = useModel();
  return (
    <nav class="set-nav" aria-label="Settings" data-region>
      <div class="set-nav-h">
        <IconButton icon="arrow-left" label="Back to the mail" cap="Esc" onClick={onBack} />
        <span>Settings</span>
      </div>
      <ul>
        {settingsPages.map((each) => {
          const { title, icon } = pages[each];
          const route = { at: 'settings', page: each } as const;
          return (
            <li key={each}>
              <a
                class={each === page ? 'on' : ''}
                aria-current={each === page ? 'page' : undefined}
                href={printRoute(route)}
                onClick={(event) => {
                  if (event.ctrlKey || event.metaKey || event.shiftKey) return;
                  event.preventDefault();
                  router.go(route);
                }}
              >
                <Icon name={icon} />
                {title}
              </a>
            </li>
          );
        })}
      </ul>
    </nav>
  );
};

/** The settings fill the window; Escape goes back to where the mail was left. */
export const Settings = ({ page }: { page: SettingsPage }) => {
  const { router } = useModel();
  const heading = useRef<HTMLHeadingElement>(null);
  const back = (): void => router.back(router.mail.peek());
  useEffect(() => {
    heading.current?.focus();
    const onKey = (event: KeyboardEvent): void => {
      if (event.key !== 'Escape' || event.defaultPrevented) return;
      if (document.querySelector('dialog[open], .menu:popover-open, .comp.dock')) return;
      event.preventDefault();
      back();
    };
    addEventListener('keydown', onKey);
    return () => removeEventListener('keydown', onKey);
  }, []);
  const { title } = pages[page];
  const Body = bodies[page];
  return (
    <div class="set">
      <Nav page={page} onBack={back} />
      <main class="set-main" data-region tabIndex={-1}>
        <div key={page} class="set-in">
          <h1 ref={heading} tabIndex={-1}>
            {title}
          </h1>
          <Body />
        </div>
      </main>
    </div>
  );
};
