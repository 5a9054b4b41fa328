import { ConfigError } from '#config/errors.ts';
import { Problem } from '#base/problem.ts';

const hasCode = (error: unknown): error is Error & { code: string } =>
  error instanceof Error && 'code' in error && typeof error.code === 'string';

/** Tells an operator in words what kept Postern from running; the exit code. A defect of ours shows its stack. */
export const complain = (error: unknown): number => {
  const say = (text: string): void => void process.stderr.write(`postern: ${text}\n`);
  if (error instanceof ConfigError) for (const complaint of error.complaints) say(complaint);
  else if (error instanceof Problem) say(`${error.message} (${error.code})`);
  else if (hasCode(error) && error.code === 'EADDRINUSE')
    say('The port is taken: something else listens there. Set POSTERN_PORT to another.');
  else if (hasCode(error) && error.code === 'EACCES') say(`There is no permission: ${error.message}`);
  else say(error instanceof Error ? (error.stack ?? error.message) : String(error));
  return 1;
};
