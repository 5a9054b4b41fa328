import type { SettingsSource } from '#jmap/auth/discovery.ts';
import { isHostName, isWithin, type Who } from './address.ts';
import { type Autoconfig, parseAutoconfig } from './autoconfig.ts';
import type { Fetching } from './fetching.ts';
import { atHosts, guesses } from './guesses.ts';
import type { Ispdb } from './ispdb.ts';
import type { Names, ServiceRecord } from './names.ts';
import { type Offer, wholeAddress } from './offer.ts';
import { parsePacc } from './pacc.ts';
import { type Provider, providerOfHost, providerOfMx } from './providers.ts';

/** One way to find out. Resolves with null where it knows nothing; never rejects. */
export interface Source {
  name: SettingsSource;
  look(who: Who, signal: AbortSignal): Promise<Offer | null>;
}

export interface SourceParts {
  names: Names;
  fetching: Fetching;
  /** null: the operator does not want it asked. */
  ispdb: Ispdb | null;
  /** Whether the domain's own server may be told the whole address. */
  tellAddress: boolean;
}

/** A provider that only takes tokens, and of which nothing else is known. */
const tokenProvider = (domain: string, issuer: string | null): Provider => ({
  id: domain,
  name: domain,
  domains: [],
  mx: [],
  imap: null,
  smtp: null,
  user: 'address',
  auth: 'oauth',
  appPasswordUrl: null,
  enableUrl: null,
  note: `${domain} accepts no passwords from mail programs, only its own sign-in.`,
  steps: [],
  issuer,
});

const providerBehind = (host: string | undefined, domain: string, onlyOAuth: boolean, issuer: string | null) =>
  (host === undefined ? null : providerOfHost(host)) ?? (onlyOAuth ? tokenProvider(domain, issuer) : null);

const published = (source: SettingsSource, found: Autoconfig | null, { domain }: Who): Offer | null => {
  if (!found) return null;
  const { imap, smtp, login, loginUnsure, onlyOAuth, issuer, enableUrl } = found;
  const provider = providerBehind(imap[0]?.host, domain, onlyOAuth, issuer);
  return {
    source,
    imap,
    smtp,
    login,
    loginUnsure,
    provider: provider && enableUrl !== null && provider.enableUrl === null ? { ...provider, enableUrl } : provider,
    issuer: issuer ?? provider?.issuer ?? null,
  };
};

/** The first that is found, in the order given; all are asked at once. */
const firstOf = async <T>(asked: readonly Promise<T | null>[]): Promise<T | null> => {
  for (const each of asked) {
    const found = await each;
    if (found !== null) return found;
  }
  return null;
};

const pacc = ({ names, fetching }: SourceParts): Source => ({
  name: 'pacc',
  look: async (who, signal) => {
    const { domain } = who;
    const [body, records] = await Promise.all([
      fetching(`https://ua-auto-config.${domain}/.well-known/user-agent-configuration.json`, signal),
      names.txt(`_ua-auto-config.${domain}`),
    ]);
    const found = body && parsePacc(body, records);
    if (!found) return null;
    return {
      source: 'pacc',
      imap: [found.imap],
      smtp: found.smtp ? [found.smtp] : [],
      login: wholeAddress,
      loginUnsure: false,
      provider: providerBehind(found.imap.host, domain, found.onlyOAuth, found.issuer),
      issuer: found.issuer,
    };
  },
});

const autoconfigOf = (domain: string, query: string, { fetching }: SourceParts, signal: AbortSignal) =>
  firstOf(
    [
      `https://autoconfig.${domain}/mail/config-v1.1.xml${query}`,
      `https://${domain}/.well-known/autoconfig/mail/config-v1.1.xml${query}`,
    ].map(async (url) => {
      const body = await fetching(url, signal);
      return body && parseAutoconfig(body.toString('utf8'), domain);
    }),
  );

const autoconfig = (parts: SourceParts): Source => ({
  name: 'autoconfig',
  look: async (who, signal) => {
    const query = parts.tellAddress ? `?emailaddress=${encodeURIComponent(who.address)}` : '';
    return published('autoconfig', await autoconfigOf(who.domain, query, parts, signal), who);
  },
});

