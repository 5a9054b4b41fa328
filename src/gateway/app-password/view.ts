import type { AppPassword as Entry, PublicId } from '#app-passwords/types.ts';
import { isPublicId } from '#app-passwords/password.ts';
import type { AppPassword, AppPasswordProtocol } from '#jmap/app-password.ts';
import { type AppPasswordId, type UTCDate, utcDate } from '#jmap/ids.ts';

export const appPasswordProperties: readonly (keyof AppPassword)[] = [
  'id',
  'name',
  'program',
  'protocols',
  'networks',
  'createdAt',
  'expiresAt',
  'state',
  'worksUntil',
  'replacedBy',
  'lastUsed',
  'unusedDays',
  'own',
  'imported',
];

const day = 86_400_000;

/** `P` and the public id: some of those begin with a digit. */
export const appPasswordId = (id: string): AppPasswordId => `P${id}` as AppPasswordId;

/** Null: no app password has such an id. */
export const publicId = (id: string): PublicId | null => {
  const letters = id.slice(1);
  return id.startsWith('P') && isPublicId(letters) ? letters : null;
};

const instant = (ms: number): UTCDate => utcDate(ms / 1000);

/** Dovecot's name of the service that asked: Postfix and Exim ask as `smtp`. */
const protocolOf = (service: string): AppPasswordProtocol =>
  service === 'imap' || service === 'pop3' || service === 'sieve' ? service : 'submission';

/** Revoked, or rotated away and its time is over: for its owner it is no more. */
export const isGone = ({ status, replacedBy }: Entry): boolean =>
  status.at === 'revoked' || (status.at === 'expired' && replacedBy !== null);

/** One that is not gone, as its owner sees it. */
export const appPasswordView = (entry: Entry, now: number): AppPassword => {
  const { status, lastUse, expires, created, replacedBy } = entry;
  return {
    id: appPasswordId(entry.id),
    name: entry.label,
    program: entry.program,
    protocols: [...entry.protocols],
    networks: [...entry.networks],
    createdAt: instant(created),
    expiresAt: expires === null ? null : instant(expires),
    state: status.at === 'revoked' ? 'revoking' : status.at,
    worksUntil: status.at === 'replaced' ? instant(status.until) : null,
    replacedBy: replacedBy === null ? null : appPasswordId(replacedBy),
    lastUsed: lastUse && { at: instant(lastUse.at), protocol: protocolOf(lastUse.protocol), network: lastUse.network },
    unusedDays: status.at === 'active' ? Math.max(0, Math.floor((now - (lastUse?.at ?? created)) / day)) : null,
    own: entry.origin === 'postern',
    imported: entry.imported,
  };
};
