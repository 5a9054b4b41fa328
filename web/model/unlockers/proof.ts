import { signal, type ReadonlySignal } from '@preact/signals-core';
import { problemPrefix, type ProblemDocument } from '#jmap/auth/problems.ts';
import type { SetError } from '#jmap/errors.ts';
import { ModelError } from '../errors.ts';

/**
 * What changes who can get in needs an unlocker shown in the last five minutes. `withProof` runs such work, asks for an
 * unlocker when the server wants one, and runs it again:
 *
 *     const answer = await withProof(() => connection.fetch(url, { method: 'DELETE' }));
 *     const made = await withProof(() => connection.call('AppPassword/set', { accountId, create }).answer);
 */

/** Thrown by work whose answer is not one of those {@link needsProof} knows. */
export class ProofNeeded extends ModelError {
  constructor() {
    super('auth/proof-needed', 'an unlocker has to be shown');
  }
}

interface SetAnswer {
  notCreated?: Record<string, SetError> | null;
  notUpdated?: Record<string, SetError> | null;
  notDestroyed?: Record<string, SetError> | null;
}

/** Whether an answer says that an unlocker has to be shown: a problem document, the answer that carries one, or of JMAP. */
export const needsProof = async (answer: unknown): Promise<boolean> => {
  if (typeof answer !== 'object' || answer === null) return false;
  if (answer instanceof Response) {
    if (answer.status !== 403) return false;
    const said = (await answer
      .clone()
      .json()
      .catch(() => null)) as ProblemDocument | null;
    return said?.type === `${problemPrefix}proof-needed`;
  }
  if ('ok' in answer && answer.ok === false && 'problem' in answer) return needsProof(answer.problem);
  if ('type' in answer) return answer.type === `${problemPrefix}proof-needed`;
  const { notCreated, notUpdated, notDestroyed } = answer as SetAnswer;
  return [notCreated, notUpdated, notDestroyed].some((refused) =>
    Object.values(refused ?? {}).some(({ type }) => (type as string) === 'proofNeeded'),
  );
};

/** The dialog that asks; one at a time, however many wait for it. */
export interface ProofQuestion {
  answer(proven: boolean): void;
}

const asked = signal<ProofQuestion | null>(null);
export const proofAsked: ReadonlySignal<ProofQuestion | null> = asked;

let waiting: Promise<boolean> | null = null;

const askProof = (): Promise<boolean> => {
  waiting ??= new Promise<boolean>((resolve) => {
    asked.value = { answer: resolve };
  }).finally(() => {
    asked.value = null;
    waiting = null;
  });
  return waiting;
};

/**
 * The answer of the work. When the user closed the dialog it is the refusal, as it came: it is for the caller to say that
 * nothing was changed, or, by `needsProof`, to say nothing.
 */
export const withProof = async <T>(work: () => Promise<T>): Promise<T> => {
  const attempt = async (): Promise<{ answer: T; wants: boolean }> => {
    const answer = await work();
    return { answer, wants: await needsProof(answer) };
  };
  try {
    const first = await attempt();
    return first.wants && (await askProof()) ? await work() : first.answer;
  } catch (error) {
    if (error instanceof ProofNeeded && (await askProof())) return work();
    throw error;
  }
};
