import { useEffect, useId, useState } from 'preact/hooks';
import type { AccountCheck, AccountFacts, AccountPatch } from '#jmap/auth/accounts.ts';
import type { Quota } from '#jmap/quota.ts';
import type { Accounts } from '#model/accounts/accounts.ts';
import { keptWords, type StandingWords } from '#model/accounts/words.ts';
import type { Outcome } from '#model/asking.ts';
import { hostWords, progressWords } from '#model/settings/words.ts';
import { Colours } from '../add-account/colours.tsx';
import { EnterPassword } from '../add-account/enter-password.tsx';
import { useModel } from '../model.ts';
import { Folders } from '../servers/folders.tsx';
import { AccountAway } from './account-away.tsx';
import { AccountQuota } from './account-quota.tsx';
import { AccountRemove } from './account-remove.tsx';
import { AccountServers, Certificates } from './account-servers.tsx';

const checkWords = (answer: Outcome<AccountCheck>): string => {
  if (!answer.ok) return answer.problem.title;
  const { imap, smtp, account } = answer.value;
  const [bad] = [imap, smtp].filter(({ problem }) => problem !== null);
  if (!bad) return `Both servers took the password of ${account.name} just now.`;
  return `${bad.problem?.title ?? ''} ${bad.problem?.detail ?? ''}`;
};

const Status = ({
  account,
  accounts,
  words,
  onPassword,
}: {
  account: AccountFacts;
  accounts: Accounts;
  words: StandingWords;
  onPassword(): void;
}) => {
  const [checking, setChecking] = useState(false);
  const [said, setSaid] = useState<{ good: boolean; text: string } | null>(null);
  const check = async (): Promise<void> => {
    if (checking) return;
    setChecking(true);
    const answer = await accounts.check(account);
    const good = answer.ok && answer.value.imap.state === 'ok' && answer.value.smtp.state === 'ok';
    setSaid({ good, text: checkWords(answer) });
    setChecking(false);
  };
  const tone = said && !said.good ? 'bad' : words.tone;
  return (
    <div class="set-status" role="status">
      <span class={`dot ${tone === 'ok' ? '' : tone}`} />
      <div>
        <b>{words.title}</b>
        {said ? <p>{said.text}</p> : words.detail ? <p>{words.detail}</p> : null}
      </div>
      {words.password ? (
        <button type="button" class="btn primary" onClick={onPassword}>
          {account.auth === 'oauth' ? 'Connect again' : 'Enter password'}
        </button>
      ) : null}
      <button type="button" class="btn" aria-disabled={checking} onClick={() => void check()}>
        {checking ? 'Checking' : 'Check now'}
      </button>
    </div>
  );
};

/** Saved when one leaves it; Escape brings back what was there. */
const Name = ({ account, accounts }: { account: AccountFacts; accounts: Accounts }) => {
  const [text, setText] = useState(account.name);
  useEffect(() => setText(account.name), [account.name]);
  const save = (): void => {
    const name = text.trim();
    if (name === '') setText(account.name);
    else if (name !== account.name) void accounts.patch(account, { name }, `Named ${account.address} “${name}”`);
  };
  return (
    <label class="set-field">
      <span>Name</span>
      <input
        class="field"
        type="text"
        maxLength={100}
        autocomplete="off"
        value={text}
        onInput={(event) => setText(event.currentTarget.value)}
        onBlur={save}
        onKeyDown={(event) => {
          if (event.key === 'Enter') save();
          if (event.key !== 'Escape' || text === account.name) return;
          event.preventDefault();
          setText(account.name);
        }}
      />
    </label>
  );
};

/** Which identity new letters get. */
const DefaultIdentity = ({ account, accounts }: { account: AccountFacts; accounts: Accounts }) => {
  const mail = useModel().mails.value.find((each) => each.id === account.id);
  const identities = mail?.identities.value ?? [];
  if (identities.length < 2) return null;
  return (
    <label class="set-field">
      <span>New letters come from</span>
      <select
        class="field"
        value={account.identity ?? identities[0]?.id}
        onChange={(event) =>
          void accounts.patch(account, { identity: event.currentTarget.value }, 'Changed who new letters come from')
        }
      >
        {identities.map((each) => (
          <option key={each.id} value={each.id}>
            {each.name ? `${each.name} <${each.email}>` : each.email}
          </option>
        ))}
      </select>
    </label>
  );
};

