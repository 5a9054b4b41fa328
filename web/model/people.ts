import type { Colour } from '#jmap/keep.ts';
import type { EmailAddress } from '#jmap/mail.ts';

export const gateColours: readonly Colour[] = ['patina', 'slate', 'plum', 'clay', 'moss', 'ochre', 'rose', 'iris'];

/** A name worth showing: the display name without the quotes some senders put around it, else the address. */
export const nameOf = (person: EmailAddress): string => {
  const name = person.name
    ?.trim()
    .replace(/^["'](.*)["']$/u, '$1')
    .trim();
  return name || person.email;
};

/** The name as one calls a person: `Margit`, or the whole name when it is an organisation's or an address. */
export const firstNameOf = (person: EmailAddress): string => {
  const name = nameOf(person);
  const words = name.split(/\s+/u);
  if (name.includes('@') || words.length !== 2) return name;
  return (name.includes(',') ? words[1] : words[0]) ?? name;
};

/** One or two letters for the circle. */
export const initialsOf = (person: EmailAddress): string => {
  const words = nameOf(person)
    .split(/[\s@._-]+/u)
    .filter((word) => /^[\p{L}\p{N}]/u.test(word));
  const letters = [words[0], words.length > 1 ? words.at(person.name ? -1 : 1) : undefined];
  return (
    letters
      .map((word) => String.fromCodePoint((word ?? '').codePointAt(0) ?? 32).trim())
      .join('')
      .toUpperCase() || '?'
  );
};

/** The same colour for the same address, everywhere and always. */
export const colourOf = (email: string): Colour => {
  let hash = 0x81_1c_9d_c5;
  for (const char of email.toLowerCase()) hash = Math.imul(hash ^ (char.codePointAt(0) ?? 0), 0x01_00_01_93) >>> 0;
  return gateColours[(hash >>> 8) % gateColours.length] ?? 'patina';
};

/** `you`, `you and Åsa Berg`, `you, Åsa Berg and 3 others` */
export const listed = (names: readonly string[], most = 3): string => {
  const shown = names.length > most ? names.slice(0, most - 1) : names;
  const rest = names.length - shown.length;
  const last = rest > 0 ? `${rest} others` : shown.length > 1 ? shown.at(-1) : undefined;
  const head = rest > 0 || last === undefined ? shown : shown.slice(0, -1);
  return last === undefined ? head.join(', ') : `${head.join(', ')} and ${last}`;
};
