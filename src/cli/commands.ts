import { appPasswords } from './app-passwords.ts';
import { audit } from './audit.ts';
import { demo } from './demo-command.ts';
import { doctor } from './doctor/doctor.ts';
import { secret } from './secret.ts';
import { serve } from './serve.ts';
import { user } from './user.ts';

/** One word after `postern`. */
export interface Command {
  name: string;
  /** One line, for the list of commands. */
  summary: string;
  /** The whole text of `--help`, ending in a line break; `words` are those beside it. */
  help(words: readonly string[]): string;
  /** Runs until it is done; the exit code. Errors of ours are told by the caller. */
  run(words: readonly string[], environment: NodeJS.ProcessEnv): Promise<number>;
}

export const commands: readonly Command[] = [serve, demo, user, doctor, secret, audit, appPasswords];
