import { useRef, useState } from 'preact/hooks';
import type { ProblemDocument } from '#jmap/auth/problems.ts';
import type { SignedIn } from '#jmap/auth/sign-in.ts';
import { isProblem, type Outcome } from '#model/asking.ts';
import { useModel } from '../model.ts';

/** What was right a moment ago is nobody's now. */
const noCookies: ProblemDocument = {
  type: 'about:blank',
  title: 'Your browser does not keep the cookie of Postern.',
  detail: `You were let in, and nothing of it was kept. Allow cookies for ${location.host} in your browser, and sign in again.`,
  status: 0,
};

/** Signs in, with the code of an authenticator app where the server asks for one; `again` repeats with it. */
type Work = (totp?: string) => Promise<Outcome<SignedIn>>;

export interface Attempt {
  busy: boolean;
  problem: ProblemDocument | null;
  setProblem(problem: ProblemDocument | null): void;
  /** Six digits are asked for; null while they are not. */
  totp: string | null;
  setTotp(digits: string): void;
  /** Resolves with whether one is in. */
  run(work: Work): Promise<boolean>;
  /** With the digits that were asked for. */
  again(digits: string): Promise<boolean>;
  /** Back to where the password is typed. */
  leaveTotp(): void;
}

export const useAttempt = (): Attempt => {
  const { session, router, toasts } = useModel();
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<ProblemDocument | null>(null);
  const [totp, setTotp] = useState<string | null>(null);
  const last = useRef<Work | null>(null);

  const attempt = async (work: Work, digits?: string): Promise<boolean> => {
    if (busy) return false;
    last.current = work;
    setBusy(true);
    setProblem(null);
    const answer = await work(digits);
    setBusy(false);
    if (!answer.ok) {
      if (isProblem(answer.problem, 'totp-needed')) setTotp('');
      else {
        setTotp(digits !== undefined && isProblem(answer.problem, 'wrong-code') ? '' : null);
        setProblem(answer.problem);
      }
      return false;
    }
    last.current = null;
    await session.open();
    if (session.state.peek().at === 'signed-out') {
      setProblem(noCookies);
      return false;
    }
    scrollTo(0, 0);
    if (answer.value.recovery === 'used') {
      router.go({ at: 'settings', page: 'vault' });
      toasts.show('Your recovery code was used and opens nothing any more. Make a new one.', { life: null });
    }
    return true;
  };

  return {
    busy,
    problem,
    setProblem,
    totp,
    setTotp,
    run: (work) => attempt(work),
    again: async (digits) => (last.current ? attempt(last.current, digits) : false),
    leaveTotp: () => {
      setTotp(null);
      setProblem(null);
    },
  };
};
