import { randomUUID } from 'node:crypto';
import { logError } from '#base/log.ts';
import type { AuditEntry } from '#store/types.ts';
import type { AccountContext } from '../method.ts';

/** A line in the user's own log. The database of app passwords has one of its own, which is part of each change. */
export const note = async (
  { caller, open, clock, log }: AccountContext,
  kind: Extract<AuditEntry['kind'], `app-password-${string}`>,
  facts: AuditEntry['facts'],
): Promise<void> => {
  const { store, user } = caller.host;
  try {
    const session = caller.session === null ? null : await store.session(caller.session);
    await store.audit({
      id: randomUUID(),
      user,
      at: clock.now(),
      kind,
      address: session?.address ?? '',
      userAgent: session?.userAgent ?? '',
      facts: { ...facts, account: open.account.id },
    });
  } catch (error) {
    logError(log, 'audit', error);
  }
};
