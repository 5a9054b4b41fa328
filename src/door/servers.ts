import type { FoundSettings } from '#jmap/auth/discovery.ts';
import type { Config } from '#config/config.ts';
import { openReach, type Reach } from '#config/servers.ts';
import { parseAddress, type Who } from '#discovery/address.ts';
import { type Discovery, settingsOf } from '#discovery/discover.ts';
import { VaultError } from '#vault/errors.ts';
import type { Admission, Keeper, MailProtocol, SlotRow, Target } from '#vault/keeper.ts';
import { serverFacts } from './accounts.ts';
import { spelled } from './limits.ts';
import { DoorError, malformed } from './problems.ts';
import type { Secrets } from './secret-form.ts';
import type { ServerForm, SignInForm } from './sign-in-form.ts';
import { type About, asDoorError, discoveryFailed } from './words.ts';

/** Where somebody signs in. */
export interface Servers {
  address: string;
  imap: Target;
  smtp: Target;
  provider: FoundSettings['provider'];
  /** Where the whole address is refused as the login, the part before the @ is tried once. */
  otherLogin: string | null;
}

export const target = (protocol: MailProtocol, server: ServerForm, login: string): Target => ({
  protocol,
  host: server.host,
  port: server.port,
  security: server.security,
  username: server.username ?? login,
  pin: server.pin ?? null,
});

type Named = { username?: string | undefined };

interface Tried {
  address: string;
  imap?: Named | undefined;
  smtp?: Named | undefined;
  smtpUsername?: string | undefined;
}

/**
 * Whose password a form has tried: logins, since any address can stand beside them. At which server does not count: one
 * has many names.
 */
export const triedLogins = ({ address, imap, smtp, smtpUsername }: Tried): string[] => {
  const login = imap?.username ?? parseAddress(address)?.address ?? address;
  return [login, smtp?.username ?? smtpUsername ?? login].map(spelled);
};

/** A connection without TLS only to the operator's private servers. */
export const checkPlain = (reach: Reach, { host, port, security }: Target): void => {
  if (security !== 'none' || reach.isPrivateServer(host, port)) return;
  throw new DoorError(
    'no-tls',
    `Postern does not talk to ${host} without encryption.`,
    'Choose TLS or STARTTLS. Your password was not sent.',
  );
};

/** DNS alone sends the mail of this domain elsewhere: whoever types a password has to see where, and say so. */
const needsSeeing = ({ foreign, source, provider }: FoundSettings): boolean =>
  foreign && provider === null && (source === 'srv' || source === 'mx');

const unseen = (domain: string, { imap }: FoundSettings): DoorError =>
  new DoorError(
    'discovery-failed',
    `The mail of ${domain} is kept at ${imap.host}.`,
    `DNS says so, and nobody vouches for it. If you know ${imap.host}, name it as your server. Your password was not sent.`,
    { server: { host: imap.host, port: imap.port } },
  );

/** The servers that were named, and those that were not as discovery finds them. */
export const openServers = (
  config: Pick<Config, 'allowedServers' | 'privateServers'>,
  discover: Discovery,
): ((form: Pick<SignInForm, 'address' | 'imap' | 'smtp'>) => Promise<Servers>) => {
  const reach = openReach(config.allowedServers, config.privateServers);

  /** null: nothing found, and `enough` is known without. */
  const look = async (who: Who, enough: boolean): Promise<FoundSettings | null> => {
    const last = await settingsOf(discover(who.address));
    if (last.step === 'result') return last.settings;
    if (enough) return null;
    throw discoveryFailed(who.domain, last.doubt, last.note);
  };

  return async (form) => {
    const who = parseAddress(form.address);
    if (!who) throw malformed('address: an e-mail address is expected.');
    const found = form.imap && form.smtp ? null : await look(who, form.imap !== undefined);
    if (found && !form.imap && needsSeeing(found)) throw unseen(who.domain, found);
    const login = who.address.toLowerCase();
    const imap = form.imap ?? found?.imap;
    if (!imap) throw malformed('imap: a server is expected.');
    // Without a word about sending, submission (RFC 6409) at the same host is the best guess.
    const submission: ServerForm = { host: imap.host, port: 587, security: 'starttls' };
    const servers: Servers = {
      address: who.address,
      imap: target('imap', imap, login),
      smtp: target('smtp', form.smtp ?? found?.smtp ?? submission, imap.username ?? login),
      provider: found?.provider ?? null,
      otherLogin: found?.loginUnsure === true && !form.imap ? who.local.toLowerCase() : null,
    };
    checkPlain(reach, servers.imap);
    checkPlain(reach, servers.smtp);
    return servers;
  };
};

/**
 * Proves the password at the IMAP server, under the other login if the first is refused. `slot`: the servers come from
 * the database, and must be those the slot was made for.
 * @throws DoorError in words about that server
 */
export const admit = async (
  keeper: Keeper,
  servers: Servers,
  secrets: Secrets,
  slot?: SlotRow | null,
  from: string | null = null,
): Promise<{ servers: Servers; admission: Admission }> => {
  const about: About = { server: serverFacts(servers.imap), provider: servers.provider };
  const { otherLogin, imap, smtp } = servers;
  const kept = slot ? { slot, smtp } : null;
  try {
    return { servers, admission: await keeper.admit(imap, secrets.password(), kept, from) };
  } catch (error) {
    const refused = error instanceof VaultError && error.code === 'auth/refused';
    if (!refused || otherLogin === null) throw asDoorError(error, about);
  }
  const other: Servers = {
    ...servers,
    imap: { ...imap, username: otherLogin },
    smtp: { ...smtp, username: otherLogin },
  };
  try {
    return { servers: other, admission: await keeper.admit(other.imap, secrets.password(), null, from) };
  } catch (error) {
    throw asDoorError(error, about);
  }
};
