import { Problem } from '#base/problem.ts';
import type { Credential, MailAccount, Store } from '#store/types.ts';
import { credentialBinding } from '#vault/associated.ts';
import type { Keeper, SealedCredential } from '#vault/keeper.ts';

type Parts = { account: MailAccount; store: Store; keeper: Keeper };

const sealedOf = ({ imap, smtp }: MailAccount, credential: Credential): SealedCredential => ({
  binding: credential.binding,
  target: credential.protocol === 'imap' ? imap : smtp,
  sealed: credential.sealed,
});

const readBoth = async ({ account, store }: Parts): Promise<Credential[]> => {
  const both = await Promise.all([store.credential(account.id, 'imap'), store.credential(account.id, 'smtp')]);
  return both.flatMap((credential) => credential ?? []);
};

const generationOf = (credentials: readonly Credential[]): number =>
  Math.max(0, ...credentials.map(({ binding }) => binding.generation));

const isRefusal = (error: unknown): boolean => error instanceof Problem && error.code === 'auth/refused';

/**
 * Sees to it that the keeper has an access token for an account that signs in by OAuth2, and stores what the issuer
 * turned. `anew`: the one there was has been refused. Another process with the same database may have turned the token
 * meanwhile: then its row is used.
 * @throws VaultError as `Keeper.freshen`
 */
export const freshen = async (parts: Parts, anew = false): Promise<void> => {
  const { account, store, keeper } = parts;
  const before = await readBoth(parts);
  const ask = (credentials: readonly Credential[]) =>
    keeper.freshen(
      credentials.map((credential) => sealedOf(account, credential)),
      anew,
    );
  let turned;
  try {
    turned = await ask(before);
  } catch (error) {
    const now = await readBoth(parts);
    if (!isRefusal(error) || generationOf(now) === generationOf(before)) throw error;
    turned = await ask(now);
  }
  if (!turned) return;
  const rows = turned.map(({ protocol, generation, sealed }) => ({
    account: account.id,
    protocol,
    binding: credentialBinding(account.user, account.id, protocol, generation),
    sealed,
  }));
  // A later row is of a later turn.
  if (generationOf(await readBoth(parts)) < generationOf(rows)) await store.saveCredentials(rows);
};
