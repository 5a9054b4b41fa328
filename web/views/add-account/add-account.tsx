import { useEffect, useRef, useState } from 'preact/hooks';
import type { AccountFacts } from '#jmap/auth/accounts.ts';
import type { FoundSettings } from '#jmap/auth/discovery.ts';
import type { ProblemDocument } from '#jmap/auth/problems.ts';
import type { Accounts } from '#model/accounts/accounts.ts';
import { gateColours } from '#model/people.ts';
import { isProblem } from '#model/asking.ts';
import { Dialog } from '#parts/dialog.tsx';
import { Icon } from '#parts/icon.tsx';
import { useModel } from '../model.ts';
import { ContinueWith } from '../servers/continue-with.tsx';
import { ServersByHand } from '../servers/by-hand.tsx';
import { Failure } from '../servers/failure.tsx';
import { PasswordField } from '../servers/password-field.tsx';
import { Steps } from '../servers/steps.tsx';
import { type Servers, useServers } from '../servers/use-servers.ts';
import { colourOfAccount } from '../gate.tsx';
import { WhichPassword } from '../servers/which-password.tsx';
import '../servers/servers.css';
import { AppPassword } from './app-password.tsx';
import { Finish } from './finish.tsx';
import { type Guide, guideFor } from './guides.ts';
import './add-account.css';

const Address = (props: { value: string; complete: boolean; change(value: string): void }) => (
  <label class="sign-field">
    <span>Email address</span>
    <span class="inp">
      <input
        type="email"
        name="address"
        autocomplete="email"
        autocapitalize="off"
        spellcheck={false}
        required
        value={props.value}
        onInput={(event) => props.change(event.currentTarget.value)}
      />
      {props.complete ? <Icon name="check" /> : null}
    </span>
  </label>
);

/** The provider takes no password from programs, and this Postern knows no other way in. */
const NoWayIn = ({ provider }: { provider: NonNullable<FoundSettings['provider']> }) => (
  <div class="failure" role="note">
    <Icon name="circle-alert" />
    <div class="grow">
      <b>{provider.name} lets programs in by its own sign-in only.</b>
      <p>
        {provider.note ?? 'It accepts no passwords from mail programs.'} This Postern is not registered there; whoever
        runs it can do that. Your other accounts are not touched by it.
      </p>
    </div>
  </div>
);

/** What has to be said besides the address, by what is known of the provider. */
const Secrets = (props: {
  servers: Servers;
  guide: Guide | null;
  closed: boolean;
  password: string;
  setPassword(value: string): void;
  smtpPassword: string | null;
  setSmtpPassword(value: string | null): void;
  input: { current: HTMLInputElement | null };
}) => {
  const { servers, guide, smtpPassword } = props;
  const provider = servers.discovery.settings?.provider ?? null;
  if (!servers.byHand && props.closed && provider)
    return servers.discovery.settings?.oauth ? null : <NoWayIn provider={provider} />;
  if (!servers.byHand && guide) return <p class="lead">{guide.why}</p>;
  return (
    <>
      <PasswordField label="Password" value={props.password} change={props.setPassword} input={props.input}>
        <WhichPassword provider={provider} />
      </PasswordField>
      {servers.byHand ? (
        <label class="set-check own-smtp">
          <input
            type="checkbox"
            checked={smtpPassword !== null}
            onChange={(event) => props.setSmtpPassword(event.currentTarget.checked ? '' : null)}
          />
          <span>The outgoing server has a password of its own</span>
        </label>
      ) : null}
      {servers.byHand && smtpPassword !== null ? (
        <PasswordField label="Password for sending" value={smtpPassword} change={props.setSmtpPassword} />
      ) : null}
    </>
  );
};

