import { capabilities } from '#jmap/core.ts';
import type { AppPasswordCapability } from '#jmap/app-password.ts';
import type { AccountId } from '#jmap/ids.ts';
import type { Model } from '#model/model.ts';

/** What the session says of the account's app passwords now. */
export const capabilityOf = ({ session }: Model, id: AccountId): AppPasswordCapability | undefined => {
  const now = session.state.value;
  return now.at === 'signed-in' ? now.jmap.accounts[id]?.accountCapabilities[capabilities.appPasswords] : undefined;
};
