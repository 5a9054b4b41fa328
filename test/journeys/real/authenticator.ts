import type { Page } from 'playwright-core';
import { signIn, type Person, type Real } from './world.ts';

/** Passkeys in Chromium: its virtual authenticator, and addresses that may have passkeys. */

export interface Authenticator {
  /** Ids of the credentials it holds. */
  credentials(): Promise<string[]>;
  remove(): Promise<void>;
}

/** A built-in authenticator that confirms everything; without `prf` one that keeps no secrets. */
export const addAuthenticator = async (page: Page, { prf = true } = {}): Promise<Authenticator> => {
  const cdp = await page.context().newCDPSession(page);
  await cdp.send('WebAuthn.enable');
  const { authenticatorId } = await cdp.send('WebAuthn.addVirtualAuthenticator', {
    options: {
      protocol: 'ctap2',
      ctap2Version: 'ctap2_1',
      transport: 'internal',
      hasResidentKey: true,
      hasUserVerification: true,
      isUserVerified: true,
      automaticPresenceSimulation: true,
      hasPrf: prf,
    },
  });
  return {
    credentials: async () => {
      const { credentials } = await cdp.send('WebAuthn.getCredentials', { authenticatorId });
      return credentials.map(({ credentialId }) => credentialId);
    },
    remove: async () => {
      await cdp.send('WebAuthn.removeVirtualAuthenticator', { authenticatorId });
    },
  };
};

/** Passkeys are bound to a name, so the page is opened by one. */
export const byName = (real: Real): Real =>
  Object.create(real, { url: { get: () => real.url.replace('127.0.0.1', 'localhost') } }) as Real;

export const signInByName = (real: Real, page: Page, who: Person): Promise<void> => signIn(byName(real), page, who);

/** Shows the mail password in the dialog that asks for a proof. */
export const prove = async (page: Page, { password }: Person): Promise<void> => {
  const dialog = page.getByRole('dialog', { name: 'Show that it is you' });
  await dialog.getByRole('button', { name: /^Go on/u }).waitFor();
  const instead = dialog.getByRole('button', { name: 'Use the mail password' });
  if ((await instead.count()) > 0) await instead.click();
  await dialog.getByLabel('Mail password', { exact: true }).fill(password);
  await dialog.getByRole('button', { name: 'Go on', exact: true }).click();
  await dialog.waitFor({ state: 'detached' });
};
