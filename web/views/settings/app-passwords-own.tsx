import { useEffect, useState } from 'preact/hooks';
import type { AccountFacts } from '#jmap/auth/accounts.ts';
import { openAccounts } from '#model/accounts/accounts.ts';
import { ownOf, ownWords, type OwnWords } from '#model/app-passwords-own.ts';
import { Arch } from '#parts/people.tsx';
import { EnterPassword } from '../add-account/enter-password.tsx';
import { useModel } from '../model.ts';
import { colourOfAccount, initialOf, nameOfAccount } from '../gate.tsx';
import { capabilityOf } from './app-passwords-capability.ts';
import { Columns } from './app-passwords-table.tsx';

const Row = (props: { name: string; colour: string; words: OwnWords; onReplace(): void }) => {
  const { name, words } = props;
  return (
    <tr role="row">
      <th role="rowheader" scope="row">
        <div class="ap-what">
          <Arch initial={initialOf(name)} colour={props.colour} size="lg" />
          <span>
            <b>{name}</b>
            <small>{words.kept}</small>
          </span>
        </div>
      </th>
      <td role="cell">
        Read and send
        <small>IMAP and SMTP</small>
      </td>
      <td role="cell" class={words.refused ? 'doubt' : ''}>
        {words.state}
        {words.detail ? <small>{words.detail}</small> : null}
      </td>
      <td role="cell" class="ap-acts">
        <div>
          {words.action ? (
            <button
              type="button"
              class={`btn ${words.refused ? 'primary' : 'quiet'}`}
              aria-label={`${words.action}: ${name}`}
              onClick={props.onReplace}
            >
              {words.action}
            </button>
          ) : null}
        </div>
      </td>
    </tr>
  );
};

/** What Postern keeps to fetch and send, one row for each account. */
export const OwnPasswords = () => {
  const model = useModel();
  const [accounts] = useState(() => openAccounts(model));
  const [renewing, setRenewing] = useState<AccountFacts | null>(null);
  useEffect(() => {
    void accounts.load();
    const seen = (): void => {
      if (document.visibilityState === 'visible') void accounts.load();
    };
    document.addEventListener('visibilitychange', seen);
    return () => document.removeEventListener('visibilitychange', seen);
  }, []);
  const now = new Date(model.clock.now());
  const known = accounts.state.value;
  const factsOf = (id: string): AccountFacts | undefined =>
    known.at === 'ready' ? known.list.find((each) => each.id === id) : undefined;
  /** The password is asked for, or the way to the issuer is shown; both begin with what is known of the account. */
  const replace = (facts: AccountFacts | undefined): void => {
    if (facts) setRenewing(facts);
    else model.router.go({ at: 'settings', page: 'accounts' });
  };
  const rows = model.mails.value.flatMap((mail, index) => {
    const capability = capabilityOf(model, mail.id);
    if (!capability) return [];
    const facts = factsOf(mail.id);
    return [{ mail, index, facts, words: ownWords(ownOf(capability.own, facts), now) }];
  });
  if (rows.length === 0) return null;
  return (
    <section aria-labelledby="ap-own">
      <h2 id="ap-own">Passwords that Postern uses</h2>
      <p class="ap-sub">Kept encrypted in your vault. Postern opens them only to fetch and send your mail.</p>
      <table class="ap-table own" role="table" aria-labelledby="ap-own">
        <Columns />
        <thead role="rowgroup" class="vh">
          <tr role="row">
            <th role="columnheader" scope="col">
              Account
            </th>
            <th role="columnheader" scope="col">
              May do
            </th>
            <th role="columnheader" scope="col">
              State
            </th>
            <th role="columnheader" scope="col">
              Actions
            </th>
          </tr>
        </thead>
        <tbody role="rowgroup">
          {rows.map(({ mail, index, facts, words }) => (
            <Row
              key={mail.id}
              name={nameOfAccount(mail)}
              colour={colourOfAccount(mail, index)}
              words={words}
              onReplace={() => replace(facts)}
            />
          ))}
        </tbody>
      </table>
      {renewing ? <EnterPassword account={renewing} accounts={accounts} onClose={() => setRenewing(null)} /> : null}
    </section>
  );
};
