import { useLayoutEffect, useState } from 'preact/hooks';
import type { EmailAddress, Identity } from '#jmap/mail.ts';
import type { Writing } from '#model/compose/composers.ts';
import type { Letter } from '#model/compose/letter.ts';
import type { Mail } from '#model/mail.ts';
import { Arch } from '#parts/people.tsx';
import { useModel } from '../model.ts';
import { colourOfAccount, initialOf, nameOfAccount } from '../gate.tsx';
import { Recipients } from './recipients.tsx';
import { isTextNext, windowOf } from './resting.ts';

export type Suggest = (prefix: string) => Promise<readonly EmailAddress[]>;

/** All identities of all accounts; with one there is nothing to choose. Ctrl+Shift+F goes to the next account. */
const From = ({ writing, letter }: { writing: Writing; letter: Letter }) => {
  const mails = useModel().mails.value;
  const { mail } = writing;
  const identities = mail.identities.value;
  const chosen = identities.find((each) => each.id === letter.identityId) ?? identities[0];
  const words = (each: Identity): string => (each.name ? `${each.name} <${each.email}>` : each.email);
  const choose = (value: string): void => {
    const [accountId, identityId] = value.split(' ');
    const to = mails.find((each) => each.id === accountId);
    const identity = to?.identities.peek().find((each) => each.id === identityId);
    if (to && identity) writing.writeAs(to, identity.id);
  };
  const options = (of: Mail) =>
    of.identities.value.map((each) => (
      <option key={each.id} value={`${of.id} ${each.id}`}>
        {words(each)}
      </option>
    ));
  return (
    <div class="comp-field">
      <span class="comp-label">From</span>
      <span class="pill plain">
        <Arch
          initial={initialOf(nameOfAccount(mail))}
          colour={colourOfAccount(mail, Math.max(0, mails.indexOf(mail)))}
          size="xs"
        />
        {mails.length > 1 || identities.length > 1 ? (
          <select
            aria-label="From"
            value={`${mail.id} ${chosen?.id ?? ''}`}
            onChange={(event) => choose(event.currentTarget.value)}
          >
            {mails.length === 1
              ? options(mail)
              : mails.map((each) => (
                  <optgroup key={each.id} label={nameOfAccount(each)}>
                    {options(each)}
                  </optgroup>
                ))}
          </select>
        ) : (
          <span class="cut">
            {chosen?.name} <span class="muted">{chosen?.email}</span>
          </span>
        )}
      </span>
    </div>
  );
};

const People = ({ writing, letter, suggest }: { writing: Writing; letter: Letter; suggest: Suggest }) => {
  const [cc, setCc] = useState(letter.cc.length > 0);
  const [bcc, setBcc] = useState(letter.bcc.length > 0);
  useLayoutEffect(() => {
    const shown = (event: Event): void => ((event as CustomEvent<string>).detail === 'cc' ? setCc(true) : setBcc(true));
    const at = windowOf(writing);
    at?.addEventListener('postern-show', shown);
    return () => at?.removeEventListener('postern-show', shown);
  }, []);
  return (
    <>
      <div class="comp-field">
        <span class="comp-label">To</span>
        <Recipients
          label="To"
          people={letter.to}
          suggest={suggest}
          focused={writing.begins === 'to' && !isTextNext(writing)}
          change={(to) => writing.draft.change({ to })}
        />
        <span class="comp-more">
          {cc ? null : (
            <button type="button" onClick={() => setCc(true)}>
              Cc
            </button>
          )}
          {bcc ? null : (
            <button type="button" onClick={() => setBcc(true)}>
              Bcc
            </button>
          )}
        </span>
      </div>
      {cc ? (
        <div class="comp-field">
          <span class="comp-label">Cc</span>
          <Recipients
            label="Cc"
            people={letter.cc}
            suggest={suggest}
            focused={letter.cc.length === 0}
            change={(list) => writing.draft.change({ cc: list })}
          />
        </div>
      ) : null}
      {bcc ? (
        <div class="comp-field">
          <span class="comp-label">Bcc</span>
          <Recipients
            label="Bcc"
            people={letter.bcc}
            suggest={suggest}
            focused={letter.bcc.length === 0}
            change={(list) => writing.draft.change({ bcc: list })}
          />
        </div>
      ) : null}
    </>
  );
};

/** Who writes to whom about what. */
export const Fields = ({ writing, letter, suggest }: { writing: Writing; letter: Letter; suggest: Suggest }) => (
  <>
    <From writing={writing} letter={letter} />
    <People writing={writing} letter={letter} suggest={suggest} />
    <div class="comp-field">
      <label class="comp-label" for={`subject-${writing.key}`}>
        Subject
      </label>
      <input
        id={`subject-${writing.key}`}
        class="comp-subject"
        value={letter.subject}
        autocomplete="off"
        onInput={(event) => writing.draft.change({ subject: event.currentTarget.value })}
      />
    </div>
  </>
);
