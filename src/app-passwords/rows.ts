import type { AppPasswordRow, UseRow } from './schema.ts';
import { programs, protocols, type AppPassword, type PublicId, type Status } from './types.ts';

export type JoinedRow = AppPasswordRow & {
  used_at: UseRow['used_at'] | null;
  used_protocol: UseRow['protocol'] | null;
  used_network: UseRow['network'] | null;
};

type Times = Pick<AppPasswordRow, 'expires' | 'overlap_until'>;

/** Whether its times let it live; Dovecot's query asks the same. */
export const livingAt = ({ expires, overlap_until }: Times, now: number): boolean =>
  (expires === null || expires > now) && (overlap_until === null || overlap_until > now);

const statusOf = (row: AppPasswordRow, now: number): Status => {
  if (row.state === 'revoked') return { at: row.uncut === 1 ? 'revoking' : 'revoked' };
  if (!livingAt(row, now)) return { at: 'expired' };
  if (row.state === 'paused') return { at: row.uncut === 1 ? 'pausing' : 'paused' };
  return row.overlap_until === null ? { at: 'active' } : { at: 'replaced', until: row.overlap_until };
};

export const toAppPassword = (row: JoinedRow, now: number): AppPassword => ({
  id: row.id as PublicId,
  user: row.username,
  label: row.label,
  program: programs.find((program) => program === row.program) ?? 'other',
  protocols: protocols.filter((protocol) => row.protocols.split(' ').includes(protocol)),
  networks: row.networks === '' ? [] : row.networks.split(','),
  expires: row.expires,
  created: row.created,
  origin: row.origin,
  status: statusOf(row, now),
  replacedBy: row.replaced_by as PublicId | null,
  ended: row.ended,
  lastUse:
    row.used_at === null
      ? null
      : { at: row.used_at, protocol: row.used_protocol ?? '', network: row.used_network ?? '' },
  imported: row.finder !== null,
});
