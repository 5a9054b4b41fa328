import type { UnlockerKind } from '#jmap/auth/unlockers.ts';
import type { Store } from '#store/types.ts';
import { DoorError } from './problems.ts';
import type { Sessions, Visitor } from './sessions.ts';

const kinds: readonly UnlockerKind[] = ['mail-password', 'site-password', 'passkey', 'recovery'];

/**
 * Refuses whoever has not shown an unlocker in the last minutes (`POST /auth/prove`); a token never has. Who wanted nothing
 * kept shows the mail password. The browser session of somebody who has no password either, since an issuer let them in,
 * is all there is to show.
 * @throws DoorError `proof-needed`
 */
export const needProof = async (sessions: Sessions, store: Store, visitor: Visitor): Promise<void> => {
  if (visitor.kind === 'session' && sessions.proven.has(visitor.session.id)) return;
  const has = new Set<string>((await store.slots(visitor.user)).map(({ kind }) => kind));
  if (has.size === 0 && (await store.accounts(visitor.user)).some(({ auth }) => auth === 'password'))
    has.add('mail-password');
  if (visitor.kind === 'session' && has.size === 0) return;
  throw new DoorError(
    'proof-needed',
    'Show once more that it is you.',
    'This changes who can open your mail, or removes something for good. Nothing has changed yet.',
    { unlockers: kinds.filter((kind) => has.has(kind)) },
  );
};
