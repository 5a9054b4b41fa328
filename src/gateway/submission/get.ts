import { capabilities } from '#jmap/core.ts';
import { getAnswer, getFields } from '../get.ts';
import { type Context, method } from '../method.ts';
import { outboxProperties, rowsOf, submissionProperties, submissionView } from './ledger.ts';

const known = (context: Context): readonly string[] =>
  context.using.has(capabilities.keep) ? [...submissionProperties, ...outboxProperties] : submissionProperties;

/** EmailSubmission/get – RFC 8621 §7.1 */
export const submissionGet = method(
  'EmailSubmission/get',
  capabilities.submission,
  {},
  getFields,
  async (context, args) => {
    const { open, caller } = context;
    const state = open.index.read((reader) => reader.state('EmailSubmission'));
    const all = (await rowsOf(caller.host, open)).map(submissionView);
    return { json: getAnswer({ ...args, accountId: open.jmapId }, known(context), state, all) };
  },
);
