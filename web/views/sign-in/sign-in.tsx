import { useEffect, useRef, useState } from 'preact/hooks';
import type { ProblemDocument, SignInRequest } from '#jmap/auth.ts';
import { isProblem } from '#model/sealed-post.ts';
import { signIn } from '#model/signing-in.ts';
import { Icon, Mark } from '#parts/icon.tsx';
import { useModel } from '../model.ts';
import { Art } from './art.tsx';
import { ServersByHand } from '../servers/by-hand.tsx';
import { Changed } from './changed.tsx';
import { Failure } from '../servers/failure.tsx';
import { PasswordField } from '../servers/password-field.tsx';
import { Steps } from '../servers/steps.tsx';
import { useServers } from '../servers/use-servers.ts';
import { WhichPassword } from '../servers/which-password.tsx';
import '../servers/servers.css';
import './sign-in.css';

/** The way in: address and password; the servers are found while one types, or entered by hand. */
export const SignIn = ({ ended }: { ended: boolean }) => {
  const { session } = useModel();
  const [address, setAddress] = useState('');
  const [password, setPassword] = useState('');
  const [remember, setRemember] = useState(true);
  const [working, setWorking] = useState<'no' | 'finding' | 'signing'>('no');
  const [problem, setProblem] = useState<ProblemDocument | null>(null);
  const passwordInput = useRef<HTMLInputElement>(null);
  const servers = useServers(address, problem);
  const { discovery, complete, byHand } = servers;

  useEffect(() => {
    if (isProblem(problem, 'wrong-password')) passwordInput.current?.select();
  }, [problem]);

  const wishFor = (more: Partial<SignInRequest>): SignInRequest => ({
    address: address.trim(),
    password,
    remember,
    ...servers.wish(),
    ...more,
  });

  const submit = async (more: Partial<SignInRequest> = {}): Promise<void> => {
    if (working !== 'no' || !complete || password === '') return;
    setProblem(null);
    if (!byHand && discovery.busy) {
      setWorking('finding');
      await discovery.settled();
    }
    setWorking('signing');
    const answer = await signIn((url, init) => fetch(url, init), wishFor(more));
    setWorking('no');
    if (answer.ok) {
      setPassword('');
      await session.open();
      scrollTo(0, 0);
    } else setProblem(answer.problem);
  };

  // Once the certificate is trusted, the same attempt goes on.
  useEffect(() => {
    if (servers.trusted > 0) void submit();
  }, [servers.trusted]);

  return (
    <div class="two">
      <main class="pane">
        <div class="brand">
          <Mark />
          <span>Postern</span>
        </div>
        <form
          class="card"
          onSubmit={(event) => {
            event.preventDefault();
            void submit();
          }}
        >
          <h1>Open your mail</h1>
          <p>
            {ended
              ? 'Your session has ended. Your drafts are kept.'
              : 'Any address with IMAP works. Postern finds the servers for you.'}
          </p>
          <label class="sign-field">
            <span>Email address</span>
            <span class="inp">
              <input
                type="email"
                name="username"
                autocomplete="username"
                autocapitalize="off"
                spellcheck={false}
                required
                autoFocus
                value={address}
                onInput={(event) => {
                  setAddress(event.currentTarget.value);
                  setProblem(null);
                }}
              />
              {complete ? <Icon name="check" /> : null}
            </span>
          </label>
          {byHand ? (
            <ServersByHand
              servers={servers.fields}
              change={servers.setFields}
              address={address}
              failing={problem?.server ?? null}
            />
          ) : complete ? (
            <Steps discovery={discovery} problem={problem} />
          ) : null}
          <PasswordField label="Password" value={password} change={setPassword} input={passwordInput}>
            <WhichPassword provider={discovery.settings?.provider ?? null} />
          </PasswordField>
          {isProblem(problem, 'slot-does-not-open') ? (
            <Changed problem={problem} proceed={(more) => void submit(more)} />
          ) : problem ? (
            <Failure
              problem={problem}
              trust={(host, fingerprint) => {
                setProblem(null);
                servers.trust(host, fingerprint);
              }}
            />
          ) : null}
          <button class="btn primary big" type="submit" aria-disabled={working !== 'no'}>
            {working === 'finding' ? 'Finding your server' : working === 'signing' ? 'Signing in' : 'Sign in'}
          </button>
          <div class="links">
            <button type="button" class="link" onClick={() => servers.setByHand(!byHand)}>
              {byHand ? 'Find the servers for me' : 'Enter the servers by hand'}
            </button>
            <label class="remember">
              <input
                type="checkbox"
                checked={remember}
                onChange={(event) => setRemember(event.currentTarget.checked)}
              />
              Keep me signed in
            </label>
          </div>
        </form>
        <p class="pfoot">
          <Icon name="lock" size="s" />
          This Postern runs at {location.host}. Your password goes from here to your mail server, and nowhere else.
        </p>
      </main>
      <aside aria-hidden="true">
        <Art />
      </aside>
    </div>
  );
};
