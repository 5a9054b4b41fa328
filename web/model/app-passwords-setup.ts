import type { AppPasswordProtocol, AppPasswordSetup } from '#jmap/app-password.ts';
import type { MailHost } from '#jmap/keep.ts';

/** What a mail program is given to set itself up: files and codes, made here in the browser. */

export interface SetupParts {
  setup: AppPasswordSetup;
  /** What the password may do; of the servers only these are told. */
  protocols: readonly AppPasswordProtocol[];
  /** The person's name, as it stands on letters; may be empty. */
  person: string;
  /** What the account is called. */
  account: string;
  password: string;
}

/** Characters that XML 1.0 has no place for are left out: nothing is gained by them, and one of them makes a file unreadable. */
const writable = (text: string): string =>
  // oxlint-disable-next-line no-control-regex -- these are the ones XML forbids
  text.toWellFormed().replaceAll(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/gu, '');

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&apos;',
};

const xmlText = (text: string): string =>
  writable(text)
    .replaceAll(/[&<>"']/gu, (letter) => entities[letter] ?? letter)
    // A parser turns a bare carriage return into a line end.
    .replaceAll('\r', '&#13;');

type Plist = string | number | boolean | { [key: string]: Plist } | Plist[];

const plist = (value: Plist, indent: string): string => {
  const inner = `${indent}  `;
  if (typeof value === 'string') return `${indent}<string>${xmlText(value)}</string>`;
  if (typeof value === 'number') return `${indent}<integer>${value}</integer>`;
  if (typeof value === 'boolean') return `${indent}<${value}/>`;
  if (Array.isArray(value))
    return `${indent}<array>\n${value.map((each) => plist(each, inner)).join('\n')}\n${indent}</array>`;
  const entries = Object.entries(value).map(
    ([key, each]) => `${inner}<key>${xmlText(key)}</key>\n${plist(each, inner)}`,
  );
  return `${indent}<dict>\n${entries.join('\n')}\n${indent}</dict>`;
};

type Servers = Pick<SetupParts, 'setup' | 'protocols'>;

const incoming = ({ setup, protocols }: Servers): { host: MailHost; pop: boolean } | null => {
  if (protocols.includes('imap')) return { host: setup.imap, pop: false };
  return protocols.includes('pop3') && setup.pop3 ? { host: setup.pop3, pop: true } : null;
};

const outgoing = ({ setup, protocols }: Servers): MailHost | null =>
  protocols.includes('submission') ? setup.smtp : null;

const isSafe = ({ security }: MailHost): boolean => security !== 'none';

/**
 * A configuration profile for iPhone, iPad and Mac (Apple's `com.apple.mail.managed`), with the password in it, not signed; null
 * when the password cannot both read and send, which a profile needs. `newId` gives UUIDs.
 */
export const appleProfile = (parts: SetupParts, newId: () => string): string | null => {
  const { person, account, password } = parts;
  const { address, username } = parts.setup;
  const from = incoming(parts);
  const to = outgoing(parts);
  if (!from || !to) return null;
  const id = newId();
  const name = `postern.mail.${id}`;
  const mail: Plist = {
    PayloadType: 'com.apple.mail.managed',
    PayloadVersion: 1,
    PayloadIdentifier: `${name}.account`,
    PayloadUUID: newId(),
    PayloadDisplayName: account,
    EmailAccountDescription: account,
    EmailAccountName: person,
    EmailAccountType: from.pop ? 'EmailTypePOP' : 'EmailTypeIMAP',
    EmailAddress: address,
    IncomingMailServerAuthentication: 'EmailAuthPassword',
    IncomingMailServerHostName: from.host.host,
    IncomingMailServerPortNumber: from.host.port,
    IncomingMailServerUseSSL: isSafe(from.host),
    IncomingMailServerUsername: username,
    IncomingPassword: password,
    OutgoingMailServerAuthentication: 'EmailAuthPassword',
    OutgoingMailServerHostName: to.host,
    OutgoingMailServerPortNumber: to.port,
    OutgoingMailServerUseSSL: isSafe(to),
    OutgoingMailServerUsername: username,
    OutgoingPasswordSameAsIncomingPassword: true,
    PreventMove: false,
  };
  const profile: Plist = {
    PayloadType: 'Configuration',
    PayloadVersion: 1,
    PayloadIdentifier: name,
    PayloadUUID: id,
    PayloadDisplayName: `Mail: ${account}`,
    PayloadDescription: `Sets up ${address}.`,
    PayloadRemovalDisallowed: false,
    PayloadContent: [mail],
  };
  return `<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0">
${plist(profile, '')}
</plist>
`;
};

const socketTypes = { tls: 'SSL', starttls: 'STARTTLS', none: 'plain' } as const;

const server = (tag: 'incomingServer' | 'outgoingServer', type: string, host: MailHost, username: string): string =>
  `    <${tag} type="${type}">
      <hostname>${xmlText(host.host)}</hostname>
      <port>${host.port}</port>
      <socketType>${socketTypes[host.security]}</socketType>
      <authentication>password-cleartext</authentication>
      <username>${xmlText(username)}</username>
    </${tag}>
`;

export const domainOf = (address: string): string => address.slice(address.lastIndexOf('@') + 1);

/** Thunderbird's `config-v1.1.xml`, without a password; null without a server for reading. */
export const thunderbirdConfig = (parts: Omit<SetupParts, 'password'>): string | null => {
  const from = incoming(parts);
  const to = outgoing(parts);
  if (!from) return null;
  const { address, username } = parts.setup;
  const domain = xmlText(domainOf(address));
  const name = xmlText(parts.account);
  return `<?xml version="1.0" encoding="UTF-8"?>
<clientConfig version="1.1">
  <emailProvider id="${domain}">
    <domain>${domain}</domain>
    <displayName>${name}</displayName>
    <displayShortName>${name}</displayShortName>
${server('incomingServer', from.pop ? 'pop3' : 'imap', from.host, username)}${
    to ? server('outgoingServer', 'smtp', to, username) : ''
  }  </emailProvider>
</clientConfig>
`;
};

const securityCodes = { none: 0, starttls: 2, tls: 3 } as const;
const byPassword = 1;

/**
 * What Thunderbird for Android and K-9 Mail scan to add an account, password and all (Thunderbird's "Export for Mobile" format,
 * version 1); null when it cannot both read and send. One JSON array of arrays, because room in a code is scarce.
 */
export const mobileCode = (parts: SetupParts): string | null => {
  const from = incoming(parts);
  const to = outgoing(parts);
  if (!from || !to) return null;
  const { person, account, password } = parts;
  const { address, username } = parts.setup;
  const login = ({ host, port, security }: MailHost) =>
    [host, port, securityCodes[security], byPassword, username] as const;
  return JSON.stringify([
    1,
    [1, 1],
    [from.pop ? 1 : 0, ...login(from.host), account, password],
    [
      [
        [0, ...login(to), password],
        [address, person === '' ? address : person],
      ],
    ],
  ]);
};

/** A file's name that every system takes. */
export const fileName = (address: string, ending: string): string =>
  `${
    address
      .replaceAll(/[^\w.@+-]/gu, '_')
      .replace(/^[.-]+/u, '_')
      .slice(0, 120) || 'mail'
  }.${ending}`;

/** `mvkt 7hqe rz4p`: how it is read and typed; without the spaces it is copied. */
export const inGroups = (password: string): readonly string[] => password.match(/.{1,4}/gu) ?? [];
