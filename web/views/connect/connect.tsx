import { useEffect, useRef, useState } from 'preact/hooks';
import type { OAuthFinishRequest } from '#jmap/auth/oauth.ts';
import type { ProblemDocument } from '#jmap/auth/problems.ts';
import { finishAtIssuer, returned } from '#model/issuer.ts';
import { isProblem } from '#model/asking.ts';
import { LitArch } from '#parts/icon.tsx';
import { useModel } from '../model.ts';
import './connect.css';

/** Back from an issuer: its answer is handed in, and one is in, or hears why not. */
export const Connect = ({ onDone }: { onDone(): void }) => {
  const { session, router, toasts } = useModel();
  const [problem, setProblem] = useState<ProblemDocument | null>(null);
  const [busy, setBusy] = useState(true);
  const answer = useRef<OAuthFinishRequest | null>(null);
  const title = useRef<HTMLHeadingElement>(null);

  const finish = async (more: Pick<OAuthFinishRequest, 'startAfresh'> = {}): Promise<void> => {
    if (!answer.current) return onDone();
    setBusy(true);
    setProblem(null);
    const done = await finishAtIssuer((url, init) => fetch(url, init), { ...answer.current, ...more });
    setBusy(false);
    if (!done.ok) {
      setProblem(done.problem);
      return undefined;
    }
    await session.open();
    if (done.value.purpose === 'sign-in') {
      // They have nothing else yet to open Postern with: the page says so, and what to do.
      router.replace({ at: 'settings', page: 'security' });
    } else {
      router.replace({ at: 'settings', page: 'accounts' });
      const { name } = done.value.account;
      toasts.show(done.value.purpose === 'add' ? `Added ${name}` : `${name} works again`, { icon: 'check' });
    }
    onDone();
    return undefined;
  };

  useEffect(() => {
    answer.current = returned(location.href);
    // The code is good once and for minutes; it need not stand in the history all the same.
    history.replaceState(null, '', '/');
    void finish();
  }, []);
  useEffect(() => title.current?.focus(), [problem]);

  if (!problem)
    return (
      <main class="state whole" aria-busy={busy}>
        <LitArch />
        <h1>Opening your mail</h1>
      </main>
    );
  return (
    <main class="state whole">
      <LitArch />
      <h1 ref={title} tabIndex={-1}>
        {problem.title}
      </h1>
      <p>{problem.detail}</p>
      {problem.words ? <p class="muted">The server said: {problem.words}</p> : null}
      <div class="acts-row">
        <button type="button" class="btn primary" onClick={onDone}>
          {isProblem(problem, 'slot-does-not-open') ? 'Use another key' : 'Back'}
        </button>
        {isProblem(problem, 'slot-does-not-open') ? (
          <button type="button" class="btn" aria-disabled={busy} onClick={() => void finish({ startAfresh: true })}>
            Start afresh beside it
          </button>
        ) : null}
      </div>
    </main>
  );
};
