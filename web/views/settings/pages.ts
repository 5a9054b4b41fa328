import type { SettingsPage } from '#model/route.ts';
import type { IconName } from '#parts/icon.tsx';
import { later } from '../later.tsx';

export interface PageEntry {
  page: SettingsPage;
  title: string;
  icon: IconName;
  /** Begins with a `PageHead`. */
  body: ReturnType<typeof later<object>>;
}

/** The navigation of the settings, in its order. A page is fetched when it is opened. */
export const groups: readonly { title: string; pages: readonly PageEntry[] }[] = [
  {
    title: 'Mail',
    pages: [
      {
        page: 'accounts',
        title: 'Accounts',
        icon: 'users',
        body: later(async () => (await import('./accounts.tsx')).Accounts),
      },
      {
        page: 'identities',
        title: 'Identities and signatures',
        icon: 'signature',
        body: later(async () => (await import('./identities.tsx')).IdentitiesPage),
      },
    ],
  },
  {
    title: 'Security',
    pages: [
      {
        page: 'app-passwords',
        title: 'App passwords',
        icon: 'key-round',
        body: later(async () => (await import('./app-passwords.tsx')).AppPasswordsPage),
      },
      {
        page: 'security',
        title: 'Sign-in and passkeys',
        icon: 'fingerprint-pattern',
        body: later(async () => (await import('./security.tsx')).SignInPage),
      },
      {
        page: 'sessions',
        title: 'Sessions',
        icon: 'laptop',
        body: later(async () => (await import('./sessions.tsx')).SessionsPage),
      },
      {
        page: 'vault',
        title: 'Vault and recovery code',
        icon: 'lock',
        body: later(async () => (await import('./vault.tsx')).VaultPage),
      },
    ],
  },
  {
    title: 'Postern',
    pages: [
      {
        page: 'appearance',
        title: 'Appearance',
        icon: 'palette',
        body: later(async () => (await import('./appearance.tsx')).Appearance),
      },
    ],
  },
];
