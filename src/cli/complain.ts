import { ConfigError } from '#config/errors.ts';
import { Problem } from '#base/problem.ts';

const hasCode = (error: unknown): error is Error & { code: string } =>
  error instanceof Error && 'code' in error && typeof error.code === 'string';

/** What the system says of the address or the data folder, by errno. */
const ofSystem: Readonly<Record<string, string>> = {
  EADDRINUSE: 'The port is taken: something else listens there. Set POSTERN_PORT to another.',
  EADDRNOTAVAIL: 'POSTERN_HOST is no address of this machine.',
  ENOTFOUND: 'POSTERN_HOST is no address of this machine.',
  EACCES: 'There is no permission',
  EPERM: 'There is no permission',
  ENOTDIR: 'POSTERN_DATA must be a folder, or a path where one can be made',
  EEXIST: 'POSTERN_DATA must be a folder, or a path where one can be made',
  EROFS: 'The data folder cannot be written',
  ENOSPC: 'The disk of the data folder is full',
};

/** What keeps the database from us; what the database said stands behind it. */
const ofStore: Readonly<Record<string, string>> = {
  'store/damaged': 'The database is damaged, or it is none of Postern.',
  'store/busy': 'Another program holds the database.',
  'store/full': 'The disk of the database is full.',
  'store/read-only': 'The database cannot be written.',
  'store/unavailable': 'The database cannot be reached.',
};

const sentenceOf = ({ code, message }: Problem): string => {
  const known = ofStore[code];
  return known === undefined ? `${message} (${code})` : `${known} (${message})`;
};

const path = (error: Error): string => ('path' in error && typeof error.path === 'string' ? `: ${error.path}` : '');

/** Tells an operator in words what kept Postern from running; the exit code. A defect of ours shows its stack. */
export const complain = (error: unknown): number => {
  const say = (text: string): void => void process.stderr.write(`postern: ${text}\n`);
  const words = hasCode(error) ? ofSystem[error.code] : undefined;
  if (error instanceof ConfigError) for (const complaint of error.complaints) say(complaint);
  else if (error instanceof Problem) say(sentenceOf(error));
  else if (words !== undefined && error instanceof Error) say(words.endsWith('.') ? words : `${words}${path(error)}.`);
  else say(error instanceof Error ? (error.stack ?? error.message) : String(error));
  return 1;
};
