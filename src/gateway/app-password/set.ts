import { capabilities } from '#jmap/core.ts';
import type { ShownAppPassword } from '#jmap/app-password.ts';
import { utcDate } from '#jmap/ids.ts';
import { overlap } from '#app-passwords/manager.ts';
import type { AppPassword as Entry, Minted, PublicId } from '#app-passwords/types.ts';
import { SetFailure } from '../errors.ts';
import { type AccountContext, method } from '../method.ts';
import { admitSet, Outcome, setFields, targetsOf } from '../set.ts';
import { note } from './audit.ts';
import { settleSoon, stateAfter, stateNow, watch } from './book.ts';
import { setupOf } from './capability.ts';
import { type Managed, mustManage } from './desk.ts';
import { type Step, stepOfPatch, wishOf } from './new.ts';
import { asSetFailure, proofNeeded } from './refusals.ts';
import { appPasswordId, appPasswordView, isGone, publicId } from './view.ts';

/** The one time a password is told; its bytes are put into the answer at the very end. */
const shown = (context: AccountContext, { entry, password }: Minted): ShownAppPassword => ({
  ...appPasswordView(entry, context.clock.now()),
  password: context.conceal(password),
  setup: setupOf(context.desk, context.open),
});

const prove = ({ caller }: AccountContext): void => {
  if (!caller.proven) throw proofNeeded();
};

/** What one update does to one that is the user's own and not gone. */
const take = async (
  context: AccountContext,
  { app, user }: Managed,
  { id, expires }: Entry,
  step: Step,
): Promise<object | null> => {
  switch (step.do) {
    case 'rename':
      await app.rename(user, id, step.name, 'user');
      return null;
    case 'pause':
      await app.pause(user, id, 'user');
      return null;
    case 'resume':
      await app.resume(user, id, 'user');
      return null;
    case 'rotate': {
      prove(context);
      const minted = await app.rotate(user, id, 'user');
      const replacement = shown(context, minted);
      const until = Math.min(context.clock.now() + overlap, expires ?? Infinity);
      return { state: 'replaced', worksUntil: utcDate(until / 1000), replacedBy: replacement.id, replacement };
    }
  }
};

/** AppPassword/set: makes, renames, pauses, resumes, rotates; destroying revokes (A65 to A68). */
export const appPasswordSet = method(
  'AppPassword/set',
  capabilities.appPasswords,
  { writes: true },
  setFields,
  async (context, args) => {
    const { open, desk } = context;
    const managed = mustManage(desk, open);
    const { app, user } = managed;
    const oldState = await stateNow(context, managed);
    admitSet(args, oldState);
    const known = new Map(
      (await app.list(user)).filter((entry) => !isGone(entry)).map((entry): [string, Entry] => [entry.id, entry]),
    );
    watch(context, managed);
    const outcome = new Outcome(context);
    const refused = (kind: 'create' | 'update' | 'destroy', id: string, error: unknown): void => {
      const failure = asSetFailure(error);
      if (failure instanceof SetFailure && failure.code === 'unconfirmed') settleSoon(context, managed);
      outcome.refused(kind, id, failure);
    };
    /** @throws SetFailure notFound */
    const find = (id: string): Entry => {
      const entry = known.get(publicId(id) ?? '');
      if (!entry) throw new SetFailure({ type: 'notFound' });
      return entry;
    };

    for (const [creationId, given] of Object.entries(args.create ?? {})) {
      try {
        const wish = wishOf(given);
        prove(context);
        const minted = await app.create(user, wish, { origin: 'web', actor: 'user' });
        known.set(minted.entry.id, minted.entry);
        outcome.created(creationId, shown(context, minted));
        await note(context, 'app-password-created', { id: minted.entry.id, program: wish.program });
      } catch (error) {
        refused('create', creationId, error);
      }
    }

    const targets = targetsOf(context, args, outcome);
    for (const [id, patch] of targets.update) {
      try {
        const entry = find(id);
        const step = stepOfPatch(patch);
        if (entry.origin === 'postern')
          throw new SetFailure({
            type: 'forbidden',
            description: 'Postern keeps this one for itself: it can be revoked, nothing else.',
          });
        outcome.updated(id, await take(context, managed, entry, step));
        await note(context, 'app-password-changed', { id: entry.id, change: step.do });
      } catch (error) {
        refused('update', id, error);
      }
    }

    await destroy(context, managed, targets.destroy, { find, refused, outcome });
    return { json: outcome.toJson(oldState, await stateAfter(context, managed, oldState)) };
  },
);

/** All in one transaction and one cut. */
const destroy = async (
  context: AccountContext,
  { app, user }: Managed,
  targets: readonly string[],
  {
    find,
    refused,
    outcome,
  }: {
    find: (id: string) => Entry;
    refused: (kind: 'destroy', id: string, error: unknown) => void;
    outcome: Outcome;
  },
): Promise<void> => {
  const ids: PublicId[] = [];
  for (const id of targets) {
    try {
      ids.push(find(id).id);
    } catch (error) {
      refused('destroy', id, error);
    }
  }
  if (ids.length === 0) return;
  try {
    await app.revoke(user, ids, 'user');
    for (const id of ids) outcome.destroyed(appPasswordId(id));
    await note(context, 'app-password-revoked', { count: ids.length, id: ids[0] ?? null });
  } catch (error) {
    for (const id of ids) refused('destroy', appPasswordId(id), error);
  }
};
