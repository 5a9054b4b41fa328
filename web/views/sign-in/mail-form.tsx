import { useEffect, useRef, useState } from 'preact/hooks';
import type { ProblemDocument } from '#jmap/auth/problems.ts';
import type { SignInRequest } from '#jmap/auth/sign-in.ts';
import { isProblem, type Outcome } from '#model/asking.ts';
import type { Sealed } from '#model/seal.ts';
import { signIn } from '#model/signing-in.ts';
import { answerPasskey } from '#model/unlockers/showing.ts';
import { Icon } from '#parts/icon.tsx';
import { ServersByHand } from '../servers/by-hand.tsx';
import { ContinueWith } from '../servers/continue-with.tsx';
import { Failure } from '../servers/failure.tsx';
import { PasswordField } from '../servers/password-field.tsx';
import { Steps } from '../servers/steps.tsx';
import { useServers } from '../servers/use-servers.ts';
import type { Guide } from '../add-account/guides.ts';
import { later } from '../later.tsx';
import { AppPasswordLink } from './app-password-link.tsx';
import { Changed, type GoingOn } from './changed.tsx';
import { showing } from './other-ways.tsx';
import type { Attempt } from './use-attempt.ts';

const appPassword = later(async () => (await import('../add-account/app-password.tsx')).AppPassword);
const guides = () => import('../add-account/guides.ts');

/** What `slot-does-not-open` is answered with: more of the request, and a secret of another kind. */
const goingOn = async (how: GoingOn): Promise<Outcome<{ more: Partial<SignInRequest>; secret?: Sealed }>> => {
  switch (how.by) {
    case 'previous':
      return { ok: true, value: { more: { previousPassword: how.password } } };
    case 'recovery':
      return {
        ok: true,
        value: {
          more: { opens: { kind: 'recovery' } },
          secret: { purpose: 'recoveryCode', login: '', secret: how.code },
        },
      };
    case 'passkey': {
      const shown = await answerPasskey(showing());
      return shown.ok ? { ok: true, value: { more: { opens: shown.value.form }, secret: shown.value.secret } } : shown;
    }
    case 'afresh':
      return { ok: true, value: { more: { startAfresh: true } } };
  }
};

