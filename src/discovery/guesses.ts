import type { ServerAddress } from '#config/servers.ts';
import type { Protocol } from './prove.ts';

/** At each host TLS from the first byte, then at each STARTTLS. */
export const atHosts = (hosts: readonly string[], protocol: Protocol): ServerAddress[] => {
  const [implicit, upgraded] = protocol === 'imap' ? [993, 143] : [465, 587];
  return [
    ...hosts.map((host) => ({ host, port: implicit, security: 'tls' as const })),
    ...hosts.map((host) => ({ host, port: upgraded, security: 'starttls' as const })),
  ];
};

/** What is tried for a domain nobody knows, best first. */
export const guesses = (domain: string, protocol: Protocol): ServerAddress[] =>
  atHosts([`${protocol}.${domain}`, `mail.${domain}`, domain], protocol);
