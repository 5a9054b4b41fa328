import { capabilities } from '#jmap/core.ts';
import { getAnswer, getFields, wantedIds } from '../get.ts';
import { method } from '../method.ts';
import type { Host, OpenAccount } from '../types.ts';
import { knownProperties, type Row, rowOf, rowsOf, submissionView } from './ledger.ts';

const chosen = async (host: Host, open: OpenAccount, ids: readonly string[]): Promise<Row[]> => {
  const rows: Row[] = [];
  for (const id of ids) {
    const row = await rowOf(host, open, id);
    if (row) rows.push(row);
  }
  return rows;
};

/** EmailSubmission/get – RFC 8621 §7.1 */
export const submissionGet = method(
  'EmailSubmission/get',
  capabilities.submission,
  {},
  getFields,
  async (context, args) => {
    const { open, caller } = context;
    const state = open.index.read((reader) => reader.state('EmailSubmission'));
    const rows =
      args.ids === null ? await rowsOf(caller.host, open) : await chosen(caller.host, open, wantedIds(args.ids));
    const all = rows.map(submissionView);
    return { json: getAnswer({ ...args, accountId: open.jmapId }, knownProperties(context), state, all) };
  },
);
