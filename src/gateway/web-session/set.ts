import { capabilities } from '#jmap/core.ts';
import { SetFailure } from '../errors.ts';
import { method } from '../method.ts';
import { admitSet, Outcome, setFields, targetsOf } from '../set.ts';
import { sessionsOf, webSessionId, webSessionState, webSessionView } from './view.ts';

/** WebSession/set: ends sessions, at once and for good (K6). Nothing else can be done to them. */
export const webSessionSet = method(
  'WebSession/set',
  capabilities.keep,
  { writes: true },
  setFields,
  async (context, args) => {
    const { host, session: own } = context.caller;
    const state = async (): Promise<string> =>
      webSessionState((await sessionsOf(context)).map((session) => webSessionView(session, context)));
    const known = new Map((await sessionsOf(context)).map((session) => [webSessionId(session) as string, session]));
    const oldState = await state();
    admitSet(args, oldState);
    const outcome = new Outcome(context);
    const fixed = new SetFailure({ type: 'forbidden', description: 'Sessions are made by signing in.' });
    for (const creationId of Object.keys(args.create ?? {})) outcome.refused('create', creationId, fixed);
    const targets = targetsOf(context, args, outcome);
    for (const [id] of targets.update)
      outcome.refused('update', id, known.has(id) ? fixed : new SetFailure({ type: 'notFound' }));
    for (const id of targets.destroy) {
      try {
        const session = known.get(id);
        if (!session) throw new SetFailure({ type: 'notFound' });
        if (session.id === own)
          throw new SetFailure({ type: 'forbidden', description: 'This is the session that asks: sign out instead.' });
        await host.store.deleteSession(session.id);
        host.ended(session.id);
        outcome.destroyed(id);
      } catch (error) {
        outcome.refused('destroy', id, error);
      }
    }
    return { json: outcome.toJson(oldState, await state()) };
  },
);
