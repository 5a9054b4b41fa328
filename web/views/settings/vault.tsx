import { useRef, useState } from 'preact/hooks';
import type { TurnedKeysFacts } from '#jmap/auth/unlockers.ts';
import type { Unlockers } from '#model/unlockers/unlockers.ts';
import { kindNames, unlockerWords } from '#model/unlockers/words.ts';
import { Dialog } from '#parts/dialog.tsx';
import { useModel } from '../model.ts';
import { UnlockForm } from '../unlock/unlock-form.tsx';
import { RecoveryCode } from '../vault/recovery-code.tsx';
import { AwayOfAll, VaultSetup } from '../vault/setup.tsx';
import { PageHead } from './page-head.tsx';
import { LoadedRows, SetRow } from './row.tsx';
import { listOf, useUnlockers } from './use-unlockers.ts';
import './accounts.css';
import './unlockers.css';

const Recovery = ({ unlockers }: { unlockers: Unlockers }) => {
  const { clock, toasts } = useModel();
  const [making, setMaking] = useState(false);
  const heading = useRef<HTMLHeadingElement>(null);
  const { value: state } = unlockers.state;
  const there = state.at === 'ready' && state.value.unlockers.some(({ kind }) => kind === 'recovery');
  const now = new Date(clock.now());
  const close = (): void => {
    setMaking(false);
    heading.current?.focus();
  };
  return (
    <section aria-labelledby="set-recovery">
      <header class="set-h">
        <div>
          <h2 id="set-recovery" ref={heading} tabIndex={-1}>
            Recovery code
          </h2>
          <p>
            It opens your mail once, when everything else is lost. Nobody can open this vault without a way in, not even
            the administrator.
          </p>
        </div>
        {making || state.at !== 'ready' ? null : (
          <button type="button" class={`btn ${there ? '' : 'primary'}`} onClick={() => setMaking(true)}>
            {there ? 'Replace' : 'Make a code'}
          </button>
        )}
      </header>
      {making ? (
        <div class="vault-card">
          {there ? (
            <p class="muted">The code you have now works until the new one is confirmed, and then no more.</p>
          ) : null}
          <RecoveryCode
            unlockers={unlockers}
            cancel={close}
            done={() => {
              toasts.show(
                there ? 'The new code is good; the old one opens nothing any more' : 'The recovery code is good',
                {
                  icon: 'check',
                  life: 6_000,
                },
              );
              close();
            }}
          />
        </div>
      ) : (
        <LoadedRows
          state={listOf(unlockers, 'recovery')}
          label="Recovery code"
          none="There is no recovery code."
          onRetry={() => void unlockers.load()}
          row={(each) => (
            <SetRow key={each.id} icon="printer" title="Recovery code" detail={unlockerWords(each, now)} aside="" />
          )}
        />
      )}
    </section>
  );
};

const dropped = ({ dropped: list, tokens }: TurnedKeysFacts): string => {
  const names = list.map(({ kind, name }) => (name ? `${kindNames[kind]} “${name}”` : kindNames[kind]));
  if (tokens > 0) names.push(tokens === 1 ? 'an API token' : `${tokens} API tokens`);
  return names.length === 0 ? 'Everything you have opens as before.' : `To be added again: ${names.join(', ')}.`;
};

const Keys = ({ unlockers }: { unlockers: Unlockers }) => {
  const [asking, setAsking] = useState(false);
  /** What is to be added again; it stays until one leaves the page. */
  const [told, setTold] = useState<string | null>(null);
  const heading = useRef<HTMLHeadingElement>(null);
  const { value: state } = unlockers.state;
  return (
    <section aria-labelledby="set-keys">
      <header class="set-h">
        <div>
          <h2 id="set-keys" ref={heading} tabIndex={-1}>
            New keys
          </h2>
          <p>
            If you fear that somebody has copied what opens your mail: Postern wraps everything under a new key. What
            you show for it and your mail passwords go on opening it; other ways in are to be added again.
          </p>
        </div>
        {state.at === 'ready' ? (
          <button type="button" class="btn" onClick={() => setAsking(true)}>
            Renew the keys
          </button>
        ) : null}
      </header>
      <div role="status">
        {told === null ? null : (
          <div class="set-status">
            <span class="dot ok" />
            <div>
              <b>The keys are new.</b>
              <p>{told}</p>
            </div>
          </div>
        )}
      </div>
      {asking && state.at === 'ready' ? (
        <Dialog title="Renew the keys" onClose={() => setAsking(false)}>
          <p class="unlock-lead">
            What you show now stays, and so do the mail passwords that Postern keeps. Every other passkey, password of
            Postern, recovery code and token opens no more, and other browsers are signed out. Your mail stays as it is.
          </p>
          <UnlockForm
            kinds={state.value.unlockers.map(({ kind }) => kind).filter((kind) => kind !== 'recovery')}
            verb="Renew"
            show={(shown, totp) => unlockers.rotate(shown, totp)}
            done={(facts) => {
              setAsking(false);
              setTold(dropped(facts));
              requestAnimationFrame(() => heading.current?.focus());
            }}
          />
        </Dialog>
      ) : null}
    </section>
  );
};

export const VaultPage = () => {
  const unlockers = useUnlockers();
  const [setting, setSetting] = useState(false);
  const { value: state } = unlockers.state;
  const kinds = state.at === 'ready' ? state.value.unlockers.map(({ kind }) => kind) : null;
  const whole =
    kinds === null || (kinds.includes('recovery') && (kinds.includes('passkey') || kinds.includes('site-password')));
  return (
    <>
      <PageHead title="Vault and recovery code">
        Your mail passwords lie here encrypted. The server cannot open them without something only you have.
      </PageHead>
      {whole ? null : (
        <div class="vault-offer">
          <div>
            <b>Set up your vault in three steps</b>
            <p>A key of your own, a recovery code, and what Postern may do while you are away.</p>
          </div>
          <button type="button" class="btn primary" onClick={() => setSetting(true)}>
            Set up
          </button>
        </div>
      )}
      <Recovery unlockers={unlockers} />
      <section aria-labelledby="set-away">
        <h2 id="set-away">While I am away</h2>
        <AwayOfAll />
      </section>
      <Keys unlockers={unlockers} />
      {setting ? <VaultSetup unlockers={unlockers} onClose={() => setSetting(false)} /> : null}
    </>
  );
};
