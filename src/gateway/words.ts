import type { Problem } from '#base/problem.ts';

const kept = 'What you write is kept in this browser. Try again in a moment.';

/** By the beginning of the code; the first that fits. */
const sentences: readonly (readonly [string, string])[] = [
  ['store/full', `The disk of this Postern is full. ${kept}`],
  ['index/full', `The disk of this Postern is full. ${kept}`],
  ['store/', `Postern cannot reach its database now. ${kept}`],
  ['index/', `Postern cannot reach its index now. ${kept}`],
  ['keeper/', `Postern cannot reach its keys now. ${kept}`],
  ['net/away', 'The mail server cannot be reached now. Try again in a moment.'],
  ['auth/refused', 'The mail server does not take the password any more.'],
];

/** What went wrong, for the description of a JMAP error: a sentence for people, else the code. */
export const sentenceOf = ({ code }: Problem): string =>
  sentences.find(([beginning]) => code.startsWith(beginning))?.[1] ?? code;
