import type { Mail } from '#model/mail.ts';
import { gateColours } from '#model/people.ts';
import { Arch } from '#parts/people.tsx';
import { useModel } from './model.ts';

export const initialOf = (text: string): string => String.fromCodePoint(text.codePointAt(0) ?? 63).toUpperCase();

/** What an account is called: its given name, else its address. */
export const nameOfAccount = (mail: Mail): string => mail.status.value?.name || mail.account.name;

export const colourOfAccount = (mail: Mail, index: number): string =>
  mail.status.value?.colour ?? gateColours[index % gateColours.length] ?? 'patina';

/** The arch of an account; decoration, so its name stands beside it or in the name of what it is part of. */
export const Gate = ({ mail, size, titled }: { mail: Mail; size?: 'xs'; titled?: boolean }) => {
  const index = useModel().mails.value.indexOf(mail);
  const name = nameOfAccount(mail);
  return (
    <Arch
      initial={initialOf(name)}
      colour={colourOfAccount(mail, Math.max(0, index))}
      {...(size ? { size } : {})}
      {...(titled ? { title: name } : {})}
    />
  );
};
