import { ConfigError } from '#config/errors.ts';

/** A command that takes nothing but the environment. @throws ConfigError */
export const noWords = (command: string, words: readonly string[]): void => {
  if (words.length > 0)
    throw new ConfigError('config/invalid', [
      `"${words.join(' ')}" is not understood: ${command} takes everything from the environment. See postern ${command} --help.`,
    ]);
};
