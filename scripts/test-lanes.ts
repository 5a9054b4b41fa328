/** Which test file runs next. Most of them wait for servers more than they compute; a browser computes. */

export const atOnce = 3;
const browsersAtOnce = 2;

/** What takes longest, so that nothing long begins last. */
const long = [
  'scripts/check.test.ts',
  'test/security/memory.test.ts',
  'test/journeys/app-passwords.test.ts',
  'test/journeys/mailbox.test.ts',
  'test/e2e/start.test.ts',
];

const isLong = (file: string): boolean => long.some((name) => file.endsWith(name));
const hasServers = (file: string): boolean => /(?:^|\/)test\//.test(file);

export const hasBrowser = (file: string): boolean => /(?:^|\/)test\/journeys\/|\/chromium\.test\.ts$/.test(file);

/** Has a browser or whole servers, which share two cores with those of other files. */
export const isShared = (file: string): boolean => hasServers(file) || /(?:^|\/)src\/(?:imap|upstream)\//.test(file);

/** The files in the order in which they want to run: the long ones, those with servers, the quick rest. */
export const inOrder = (files: readonly string[]): string[] => {
  const rank = (file: string): number => (isLong(file) ? 0 : hasServers(file) ? 1 : 2);
  return files.toSorted().toSorted((a, b) => rank(a) - rank(b));
};

/** The first of the waiting that may run beside those that run; undefined: not now. */
export const nextOf = (waiting: readonly string[], running: readonly string[], most = atOnce): string | undefined => {
  if (running.length >= most) return undefined;
  const enough = running.filter(hasBrowser).length >= browsersAtOnce;
  return waiting.find((file) => !(enough && hasBrowser(file)));
};