/** A further account: found as at the sign-in, guided where an app password is wanted, then named. */
export const AddAccount = ({ accounts, onClose }: { accounts: Accounts; onClose(): void }) => {
  const { mails } = useModel();
  const [address, setAddress] = useState('');
  const [password, setPassword] = useState('');
  const [smtpPassword, setSmtpPassword] = useState<string | null>(null);
  const [working, setWorking] = useState<'no' | 'finding' | 'adding'>('no');
  const [problem, setProblem] = useState<ProblemDocument | null>(null);
  const [guided, setGuided] = useState(false);
  const [added, setAdded] = useState<AccountFacts | null>(null);
  const input = useRef<HTMLInputElement>(null);
  const servers = useServers(address, problem);
  const { discovery, complete, byHand } = servers;
  const settings = byHand ? null : discovery.settings;
  const guide = guideFor(settings?.provider ?? null);
  const issuer = settings?.oauth ?? null;
  const closed = settings?.provider?.auth === 'oauth';
  const taken = mails.value.map((mail, index) => colourOfAccount(mail, index));
  const free = gateColours.find((colour) => !taken.includes(colour)) ?? 'patina';

  const send = async (secret: string, anyway = false, known = settings): Promise<ProblemDocument | null> => {
    const answer = await accounts.add({
      address: address.trim(),
      password: secret,
      ...servers.wish(known),
      ...(byHand && smtpPassword ? { smtpPassword } : {}),
      ...(anyway ? { anyway } : {}),
    });
    if (!answer.ok) return answer.problem;
    setPassword('');
    setAdded(answer.value);
    return null;
  };

  const submit = async (anyway = false): Promise<void> => {
    if (working !== 'no' || !complete) return;
    setProblem(null);
    let known = settings;
    if (!byHand && discovery.busy) {
      setWorking('finding');
      known = await discovery.settled();
      setWorking('no');
      // DNS alone leads elsewhere: the person sees where, and goes on or not (rule F12).
      if (known?.foreign && known.provider === null && (known.source === 'srv' || known.source === 'mx')) return;
    }
    if (known?.provider?.auth === 'oauth') return;
    if (guideFor(known?.provider ?? null)) {
      setGuided(true);
      return;
    }
    if (password === '') {
      input.current?.focus();
      return;
    }
    setWorking('adding');
    const failed = await send(password, anyway, known);
    setWorking('no');
    setProblem(failed);
    if (isProblem(failed, 'wrong-password')) input.current?.select();
  };
  // Once the certificate is trusted, the same attempt goes on.
  useEffect(() => {
    if (servers.trusted > 0 && !guided) void submit();
  }, [servers.trusted]);

  if (added) return <Finish account={added} accounts={accounts} onClose={onClose} />;
  if (guided && guide)
    return (
      <AppPassword
        guide={guide}
        address={address.trim()}
        colour={free}
        action="Add account"
        submit={(secret) => send(secret)}
        trust={servers.trust}
        onClose={() => setGuided(false)}
      />
    );
  const label = { finding: 'Finding your server', adding: 'Adding', no: guide ? 'Continue' : 'Add account' }[working];
  return (
    <Dialog
      title="Add account"
      class="add"
      focus="input"
      onClose={onClose}
      footer={
        <>
          <button type="button" class="link" onClick={() => servers.setByHand(!byHand)}>
            {byHand ? 'Find the servers for me' : 'Enter the servers by hand'}
          </button>
          <button type="button" class="btn quiet" onClick={onClose}>
            Cancel
          </button>
          <button type="submit" form="add-account" class="btn primary" aria-disabled={working !== 'no' || closed}>
            {label}
          </button>
        </>
      }
    >
      <form
        id="add-account"
        onSubmit={(event) => {
          event.preventDefault();
          void submit();
        }}
      >
        <Address
          value={address}
          complete={complete}
          change={(value) => {
            setAddress(value);
            setProblem(null);
          }}
        />
        {byHand ? (
          <ServersByHand servers={servers.fields} change={servers.setFields} address={address} failing={problem} />
        ) : complete ? (
          <Steps discovery={discovery} problem={problem} />
        ) : null}
        {issuer && complete ? (
          <ContinueWith
            label={`Continue with ${issuer.name}`}
            primary={closed}
            wish={{ issuer: issuer.issuer, address: address.trim(), purpose: 'add', ...servers.wish() }}
          />
        ) : null}
        <Secrets
          servers={servers}
          guide={guide}
          closed={closed}
          password={password}
          setPassword={setPassword}
          smtpPassword={smtpPassword}
          setSmtpPassword={setSmtpPassword}
          input={input}
        />
        {problem ? <Failure problem={problem} trust={servers.trust} /> : null}
        {isProblem(problem, 'account-elsewhere') ? (
          <p>
            <button type="button" class="btn" onClick={() => void submit(true)}>
              Add it all the same
            </button>
          </p>
        ) : null}
      </form>
    </Dialog>
  );
};