/** Address and password of a mail account; the servers are found while one types, or entered by hand. */
export const MailForm = ({
  attempt,
  remember,
  links,
}: {
  attempt: Attempt;
  remember: boolean;
  /** Beside "Enter the servers by hand". */
  links: preact.ComponentChildren;
}) => {
  const [address, setAddress] = useState('');
  const [password, setPassword] = useState('');
  const [finding, setFinding] = useState(false);
  /** The problem that asks how to go on, while it does. */
  const [changed, setChanged] = useState<ProblemDocument | null>(null);
  /** Leads to an app password while it is shown. */
  const [guide, setGuide] = useState<Guide | null>(null);
  const passwordInput = useRef<HTMLInputElement>(null);
  const { problem, busy } = attempt;
  const servers = useServers(address, problem);
  const { discovery, complete, byHand } = servers;
  const settings = byHand || !complete ? null : discovery.settings;
  const issuer = settings?.oauth ?? null;
  /** No password is taken there. */
  const issuerOnly = issuer !== null && settings?.provider?.auth === 'oauth';

  useEffect(() => {
    if (isProblem(problem, 'wrong-password') && !changed) passwordInput.current?.select();
    if (isProblem(problem, 'slot-does-not-open')) setChanged(changed ?? problem);
  }, [problem]);

  const submit = async (how: GoingOn | null = null): Promise<void> => {
    if (busy || finding || !complete || password === '') return;
    attempt.setProblem(null);
    let known = settings;
    if (!byHand && discovery.busy) {
      setFinding(true);
      known = await discovery.settled();
      setFinding(false);
      // DNS alone leads elsewhere: the person sees where, and goes on or not (rule F12).
      if (known?.foreign && known.provider === null && (known.source === 'srv' || known.source === 'mx')) return;
    }
    // A password that the server would refuse in any case does not leave.
    if (how === null && known?.provider?.auth === 'app-password') {
      const { guideFor, fits } = await guides();
      const found = guideFor(known.provider);
      if (found?.form && !fits(found.form, password)) {
        setGuide(found);
        return;
      }
    }
    const inside = await attempt.run(async (totp) => {
      const going = how ? await goingOn(how) : { ok: true as const, value: { more: {} } };
      if (!going.ok) return going;
      const { more, secret } = going.value as { more: Partial<SignInRequest>; secret?: Sealed };
      const wish = { address: address.trim(), password, remember, ...servers.wish(known), ...more };
      return signIn(showing().fetch, { ...wish, ...(totp === undefined ? {} : { totp }) }, secret);
    });
    if (inside) setPassword('');
  };
  const trySecret = async (secret: string): Promise<ProblemDocument | null> => {
    let failed: ProblemDocument | null = null;
    await attempt.run(async (totp) => {
      const wish = { address: address.trim(), password: secret, remember, ...servers.wish() };
      const answer = await signIn(showing().fetch, { ...wish, ...(totp === undefined ? {} : { totp }) });
      failed = answer.ok ? null : answer.problem;
      return answer;
    });
    // What is asked besides the app password is asked where it always is.
    if (!isProblem(failed, 'slot-does-not-open', 'totp-needed')) return failed;
    setPassword(secret);
    setGuide(null);
    return null;
  };
  // Once the certificate is trusted, the same attempt goes on.
  useEffect(() => {
    if (servers.trusted > 0) void submit();
  }, [servers.trusted]);

  return (
    <>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          void submit();
        }}
      >
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
                setChanged(null);
                attempt.setProblem(null);
              }}
            />
            {complete ? <Icon name="check" /> : null}
          </span>
        </label>
        {byHand ? (
          <ServersByHand servers={servers.fields} change={servers.setFields} address={address} failing={problem} />
        ) : complete ? (
          <Steps discovery={discovery} problem={problem} />
        ) : null}
        {issuer ? (
          <ContinueWith
            label={`Continue with ${issuer.name}`}
            primary={issuerOnly}
            wish={{
              issuer: issuer.issuer,
              address: address.trim(),
              purpose: 'sign-in',
              remember,
              ...servers.wish(),
            }}
          />
        ) : null}
        <div hidden={issuerOnly}>
          <PasswordField
            label="Password"
            value={password}
            change={(text) => {
              setPassword(text);
              setChanged(null);
            }}
            input={passwordInput}
          >
            <AppPasswordLink
              provider={settings?.provider ?? null}
              onGuide={() => void guides().then(({ guideFor }) => setGuide(guideFor(settings?.provider ?? null)))}
            />
          </PasswordField>
        </div>
        {changed ? (
          <Changed
            problem={changed}
            refused={problem === changed ? null : problem}
            busy={busy}
            proceed={(how) => void submit(how)}
          />
        ) : problem && !guide ? (
          <Failure
            problem={problem}
            trust={(server, fingerprint) => {
              attempt.setProblem(null);
              servers.trust(server, fingerprint);
            }}
          />
        ) : null}
        <button class="btn primary big" type="submit" hidden={issuerOnly} aria-disabled={busy || finding}>
          {finding ? 'Finding your server' : busy ? 'Signing in' : 'Sign in'}
        </button>
        <div class="links">
          <button type="button" class="link" onClick={() => servers.setByHand(!byHand)}>
            {byHand ? 'Find the servers for me' : 'Enter the servers by hand'}
          </button>
          {links}
        </div>
      </form>
      {guide ? (
        <appPassword.View
          guide={guide}
          address={address.trim()}
          colour="patina"
          action="Sign in"
          submit={trySecret}
          trust={servers.trust}
          onClose={() => {
            setGuide(null);
            attempt.setProblem(null);
          }}
        />
      ) : null}
    </>
  );
};
