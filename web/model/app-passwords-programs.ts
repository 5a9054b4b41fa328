import type { AppPassword, AppPasswordPolicy, AppPasswordProgram, AppPasswordProtocol } from '#jmap/app-password.ts';

/** The programs one can choose from, and what each begins with. */

export type ChosenProgram = Exclude<AppPasswordProgram, 'postern'>;

export interface ProgramFacts {
  title: string;
  hint: string;
  /** The name that is offered. */
  name: string;
  protocols: readonly AppPasswordProtocol[];
  /** Days until it ends, null: never. */
  days: number | null;
}

const both: readonly AppPasswordProtocol[] = ['imap', 'submission'];

export const programFacts: Readonly<Record<ChosenProgram, ProgramFacts>> = {
  thunderbird: {
    title: 'Thunderbird',
    hint: 'On a computer',
    name: 'Thunderbird',
    protocols: both,
    days: null,
  },
  apple: { title: 'iPhone and iPad', hint: 'Apple Mail, also on a Mac', name: 'iPhone', protocols: both, days: null },
  outlook: { title: 'Outlook', hint: 'Windows, Mac or phone', name: 'Outlook', protocols: both, days: null },
  android: {
    title: 'Android',
    hint: 'Thunderbird, K-9, Gmail app',
    name: 'Android phone',
    protocols: both,
    days: null,
  },
  scanner: {
    title: 'A scanner',
    hint: 'Or a printer: it only sends',
    name: 'Scanner',
    protocols: ['submission'],
    days: null,
  },
  script: { title: 'A script', hint: 'It only reads', name: 'Script', protocols: ['imap'], days: 365 },
  other: { title: 'Something else', hint: 'Any other program', name: 'Mail program', protocols: both, days: null },
};

export const chosenPrograms = Object.keys(programFacts) as ChosenProgram[];

/** `iPhone`, or `iPhone 2` where there is one. */
export const freeName = (wanted: string, taken: readonly Pick<AppPassword, 'name'>[]): string => {
  const names = new Set(taken.map(({ name }) => name.toLowerCase()));
  for (let n = 1; ; n += 1) {
    const name = n === 1 ? wanted : `${wanted} ${n}`;
    if (!names.has(name.toLowerCase())) return name;
  }
};

/** What the program would have, as far as it is allowed; never nothing while anything is. */
export const offeredProtocols = (
  program: ChosenProgram,
  { protocols: allowed }: Pick<AppPasswordPolicy, 'protocols'>,
): AppPasswordProtocol[] => {
  const wanted = programFacts[program].protocols.filter((each) => allowed.includes(each));
  return wanted.length > 0 ? wanted : allowed.slice(0, 1);
};

const offered = [7, 30, 90, 365] as const;

/** Days one can choose from; null, never, only where it is allowed. */
export const lives = ({ longestDays }: Pick<AppPasswordPolicy, 'longestDays'>): (number | null)[] => {
  if (longestDays === null) return [...offered, null];
  return [...offered.filter((days) => days < longestDays), longestDays];
};

export const offeredLife = (program: ChosenProgram, policy: Pick<AppPasswordPolicy, 'longestDays'>): number | null => {
  const { days } = programFacts[program];
  return days === null || (policy.longestDays !== null && days > policy.longestDays) ? policy.longestDays : days;
};

/** `Never`, `In a year`, `In 90 days`. */
export const lifeWords = (days: number | null): string => {
  if (days === null) return 'Never';
  return days === 365 ? 'In a year' : `In ${days} ${days === 1 ? 'day' : 'days'}`;
};

/** What probably was on a phone. */
export const isOnPhone = ({ program }: Pick<AppPassword, 'program'>): boolean =>
  program === 'apple' || program === 'android';
