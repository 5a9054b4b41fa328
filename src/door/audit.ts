import { randomUUID } from 'node:crypto';
import { logError } from '#base/log.ts';
import type { AuditKind } from '#store/audit-kinds.ts';
import type { AuditEntry } from '#store/types.ts';
import type { UserId } from '#vault/keeper.ts';
import type { DoorParts } from './parts.ts';
import type { Peer } from './peer.ts';

/** Writes down who did what with keys. It holds nobody up: an entry that cannot be written is told to the log. */
export type Audit = (
  kind: AuditKind,
  user: UserId | null,
  peer: Pick<Peer, 'address' | 'userAgent'>,
  facts?: AuditEntry['facts'],
) => void;

export const openAudit =
  ({ store, clock, log }: Pick<DoorParts, 'store' | 'clock' | 'log'>): Audit =>
  (kind, user, { address, userAgent }, facts = {}) => {
    const entry = { id: randomUUID(), user, at: clock.now(), kind, address, userAgent, facts };
    store.audit(entry).catch((error: unknown) => logError(log, 'audit', error, { kind }));
  };
