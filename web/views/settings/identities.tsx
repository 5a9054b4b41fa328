import { useEffect, useId, useRef, useState } from 'preact/hooks';
import type { Identity } from '#jmap/mail.ts';
import type { Mail } from '#model/mail.ts';
import {
  fieldPatch,
  fieldText,
  type Identities,
  type IdentityField,
  openIdentities,
} from '#model/settings/identities.ts';
import { Arch } from '#parts/people.tsx';
import { useModel } from '../model.ts';
import { colourOfAccount, initialOf, nameOfAccount } from '../gate.tsx';
import { PageHead } from './page-head.tsx';

const fields: Readonly<Record<IdentityField, { title: string; hint: string | null }>> = {
  name: { title: 'Your name', hint: 'What people see before your address.' },
  replyTo: { title: 'Answers go to', hint: 'Empty: to this address.' },
  textSignature: { title: 'Signature', hint: 'Plain text, below the letters you write.' },
};

/** Saved when one leaves it; Escape brings back what was there. */
const Field = ({
  identities,
  identity,
  field,
}: {
  identities: Identities;
  identity: Identity;
  field: IdentityField;
}) => {
  const kept = fieldText(identity, field);
  const [text, setText] = useState(kept);
  const [wrong, setWrong] = useState(false);
  const own = useRef<HTMLInputElement & HTMLTextAreaElement>(null);
  const id = useId();
  useEffect(() => {
    setText(kept);
    setWrong(false);
  }, [kept]);
  const { title, hint } = fields[field];
  const save = (): void => {
    const given = own.current?.value ?? text;
    const bad = fieldPatch(field, given) === null;
    setWrong(bad);
    if (!bad) void identities.save(identity, field, given);
  };
  const shared = {
    id,
    ref: own,
    class: 'field',
    value: text,
    'aria-invalid': wrong,
    'aria-describedby': `${id}-hint`,
    onInput: () => {
      setText(own.current?.value ?? '');
      setWrong(false);
    },
    onBlur: save,
    onKeyDown: (event: KeyboardEvent) => {
      if (event.key === 'Enter' && field !== 'textSignature') save();
      if (event.key !== 'Escape' || text === kept) return;
      event.preventDefault();
      setText(kept);
      setWrong(false);
    },
  };
  return (
    <div class="set-field">
      <label for={id}>{title}</label>
      {field === 'textSignature' ? (
        <textarea {...shared} rows={4} maxLength={10_000} />
      ) : (
        <input {...shared} type="text" maxLength={500} autocomplete="off" spellcheck={false} />
      )}
      <small id={`${id}-hint`} class={wrong ? 'set-wrong' : 'muted'}>
        {wrong ? 'This is no address. It was not saved.' : hint}
      </small>
    </div>
  );
};

const OfAccount = ({ mail, index }: { mail: Mail; index: number }) => {
  const model = useModel();
  const [identities] = useState(() => openIdentities(model, mail));
  const name = nameOfAccount(mail);
  const id = useId();
  return (
    <section class="set-account" aria-labelledby={id}>
      <header>
        <Arch initial={initialOf(name)} colour={colourOfAccount(mail, index)} size="lg" />
        <div>
          <h2 id={id}>{name}</h2>
          {name === mail.account.name ? null : <p>{mail.account.name}</p>}
        </div>
      </header>
      {mail.identities.value.map((identity) => (
        <fieldset key={identity.id} class="set-identity">
          <legend>Letters from {identity.email}</legend>
          {(Object.keys(fields) as IdentityField[]).map((field) => (
            <Field key={field} identities={identities} identity={identity} field={field} />
          ))}
        </fieldset>
      ))}
    </section>
  );
};

export const IdentitiesPage = () => (
  <>
    <PageHead title="Identities and signatures">How you sign your letters. Changes are saved at once.</PageHead>
    {useModel().mails.value.map((mail, index) => (
      <OfAccount key={mail.id} mail={mail} index={index} />
    ))}
  </>
);
