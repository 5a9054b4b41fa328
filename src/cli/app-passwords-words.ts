import { parseArgs, type ParseArgsOptionsConfig } from 'node:util';
import { type Blame, Problem } from '#base/problem.ts';
import { openAppPasswords, type OpenedAppPasswords } from '#app-passwords/open.ts';
import { type Config, toConfig } from '#config/config.ts';
import { readEnv } from '#config/env.ts';
import { type Secrets, toSecrets } from '#config/secrets.ts';

/** What was typed after the command is not understood. */
export class WordsError extends Problem {
  override readonly name = 'WordsError';
  readonly code = 'cli/words';
  readonly blame: Blame = 'operator';
}

/** A word after `postern app-passwords`. */
export interface Task {
  name: string;
  /** What follows the name, for the first line of its help. */
  words: string;
  summary: string;
  /** Lines of its help, below the summary. */
  details: readonly string[];
  run(words: readonly string[], setting: Setting): Promise<number>;
}

export interface Setting {
  config: Config;
  secrets: Secrets;
  say: (line: string) => void;
}

export const settingOf = (environment: NodeJS.ProcessEnv): Setting => {
  const env = readEnv(environment);
  return {
    config: toConfig(env),
    secrets: toSecrets(env),
    say: (line) => void process.stdout.write(`${line}\n`),
  };
};

export type Values = Readonly<Record<string, string | boolean | undefined>>;

/**
 * Positional words and options. @throws WordsError for an unknown option or another number of words than `count`
 */
export const read = (
  words: readonly string[],
  count: number,
  options: ParseArgsOptionsConfig = {},
): { words: readonly string[]; values: Values } => {
  let parsed: { positionals: string[]; values: Record<string, unknown> };
  try {
    parsed = parseArgs({ args: [...words], allowPositionals: true, strict: true, options });
  } catch (cause) {
    throw new WordsError(cause instanceof Error ? cause.message : 'the words are not understood', { cause });
  }
  if (parsed.positionals.length !== count)
    throw new WordsError(`${count} words are expected here, not ${parsed.positionals.length}; see --help`);
  return { words: parsed.positionals, values: parsed.values as Values };
};

export const textOf = (values: Values, name: string): string | undefined => {
  const value = values[name];
  return typeof value === 'string' ? value : undefined;
};

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
