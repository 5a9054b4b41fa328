import { openAppPasswords, type OpenedAppPasswords } from '#app-passwords/open.ts';
import { type Setting, WordsError } from './tasks.ts';

export const listOf = (text: string): string[] => text.split(/[\s,]+/).filter((word) => word !== '');

/** One of the words. @throws WordsError */
export const oneOf = <T extends string>(words: readonly T[], text: string, what: string): T => {
  const found = words.find((word) => word === text);
  if (found === undefined) throw new WordsError(`${what} is one of ${words.join(', ')}`);
  return found;
};

/** @throws WordsError when no database is configured */
export const opened = ({ config, secrets }: Setting): OpenedAppPasswords => {
  if (!secrets.appPasswordsUrl)
    throw new WordsError('POSTERN_APP_PASSWORDS_URL is not set: app passwords are not managed here');
  return openAppPasswords(config.appPasswords, secrets.appPasswordsUrl.reveal(), secrets.doveadmKey.reveal());
};
