import { useEffect, useRef, useState } from 'preact/hooks';
import type { ProblemDocument } from '#jmap/auth/problems.ts';
import type { UnlockerKind } from '#jmap/auth/unlockers.ts';
import { isProblem, type Outcome } from '#model/asking.ts';
import type { Shown } from '#model/unlockers/showing.ts';
import { Icon } from '#parts/icon.tsx';
import { PasswordField } from '../servers/password-field.tsx';
import { CodeField } from './code-field.tsx';
import { TotpField } from './totp-field.tsx';
import { Trouble } from './trouble.tsx';
import '../servers/servers.css';
import './unlock.css';

type Way = Shown['kind'];

const wayOf: Readonly<Record<UnlockerKind, Way>> = {
  passkey: 'passkey',
  'site-password': 'site',
  'mail-password': 'mail',
  recovery: 'recovery',
};

/** The best first. */
const order: readonly UnlockerKind[] = ['passkey', 'site-password', 'mail-password', 'recovery'];

const labels: Readonly<Record<Exclude<Way, 'passkey'>, string>> = {
  site: 'Password of Postern',
  mail: 'Mail password',
  recovery: 'Recovery code',
};

const instead: Readonly<Record<Way, string>> = {
  passkey: 'Use a passkey',
  site: 'Use the password of Postern',
  mail: 'Use the mail password',
  recovery: 'Use the recovery code',
};

const shownOf = (way: Way, text: string): Shown =>
  way === 'passkey' ? { kind: way } : way === 'recovery' ? { kind: way, code: text } : { kind: way, password: text };

/** Asks for one of the unlockers the user has: a passkey, or one field. */
export const UnlockForm = <T,>(props: {
  kinds: readonly UnlockerKind[];
  /** `Open`, `Go on` */
  verb: string;
  show(shown: Shown, totp?: string): Promise<Outcome<T>>;
  done(value: T, way: Way): void;
}) => {
  const ways = order.filter((kind) => props.kinds.includes(kind)).map((kind) => wayOf[kind]);
  const [chosen, setChosen] = useState<Way | null>(null);
  const way = chosen ?? ways[0] ?? 'mail';
  const [text, setText] = useState('');
  const [totp, setTotp] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<ProblemDocument | null>(null);
  const field = useRef<HTMLInputElement>(null);
  const button = useRef<HTMLButtonElement>(null);

  useEffect(() => (way === 'passkey' ? button.current : field.current)?.focus(), [way]);

  const submit = async (code = totp): Promise<void> => {
    if (busy || (way !== 'passkey' && text === '')) return;
    setBusy(true);
    setProblem(null);
    const answer = await props.show(shownOf(way, text), code ?? undefined);
    setBusy(false);
    if (answer.ok) {
      setText('');
      props.done(answer.value, way);
      return;
    }
    if (isProblem(answer.problem, 'totp-needed')) {
      setTotp('');
      return;
    }
    if (totp !== null) setTotp(isProblem(answer.problem, 'wrong-code') ? '' : null);
    setProblem(answer.problem);
    requestAnimationFrame(() => field.current?.select());
  };
  const choose = (next: Way): void => {
    setChosen(next);
    setText('');
    setTotp(null);
    setProblem(null);
  };

  return (
    <form
      class="unlock"
      onSubmit={(event) => {
        event.preventDefault();
        void submit();
      }}
    >
      {totp !== null ? (
        <TotpField value={totp} change={setTotp} complete={(code) => void submit(code)} />
      ) : way === 'recovery' ? (
        <CodeField key={way} label={labels[way]} value={text} change={setText} input={field} />
      ) : way === 'passkey' ? null : (
        <PasswordField key={way} label={labels[way]} value={text} change={setText} input={field} />
      )}
      <Trouble problem={problem} />
      <button ref={button} type="submit" class="btn primary big" aria-disabled={busy}>
        {way === 'passkey' ? <Icon name="fingerprint-pattern" /> : null}
        {way === 'passkey' ? (busy ? 'Waiting for your passkey' : `${props.verb} with a passkey`) : props.verb}
      </button>
      {ways.length > 1 ? (
        <div class="unlock-ways">
          {ways
            .filter((each) => each !== way)
            .map((each) => (
              <button key={each} type="button" class="link" onClick={() => choose(each)}>
                {instead[each]}
              </button>
            ))}
        </div>
      ) : null}
    </form>
  );
};