const ispdb = (ask: Ispdb): Source => ({
  name: 'ispdb',
  look: async (who, signal) => published('ispdb', await ask(who.domain, signal), who),
});

const service = (records: readonly ServiceRecord[], security: 'tls' | 'starttls') =>
  records
    .filter(({ host, port }) => isHostName(host) && port > 0)
    .slice(0, 2)
    .map(({ host, port }) => ({ host, port, security }));

/** RFC 6186, RFC 8314 §5.1. DNS vouches for nothing: the certificate has to, and a foreign name is shown. */
const srv = ({ names }: SourceParts): Source => ({
  name: 'srv',
  look: async ({ domain }) => {
    const [imaps, imap, submissions, submission] = await Promise.all(
      ['_imaps', '_imap', '_submissions', '_submission'].map((name) => names.srv(`${name}._tcp.${domain}`)),
    );
    const incoming = [...service(imaps ?? [], 'tls'), ...service(imap ?? [], 'starttls')];
    if (incoming.length === 0) return null;
    const provider = providerBehind(incoming[0]?.host, domain, false, null);
    return {
      source: 'srv',
      imap: incoming,
      smtp: [...service(submissions ?? [], 'tls'), ...service(submission ?? [], 'starttls')],
      login: wholeAddress,
      loginUnsure: true,
      provider,
      issuer: provider?.issuer ?? null,
    };
  },
});

/** Second-level names below which anybody may register: `co.uk`, `com.br`. */
const shared = /^(?:ac|co|com|edu|gen|go|gob|gov|gouv|idv|ltd|me|mil|ne|net|nom|or|org|plc|sch|web)\.[a-z]{2}$/;

/** The domains that an exchange may belong to, the nearest first. */
export const domainsOfExchange = (host: string): string[] => {
  const labels = host.split('.');
  const ends = [labels.slice(1).join('.'), labels.slice(-3).join('.'), labels.slice(-2).join('.')];
  return [...new Set(ends)].filter((end) => end !== host && end.includes('.') && !shared.test(end)).slice(0, 2);
};

/** Who takes in the mail of a domain often also keeps it. */
const mx = (parts: SourceParts): Source => ({
  name: 'mx',
  look: async (who, signal) => {
    const exchanges = await parts.names.mx(who.domain);
    const provider = providerOfMx(exchanges);
    if (provider) return offerOf(provider, 'mx');
    const [best] = exchanges.filter(isHostName);
    if (best === undefined) return null;
    const others = isWithin(best, who.domain) ? [] : domainsOfExchange(best);
    const found = await firstOf(
      others.flatMap((domain) => [
        autoconfigOf(domain, '', parts, signal),
        ...(parts.ispdb ? [parts.ispdb(domain, signal)] : []),
      ]),
    );
    if (found) return published('mx', found, who);
    return { ...unsure('mx'), imap: atHosts([best], 'imap'), smtp: atHosts([best], 'smtp') };
  },
});

const unsure = (source: SettingsSource): Offer => ({
  source,
  imap: [],
  smtp: [],
  login: wholeAddress,
  loginUnsure: true,
  provider: null,
  issuer: null,
});

const guess: Source = {
  name: 'guess',
  look: async ({ domain }) => ({ ...unsure('guess'), imap: guesses(domain, 'imap'), smtp: guesses(domain, 'smtp') }),
};

/** What our own table says, without asking anybody. */
export const offerOf = (provider: Provider, source: 'provider' | 'mx'): Offer => ({
  source,
  imap: provider.imap ? [provider.imap] : [],
  smtp: provider.smtp ? [provider.smtp] : [],
  login: provider.user === 'local' ? '%EMAILLOCALPART%' : wholeAddress,
  loginUnsure: false,
  provider,
  issuer: provider.issuer,
});

/** All that are asked for a domain that neither the operator nor the table knows, the most credible first. */
export const openSources = (parts: SourceParts): Source[] => [
  pacc(parts),
  autoconfig(parts),
  ...(parts.ispdb ? [ispdb(parts.ispdb)] : []),
  srv(parts),
  mx(parts),
  guess,
];
