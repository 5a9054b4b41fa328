import type { MailAccount, Store } from '#store/types.ts';
import type { MailAccountId } from '#vault/keeper.ts';

/** The order with one account at another place; the others make room. */
export const placed = (accounts: readonly MailAccount[], id: MailAccountId, position: number): MailAccount[] => {
  const others = accounts.filter((account) => account.id !== id);
  return others.toSpliced(position, 0, ...accounts.filter((account) => account.id === id));
};

/** Numbers accounts as they stand, 0, 1, 2 … */
export const numbered = async (store: Store, order: readonly MailAccount[]): Promise<void> => {
  for (const [position, account] of order.entries())
    if (account.position !== position) await store.changeAccount(account.id, { position });
};
