import { useRef, useState } from 'preact/hooks';
import type { AccountFacts } from '#jmap/auth/accounts.ts';
import type { ProblemDocument } from '#jmap/auth/problems.ts';
import type { Accounts } from '#model/accounts/accounts.ts';
import { isProblem } from '#model/asking.ts';
import { Dialog } from '#parts/dialog.tsx';
import { Arch } from '#parts/people.tsx';
import { useModel } from '../model.ts';
import { Failure } from '../servers/failure.tsx';
import { PasswordField } from '../servers/password-field.tsx';
import '../servers/servers.css';
import { initialOf } from '../gate.tsx';
import { AppPassword } from './app-password.tsx';
import { ConnectAgain } from './connect-again.tsx';
import { guideForHost } from './guides.ts';
import './add-account.css';

type Props = { account: AccountFacts; accounts: Accounts; onClose(): void };

/** Asks for the password of one account: the one that the server takes now. */
export const EnterPassword = ({ account, accounts, onClose }: Props) => {
  const { toasts } = useModel();
  const [password, setPassword] = useState('');
  const [smtpPassword, setSmtpPassword] = useState('');
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<ProblemDocument | null>(null);
  const [pins, setPins] = useState<Readonly<Record<string, string>>>({});
  const input = useRef<HTMLInputElement>(null);
  const guide = guideForHost(account.imap.host);

  // Reading goes on: only the password for sending is asked for.
  const sending = account.ownSmtpPassword && account.refused === 'smtp';
  const both = account.ownSmtpPassword && !sending;

  const renew = async (secret: string): Promise<ProblemDocument | null> => {
    const pinned = (sending ? (['smtp'] as const) : (['imap', 'smtp'] as const)).flatMap((protocol) => {
      const pin = pins[`${account[protocol].host}:${account[protocol].port}`];
      return pin === undefined ? [] : [[protocol, { ...account[protocol], pin }] as const];
    });
    const answer = await accounts.renew(account, {
      password: secret,
      ...(sending ? { only: 'smtp' } : both ? { smtpPassword } : {}),
      ...Object.fromEntries(pinned),
    });
    if (!answer.ok) return answer.problem;
    toasts.show(`${account.name} works again`, { icon: 'check' });
    onClose();
    return null;
  };
  const trust = (server: string, fingerprint: string): void => setPins({ ...pins, [server]: fingerprint });

  if (account.auth === 'oauth') return <ConnectAgain account={account} onClose={onClose} />;
  if (guide && !account.ownSmtpPassword)
    return (
      <AppPassword
        guide={guide}
        address={account.address}
        colour={account.colour}
        action="Save"
        submit={renew}
        trust={trust}
        onClose={onClose}
      />
    );

  const asked = sending ? account.smtp : account.imap;
  const submit = async (): Promise<void> => {
    if (busy || password === '' || (both && smtpPassword === '')) return;
    setBusy(true);
    setProblem(null);
    const failed = await renew(password);
    setBusy(false);
    setProblem(failed);
    if (isProblem(failed, 'wrong-password')) input.current?.select();
  };
  return (
    <Dialog
      title={`Password of ${account.name}`}
      class="add"
      mark={<Arch initial={initialOf(account.name)} colour={account.colour} size="lg" />}
      focus="input"
      onClose={onClose}
      footer={
        <>
          <button type="button" class="btn quiet" onClick={onClose}>
            Cancel
          </button>
          <button type="submit" form="enter-password" class="btn primary" aria-disabled={busy}>
            {busy ? 'Checking' : 'Save'}
          </button>
        </>
      }
    >
      <form
        id="enter-password"
        onSubmit={(event) => {
          event.preventDefault();
          void submit();
        }}
      >
        <p class="lead">
          The one that {asked.host} takes now for {asked.username}. It is tried before it is kept.
        </p>
        <PasswordField
          label={sending ? 'Password for sending' : 'Password'}
          value={password}
          change={setPassword}
          input={input}
        />
        {both ? (
          <PasswordField
            label={`Password for sending, of ${account.smtp.host}`}
            value={smtpPassword}
            change={setSmtpPassword}
          />
        ) : null}
        {problem ? <Failure problem={problem} trust={trust} /> : null}
      </form>
    </Dialog>
  );
};
