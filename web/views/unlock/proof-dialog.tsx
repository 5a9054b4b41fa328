import { useEffect, useState } from 'preact/hooks';
import { getJson } from '#model/asking.ts';
import type { Unlockers, UnlockerKind } from '#jmap/auth/unlockers.ts';
import type { ProofQuestion } from '#model/unlockers/proof.ts';
import { show } from '#model/unlockers/showing.ts';
import { Dialog } from '#parts/dialog.tsx';
import { useModel } from '../model.ts';
import { UnlockForm } from './unlock-form.tsx';

/** Before something changes who can get in: show that it is you. */
export const ProofDialog = ({ question }: { question: ProofQuestion }) => {
  const { connection } = useModel();
  const [kinds, setKinds] = useState<readonly UnlockerKind[] | null>(null);
  const [failed, setFailed] = useState(false);
  const load = async (): Promise<void> => {
    setFailed(false);
    const answer = await getJson<Unlockers>(connection.fetch, '/auth/unlockers');
    if (answer.ok) setKinds(answer.value.unlockers.map(({ kind }) => kind));
    else setFailed(true);
  };
  useEffect(() => void load(), []);
  return (
    <Dialog title="Show that it is you" onClose={() => question.answer(false)}>
      <p class="unlock-lead">
        What you are about to change decides who can open your mail. For the next five minutes Postern does not ask
        again.
      </p>
      {failed ? (
        <p>
          Postern does not answer.{' '}
          <button type="button" class="btn" onClick={() => void load()}>
            Try again
          </button>
        </p>
      ) : kinds ? (
        <UnlockForm
          kinds={kinds}
          verb="Go on"
          show={(shown, totp) =>
            show<unknown>({ fetch: connection.fetch, credentials: navigator.credentials }, '/auth/prove', shown, totp)
          }
          done={() => question.answer(true)}
        />
      ) : (
        <div class="unlock-bones" aria-busy="true" />
      )}
    </Dialog>
  );
};
