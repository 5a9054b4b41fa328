import { isDeepStrictEqual } from 'node:util';
import { capabilities, type PatchObject } from '#jmap/core.ts';
import { idOrReference, list, mapOf, orNull, record } from '../check.ts';
import { setEmails } from '../email/set.ts';
import { invalidProperties, MethodFailure, SetFailure } from '../errors.ts';
import { pick } from '../get.ts';
import { type AccountContext, type Answer, method, resolveId } from '../method.ts';
import { admitSet, Outcome, setFields, targetsOf } from '../set.ts';
import { cancelSubmission, notePutBack, putBack } from './cancel.ts';
import { type Afterwards, createSubmission } from './create.ts';
import { knownProperties, noteRow, type Row, rowOf, submissionView } from './ledger.ts';

/**
 * What is done to the Email is shown at once; the mail server is told when the outbox says that the message went
 * (docs/spec/outbox.md, O6a). This is for the case that it never does.
 */
const longest = 30 * 86_400_000;

/** A draft that is destroyed goes at the server a little after the message did. */
const grace = 5000;

type Kind = 'create' | 'update' | 'destroy';

/** What the implicit Email/set will do – RFC 8621 §7.5 */
interface Implicit {
  update: Record<string, PatchObject>;
  destroy: string[];
  /** Unix ms. */
  dueAt: number;
  destroyAt: number;
}

class SubmissionSet {
  readonly #context: AccountContext;
  readonly #updates: Readonly<Record<string, PatchObject>>;
  readonly #destroys: readonly string[];
  readonly implicit: Implicit;

  constructor(context: AccountContext, updates: Readonly<Record<string, PatchObject>>, destroys: readonly string[]) {
    this.#context = context;
    this.#updates = updates;
    this.#destroys = destroys;
    const now = context.clock.now();
    this.implicit = { update: {}, destroy: [], dueAt: now, destroyAt: now };
  }

