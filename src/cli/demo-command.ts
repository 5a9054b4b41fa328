import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openLog } from '#base/log.ts';
import { toConfig } from '#config/config.ts';
import { describeOptions, readEnv } from '#config/env.ts';
import { toSecrets } from '#config/secrets.ts';
import { openWorld } from '#world';
import type { Command } from './commands.ts';
import { type Demo, DemoUnavailable, startDemo } from './demo/start.ts';
import { discreet } from './discreet.ts';
import { noWords } from './no-words.ts';
import { stopped } from './stopped.ts';

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

const joined = (parts: readonly (string | undefined)[], by: string): string =>
  parts.filter((part) => part !== undefined && part !== '').join(by);

/** The environment with the demo's servers added to what the operator lists. */
const withDemo = (environment: NodeJS.ProcessEnv, demo: Demo): NodeJS.ProcessEnv => ({
  ...(environment['POSTERN_APP_PASSWORDS_URL'] ? {} : demo.appPasswords),
  ...environment,
  POSTERN_PRIVATE_SERVERS: joined([environment['POSTERN_PRIVATE_SERVERS'], ...demo.privateServers], ','),
  POSTERN_DOMAINS: joined([environment['POSTERN_DOMAINS'], demo.domains], ';'),
});

const introduce = (demo: Demo, file: string): string =>
  [
    `Sign in with one of the demo users (also in ${file}):`,
    ...demo.facts.users.map(({ address, password }) => `  ${address}   ${password}`),
    '',
  ].join('\n');

export const demo: Command = {
  name: 'demo',
  summary: 'Runs Postern with a mail server of its own, on loopback, with real sample mail.',
  help: () =>
    `Usage: postern demo\n\nStarts a mail server on loopback with two users and real sample mail, and Postern in front of it.\nWithout Dovecot it says so and starts Postern alone. Everything is set by the environment:\n\n${describeOptions()}\n`,
  run: async (words, environment) => {
    noWords('demo', words);
    const say = (line: string): void => void process.stdout.write(`${line}\n`);
    const plain = toConfig(readEnv(environment));
    const log = openLog(plain.log, (line) => process.stderr.write(`${line}\n`));
    discreet(log);
    const stop = stopped(log);
    await using stack = new AsyncDisposableStack();
    let village: Demo | null = null;
    if (plain.demo) {
      try {
        village = stack.use(await startDemo({ root, data: plain.data, say }));
      } catch (error) {
        if (!(error instanceof DemoUnavailable)) throw error;
        say(`No demo mail server: ${error.message}`);
      }
    }
    const env = readEnv(village ? withDemo(environment, village) : environment);
    const config = toConfig(env);
    const world = stack.use(await openWorld(config, toSecrets(env)));
    say(`\nPostern is at ${config.publicUrl ?? world.door.url}`);
    if (village) say(introduce(village, join(plain.data, 'demo.json')));
    await stop;
    return 0;
  },
};
