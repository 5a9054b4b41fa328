import { useRef, useState } from 'preact/hooks';
import type { ProblemDocument } from '#jmap/auth/problems.ts';
import type { NewTotp } from '#jmap/auth/unlockers.ts';
import { isProblem } from '#model/asking.ts';
import type { Unlockers } from '#model/unlockers/unlockers.ts';
import { formEvents } from '#parts/form-events.ts';
import { useModel } from '../model.ts';
import { TotpField } from '../unlock/totp-field.tsx';
import { Trouble } from '../unlock/trouble.tsx';
import { Code } from './app-passwords-code.tsx';

const spacedSecret = (secret: string): string => (secret.match(/.{1,4}/gu) ?? []).join(' ');

/** A second step for passwords: six digits of an authenticator app. */
export const Totp = ({ unlockers }: { unlockers: Unlockers }) => {
  const { toasts, ask } = useModel();
  const [fresh, setFresh] = useState<NewTotp | null>(null);
  const [digits, setDigits] = useState('');
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<ProblemDocument | null>(null);
  const heading = useRef<HTMLHeadingElement>(null);
  const { value: state } = unlockers.state;
  const on = state.at === 'ready' && state.value.totp;

  const told = (given: ProblemDocument): void => setProblem(isProblem(given, 'proof-needed') ? null : given);
  const begin = async (): Promise<void> => {
    setProblem(null);
    const answer = await unlockers.beginTotp();
    if (answer.ok) setFresh(answer.value);
    else told(answer.problem);
  };
  const confirm = async (code: string): Promise<void> => {
    if (busy || code.length !== 6) return;
    setBusy(true);
    setProblem(null);
    const answer = await unlockers.confirmTotp(code);
    setBusy(false);
    setDigits('');
    if (!answer.ok) {
      told(answer.problem);
      return;
    }
    setFresh(null);
    toasts.show('Passwords ask for six digits from now on', { icon: 'check', life: 6_000 });
    heading.current?.focus();
  };
  const leave = (): void => {
    setFresh(null);
    setProblem(null);
    heading.current?.focus();
  };
  const stop = async (): Promise<void> => {
    const sure = await ask({
      title: 'Turn off the second step?',
      text: 'A password alone opens your mail here again. Passkeys are not affected.',
      yes: 'Turn off',
      no: 'Keep it on',
    });
    if (!sure) return;
    const answer = await unlockers.removeTotp();
    if (answer.ok) toasts.show('The second step is off', { life: 4_000 });
    else told(answer.problem);
    heading.current?.focus();
  };

  return (
    <section aria-labelledby="set-totp">
      <header class="set-h">
        <div>
          <h2 id="set-totp" ref={heading} tabIndex={-1}>
            Second step
          </h2>
          <p>
            {on
              ? 'On: after a password, Postern asks for six digits from your authenticator app.'
              : 'After a password, Postern can ask for six digits from an authenticator app. Passkeys need no second step.'}
          </p>
        </div>
        {state.at !== 'ready' || fresh ? null : on ? (
          <button type="button" class="btn" onClick={() => void stop()}>
            Turn off
          </button>
        ) : (
          <button type="button" class="btn" onClick={() => void begin()}>
            Set up
          </button>
        )}
      </header>
      {fresh ? (
        <form
          class="set-card unl-totp"
          aria-label="Set up the second step"
          {...formEvents(() => void confirm(digits), leave)}
        >
          <div class="unl-qr">
            <Code text={fresh.uri} label="Code for the authenticator app" />
          </div>
          <div>
            <p>Scan this with your authenticator app, or type the key into it:</p>
            <p>
              <code class="unl-key">{spacedSecret(fresh.secret)}</code>
            </p>
            <TotpField value={digits} change={setDigits} complete={(code) => void confirm(code)} />
            <Trouble problem={problem} />
            <div class="set-acts">
              <button type="submit" class="btn primary" aria-disabled={busy}>
                Turn on
              </button>
              <button type="button" class="btn quiet" onClick={leave}>
                Cancel
              </button>
            </div>
          </div>
        </form>
      ) : (
        <div class="unl-trouble">
          <Trouble problem={problem} />
        </div>
      )}
    </section>
  );
};
