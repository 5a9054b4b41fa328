import { useState } from 'preact/hooks';
import { signInWith } from '#model/unlockers/showing.ts';
import { Icon, Mark } from '#parts/icon.tsx';
import { TotpField } from '../unlock/totp-field.tsx';
import { Trouble } from '../unlock/trouble.tsx';
import { Art } from './art.tsx';
import { MailForm } from './mail-form.tsx';
import { RecoveryForm, showing, SiteForm } from './other-ways.tsx';
import { type Attempt, useAttempt } from './use-attempt.ts';
import '../servers/servers.css';
import '../unlock/unlock.css';
import './sign-in.css';

type Way = 'mail' | 'site' | 'recovery';

const leads: Readonly<Record<Way, string>> = {
  mail: 'Any address with IMAP works. Postern finds the servers for you.',
  site: 'With the name and the password you gave yourself in Postern.',
  recovery: 'It opens your mail once. Then you make a new one.',
};

const instead: Readonly<Record<Way, string>> = {
  mail: 'Use a mail account',
  site: 'Use a password of Postern',
  recovery: 'Use a recovery code',
};

/** After the right password, the code of the authenticator app. */
const Digits = ({ attempt }: { attempt: Attempt }) => (
  <form
    onSubmit={(event) => {
      event.preventDefault();
      if (attempt.totp?.length === 6) void attempt.again(attempt.totp);
    }}
  >
    <TotpField
      value={attempt.totp ?? ''}
      change={(digits) => attempt.setTotp(digits)}
      complete={(digits) => void attempt.again(digits)}
    />
    <Trouble problem={attempt.problem} />
    <button class="btn primary big" type="submit" aria-disabled={attempt.busy}>
      {attempt.busy ? 'Signing in' : 'Sign in'}
    </button>
    <div class="links">
      <button type="button" class="link" onClick={() => attempt.leaveTotp()}>
        Back
      </button>
    </div>
  </form>
);

/** The way in: a mail account, a passkey, a password of Postern or a recovery code. */
export const SignIn = ({ ended }: { ended: boolean }) => {
  const [way, setWay] = useState<Way>('mail');
  const [remember, setRemember] = useState(true);
  const attempt = useAttempt();
  const asking = attempt.totp !== null;

  const choose = (next: Way): void => {
    attempt.setProblem(null);
    setWay(next);
  };
  const passkey = (
    <button
      type="button"
      class="link"
      onClick={() => void attempt.run(() => signInWith(showing(), { kind: 'passkey' }, { remember }))}
    >
      Use a passkey instead
    </button>
  );

  return (
    <div class="two">
      <main class="pane">
        <div class="brand">
          <Mark />
          <span>Postern</span>
        </div>
        <div class="card">
          <h1>Open your mail</h1>
          <p>
            {asking
              ? 'The password was right. Your second step is on.'
              : ended && way === 'mail'
                ? 'Your session has ended. Your drafts are kept.'
                : leads[way]}
          </p>
          {asking ? <Digits attempt={attempt} /> : null}
          <div hidden={asking}>
            {way === 'mail' ? (
              <MailForm attempt={attempt} remember={remember} links={passkey} />
            ) : way === 'site' ? (
              <SiteForm attempt={attempt} remember={remember} />
            ) : (
              <RecoveryForm attempt={attempt} remember={remember} />
            )}
            <div class="other-ways">
              {way === 'mail' ? null : passkey}
              {(Object.keys(instead) as Way[])
                .filter((each) => each !== way)
                .map((each) => (
                  <button key={each} type="button" class="link" onClick={() => choose(each)}>
                    {instead[each]}
                  </button>
                ))}
            </div>
            <label class="remember">
              <input
                type="checkbox"
                checked={remember}
                onChange={(event) => setRemember(event.currentTarget.checked)}
              />
              Keep me signed in
            </label>
          </div>
        </div>
        <p class="pfoot">
          <Icon name="lock" size="s" />
          This Postern runs at {location.host}.{' '}
          {way === 'mail'
            ? 'Your password goes from here to your mail server, and nowhere else.'
            : 'What you enter here is sealed before it leaves this page.'}
        </p>
      </main>
      <aside aria-hidden="true">
        <Art />
      </aside>
    </div>
  );
};
