import { check } from './app-passwords-check.ts';
import { classic, importing } from './app-passwords-classic.ts';
import { dovecot } from './app-passwords-dovecot.ts';
import { managing } from './app-passwords-manage.ts';
import { settingOf, type Task, WordsError } from './app-passwords-words.ts';
import type { Command } from './commands.ts';

const tasks: readonly Task[] = [...managing, dovecot, check, classic, importing];

const overview = (): string => {
  const width = Math.max(...tasks.map(({ name }) => name.length));
  return [
    'Usage: postern app-passwords TASK [--help]',
    '',
    'Passwords of their own for programs that read mail, kept in SQL and checked by Dovecot. USER is a mail address.',
    'Where they are kept and what is allowed is set by POSTERN_APP_PASSWORDS_URL and the options beside it',
    '(postern serve --help).',
    '',
    ...tasks.map(({ name, summary }) => `  ${name.padEnd(width)}  ${summary}`),
    '',
  ].join('\n');
};

const help = (words: readonly string[]): string => {
  const task = tasks.find(({ name }) => name === words[0]);
  return task
    ? [`Usage: postern app-passwords ${task.name} ${task.words}`.trimEnd(), '', task.summary, ...task.details, ''].join(
        '\n',
      )
    : overview();
};

export const appPasswords: Command = {
  name: 'app-passwords',
  summary: 'Makes, lists, revokes app passwords; prints and checks the configuration of Dovecot.',
  help,
  run: async (words, environment) => {
    const [name, ...rest] = words;
    const task = tasks.find((each) => each.name === name);
    if (!task) {
      process.stderr.write(overview());
      return 2;
    }
    try {
      return await task.run(rest, settingOf(environment));
    } catch (error) {
      if (!(error instanceof WordsError)) throw error;
      process.stderr.write(`postern: ${error.message}\n\n${help([task.name])}`);
      return 2;
    }
  },
};
