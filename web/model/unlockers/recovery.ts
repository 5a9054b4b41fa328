/**
 * Recovery codes as people write them: eight groups of four letters and one to check, in upper or lower case, with any
 * blanks and dashes; O is read as 0, I and L as 1 (docs/spec/vault.md).
 */

/** Letters and digits in groups of four. */
export const spaced = (text: string, groups = 9): string =>
  (
    text
      .toUpperCase()
      .replaceAll(/[^0-9A-Z]/gu, '')
      .slice(0, groups >= 8 ? 33 : groups * 4)
      .match(/.{1,4}/gu) ?? []
  ).join(' ');

const plain = (text: string): string =>
  text
    .toUpperCase()
    .replaceAll(/[^0-9A-Z]/gu, '')
    .replaceAll('O', '0')
    .replaceAll(/[IL]/gu, '1');

export const sameCode = (one: string, other: string): boolean => plain(one) === plain(other) && plain(one) !== '';

/** The groups of a code as they are shown; the last is the single letter that checks. */
export const groupsOf = (code: string): string[] => spaced(code).split(' ');

/** Two of the eight groups that the user is asked for, in order. */
export const askedGroups = (random: () => number = Math.random): [number, number] => {
  const first = Math.floor(random() * 8);
  const second = (first + 1 + Math.floor(random() * 7)) % 8;
  return first < second ? [first, second] : [second, first];
};

/** What is saved to a file or printed. */
export const recoverySheet = (code: string, where: string, who: string, day: string): string =>
  [
    'Recovery code of Postern',
    '',
    `    ${spaced(code)}`,
    '',
    `It opens the mail of ${who} at ${where}, without any other password.`,
    `Made ${day}. Keep it where nobody else finds it, and not in the mail itself.`,
    'It works once; then you make a new one.',
    '',
  ].join('\n');
