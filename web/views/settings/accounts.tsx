import { useId } from 'preact/hooks';
import type { Mail } from '#model/mail.ts';
import { retryAccount } from '#model/settings/retry.ts';
import { accountWords, hostWords, progressWords } from '#model/settings/words.ts';
import { Arch } from '#parts/people.tsx';
import { useModel } from '../model.ts';
import { colourOfAccount, initialOf, nameOfAccount } from '../side.tsx';
import { PageHead } from './page-head.tsx';

const Status = ({ mail }: { mail: Mail }) => {
  const model = useModel();
  const { value: status } = mail.status;
  if (mail.trouble.value)
    return (
      <div class="set-status">
        <span class="dot bad" />
        <div>
          <b>This account could not be opened</b>
        </div>
        <button type="button" class="btn" onClick={() => void mail.load()}>
          Try again
        </button>
      </div>
    );
  if (!status) return null;
  const words = accountWords(status, new Date(model.clock.now()));
  return (
    <div class="set-status" role="status">
      <span class={`dot ${words.tone === 'ok' ? '' : words.tone}`} />
      <div>
        <b>{words.title}</b>
        {words.detail ? <p>{words.detail}</p> : null}
      </div>
      {words.retry ? (
        <button type="button" class="btn" onClick={() => void retryAccount(model, mail)}>
          Try again
        </button>
      ) : null}
    </div>
  );
};

const Account = ({ mail, index }: { mail: Mail; index: number }) => {
  const id = useId();
  const { value: status } = mail.status;
  const name = nameOfAccount(mail);
  return (
    <section class="set-account" aria-labelledby={id}>
      <header>
        <Arch initial={initialOf(name)} colour={colourOfAccount(mail, index)} size="lg" />
        <div>
          <h2 id={id}>{name}</h2>
          {name === mail.account.name ? null : <p>{mail.account.name}</p>}
        </div>
      </header>
      <Status mail={mail} />
      {status ? (
        <dl class="set-facts">
          <dt>Mail</dt>
          <dd>
            {progressWords(status)}
            {status.progress.done ? null : (
              <progress
                aria-label="Messages fetched"
                value={status.progress.known}
                max={Math.max(1, status.progress.total)}
              />
            )}
          </dd>
          <dt>Incoming</dt>
          <dd>{hostWords(status.imap)}</dd>
          <dt>Outgoing</dt>
          <dd>{hostWords(status.smtp)}</dd>
        </dl>
      ) : null}
    </section>
  );
};

export const Accounts = () => {
  const { mails } = useModel();
  return (
    <>
      <PageHead title="Accounts">
        Each account is a gate of its own. Mail never crosses from one to another unless you move it.
      </PageHead>
      {mails.value.map((mail, index) => (
        <Account key={mail.id} mail={mail} index={index} />
      ))}
    </>
  );
};
