import { optionsPage } from '#config/env.ts';
import { type Command, commands } from '#cli/commands.ts';
import { complain } from '#cli/complain.ts';
import { usage } from '#cli/usage.ts';

/** Runs one command of the program to its end; the exit code. */
export const run = async (words: readonly string[], environment: NodeJS.ProcessEnv): Promise<number> => {
  const [name = 'help', ...rest] = words;
  if (name === 'help' && rest.includes('--markdown')) {
    process.stdout.write(optionsPage());
    return 0;
  }
  if (name === 'help' || name === '--help' || name === '-h') {
    process.stdout.write(usage(commands));
    return 0;
  }
  const command: Command | undefined = commands.find((each) => each.name === name);
  if (!command) {
    process.stderr.write(`postern: there is no command "${name}".\n\n${usage(commands)}`);
    return 2;
  }
  if (rest.includes('--help') || rest.includes('-h')) {
    process.stdout.write(command.help(rest));
    return 0;
  }
  try {
    return await command.run(rest, environment);
  } catch (error) {
    return complain(error);
  }
};
