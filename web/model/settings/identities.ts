import type { PatchObject } from '#jmap/core.ts';
import type { EmailAddress, Identity } from '#jmap/mail.ts';
import { looksLikeAddress } from '../compose/letter.ts';
import { parsePeople } from '../compose/people.ts';
import type { Connection } from '../connection.ts';
import { modelError } from '../errors.ts';
import type { Mail } from '../mail.ts';
import { inverse } from '../records.ts';
import { tellUndoable } from '../tell-undoable.ts';
import type { Toasts } from '../toasts.ts';
import type { Undoable, UndoStack } from '../undo.ts';

export type IdentityField = 'name' | 'textSignature' | 'replyTo';

const labels: Record<IdentityField, string> = { name: 'name', textSignature: 'signature', replyTo: 'reply address' };

const printPerson = ({ name, email }: EmailAddress): string => {
  if (!name) return email;
  return /[",;<>]/u.test(name) ? `"${name.replaceAll('"', '')}" <${email}>` : `${name} <${email}>`;
};

/** A field of an identity as it is edited. */
export const fieldText = (identity: Identity, field: IdentityField): string =>
  field === 'replyTo' ? (identity.replyTo ?? []).map(printPerson).join(', ') : identity[field];

/** What the text makes of the field; null when it is no address. */
export const fieldPatch = (field: IdentityField, text: string): PatchObject | null => {
  if (field === 'name') return { name: text.trim() };
  // One signature: HTML letters get it from the text.
  if (field === 'textSignature') return { textSignature: text.trimEnd(), htmlSignature: '' };
  const people = parsePeople(text);
  if (!people.every(({ email }) => looksLikeAddress(email))) return null;
  return { replyTo: people.length === 0 ? null : people };
};

export interface IdentityParts {
  connection: Connection;
  toasts: Toasts;
  undo: UndoStack;
}

/** Changes of identities: shown at once, undoable, taken back when the server refuses. */
export const openIdentities = ({ connection, toasts, undo }: IdentityParts, mail: Mail) => {
  const put = (id: Identity['id'], patch: PatchObject): void =>
    mail.setIdentities(mail.identities.peek().map((each) => (each.id === id ? { ...each, ...patch } : each)));

  /** Whether the server took it. */
  const send = async (id: Identity['id'], patch: PatchObject, back: PatchObject): Promise<boolean> => {
    put(id, patch);
    try {
      const answer = await connection.call('Identity/set', { accountId: mail.id, update: { [id]: patch } }).answer;
      const refused = answer.notUpdated?.[id];
      if (!refused) {
        if (answer.oldState !== null && mail.states.Identity === answer.oldState)
          mail.states.Identity = answer.newState;
        return true;
      }
      toasts.show(`It is as it was. The server did not allow it: ${refused.description ?? refused.type}`, {
        tone: 'failed',
      });
    } catch (error) {
      if (modelError(error).code !== 'auth/signed-out')
        toasts.show('The change could not be made. It is as it was.', { tone: 'failed' });
    }
    put(id, back);
    return false;
  };

  return {
    /** Saves a field. Nothing is done when it is the same, or no address. Never rejects. */
    save: async (identity: Identity, field: IdentityField, text: string): Promise<void> => {
      const patch = fieldPatch(field, text);
      if (!patch || fieldText({ ...identity, ...patch }, field) === fieldText(identity, field)) return;
      const back = inverse(identity, patch);
      const label = `Saved the ${labels[field]} of ${identity.email}`;
      const item: Undoable = { label, undo: () => void send(identity.id, back, patch) };
      tellUndoable({ undo, toasts }, item, 'check', `The ${labels[field]} is as it was`);
      if (!(await send(identity.id, patch, back))) undo.drop(item);
    },
  };
};

export type Identities = ReturnType<typeof openIdentities>;
