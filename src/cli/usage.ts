import type { Command } from './commands.ts';

export const usage = (commands: readonly Pick<Command, 'name' | 'summary'>[]): string => {
  const width = Math.max(...commands.map(({ name }) => name.length));
  return [
    'Postern, a self-hosted webmail for any IMAP account.',
    '',
    'Usage: postern COMMAND [--help]',
    '',
    ...commands.map(({ name, summary }) => `  ${name.padEnd(width)}  ${summary}`),
    '',
  ].join('\n');
};
