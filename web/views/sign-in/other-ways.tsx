import { useEffect, useRef, useState } from 'preact/hooks';
import { signInWith } from '#model/unlockers/showing.ts';
import { PasswordField } from '../servers/password-field.tsx';
import { CodeField } from '../unlock/code-field.tsx';
import { Trouble } from '../unlock/trouble.tsx';
import type { Attempt } from './use-attempt.ts';

export const showing = () =>
  ({
    fetch: (url: string, init: RequestInit) => fetch(url, { signal: AbortSignal.timeout(60_000), ...init }),
    credentials: navigator.credentials,
  }) as const;

/** The name and the password of a Postern sign-in of one's own. */
export const SiteForm = ({ attempt, remember }: { attempt: Attempt; remember: boolean }) => {
  const [name, setName] = useState('');
  const [password, setPassword] = useState('');
  const field = useRef<HTMLInputElement>(null);
  const first = useRef<HTMLInputElement>(null);
  useEffect(() => first.current?.focus(), []);
  const submit = async (): Promise<void> => {
    if (name.trim() === '' || password === '') return;
    const inside = await attempt.run((totp) =>
      signInWith(showing(), { kind: 'site', password, name }, { remember, ...(totp === undefined ? {} : { totp }) }),
    );
    if (inside) setPassword('');
    else field.current?.select();
  };
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        void submit();
      }}
    >
      <label class="sign-field">
        <span>Name</span>
        <span class="inp">
          <input
            type="text"
            name="username"
            autocomplete="username"
            autocapitalize="off"
            spellcheck={false}
            required
            ref={first}
            value={name}
            onInput={(event) => setName(event.currentTarget.value)}
          />
        </span>
      </label>
      <PasswordField label="Password of Postern" value={password} change={setPassword} input={field} />
      <Trouble problem={attempt.problem} />
      <button class="btn primary big" type="submit" aria-disabled={attempt.busy}>
        {attempt.busy ? 'Signing in' : 'Sign in'}
      </button>
    </form>
  );
};

/** The recovery code says itself whose it is. */
export const RecoveryForm = ({ attempt, remember }: { attempt: Attempt; remember: boolean }) => {
  const [code, setCode] = useState('');
  const field = useRef<HTMLInputElement>(null);
  const [lost, setLost] = useState(false);
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        if (code.trim() !== '') void attempt.run(() => signInWith(showing(), { kind: 'recovery', code }, { remember }));
      }}
    >
      <CodeField
        label="Recovery code"
        value={code}
        change={setCode}
        input={(element) => {
          if (element && field.current === null) element.focus();
          field.current = element;
        }}
      />
      <Trouble problem={attempt.problem} />
      <button class="btn primary big" type="submit" aria-disabled={attempt.busy}>
        {attempt.busy ? 'Signing in' : 'Sign in'}
      </button>
      <p class="lost">
        <button type="button" class="link" aria-expanded={lost} onClick={() => setLost(!lost)}>
          I do not have it any more
        </button>
      </p>
      {lost ? (
        <p class="lost">
          <b>Nobody can open this vault without it, not even the administrator.</b> You can start a new vault and enter
          your mail passwords again. Your mail is safe on your servers.
        </p>
      ) : null}
    </form>
  );
};