  /** `name`: a submission id, or `#` and the creation id of one. */
  #afterwards(name: string): Afterwards {
    const key = Object.keys(this.#updates).find((one) => one === name || resolveId(this.#context, one) === name);
    const destroy = this.#destroys.some((one) => one === name || resolveId(this.#context, one) === name);
    return { update: key === undefined ? null : (this.#updates[key] ?? null), destroy };
  }

  #plan(emailId: string, { update, destroy }: Afterwards): void {
    if (destroy) this.implicit.destroy.push(emailId);
    else if (update) this.implicit.update[emailId] = update;
  }

  async create(creationId: string, given: Readonly<Record<string, unknown>>): Promise<{ id: string }> {
    const afterwards = this.#afterwards(`#${creationId}`);
    const made = await createSubmission(this.#context, given, afterwards);
    this.#plan(made.emailId, afterwards);
    const { sendAt } = made.submission;
    this.implicit.dueAt = Math.max(this.implicit.dueAt, sendAt + longest);
    this.implicit.destroyAt = Math.max(this.implicit.destroyAt, sendAt + grace);
    return made.told;
  }

  async #row(id: string): Promise<Row> {
    const { caller, open } = this.#context;
    const row = await rowOf(caller.host, open, id);
    if (!row) throw new SetFailure({ type: 'notFound' });
    return row;
  }

  async update(id: string, patch: PatchObject): Promise<void> {
    const row = await this.#row(id);
    const before: Record<string, unknown> = pick(submissionView(row), knownProperties(this.#context));
    // What is fixed may be given as it is – RFC 8620 §5.3
    const changes = Object.entries(patch).filter(
      ([key, value]) => !Object.hasOwn(before, key) || !isDeepStrictEqual(before[key], value),
    );
    const { undoStatus, stage, ...rest } = Object.fromEntries(changes);
    const strangers = Object.keys(rest);
    if (strangers.length > 0) throw invalidProperties(strangers);
    if (stage !== undefined) return this.#again(row, stage);
    if (undoStatus === undefined) return;
    if (undoStatus !== 'canceled') throw invalidProperties(['undoStatus'], 'Only to "canceled".');
    await cancelSubmission(this.#context, row);
    const afterwards = this.#afterwards(id);
    if (afterwards.update || afterwards.destroy) this.#plan(row.ids.emailId, afterwards);
    else await putBack(this.#context, row);
    await notePutBack(this.#context, row);
  }

  /** "Try again" of the outbox: docs/spec/outbox.md, O16. */
  async #again({ submission }: Row, stage: unknown): Promise<void> {
    const { caller, clock, using } = this.#context;
    if (!using.has(capabilities.keep) || stage !== 'due') throw invalidProperties(['stage']);
    const { state } = submission;
    if (state !== 'failed' && state !== 'unknown')
      throw invalidProperties(['stage'], 'Only what failed can be tried again.');
    const moved = await caller.host.store.moveSubmission(submission.id, state, 'due', {
      tries: 0,
      sendAt: clock.now(),
    });
    if (!moved) throw invalidProperties(['stage'], 'It has moved on meanwhile.');
    noteRow(this.#context, submission.id, 'updated');
  }

  /** Takes the record away; what is not final yet stays, since its message would go with it. */
  async destroy(id: string): Promise<void> {
    const { submission, ids } = await this.#row(id);
    if (!['filed', 'failed', 'canceled', 'unknown'].includes(submission.state)) {
      throw new SetFailure({ type: 'forbidden', description: 'It is still to be sent.' });
    }
    await this.#context.caller.host.store.deleteSubmission(id);
    noteRow(this.#context, id, 'destroyed');
    this.#plan(ids.emailId, this.#afterwards(id));
  }
}

/** Every key must name something of this call or a submission – RFC 8621 §7.5 */
const admitNames = (
  names: readonly string[],
  args: { create: object | null; update: object | null; destroy: string[] | null },
): void => {
  const known = new Set([
    ...Object.keys(args.create ?? {}).map((one) => `#${one}`),
    ...Object.keys(args.update ?? {}),
    ...(args.destroy ?? []),
  ]);
  const stranger = names.find((name) => !known.has(name));
  if (stranger !== undefined) throw new MethodFailure('invalidArguments', `onSuccess: ${stranger} is not of this call`);
};

/** EmailSubmission/set – RFC 8621 §7.5 */
export const submissionSet = method(
  'EmailSubmission/set',
  capabilities.submission,
  { writes: true },
  {
    ...setFields,
    onSuccessUpdateEmail: orNull(mapOf(idOrReference, record)),
    onSuccessDestroyEmail: orNull(list(idOrReference)),
  },
  async (context, args): Promise<Answer> => {
    const { index, engine } = context.open;
    const updates = args.onSuccessUpdateEmail ?? {};
    const destroys = args.onSuccessDestroyEmail ?? [];
    admitNames([...Object.keys(updates), ...destroys], args);
    const state = (): string => index.read((reader) => reader.state('EmailSubmission'));
    const oldState = state();
    admitSet(args, oldState);
    const outcome = new Outcome(context);
    const set = new SubmissionSet(context, updates, destroys);
    const attempt = async (kind: Kind, id: string, work: () => Promise<void>): Promise<void> => {
      try {
        await work();
      } catch (error) {
        outcome.refused(kind, id, error);
      }
    };
    for (const [creationId, given] of Object.entries(args.create ?? {})) {
      await attempt('create', creationId, async () => outcome.created(creationId, await set.create(creationId, given)));
    }
    const targets = targetsOf(context, args, outcome);
    for (const [id, patch] of targets.update) {
      await attempt('update', id, async () => {
        await set.update(id, patch);
        outcome.updated(id);
      });
    }
    for (const id of targets.destroy) {
      await attempt('destroy', id, async () => {
        await set.destroy(id);
        outcome.destroyed(id);
      });
    }
    const json = outcome.toJson(oldState, state());
    if (!outcome.changedNothing) engine.nudgeOutbox();
    const { implicit } = set;
    if (Object.keys(implicit.update).length === 0 && implicit.destroy.length === 0) return { json };
    const emails = await setEmails(context, { create: null, ifInState: null, ...implicit });
    return { json, further: { name: 'Email/set', json: emails } };
  },
);
