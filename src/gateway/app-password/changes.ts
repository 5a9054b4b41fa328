import { capabilities } from '#jmap/core.ts';
import { changesFields } from '../changes.ts';
import { MethodFailure } from '../errors.ts';
import { method } from '../method.ts';
import { readState, stateNow, watch } from './book.ts';
import { mustManage } from './desk.ts';
import { appPasswordId, isGone } from './view.ts';

/** AppPassword/changes: of ours, and of Dovecot, which writes down when one is used (A64). */
export const appPasswordChanges = method(
  'AppPassword/changes',
  capabilities.appPasswords,
  {},
  changesFields,
  async (context, { sinceState, maxChanges }) => {
    const { open, desk } = context;
    const managed = mustManage(desk, open);
    const since = readState(sinceState);
    if (!since) throw new MethodFailure('cannotCalculateChanges');
    const newState = await stateNow(context, managed);
    const now = readState(newState);
    // The tables were made anew.
    if (!now || since.seq > now.seq) throw new MethodFailure('cannotCalculateChanges');
    const changed = await managed.app.changed(managed.user, since);
    watch(context, managed);
    const isNew = ({ created }: { created: number }): boolean => created > since.made;
    const living = changed.filter((entry) => !isGone(entry));
    const ids = (entries: typeof changed): string[] => entries.map(({ id }) => appPasswordId(id));
    const answer = {
      accountId: open.jmapId,
      oldState: sinceState,
      newState,
      hasMoreChanges: false,
      created: ids(living.filter(isNew)),
      updated: ids(living.filter((entry) => !isNew(entry))),
      destroyed: ids(changed.filter((entry) => isGone(entry) && !isNew(entry))),
    };
    const count = answer.created.length + answer.updated.length + answer.destroyed.length;
    if (maxChanges !== null && count > maxChanges) throw new MethodFailure('cannotCalculateChanges');
    return { json: JSON.stringify(answer) };
  },
);
