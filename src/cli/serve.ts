import { openLog } from '#base/log.ts';
import { toConfig } from '#config/config.ts';
import { describeOptions, readEnv } from '#config/env.ts';
import { toSecrets } from '#config/secrets.ts';
import { openWorld } from '#world';
import type { Command } from './commands.ts';
import { discreet } from './discreet.ts';
import { noWords } from './no-words.ts';
import { stopped } from './stopped.ts';

export const serve: Command = {
  name: 'serve',
  summary: 'Runs Postern until it is stopped.',
  help: () =>
    `Usage: postern serve\n\nRuns Postern until it is stopped by Ctrl-C or SIGTERM. Everything is set by the environment:\n\n${describeOptions()}\n`,
  run: async (words, environment) => {
    noWords('serve', words);
    const env = readEnv(environment);
    const config = toConfig(env);
    // What is written is for its owner only, wherever the data folder lies.
    process.umask(0o077);
    const log = openLog(config.log, (line) => process.stderr.write(`${line}\n`));
    discreet(log);
    const stop = stopped(log);
    await using world = await openWorld(config, toSecrets(env));
    process.stdout.write(`Postern is at ${config.publicUrl ?? world.door.url}\n`);
    await stop;
    return 0;
  },
};
