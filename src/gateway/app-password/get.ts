import { capabilities } from '#jmap/core.ts';
import type { AppPasswordQuestion } from '#jmap/app-password.ts';
import { utcDate } from '#jmap/ids.ts';
import { getAnswer, getFields } from '../get.ts';
import { method } from '../method.ts';
import { settleSoon, stateNow, watch } from './book.ts';
import { mustManage } from './desk.ts';
import { appPasswordProperties, appPasswordView, isGone } from './view.ts';

/** AppPassword/get: those of the account's login, newest first, and whether the user is asked about them (A64). */
export const appPasswordGet = method(
  'AppPassword/get',
  capabilities.appPasswords,
  {},
  getFields,
  async (context, args) => {
    const { open, desk, clock } = context;
    const managed = mustManage(desk, open);
    const { app, user } = managed;
    // The state is read first: what is written in between is told twice rather than never.
    const state = await stateNow(context, managed);
    const [list, asked] = await Promise.all([app.list(user), app.asked(user)]);
    watch(context, managed);
    if (list.some(({ status }) => status.at === 'revoking' || status.at === 'pausing')) settleSoon(context, managed);
    const shown = list.filter((entry) => !isGone(entry)).map((entry) => appPasswordView(entry, clock.now()));
    const question: AppPasswordQuestion | null = asked === null ? null : { changedAt: utcDate(asked / 1000) };
    const answer = getAnswer({ ...args, accountId: open.jmapId }, appPasswordProperties, state, shown);
    return { json: `${answer.slice(0, -1)},"question":${JSON.stringify(question)}}` };
  },
);
