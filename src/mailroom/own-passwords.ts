import type { AppPasswords } from '#app-passwords/manager.ts';
import { managedUser, type ProvenLogin } from '#app-passwords/managed.ts';
import { isPublicId } from '#app-passwords/password.ts';
import type { Protocol, PublicId } from '#app-passwords/types.ts';
import type { Desk } from '#gateway/app-password/desk.ts';

/** What Postern wants for itself. */
export interface OwnAsk {
  login: ProvenLogin;
  /** The one it has; it stays when it still is good. */
  has: string | null;
  /** Make another, whatever there is. */
  anew: boolean;
  label: string;
  protocols: Protocol[];
  networks: string[];
  expires: number | null;
}

export type OwnAnswer =
  /** This login is not checked by the Dovecot that is managed here. */
  { at: 'unmanaged' } | { at: 'kept' } | { at: 'made'; id: string; password: Uint8Array };

/** The app passwords that Postern makes for itself: asked for by the door, which knows no database. @throws AppPasswordError */
export interface OwnPasswords {
  own(ask: OwnAsk): Promise<OwnAnswer>;
  /** Revokes one of Postern's own; what is gone stays gone. */
  disown(ask: { login: ProvenLogin; id: string }): Promise<null>;
  /** The main password of this login was found changed: what the policy says is done. */
  mainChanged(ask: { login: ProvenLogin }): Promise<null>;
  /** Tells Dovecot what it could not be told. */
  settle(): Promise<null>;
}

const mine = async (app: AppPasswords, user: string, id: string): Promise<'good' | 'ended' | 'none'> => {
  const entry = (await app.list(user)).find((one) => one.id === id && one.origin === 'postern');
  if (!entry) return 'none';
  return entry.status.at === 'active' ? 'good' : entry.status.at === 'revoked' ? 'none' : 'ended';
};

export const openOwnPasswords = (desk: Desk): OwnPasswords => {
  const managed = (login: ProvenLogin): { app: AppPasswords; user: string } | null => {
    const user = desk.app && managedUser(desk, login);
    return desk.app && user !== null ? { app: desk.app, user } : null;
  };
  const revoke = async (app: AppPasswords, user: string, id: string): Promise<void> => {
    if (isPublicId(id) && (await mine(app, user, id)) !== 'none') await app.revoke(user, [id as PublicId], 'postern');
  };
  return {
    own: async ({ login, has, anew, label, protocols, networks, expires }) => {
      const found = managed(login);
      if (!found) return { at: 'unmanaged' };
      const { app, user } = found;
      if (has !== null && !anew && (await mine(app, user, has)) === 'good') return { at: 'kept' };
      const { entry, password } = await app.createOwn(user, { label, protocols, networks, expires });
      // In memory of its own, which moves to the door instead of being copied.
      const bytes = new Uint8Array(new ArrayBuffer(password.length));
      bytes.set(password);
      password.fill(0);
      return { at: 'made', id: entry.id, password: bytes };
    },
    disown: async ({ login, id }) => {
      const found = managed(login);
      if (found) await revoke(found.app, found.user, id);
      return null;
    },
    mainChanged: async ({ login }) => {
      const found = managed(login);
      await found?.app.mainPasswordChanged(found.user);
      return null;
    },
    settle: async () => {
      await desk.app?.settle();
      return null;
    },
  };
};
