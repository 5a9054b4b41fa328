import type { AppPasswords } from '#app-passwords/manager.ts';
import { managedUser } from '#app-passwords/managed.ts';
import { isPublicId } from '#app-passwords/password.ts';
import type { AppPassword } from '#app-passwords/types.ts';
import type { Desk } from '#gateway/app-password/desk.ts';
import type { MailAccount } from '#store/types.ts';
import type { LetterPasswords } from '#upstream/carriers.ts';

/** What a letter's is called in the user's list. */
const label = 'Postern, for one letter';

/** Postern's own for a letter, as told from the one it signs in with: that is for IMAP too. */
const isOfLetter = ({ origin, protocols, status }: AppPassword): boolean =>
  origin === 'postern' && protocols.length === 1 && protocols[0] === 'submission' && status.at !== 'revoked';

/** The app passwords of single letters, where this Postern manages the account's (A89). @throws AppPasswordError */
export const openLetterPasswords = (desk: Desk): LetterPasswords => {
  const managed = ({ imap }: MailAccount): { app: AppPasswords; user: string } | null => {
    const user = desk.app && managedUser(desk, imap);
    return desk.app && user !== null ? { app: desk.app, user } : null;
  };
  return {
    make: async (account, expires) => {
      const found = managed(account);
      if (!found || desk.config.swap === 'off') return null;
      const { app, user } = found;
      const networks = desk.config.swapNetworks.map(({ address, prefix }) => `${address}/${prefix}`);
      const { entry, password } = await app.createOwn(user, { label, protocols: ['submission'], networks, expires });
      return { id: entry.id, password };
    },
    revoke: async (account, ids) => {
      const found = managed(account);
      const known = ids.filter(isPublicId);
      if (found && known.length > 0) await found.app.revoke(found.user, known, 'postern');
    },
    sweep: async (account, used) => {
      const found = managed(account);
      if (!found) return;
      const left = (await found.app.list(found.user)).filter(isOfLetter);
      const ids = left.map(({ id }) => id).filter((id) => !used().has(id));
      if (ids.length > 0) await found.app.revoke(found.user, ids, 'postern');
    },
  };
};
