import { capabilities } from '#jmap/core.ts';
import { changesFields } from '../changes.ts';
import { MethodFailure } from '../errors.ts';
import { method } from '../method.ts';
import { sessionsOf, webSessionState, webSessionView } from './view.ts';

/** WebSession/changes: nothing changed, or nobody knows what (K5). */
export const webSessionChanges = method(
  'WebSession/changes',
  capabilities.keep,
  {},
  changesFields,
  async (context, { sinceState }) => {
    const list = (await sessionsOf(context)).map((session) => webSessionView(session, context));
    if (webSessionState(list) !== sinceState) throw new MethodFailure('cannotCalculateChanges');
    const unchanged = { hasMoreChanges: false, created: [], updated: [], destroyed: [] };
    const accountId = context.open.jmapId;
    return { json: JSON.stringify({ accountId, oldState: sinceState, newState: sinceState, ...unchanged }) };
  },
);