const gathering = ({ name }: AccountFacts, inAllInboxes: boolean): [AccountPatch, string] => [
  { inAllInboxes },
  inAllInboxes ? `${name} is in All inboxes` : `${name} left All inboxes`,
];

/** Everything there is to an account. What is changed is saved at once. */
export const AccountEdit = ({
  account,
  accounts,
  words,
  quotas,
  only,
}: {
  account: AccountFacts;
  accounts: Accounts;
  words: StandingWords;
  quotas: readonly Quota[];
  only: boolean;
}) => {
  const model = useModel();
  const id = useId();
  const [asking, setAsking] = useState<'no' | 'password' | 'remove'>('no');
  const mail = model.mails.value.find((each) => each.id === account.id);
  const status = mail?.status.value;
  const today = new Date(model.clock.now());
  return (
    <div class="acc-edit" role="group" aria-label={account.name}>
      <Status account={account} accounts={accounts} words={words} onPassword={() => setAsking('password')} />
      <div class="set-fields even">
        <Name account={account} accounts={accounts} />
        <DefaultIdentity account={account} accounts={accounts} />
      </div>
      <Colours
        label="Colour"
        initial={account.name}
        value={account.colour}
        change={(colour) => void accounts.patch(account, { colour }, `Changed the colour of ${account.name}`)}
      />
      {only ? null : (
        <label class="set-check acc-gather">
          <input
            type="checkbox"
            checked={account.inAllInboxes}
            onChange={(event) => void accounts.patch(account, ...gathering(account, event.currentTarget.checked))}
          />
          <span>
            Show in All inboxes
            <small>Its inbox stands there with those of your other accounts.</small>
          </span>
        </label>
      )}
      <section class="acc-part" aria-labelledby={`${id}-servers`}>
        <h2 id={`${id}-servers`}>Servers and password</h2>
        <dl class="set-facts">
          <dt>Incoming</dt>
          <dd>
            {hostWords(account.imap)}, as {account.imap.username}
          </dd>
          <dt>Outgoing</dt>
          <dd>
            {hostWords(account.smtp)}, as {account.smtp.username}
            {account.ownSmtpPassword ? ', with a password of its own' : ''}
          </dd>
          <dt>Kept here</dt>
          <dd>{keptWords(account, today)}, sealed in your vault</dd>
          {status ? (
            <>
              <dt>Mail</dt>
              <dd>
                {progressWords(status, new Date())}
                {status.progress.done ? null : (
                  <progress
                    aria-label="Messages fetched"
                    value={status.progress.known}
                    max={Math.max(1, status.progress.total)}
                  />
                )}
              </dd>
            </>
          ) : null}
        </dl>
        <Certificates account={account} accounts={accounts} />
        <AccountServers account={account} accounts={accounts} onPassword={() => setAsking('password')} />
      </section>
      <AccountQuota quotas={quotas} />
      <section class="acc-part" aria-labelledby={`${id}-folders`}>
        <h2 id={`${id}-folders`}>Folders</h2>
        <p class="muted">Where letters go that you send, archive, throw away or report as junk.</p>
        <Folders mail={mail} />
      </section>
      <AccountAway account={account} accounts={accounts} />
      <div class="acc-part acc-end">
        <p>
          {only
            ? 'This is your only account: with it goes all that this Postern keeps of you. The mail stays on its server.'
            : 'Removing an account takes it from this Postern only. The mail stays on its server.'}
        </p>
        <button type="button" class="btn danger" onClick={() => setAsking('remove')}>
          {only ? 'Leave this Postern' : 'Remove account'}
        </button>
      </div>
      {asking === 'password' ? (
        <EnterPassword account={account} accounts={accounts} onClose={() => setAsking('no')} />
      ) : null}
      {asking === 'remove' ? (
        <AccountRemove account={account} accounts={accounts} only={only} onClose={() => setAsking('no')} />
      ) : null}
    </div>
  );
};
