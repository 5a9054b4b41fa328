import { parseXml, type XmlElement } from '@rgrove/parse-xml';
import type { ServerAddress } from '#config/servers.ts';
import { isHostName } from './address.ts';
import { isLogin, wholeAddress } from './offer.ts';

/** A clientConfig document of Mozilla – draft-ietf-mailmaint-autoconfig. */
export interface Autoconfig {
  domains: string[];
  imap: ServerAddress[];
  smtp: ServerAddress[];
  login: string;
  loginUnsure: boolean;
  /** The servers take tokens of an issuer and no password. */
  onlyOAuth: boolean;
  issuer: string | null;
  enableUrl: string | null;
}

/** More tags than any real document has; fewer than a parser that goes down by calls could not bear. */
const mostTags = 3_000;
const mostServers = 4;

const childrenOf = (element: XmlElement, name: string): XmlElement[] =>
  element.children.filter((node): node is XmlElement => node.type === 'element' && (node as XmlElement).name === name);
const textOf = (element: XmlElement | undefined, name: string): string =>
  (element && childrenOf(element, name)[0]?.text.trim()) ?? '';

/** Without a document type there are no entities of one's own, nothing outside is referred to, nothing grows. */
const rootOf = (text: string): XmlElement | null => {
  if (/<!DOCTYPE|<!ENTITY/i.test(text) || text.split('<', mostTags + 1).length > mostTags) return null;
  try {
    return parseXml(text).root;
  } catch {
    return null;
  }
};

const serverOf = (element: XmlElement, domain: string): ServerAddress | null => {
  const host = textOf(element, 'hostname').replaceAll('%EMAILDOMAIN%', domain).toLowerCase();
  const port = Number(textOf(element, 'port'));
  const security = { SSL: 'tls', STARTTLS: 'starttls' }[textOf(element, 'socketType').toUpperCase()];
  if (!isHostName(host) || !Number.isInteger(port) || port < 1 || port > 65_535) return null;
  return security === 'tls' || security === 'starttls' ? { host, port, security } : null;
};

const linkOf = (text: string | undefined): string | null =>
  text !== undefined && URL.canParse(text) && new URL(text).protocol === 'https:' ? new URL(text).href : null;

/** TLS from the first byte comes before STARTTLS; else the order of the document holds. */
const sorted = (servers: readonly ServerAddress[]): ServerAddress[] =>
  servers.toSorted((a, b) => Number(a.security !== 'tls') - Number(b.security !== 'tls')).slice(0, mostServers);

/** The servers a document names for a domain, without any that would be spoken to in clear; null: it names none. */
export const parseAutoconfig = (text: string, domain: string): Autoconfig | null => {
  const root = rootOf(text);
  const provider = root?.name === 'clientConfig' ? childrenOf(root, 'emailProvider')[0] : undefined;
  if (!root || !provider) return null;
  const typed = (name: string, type: string): XmlElement[] =>
    childrenOf(provider, name).filter((element) => element.attributes['type'] === type);
  const servers = (elements: readonly XmlElement[]): ServerAddress[] =>
    sorted(elements.flatMap((element) => serverOf(element, domain) ?? []));
  const incoming = typed('incomingServer', 'imap');
  const imap = servers(incoming);
  if (imap.length === 0) return null;
  const login = textOf(incoming[0], 'username');
  const ways = incoming.flatMap((element) => childrenOf(element, 'authentication').map((way) => way.text.trim()));
  return {
    domains: childrenOf(provider, 'domain').map((element) => element.text.trim().toLowerCase()),
    imap,
    smtp: servers(typed('outgoingServer', 'smtp')),
    login: isLogin(login) ? login : wholeAddress,
    loginUnsure: !isLogin(login),
    onlyOAuth: ways.length > 0 && ways.every((way) => way === 'OAuth2'),
    issuer: textOf(childrenOf(root, 'oAuth2')[0], 'issuer') || null,
    enableUrl: linkOf(childrenOf(provider, 'enable')[0]?.attributes['visiturl']),
  };
};
