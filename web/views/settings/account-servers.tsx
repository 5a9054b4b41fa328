import { useEffect, useRef, useState } from 'preact/hooks';
import type { AccountFacts } from '#jmap/auth/accounts.ts';
import type { ProblemDocument } from '#jmap/auth/problems.ts';
import type { ServerFacts } from '#jmap/auth/servers.ts';
import type { Accounts } from '#model/accounts/accounts.ts';
import { changeWords } from '#model/accounts/words.ts';
import { formEvents } from '#parts/form-events.ts';
import { useModel } from '../model.ts';
import { type ServerFields, ServersByHand, toWish } from '../servers/by-hand.tsx';
import { Failure } from '../servers/failure.tsx';
import { PasswordField } from '../servers/password-field.tsx';
import '../servers/servers.css';

const fieldsOf = ({ host, port, security, username }: ServerFacts): ServerFields => ({
  host,
  port: String(port),
  security,
  username,
});

/** What changed about the certificates, until it was seen. */
export const Certificates = ({ account, accounts }: { account: AccountFacts; accounts: Accounts }) => {
  const today = new Date(useModel().clock.now());
  const changed = (['imap', 'smtp'] as const).flatMap((protocol) => {
    const seen = account.certificates[protocol];
    return seen?.changed ? [{ protocol, host: account[protocol].host, seen, change: seen.changed }] : [];
  });
  if (changed.length === 0) return null;
  return (
    <div class="acc-cert" role="note">
      {changed.map(({ protocol, host, seen, change }) => (
        <p key={protocol}>
          <b>The certificate of {host} is another.</b> {changeWords(change, today)} Now it is signed by {seen.issuer},
          before by {change.before.issuer}. It is valid; if you did not expect this, ask the owner of the server.
        </p>
      ))}
      <button
        type="button"
        class="btn"
        onClick={() => void accounts.patch(account, { changesSeen: true }, 'Noted the new certificate')}
      >
        I have seen it
      </button>
    </div>
  );
};

const Form = ({ account, accounts, onClose }: { account: AccountFacts; accounts: Accounts; onClose(): void }) => {
  const [servers, setServers] = useState({ imap: fieldsOf(account.imap), smtp: fieldsOf(account.smtp) });
  const [password, setPassword] = useState('');
  const [own, setOwn] = useState(account.ownSmtpPassword);
  const [smtpPassword, setSmtpPassword] = useState('');
  const [pins, setPins] = useState<Readonly<Record<string, string>>>({});
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<ProblemDocument | null>(null);
  const form = useRef<HTMLFormElement>(null);
  useEffect(() => form.current?.querySelector<HTMLElement>('input')?.focus(), []);
  const wish = (fields: ServerFields, trusted: Readonly<Record<string, string>>) => {
    const pin = trusted[`${fields.host.trim()}:${fields.port.trim()}`];
    return { ...toWish(fields), ...(pin === undefined || fields.security === 'none' ? {} : { pin }) };
  };
  const submit = async (trusted = pins): Promise<void> => {
    if (busy || password === '' || (own && smtpPassword === '')) return;
    setBusy(true);
    setProblem(null);
    const answer = await accounts.renew(account, {
      password,
      imap: wish(servers.imap, trusted),
      smtp: wish(servers.smtp, trusted),
      ...(own ? { smtpPassword } : {}),
    });
    setBusy(false);
    if (answer.ok) onClose();
    else setProblem(answer.problem);
  };
  return (
    <form
      ref={form}
      class="set-card add"
      aria-label={`Servers of ${account.name}`}
      {...formEvents(() => void submit(), onClose)}
    >
      <ServersByHand servers={servers} change={setServers} address={account.address} failing={problem} />
      <PasswordField label={`Password of ${account.imap.host}`} value={password} change={setPassword} />
      <label class="set-check">
        <input type="checkbox" checked={own} onChange={(event) => setOwn(event.currentTarget.checked)} />
        <span>The outgoing server has a password of its own</span>
      </label>
      {own ? <PasswordField label="Password for sending" value={smtpPassword} change={setSmtpPassword} /> : null}
      {problem ? (
        <Failure
          problem={problem}
          trust={(server, fingerprint) => {
            const next = { ...pins, [server]: fingerprint };
            setPins(next);
            // The same attempt goes on.
            void submit(next);
          }}
        />
      ) : null}
      <p class="muted">Both servers are asked before anything is changed.</p>
      <div class="set-acts">
        <button type="submit" class="btn primary" aria-disabled={busy}>
          {busy ? 'Checking' : 'Save'}
        </button>
        <button type="button" class="btn quiet" onClick={onClose}>
          Cancel
        </button>
      </div>
    </form>
  );
};

/** Other servers, or another password. */
export const AccountServers = ({
  account,
  accounts,
  onPassword,
}: {
  account: AccountFacts;
  accounts: Accounts;
  onPassword(): void;
}) => {
  const [editing, setEditing] = useState(false);
  const edited = useRef(false);
  if (editing) {
    edited.current = true;
    return <Form account={account} accounts={accounts} onClose={() => setEditing(false)} />;
  }
  if (account.auth === 'oauth') return null;
  return (
    <div class="set-acts acc-acts">
      <button type="button" class="btn" onClick={onPassword}>
        Replace password
      </button>
      <button
        ref={(button) => {
          if (!button || !edited.current) return;
          edited.current = false;
          button.focus();
        }}
        type="button"
        class="btn"
        onClick={() => setEditing(true)}
      >
        Change servers
      </button>
    </div>
  );
};
