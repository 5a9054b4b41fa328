import { createHash } from 'node:crypto';
import { utcDate, type UTCDate, type WebSessionId } from '#jmap/ids.ts';
import type { WebSession } from '#jmap/keep.ts';
import type { Session } from '#store/types.ts';
import type { Context } from '../method.ts';
import { deviceOf } from './device.ts';

export const webSessionProperties: readonly (keyof WebSession)[] = [
  'id',
  'device',
  'address',
  'createdAt',
  'lastSeenAt',
  'expiresAt',
  'remember',
  'isCurrent',
];

export const webSessionId = ({ id }: Pick<Session, 'id'>): WebSessionId => `W${id.replaceAll('-', '')}` as WebSessionId;

/** Sessions of the caller's user that have not expired, last seen first. @throws StoreError */
export const sessionsOf = async ({ caller, clock }: Pick<Context, 'caller' | 'clock'>): Promise<Session[]> => {
  const all = await caller.host.store.sessions(caller.host.user);
  return all.filter((session) => session.expiresAt > clock.now());
};

const instant = (milliseconds: number): UTCDate => utcDate(milliseconds / 1000);

export const webSessionView = (session: Session, { caller }: Pick<Context, 'caller'>): WebSession => ({
  id: webSessionId(session),
  device: deviceOf(session.userAgent),
  address: session.address,
  createdAt: instant(session.createdAt),
  lastSeenAt: instant(session.lastSeenAt),
  expiresAt: instant(session.expiresAt),
  remember: session.remember,
  isCurrent: session.id === caller.session,
});

/** A digest of what is shown. */
export const webSessionState = (list: readonly WebSession[]): string =>
  createHash('sha256').update(JSON.stringify(list)).digest('base64url').slice(0, 16);
