import { useEffect, useRef, useState } from 'preact/hooks';
import type { ProblemDocument } from '#jmap/auth/problems.ts';
import { openAccounts } from '#model/accounts/accounts.ts';
import { isProblem } from '#model/asking.ts';
import type { Unlockers } from '#model/unlockers/unlockers.ts';
import { deviceName } from '#model/unlockers/words.ts';
import { Dialog } from '#parts/dialog.tsx';
import { Icon } from '#parts/icon.tsx';
import { useModel } from '../model.ts';
import { AccountAway } from '../settings/account-away.tsx';
import { SitePasswordForm } from '../settings/site-password.tsx';
import { Trouble } from '../unlock/trouble.tsx';
import { RecoveryCode } from './recovery-code.tsx';
import './vault.css';

const steps = ['Key', 'Recovery code', 'While I am away'] as const;

const Progress = ({ at }: { at: number }) => (
  <ol class="vault-steps" aria-label="Steps">
    {steps.map((title, index) => (
      <li
        key={title}
        class={index < at ? 'done' : index === at ? 'now' : ''}
        aria-current={index === at ? 'step' : undefined}
      >
        <span>{index < at ? <Icon name="check" /> : index + 1}</span>
        {title}
      </li>
    ))}
  </ol>
);

/** A passkey of this device, or a passphrase. */
const Key = ({ unlockers, done }: { unlockers: Unlockers; done(): void }) => {
  const [way, setWay] = useState<'passkey' | 'passphrase'>('passkey');
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<ProblemDocument | null>(null);
  const { value: state } = unlockers.state;
  const known = state.at === 'ready' ? state.value : null;
  const there = known?.unlockers.some(({ kind }) => kind === 'passkey' || kind === 'site-password') ?? false;
  const make = async (): Promise<void> => {
    if (busy) return;
    setBusy(true);
    setProblem(null);
    const answer = await unlockers.addPasskey(deviceName(navigator.userAgent));
    setBusy(false);
    if (answer.ok) done();
    else setProblem(isProblem(answer.problem, 'proof-needed') ? null : answer.problem);
  };
  return (
    <>
      <p>One key opens all your mail accounts here. Your mail passwords are kept encrypted under it.</p>
      <fieldset class="vault-ways">
        <legend class="vh">Which key</legend>
        <label class="set-check">
          <input type="radio" name="vault-key" checked={way === 'passkey'} onChange={() => setWay('passkey')} />
          <span>
            Passkey on this device, recommended
            <small>Fingerprint, face or the code of your device. Nothing to remember.</small>
          </span>
        </label>
        <label class="set-check">
          <input type="radio" name="vault-key" checked={way === 'passphrase'} onChange={() => setWay('passphrase')} />
          <span>
            Passphrase
            <small>A password of Postern, for every browser.</small>
          </span>
        </label>
      </fieldset>
      {way === 'passkey' ? (
        <>
          <Trouble problem={problem} />
          <div class="set-acts">
            <button type="button" class="btn primary" aria-disabled={busy} onClick={() => void make()}>
              <Icon name="fingerprint-pattern" size="s" />
              {busy ? 'Waiting for your device' : 'Make passkey'}
            </button>
            {there ? (
              <button type="button" class="btn quiet" onClick={done}>
                I have a key already
              </button>
            ) : null}
          </div>
        </>
      ) : (
        <SitePasswordForm
          unlockers={unlockers}
          name={known?.siteName ?? ''}
          changing={known?.unlockers.some(({ kind }) => kind === 'site-password') ?? false}
          done={done}
        />
      )}
    </>
  );
};

/** What Postern may do with each account while nobody is here. */
export const AwayOfAll = () => {
  const model = useModel();
  const [accounts] = useState(() => openAccounts(model));
  useEffect(() => void accounts.load(), []);
  const { value: state } = accounts.state;
  if (state.at === 'loading') return <div class="unlock-bones" aria-busy="true" />;
  if (state.at === 'failed')
    return (
      <p role="alert">
        Postern does not answer.{' '}
        <button type="button" class="btn" onClick={() => void accounts.load()}>
          Try again
        </button>
      </p>
    );
  return (
    <>
      {state.list.map((account) => (
        <div key={account.id} class="vault-away" role="group" aria-label={account.name}>
          {state.list.length > 1 ? (
            <h3>
              {account.name} <small>{account.address}</small>
            </h3>
          ) : null}
          <AccountAway account={account} accounts={accounts} />
        </div>
      ))}
    </>
  );
};

/** Three steps, once; each can be done later in the settings. */
export const VaultSetup = ({ unlockers, onClose }: { unlockers: Unlockers; onClose(): void }) => {
  const { toasts } = useModel();
  const [at, setAt] = useState(0);
  const own = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (at > 0) own.current?.querySelector<HTMLElement>('h3')?.focus();
  }, [at]);
  const finish = (): void => {
    toasts.show('Your vault is set up', { icon: 'check', life: 4_000 });
    onClose();
  };
  return (
    <Dialog title="Set up your vault" wide focus=".vault-ways input" onClose={onClose}>
      <div ref={own} class="vault">
        <Progress at={at} />
        <h3 tabIndex={-1}>{steps[at]}</h3>
        {at === 0 ? <Key unlockers={unlockers} done={() => setAt(1)} /> : null}
        {at === 1 ? (
          <RecoveryCode unlockers={unlockers} done={() => setAt(2)} cancel={() => setAt(2)} cancelWords="Later" />
        ) : null}
        {at === 2 ? (
          <>
            <p>
              Sending later, snooze and push need the server to act while nobody is signed in. Only when I am here: mail
              you schedule waits until you return.
            </p>
            <AwayOfAll />
            <div class="set-acts">
              <button type="button" class="btn primary" onClick={finish}>
                Done
              </button>
            </div>
          </>
        ) : null}
      </div>
    </Dialog>
  );
};
