import { capabilities } from '#jmap/core.ts';
import { changesFields } from '../changes.ts';
import { MethodFailure } from '../errors.ts';
import { method } from '../method.ts';
import { mailAccountId, mailAccountState } from './view.ts';

const stateGrammar = /^[\w-]{16}$/u;

/** MailAccount/changes: the one record is as it was or it changed. */
export const mailAccountChanges = method(
  'MailAccount/changes',
  capabilities.keep,
  {},
  changesFields,
  ({ open }, args) => {
    if (!stateGrammar.test(args.sinceState)) throw new MethodFailure('cannotCalculateChanges');
    const newState = mailAccountState(open);
    const answer = {
      accountId: open.jmapId,
      oldState: args.sinceState,
      newState,
      hasMoreChanges: false,
      created: [],
      updated: newState === args.sinceState ? [] : [mailAccountId],
      destroyed: [],
    };
    return { json: JSON.stringify(answer) };
  },
);
