import { randomUUID } from 'node:crypto';
import type { ChangeKind } from '#index/types.ts';
import { capabilities, type PatchObject } from '#jmap/core.ts';
import type { EmailAddress, Identity } from '#jmap/mail.ts';
import { applyPatch } from '#jmap/patch.ts';
import { isAddress } from '../address.ts';
import { type Check, nullable, text, Unfit } from '../check.ts';
import { addresses } from '../email/header-writing.ts';
import { invalidProperties, SetFailure } from '../errors.ts';
import { type AccountContext, method } from '../method.ts';
import { admitSet, onlyProperties, Outcome, property, type SetArguments, setFields, targetsOf } from '../set.ts';
import { Turns } from '../turns.ts';
import { type Entry, identitiesOf, saveIdentity, type StoredIdentity } from './book.ts';

const longestSignature = 100_000;

const signature: Check<string> = (value, at) => {
  const given = text(value, at);
  if (given.length > longestSignature) throw new Unfit(at, `at most ${longestSignature} characters`);
  return given;
};

const name: Check<string> = (value, at) => {
  const given = text(value, at);
  if (given.length > 500 || /\p{Cc}/u.test(given)) throw new Unfit(at, 'one line');
  return given;
};

const people: Check<EmailAddress[] | null> = nullable((value, at) => {
  const given = addresses(value, at);
  if (!given.every(({ email }) => isAddress(email))) throw new Unfit(at, 'addresses');
  return given;
});

const settable = ['name', 'replyTo', 'bcc', 'textSignature', 'htmlSignature'] as const;
const defaults: Omit<StoredIdentity, 'email'> = {
  name: '',
  replyTo: null,
  bcc: null,
  textSignature: '',
  htmlSignature: '',
};

const stored = (given: Readonly<Record<string, unknown>>): Omit<StoredIdentity, 'email'> => ({
  name: property(name, given['name'], 'name'),
  replyTo: property(people, given['replyTo'], 'replyTo'),
  bcc: property(people, given['bcc'], 'bcc'),
  textSignature: property(signature, given['textSignature'], 'textSignature'),
  htmlSignature: property(signature, given['htmlSignature'], 'htmlSignature'),
});

const created = (given: Readonly<Record<string, unknown>>): StoredIdentity => {
  onlyProperties(given, [...settable, 'email']);
  const email = property(text, given['email'], 'email');
  if (!isAddress(email)) throw invalidProperties(['email'], 'This is no address.');
  return { ...stored({ ...defaults, ...given }), email };
};

const updated = ({ identity }: Entry, patch: PatchObject): StoredIdentity => {
  const { id: _id, mayDelete: _mayDelete, ...before } = identity;
  const fixed = Object.entries(patch).filter(
    ([key, value]) =>
      !(settable as readonly string[]).includes(key.split('/')[0] ?? key) && identity[key as keyof Identity] !== value,
  );
  if (fixed.length > 0) throw invalidProperties(fixed.map(([key]) => key));
  const known = Object.fromEntries(
    Object.entries(patch).filter(([key]) => !['id', 'email', 'mayDelete'].includes(key)),
  );
  const patched = applyPatch(before, known, defaults);
  if (!patched.ok) throw new SetFailure({ type: 'invalidPatch', description: patched.description });
  return { ...stored(patched.value), email: identity.email };
};

const note = ({ open }: AccountContext, id: string, kind: ChangeKind): void =>
  open.index.write((transactor) => transactor.note('Identity', id, kind));

const turns = new Turns();

/** What one call wants. A record is written whole: of two at once the second would take back what the first did. */
const setIdentities = async (context: AccountContext, args: SetArguments): Promise<string> => {
  const { open, caller } = context;
  const state = (): string => open.index.read((reader) => reader.state('Identity'));
  const entries = new Map(
    (await identitiesOf(context, open)).map((entry): [string, Entry] => [entry.identity.id, entry]),
  );
  const oldState = state();
  admitSet(args, oldState);
  const outcome = new Outcome(context);
  for (const [creationId, given] of Object.entries(args.create ?? {})) {
    try {
      const value = created(given);
      const record = await saveIdentity(context, open, `I${randomUUID().replaceAll('-', '')}`, value);
      note(context, record.id, 'created');
      const told = Object.entries({ ...value, mayDelete: true }).filter(([key, one]) => given[key] !== one);
      outcome.created(creationId, { ...Object.fromEntries(told), id: record.id });
    } catch (error) {
      outcome.refused('create', creationId, error);
    }
  }
  const targets = targetsOf(context, args, outcome);
  for (const [id, patch] of targets.update) {
    try {
      const entry = entries.get(id);
      if (!entry) throw new SetFailure({ type: 'notFound' });
      await saveIdentity(context, open, id, updated(entry, patch), entry.record);
      note(context, id, 'updated');
      outcome.updated(id);
    } catch (error) {
      outcome.refused('update', id, error);
    }
  }
  for (const id of targets.destroy) {
    try {
      if (!entries.has(id)) throw new SetFailure({ type: 'notFound' });
      const left = await caller.host.store.records(caller.host.user, open.account.id, 'identity');
      if (left.length <= 1) throw new SetFailure({ type: 'forbidden', description: 'The last identity stays.' });
      await caller.host.store.deleteRecord(id);
      note(context, id, 'destroyed');
      outcome.destroyed(id);
    } catch (error) {
      outcome.refused('destroy', id, error);
    }
  }
  return outcome.toJson(oldState, state());
};

/** Identity/set – RFC 8621 §6.3 */
export const identitySet = method(
  'Identity/set',
  capabilities.submission,
  { writes: true },
  setFields,
  async (context, args) => ({ json: await turns.take(context.open, () => setIdentities(context, args)) }),
);
