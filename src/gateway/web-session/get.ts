import { capabilities } from '#jmap/core.ts';
import { getAnswer, getFields } from '../get.ts';
import { method } from '../method.ts';
import { sessionsOf, webSessionProperties, webSessionState, webSessionView } from './view.ts';

/** WebSession/get: the browsers the user is signed in with, last seen first (K5). */
export const webSessionGet = method('WebSession/get', capabilities.keep, {}, getFields, async (context, args) => {
  const list = (await sessionsOf(context)).map((session) => webSessionView(session, context));
  const given = { ...args, accountId: context.open.jmapId };
  return { json: getAnswer(given, webSessionProperties, webSessionState(list), list) };
});
