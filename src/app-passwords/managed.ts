import type { AppPasswordsConfig } from '#config/app-passwords.ts';
import { type DomainServers, openReach, type ServerPattern } from '#config/servers.ts';
import { checkedUser } from './checked.ts';
import { AppPasswordError } from './errors.ts';

/** Where somebody has proven a password: only a login at the operator's own IMAP server says who he is there. */
export interface ProvenLogin {
  host: string;
  port: number;
  username: string;
}

export interface ManagedParts {
  config: Pick<AppPasswordsConfig, 'domains' | 'servers'>;
  domains: ReadonlyMap<string, DomainServers>;
}

const imapPorts = [143, 993];
/** Without a port those of IMAP are meant: on another one somebody else of that host may listen. */
const withPort = (pattern: ServerPattern): ServerPattern[] =>
  pattern.port === null ? imapPorts.map((port) => ({ ...pattern, port })) : [pattern];

/**
 * The user as Dovecot names him, when the login is one at the Dovecot that checks our app passwords; null when it is not. Whoever runs
 * an IMAP server of his own can sign in there under any name: so the server decides, never the name alone.
 */
export const managedUser = ({ config, domains }: ManagedParts, login: ProvenLogin): string | null => {
  let user: string;
  try {
    user = checkedUser(login.username, config.domains);
  } catch (error) {
    if (error instanceof AppPasswordError) return null;
    throw error;
  }
  const { host, port } = login;
  if (config.servers.length > 0)
    return openReach(config.servers.flatMap(withPort), []).allows(host, port) ? user : null;
  const imap = (domains.get(user.slice(user.indexOf('@') + 1)) ?? domains.get('*'))?.imap;
  return imap?.host === host.toLowerCase() && imap.port === port ? user : null;
};
