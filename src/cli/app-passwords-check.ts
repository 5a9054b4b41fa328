import { readFileSync } from 'node:fs';
import { systemClock } from '#base/clock.ts';
import { checkSetup } from '#app-passwords/check.ts';
import type { Target } from '#app-passwords/dialogue.ts';
import { opened } from './app-passwords-words.ts';
import { read, type Task, textOf, type Values, WordsError } from './tasks.ts';

/** `host:port[:tls|starttls|none]` */
const targetOf = (
  values: Values,
  protocol: Target['protocol'],
  usual: string | undefined,
  ca: string | undefined,
): Target | null => {
  const word = textOf(values, protocol) ?? usual;
  if (word === undefined) return null;
  const match = /^(\[[\da-f:]+\]|[^:[\]]+):(\d{1,5})(?::(tls|starttls|none))?$/i.exec(word);
  if (!match) throw new WordsError(`--${protocol} is HOST:PORT, HOST:PORT:starttls or HOST:PORT:none`);
  const [, host = '', port, security = 'tls'] = match;
  return {
    protocol,
    host: host.replace(/^\[|\]$/g, ''),
    port: Number(port),
    security: security as Target['security'],
    ...(ca === undefined ? {} : { ca }),
  };
};

export const check: Task = {
  name: 'check',
  words: 'USER --imap HOST:PORT[:starttls|none] [--submission HOST:PORT[:starttls|none]]',
  summary: 'Makes app passwords, signs in with them, checks that the wrong ones are refused, and cleans up.',
  details: [
    'USER must be a user of the mail server; its mail is not touched, but its open connections are cut once or twice.',
    'Checks: fresh, never made, wrong protocol, wrong network, expired, paused, resumed, revoked.',
    'POSTERN_EXTRA_CA is trusted for TLS. TLS unless starttls or none is said.',
  ],
  run: async (words, setting) => {
    const text = { type: 'string' } as const;
    const { words: found, values } = read(words, 1, { imap: text, submission: text });
    const { extraCa } = setting.config;
    const ca = extraCa === null ? undefined : readFileSync(extraCa, 'utf8');
    const imap = targetOf(values, 'imap', undefined, ca);
    if (!imap) throw new WordsError('check needs --imap HOST:PORT');
    await using here = opened(setting);
    const steps = await checkSetup({
      app: here.app,
      clock: systemClock,
      user: found[0] ?? '',
      imap,
      submission: targetOf(values, 'submission', undefined, ca),
      tell: ({ what, expected, found: outcome }) =>
        setting.say(`${outcome === expected ? 'ok   ' : 'WRONG'}  ${what}: ${outcome}`),
    });
    const wrong = steps.filter((step) => step.found !== step.expected).length;
    setting.say(wrong === 0 ? 'Dovecot checks app passwords as it should.' : `${wrong} of ${steps.length} are wrong.`);
    return wrong === 0 ? 0 : 1;
  },
};
