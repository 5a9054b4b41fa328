import type { Problem } from '#base/problem.ts';

const kept = 'What you write is kept in this browser. Try again in a moment.';

/** By the beginning of the code; the first that fits. */
const sentences: readonly (readonly [string, string])[] = [
  ['store/full', `The disk of this Postern is full. ${kept}`],
  ['index/full', `The disk of this Postern is full. ${kept}`],
  ['store/', `Postern cannot reach its database now. ${kept}`],
  ['index/', `Postern cannot reach its index now. ${kept}`],
  ['keeper/', `Postern cannot reach its keys now. ${kept}`],
  ['user/locked', `Postern is locked. ${kept}`],
  ['net/away', 'The mail server cannot be reached now. Try again in a moment.'],
  ['app-password/full', 'The database of the app passwords is full. Nothing was changed.'],
  ['app-password/read-only', 'The database of the app passwords takes no changes now. Nothing was changed.'],
  [
    'app-password/uncertain',
    'The line to the database broke while it was being stored, so the password is not shown. Revoke the entry if it stands in the list, and make another.',
  ],
  [
    'app-password/not-cut',
    'It is revoked in the database, but the mail server could not be told: it may work for a while still. Postern tells it again.',
  ],
  [
    'app-password/unavailable',
    'The database of the app passwords cannot be reached now. Your mail here is not affected. Try again in a moment.',
  ],
  [
    'app-password/slow',
    'The database of the app passwords does not answer now. Your mail here is not affected. Try again in a moment.',
  ],
  ['app-password/clash', 'No free number was found for it. Try again.'],
  ['app-password/', 'App passwords are not set up rightly on this Postern. Tell whoever runs it.'],
  ['auth/refused', 'The mail server does not take the password any more.'],
];

/** What went wrong, for the description of a JMAP error: a sentence for people, else the code. */
export const sentenceOf = ({ code }: Problem): string =>
  sentences.find(([beginning]) => code.startsWith(beginning))?.[1] ?? code;
