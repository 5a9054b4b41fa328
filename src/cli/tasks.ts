import { parseArgs, type ParseArgsOptionsConfig } from 'node:util';
import { type Blame, Problem } from '#base/problem.ts';
import { type Config, toConfig } from '#config/config.ts';
import { readEnv } from '#config/env.ts';
import { type Secrets, toSecrets } from '#config/secrets.ts';
import type { Command } from './commands.ts';

/** What was typed after the command is not understood. */
export class WordsError extends Problem {
  override readonly name = 'WordsError';
  readonly code = 'cli/words';
  readonly blame: Blame = 'operator';
}

export interface Setting {
  config: Config;
  secrets: Secrets;
  say: (line: string) => void;
}

/** A word after a command that has several. */
export interface Task {
  name: string;
  /** What follows the name, for the first line of its help. */
  words: string;
  summary: string;
  /** Lines of its help, below the summary. */
  details: readonly string[];
  run(words: readonly string[], setting: Setting): Promise<number>;
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
 * Positional words and options. @throws WordsError for an unknown option or another number of words than `count`, or
 * than its two bounds
 */
export const read = (
  words: readonly string[],
  count: number | readonly [number, number],
  options: ParseArgsOptionsConfig = {},
): { words: readonly string[]; values: Values } => {
  let parsed: { positionals: string[]; values: Record<string, unknown> };
  try {
    parsed = parseArgs({ args: [...words], allowPositionals: true, strict: true, options });
  } catch (cause) {
    throw new WordsError(cause instanceof Error ? cause.message : 'the words are not understood', { cause });
  }
  const [least, most] = typeof count === 'number' ? [count, count] : count;
  const { length } = parsed.positionals;
  if (length < least || length > most)
    throw new WordsError(
      `${least === most ? least : `${least} to ${most}`} words are expected here, not ${length}; see --help`,
    );
  return { words: parsed.positionals, values: parsed.values as Values };
};

export const textOf = (values: Values, name: string): string | undefined => {
  const value = values[name];
  return typeof value === 'string' ? value : undefined;
};

const told = (line: string, summary: string, details: readonly string[]): string =>
  [`Usage: postern ${line}`.trimEnd(), '', summary, ...details, ''].join('\n');

/** Runs it; words that are not understood are told with the help, exit code 2. */
const understood = async (work: () => Promise<number>, help: () => string): Promise<number> => {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof WordsError)) throw error;
    process.stderr.write(`postern: ${error.message}\n\n${help()}`);
    return 2;
  }
};

/** A command that is itself the only task. */
export const single = (task: Task): Command => {
  const help = (): string => told(`${task.name} ${task.words}`, task.summary, task.details);
  return {
    name: task.name,
    summary: task.summary,
    help,
    run: (words, environment) => understood(() => task.run(words, settingOf(environment)), help),
  };
};

/** A command of several tasks; `about` stands below the first line of its help. */
export const several = (name: string, summary: string, about: readonly string[], tasks: readonly Task[]): Command => {
  const width = Math.max(...tasks.map((task) => task.name.length));
  const overview = told(`${name} TASK [--help]`, about[0] ?? summary, [
    ...about.slice(1),
    '',
    ...tasks.map((task) => `  ${task.name.padEnd(width)}  ${task.summary}`),
  ]);
  const help = (words: readonly string[]): string => {
    const task = tasks.find((each) => each.name === words[0]);
    return task ? told(`${name} ${task.name} ${task.words}`, task.summary, task.details) : overview;
  };
  return {
    name,
    summary,
    help,
    run: async (words, environment) => {
      const [first, ...rest] = words;
      const task = tasks.find((each) => each.name === first);
      if (task)
        return understood(
          () => task.run(rest, settingOf(environment)),
          () => help([task.name]),
        );
      process.stderr.write(overview);
      return 2;
    },
  };
};
