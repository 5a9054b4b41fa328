import { useEffect, useRef, useState } from 'preact/hooks';
import type { FoundSettings, ProblemDocument, ServerWish, SignInRequest } from '#jmap/auth.ts';
import { problemPrefix } from '#jmap/auth.ts';
import { signIn } from '#model/signing-in.ts';
import { Icon, Mark } from '#parts/icon.tsx';
import { useModel } from '../model.ts';
import { Art } from './art.tsx';
import { type ServerFields, ServersByHand, toWish } from './by-hand.tsx';
import { Changed } from './changed.tsx';
import { Failure } from './failure.tsx';
import { Steps, useDiscovery } from './steps.tsx';
import { WhichPassword } from './which-password.tsx';
import './sign-in.css';

const looksComplete = (address: string): boolean => /^[^\s@]+@[^\s@]+\.[^\s@.]{2,}$/u.test(address.trim());

const emptyServers: { imap: ServerFields; smtp: ServerFields } = {
  imap: { host: '', port: '993', security: 'tls', username: '' },
  smtp: { host: '', port: '465', security: 'tls', username: '' },
};

const filled = (settings: FoundSettings): { imap: ServerFields; smtp: ServerFields } => {
  const of = ({ host, port, security, username }: FoundSettings['imap']): ServerFields => ({
    host,
    port: String(port),
    security,
    username,
  });
  return { imap: of(settings.imap), smtp: of(settings.smtp) };
};

const is = (problem: ProblemDocument | null, name: string): boolean => problem?.type === `${problemPrefix}${name}`;

/** The way in: address and password; the servers are found while one types, or entered by hand. */
export const SignIn = ({ ended }: { ended: boolean }) => {
  const { session } = useModel();
  const [address, setAddress] = useState('');
  const [password, setPassword] = useState('');
  const [seen, setSeen] = useState(false);
  const [remember, setRemember] = useState(true);
  const [byHand, setByHand] = useState(false);
  const [servers, setServers] = useState(emptyServers);
  const [pins, setPins] = useState<Readonly<Record<string, string>>>({});
  const [working, setWorking] = useState<'no' | 'finding' | 'signing'>('no');
  const [problem, setProblem] = useState<ProblemDocument | null>(null);
  const passwordInput = useRef<HTMLInputElement>(null);
  const complete = looksComplete(address);
  const discovery = useDiscovery(complete && !byHand ? address.trim() : null);

  useEffect(() => {
    if (discovery.settings) setServers(filled(discovery.settings));
  }, [discovery.settings]);
  useEffect(() => {
    if (is(problem, 'discovery-failed') || is(problem, 'host-not-allowed') || is(problem, 'not-imap')) setByHand(true);
    if (is(problem, 'wrong-password')) passwordInput.current?.select();
  }, [problem]);

  useEffect(() => {
    passwordInput.current?.setAttribute('type', seen ? 'text' : 'password');
  }, [seen]);

  const wishFor = (more: Partial<SignInRequest>): SignInRequest => {
    const chosen = byHand ? servers : discovery.settings ? filled(discovery.settings) : null;
    const pinned = (wish: ServerWish): ServerWish => {
      const pin = pins[wish.host];
      return pin === undefined || wish.security === 'none' ? wish : { ...wish, pin };
    };
    return {
      address: address.trim(),
      password,
      remember,
      ...(chosen ? { imap: pinned(toWish(chosen.imap)), smtp: pinned(toWish(chosen.smtp)) } : {}),
      ...more,
    };
  };

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

  const trust = (host: string, fingerprint: string): void => {
    setPins({ ...pins, [host]: fingerprint });
    setProblem(null);
  };
  // Once the certificate is trusted, the same attempt goes on.
  useEffect(() => {
    if (Object.keys(pins).length > 0) void submit();
  }, [pins]);

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
            <ServersByHand servers={servers} change={setServers} address={address} failing={problem?.server ?? null} />
          ) : complete ? (
            <Steps discovery={discovery} problem={problem} />
          ) : null}
          <div class="sign-field">
            <span>
              <label for="password">Password</label>
              <WhichPassword provider={discovery.settings?.provider ?? null} />
            </span>
            <span class="inp">
              <input
                id="password"
                ref={passwordInput}
                type="password"
                name="password"
                autocomplete="current-password"
                required
                value={password}
                onInput={(event) => setPassword(event.currentTarget.value)}
              />
              <button
                type="button"
                class="icon sm"
                aria-label={seen ? 'Hide password' : 'Show password'}
                aria-pressed={seen}
                onClick={() => setSeen(!seen)}
              >
                <Icon name={seen ? 'eye-off' : 'eye'} />
              </button>
            </span>
          </div>
          {is(problem, 'slot-does-not-open') ? (
            <Changed problem={problem} proceed={(more) => void submit(more)} />
          ) : problem ? (
            <Failure problem={problem} trust={trust} />
          ) : null}
          <button class="btn primary big" type="submit" aria-disabled={working !== 'no'}>
            {working === 'finding' ? 'Finding your server' : working === 'signing' ? 'Signing in' : 'Sign in'}
          </button>
          <div class="links">
            <button type="button" class="link" onClick={() => setByHand(!byHand)}>
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
