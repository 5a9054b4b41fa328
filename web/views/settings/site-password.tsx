import { useEffect, useRef, useState } from 'preact/hooks';
import type { ProblemDocument } from '#jmap/auth/problems.ts';
import { isProblem } from '#model/asking.ts';
import type { Unlockers } from '#model/unlockers/unlockers.ts';
import { strengthOf, unlockerWords } from '#model/unlockers/words.ts';
import { formEvents } from '#parts/form-events.ts';
import { useModel } from '../model.ts';
import { PasswordField } from '../servers/password-field.tsx';
import { Trouble } from '../unlock/trouble.tsx';
import { LoadedRows, SetRow } from './row.tsx';
import { listOf } from './use-unlockers.ts';
import '../servers/servers.css';

const strengths = { weak: 'Easily guessed', fair: 'Fair', strong: 'Strong' } as const;

/** Name and password of the Postern sign-in; also the first step of the vault set-up. */
export const SitePasswordForm = (props: {
  unlockers: Unlockers;
  name: string;
  /** One is there, and is changed. */
  changing: boolean;
  done(): void;
  cancel?(): void;
}) => {
  const [name, setName] = useState(props.name);
  const [password, setPassword] = useState('');
  const [endOthers, setEndOthers] = useState(true);
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<ProblemDocument | null>(null);
  const strength = strengthOf(password);
  const submit = async (): Promise<void> => {
    if (busy || password === '' || name.trim() === '') return;
    setBusy(true);
    setProblem(null);
    const answer = await props.unlockers.setSitePassword(name.trim(), password, props.changing && endOthers);
    setBusy(false);
    if (answer.ok) {
      setPassword('');
      props.done();
    } else setProblem(isProblem(answer.problem, 'proof-needed') ? null : answer.problem);
  };
  return (
    <form
      class="set-card"
      aria-label={props.changing ? 'Change the password of Postern' : 'A password of Postern'}
      {...formEvents(() => void submit(), props.cancel)}
    >
      <label class="sign-field">
        <span>Name you sign in with</span>
        <span class="inp">
          <input
            type="text"
            autocomplete="username"
            autocapitalize="off"
            spellcheck={false}
            maxLength={200}
            required
            value={name}
            onInput={(event) => setName(event.currentTarget.value)}
          />
        </span>
      </label>
      <PasswordField
        label={props.changing ? 'New password of Postern' : 'Password of Postern'}
        autocomplete="new-password"
        value={password}
        change={setPassword}
      >
        {password === '' ? null : (
          <span class={`unl-strength ${strength}`} aria-live="polite">
            {strengths[strength]}
          </span>
        )}
      </PasswordField>
      <p class="muted">A few words in a row are long and easy to keep. Do not use a mail password for it.</p>
      {props.changing ? (
        <label class="set-check">
          <input type="checkbox" checked={endOthers} onChange={(event) => setEndOthers(event.currentTarget.checked)} />
          <span>
            End all other sessions
            <small>Other browsers have to sign in again. Your mail accounts stay as they are.</small>
          </span>
        </label>
      ) : null}
      <Trouble problem={problem} />
      <div class="set-acts">
        <button type="submit" class="btn primary" aria-disabled={busy}>
          {props.changing ? 'Change password' : 'Set password'}
        </button>
        {props.cancel ? (
          <button type="button" class="btn quiet" onClick={() => props.cancel?.()}>
            Cancel
          </button>
        ) : null}
      </div>
    </form>
  );
};

export const SitePassword = ({ unlockers }: { unlockers: Unlockers }) => {
  const { clock, toasts, ask } = useModel();
  const [editing, setEditing] = useState(false);
  const [problem, setProblem] = useState<ProblemDocument | null>(null);
  const own = useRef<HTMLElement>(null);
  const heading = useRef<HTMLHeadingElement>(null);
  const { value: state } = unlockers.state;
  const now = new Date(clock.now());
  // The button that was pressed goes, or stands below what it opened.
  useEffect(() => {
    if (editing) own.current?.querySelector<HTMLElement>('form input')?.focus();
  }, [editing]);
  const there = state.at === 'ready' && state.value.unlockers.find(({ kind }) => kind === 'site-password');
  const close = (): void => {
    setEditing(false);
    requestAnimationFrame(() => heading.current?.focus());
  };
  const remove = async (): Promise<void> => {
    if (!there) return;
    const sure = await ask({
      title: 'Remove the password of Postern?',
      text: 'Nobody can sign in with it any more. Your other ways in stay.',
      yes: 'Remove password',
      no: 'Keep it',
    });
    if (!sure) return;
    const answer = await unlockers.remove(there);
    setProblem(answer.ok || isProblem(answer.problem, 'proof-needed') ? null : answer.problem);
    heading.current?.focus();
  };
  return (
    <section ref={own} aria-labelledby="set-site">
      <header class="set-h">
        <div>
          <h2 id="set-site" ref={heading} tabIndex={-1}>
            Password of Postern
          </h2>
          <p>One name and one password for all your mail accounts, with nothing to do with any of them.</p>
        </div>
        {there || editing || state.at !== 'ready' ? null : (
          <button type="button" class="btn" onClick={() => setEditing(true)}>
            Set a password
          </button>
        )}
      </header>
      {editing && state.at === 'ready' ? (
        <SitePasswordForm
          unlockers={unlockers}
          name={state.value.siteName}
          changing={Boolean(there)}
          cancel={close}
          done={() => {
            toasts.show(there ? 'Password changed' : 'The password of Postern is set', { icon: 'check', life: 4_000 });
            close();
          }}
        />
      ) : null}
      <div class="unl-trouble">
        <Trouble problem={problem} />
      </div>
      {there ? (
        <LoadedRows
          state={listOf(unlockers, 'site-password')}
          label="Password of Postern"
          none=""
          onRetry={() => void unlockers.load()}
          row={(each) => (
            <SetRow
              key={each.id}
              icon="key-round"
              title={state.value.siteName}
              detail={unlockerWords(each, now)}
              aside=""
            >
              <button
                type="button"
                class="btn quiet"
                aria-label="Change the password of Postern"
                onClick={() => setEditing(true)}
              >
                Change
              </button>
              <button
                type="button"
                class="btn quiet danger"
                aria-label="Remove the password of Postern"
                onClick={() => void remove()}
              >
                Remove
              </button>
            </SetRow>
          )}
        />
      ) : null}
    </section>
  );
};
