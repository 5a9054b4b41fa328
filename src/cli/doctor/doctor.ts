import { readFileSync } from 'node:fs';
import type { DiscoveryStep, FoundSettings } from '#jmap/auth/discovery.ts';
import { systemClock } from '#base/clock.ts';
import { openLog } from '#base/log.ts';
import type { Config } from '#config/config.ts';
import { parseAddress as parseServer, type ServerAddress } from '#config/servers.ts';
import { parseAddress } from '#discovery/address.ts';
import { type Discovery, settingsOf } from '#discovery/discover.ts';
import { discoveryFailed } from '#door/words.ts';
import { wipe } from '#vault/bytes.ts';
import type { MailProtocol, Target } from '#vault/keeper.ts';
import { Network } from '#vault/network.ts';
import { openDiscoveryOf } from '#world';
import { askSecret } from '../ask-secret.ts';
import { discreet } from '../discreet.ts';
import { read, type Setting, single, textOf, type Values, WordsError } from '../tasks.ts';
import { type Examined, examine, isWell } from './examine.ts';
import { linesOf, sourceOf, verdict } from './words.ts';

type Found = Pick<FoundSettings, 'provider'> & {
  source: FoundSettings['source'] | 'typed';
  imap: ServerAddress & { username?: string };
  smtp: ServerAddress & { username?: string };
};

const typedServer = (values: Values, name: MailProtocol): ServerAddress | null => {
  const text = textOf(values, name);
  if (text === undefined) return null;
  const server = parseServer(text);
  if (!server) throw new WordsError(`--${name} is of the form HOST:PORT:tls, HOST:PORT:starttls or HOST:PORT:none`);
  return server;
};

const find = async (
  discover: Discovery,
  address: string,
): Promise<Found | Extract<DiscoveryStep, { step: 'failed' }>> => {
  const last = await settingsOf(discover(address));
  return last.step === 'failed' ? last : last.settings;
};

const networkOf = ({ allowedServers, privateServers, extraCa }: Config): Network =>
  new Network({
    allowedServers,
    privateServers,
    extraCa: extraCa === null ? [] : [readFileSync(extraCa, 'utf8')],
  });

interface Wish {
  address: string;
  domain: string;
  login: string | undefined;
  imap: ServerAddress | null;
  smtp: ServerAddress | null;
  asJson: boolean;
}

const diagnose = async (wish: Wish, password: Buffer | null, { config, say }: Setting): Promise<number> => {
  const { address, domain, login, imap, smtp, asJson } = wish;
  const found: Awaited<ReturnType<typeof find>> =
    imap && smtp ? { source: 'typed', provider: null, imap, smtp } : await find(openDiscoveryOf(config), address);
  if ('step' in found) {
    const { title, detail } = discoveryFailed(domain, found.doubt, found.note).document;
    say(
      asJson
        ? JSON.stringify({ address, failed: { doubt: found.doubt, title, detail } }, null, 2)
        : `${title} ${detail}`,
    );
    return 1;
  }
  const network = networkOf(config);
  const question = (protocol: MailProtocol, server: Found['imap']) => {
    const { host, port, security, username = address } = server;
    const target: Target = { protocol, host, port, security, username: login ?? username, pin: null };
    return { target, provider: found.provider, password };
  };
  // One after the other: a password that the first refuses is not tried at the second.
  const first = await examine(network, question('imap', imap ?? found.imap), systemClock.now());
  const refused = first.signedIn?.ok === false;
  const second = await examine(
    network,
    { ...question('smtp', smtp ?? found.smtp), ...(refused ? { password: null } : {}) },
    systemClock.now(),
  );
  const all: Examined[] = [first, second];
  const { source, provider } = found;
  if (asJson) say(JSON.stringify({ address, source, provider, servers: all, well: all.every(isWell) }, null, 2));
  else {
    say(`${address}: the servers are ${sourceOf(source)}${provider ? ` (${provider.name})` : ''}.`);
    if (provider?.note) say(provider.note);
    for (const examined of all) for (const line of linesOf(examined)) say(line);
    say(`\n${verdict(all)}`);
  }
  return all.every(isWell) ? 0 : 1;
};

export const doctor = single({
  name: 'doctor',
  words: 'ADDRESS [--password] [--login NAME] [--imap HOST:PORT:tls] [--smtp HOST:PORT:tls] [--json]',
  summary: 'Looks at the mail servers of an address: what they can do, what they lack, certificate, speed.',
  details: [
    'Finds the servers as a sign-in does, connects to them and asks; without --password nobody signs in. With it the',
    'password is read from the terminal, which does not show it, or as one line from what is piped in; it is tried once,',
    'and it is told how full the mailbox is.',
    '--imap and --smtp name servers instead (tls, starttls or none behind the port), --login a login that is not the address.',
    '--json prints one JSON object. Exit code 0: people can use it; 1: something does not work; 2: not understood.',
  ],
  run: async (words, setting) => {
    const text = { type: 'string' } as const;
    const flag = { type: 'boolean' } as const;
    const { words: positional, values } = read(words, 1, {
      imap: text,
      smtp: text,
      login: text,
      password: flag,
      json: flag,
    });
    const who = parseAddress(positional[0] ?? '');
    if (!who) throw new WordsError('ADDRESS is a mail address');
    const wish: Wish = {
      address: who.address,
      domain: who.domain,
      login: textOf(values, 'login'),
      imap: typedServer(values, 'imap'),
      smtp: typedServer(values, 'smtp'),
      asJson: values['json'] === true,
    };
    if (values['password'] !== true) return diagnose(wish, null, setting);
    discreet(openLog(setting.config.log, (line) => process.stderr.write(`${line}\n`)));
    const password = await askSecret(`Password of ${who.address}: `);
    if (password === null) return 1;
    try {
      return await diagnose(wish, password, setting);
    } finally {
      wipe(password);
    }
  },
});
