import { useEffect, useState } from 'preact/hooks';
import { openOwnFacts, ownOf, ownWords } from '#model/app-passwords-own.ts';
import { Arch } from '#parts/people.tsx';
import { useModel } from '../model.ts';
import { colourOfAccount, initialOf, nameOfAccount } from '../side.tsx';
import { capabilityOf } from './app-passwords-capability.ts';
import { Columns } from './app-passwords-table.tsx';

/** What Postern keeps to fetch and send, one row for each account. */
export const OwnPasswords = () => {
  const model = useModel();
  const [own] = useState(() => openOwnFacts(model.connection));
  useEffect(() => {
    void own.load();
    const seen = (): void => {
      if (document.visibilityState === 'visible') void own.load();
    };
    document.addEventListener('visibilitychange', seen);
    return () => document.removeEventListener('visibilitychange', seen);
  }, []);
  const now = new Date(model.clock.now());
  const rows = model.mails.value.flatMap((mail, index) => {
    const capability = capabilityOf(model, mail.id);
    if (!capability) return [];
    return [{ mail, index, words: ownWords(ownOf(capability.own, own.facts.value.get(mail.id)), now) }];
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
          {rows.map(({ mail, index, words }) => {
            const name = nameOfAccount(mail);
            return (
              <tr key={mail.id} role="row">
                <th role="rowheader" scope="row">
                  <div class="ap-what">
                    <Arch initial={initialOf(name)} colour={colourOfAccount(mail, index)} size="lg" />
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
                        onClick={() => model.router.go({ at: 'settings', page: 'accounts' })}
                      >
                        {words.action}
                      </button>
                    ) : null}
                  </div>
                </td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </section>
  );
};
