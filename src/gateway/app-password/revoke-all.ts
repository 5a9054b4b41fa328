import { capabilities } from '#jmap/core.ts';
import type { RevokeAllResponse } from '#jmap/app-password.ts';
import { AppPasswordError } from '#app-passwords/errors.ts';
import type { PublicId } from '#app-passwords/types.ts';
import { id, list, oneOf, orNull } from '../check.ts';
import { type AccountContext, method } from '../method.ts';
import { sentenceOf } from '../words.ts';
import { note } from './audit.ts';
import { settleSoon, stateAfter, stateNow, watch } from './book.ts';
import { type Managed, mustManage } from './desk.ts';
import { appPasswordId, isGone } from './view.ts';

/** Revokes all but `except` and Postern's own, in one transaction and one cut. */
const revokeAll = async (
  context: AccountContext,
  managed: Managed,
  except: readonly string[],
): Promise<Pick<RevokeAllResponse, 'revoked' | 'unconfirmed' | 'description'>> => {
  const { app, user } = managed;
  const ids = (await app.list(user))
    .filter((entry) => !isGone(entry) && entry.origin !== 'postern' && !except.includes(appPasswordId(entry.id)))
    .map((entry): PublicId => entry.id);
  if (ids.length === 0) return { revoked: [], unconfirmed: [], description: null };
  const named = ids.map(appPasswordId);
  try {
    await app.revoke(user, ids, 'user');
    await note(context, 'app-password-revoked', { count: ids.length, all: true });
    return { revoked: named, unconfirmed: [], description: null };
  } catch (error) {
    if (!(error instanceof AppPasswordError) || error.code !== 'app-password/not-cut') throw error;
    settleSoon(context, managed);
    await note(context, 'app-password-revoked', { count: ids.length, all: true, unconfirmed: true });
    return { revoked: [], unconfirmed: named, description: sentenceOf(error) };
  }
};

/** AppPassword/revokeAll (A68). */
export const appPasswordRevokeAll = method(
  'AppPassword/revokeAll',
  capabilities.appPasswords,
  { writes: true },
  { except: orNull(list(id)) },
  async (context, { except }) => {
    const { open, desk } = context;
    const managed = mustManage(desk, open);
    const oldState = await stateNow(context, managed);
    const done = await revokeAll(context, managed, except ?? []);
    watch(context, managed);
    const newState = await stateAfter(context, managed, oldState);
    return { json: JSON.stringify({ accountId: open.jmapId, oldState, newState, ...done }) };
  },
);

/** AppPassword/settle: what becomes of them now that the main password has changed (A72). */
export const appPasswordSettle = method(
  'AppPassword/settle',
  capabilities.appPasswords,
  { writes: true },
  { choice: oneOf('keep', 'drop') },
  async (context, { choice }) => {
    const { open, desk } = context;
    const managed = mustManage(desk, open);
    const oldState = await stateNow(context, managed);
    const none = { revoked: [], unconfirmed: [], description: null };
    const done = choice === 'drop' ? await revokeAll(context, managed, []) : none;
    // What is not confirmed stands in the list as `revoking`; the question itself is answered.
    await managed.app.answered(managed.user);
    const newState = await stateAfter(context, managed, oldState);
    return { json: JSON.stringify({ accountId: open.jmapId, oldState, newState, ...done }) };
  },
);
