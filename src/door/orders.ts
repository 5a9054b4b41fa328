import type { AuditKind } from '#store/audit-kinds.ts';
import { logError } from '#base/log.ts';
import type { UserId } from '#vault/keeper.ts';
import type { DoorParts } from './parts.ts';

/** What somebody may have done to a user from outside this process. */
const orders: readonly AuditKind[] = ['user-locked', 'user-deleted', 'session-ended'];

const askMs = 2_000;
/** Clocks of machines that share a database may differ by so much. */
const skewMs = 60_000;
const most = 1_000;
const dayMs = 86_400_000;

/**
 * Takes note of what operators do in the database while this server runs, by asking the audit log for it every two
 * seconds, and drops entries of the audit log whose time is over. Returns what stops it.
 */
export const openOrders = (
  { store, clock, log, config }: Pick<DoorParts, 'store' | 'clock' | 'log' | 'config'>,
  recheck: (user: UserId) => Promise<void>,
): (() => void) => {
  const seen = new Map<string, number>();
  let asked = clock.now();
  let tidied = 0;
  let failing = false;
  let stop: () => void = () => undefined;
  let stopped = false;

  const ask = async (): Promise<void> => {
    const now = clock.now();
    const since = asked - skewMs;
    const entries = await store.auditOf(null, { since, most, kinds: orders });
    const fresh = entries.filter(({ id }) => !seen.has(id));
    for (const user of new Set(fresh.flatMap((entry) => entry.user ?? []))) await recheck(user);
    for (const { id, at } of fresh) seen.set(id, at);
    for (const [id, at] of seen) if (at < since) seen.delete(id);
    asked = now;
    if (config.auditKeepMs === 0 || now - tidied < dayMs) return;
    await store.dropAudit(now - config.auditKeepMs);
    tidied = now;
  };

  const again = (): void => {
    stop = clock.after(askMs, () => {
      ask()
        .then(() => (failing = false))
        .catch((error: unknown) => {
          if (!failing) logError(log, 'orders not read', error);
          failing = true;
        })
        .finally(() => stopped || again());
    });
  };
  again();
  return () => {
    stopped = true;
    stop();
  };
};
