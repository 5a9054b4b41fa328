import { capabilities, type PatchObject } from '#jmap/core.ts';
import { isObject } from '../check.ts';
import { invalidProperties, SetFailure } from '../errors.ts';
import { method } from '../method.ts';
import { admitSet, Outcome, setFields, targetsOf } from '../set.ts';
import { mailAccountId, mailAccountState } from './view.ts';

/** The one change there is: `status` becomes `{at: 'connecting'}`. @throws SetFailure */
const checkPatch = (patch: PatchObject): void => {
  const strangers = Object.keys(patch).filter((key) => key !== 'status' && key !== 'status/at');
  if (strangers.length > 0) throw invalidProperties(strangers);
  const { status } = patch;
  const at = isObject(status) ? status['at'] : patch['status/at'];
  if (at !== 'connecting') throw invalidProperties(['status'], 'It can only be made to connect.');
};

/** MailAccount/set: tries the mail server again at once, also one that refused the password (K4). */
export const mailAccountSet = method(
  'MailAccount/set',
  capabilities.keep,
  { writes: true },
  setFields,
  (context, args) => {
    const { open } = context;
    const oldState = mailAccountState(open);
    admitSet(args, oldState);
    const outcome = new Outcome(context);
    const singleton = new SetFailure({ type: 'singleton' });
    for (const creationId of Object.keys(args.create ?? {})) outcome.refused('create', creationId, singleton);
    const targets = targetsOf(context, args, outcome);
    for (const id of targets.destroy) outcome.refused('destroy', id, singleton);
    for (const [id, patch] of targets.update) {
      try {
        if (id !== mailAccountId) throw new SetFailure({ type: 'notFound' });
        checkPatch(patch);
        open.engine.retry();
        outcome.updated(id);
      } catch (error) {
        outcome.refused('update', id, error);
      }
    }
    return { json: outcome.toJson(oldState, mailAccountState(open)) };
  },
);
