import { resolveMx } from 'node:dns/promises';
import type { Doubt, DiscoveryStep as Step, FoundSettings as Settings, SettingsSource as Source } from '#jmap/auth.ts';
import type { DomainServers, ServerAddress } from '#config/servers.ts';
import { type Provider, providerOfDomain, providerOfMx } from './providers.ts';
import type { Proof, Protocol, Prover } from './prove.ts';

export interface Discovery {
  /** Looks for the servers of an address; the last step is `result` or `failed`. Ends within `limitMs` (8 s). */
  (address: string, signal?: AbortSignal): AsyncGenerator<Step, void, undefined>;
}

export interface DiscoveryParts {
  domains: ReadonlyMap<string, DomainServers>;
  prove: Prover;
  /** MX host names of a domain, best first; [] when there are none. */
  mx?: (domain: string) => Promise<string[]>;
  now?: () => number;
  limitMs?: number;
}

const day = 86_400_000;
const mostRemembered = 1_000;

const lookUpMx = async (domain: string): Promise<string[]> => {
  try {
    return (await resolveMx(domain)).sort((a, b) => a.priority - b.priority).map((record) => record.exchange);
  } catch {
    return [];
  }
};

/** An address taken apart. */
export interface Who {
  address: string;
  local: string;
  domain: string;
}

/** addr = local "@" domain; the local part may hold anything but controls, the domain is lower-cased and in ASCII. */
export const parseAddress = (text: string): Who | undefined => {
  const at = text.lastIndexOf('@');
  const local = text.slice(0, at).trim();
  // eslint-disable-next-line no-control-regex
  if (at < 1 || local === '' || text.length > 320 || /[\u0000-\u0020\u007f<>]/.test(local)) return undefined;
  const typed = text.slice(at + 1).trim();
  if (!/^[^\s/:?#@[\]\\%]+$/.test(typed) || !URL.canParse(`http://${typed}/`)) return undefined;
  const domain = new URL(`http://${typed}/`).hostname.replace(/\.$/, '');
  return domain === '' ? undefined : { address: `${local}@${domain}`, local, domain };
};

/** What is tried for a domain nobody knows, best first: TLS from the first byte before STARTTLS. */
export const guesses = (domain: string, protocol: Protocol): ServerAddress[] => {
  const hosts =
    protocol === 'imap' ? [`imap.${domain}`, `mail.${domain}`, domain] : [`smtp.${domain}`, `mail.${domain}`, domain];
  const [implicit, upgraded] = protocol === 'imap' ? [993, 143] : [465, 587];
  return [
    ...hosts.map((host) => ({ host, port: implicit, security: 'tls' as const })),
    ...hosts.map((host) => ({ host, port: upgraded, security: 'starttls' as const })),
  ];
};

const describe = ({ host, port, security }: ServerAddress): ServerAddress => ({ host, port, security });

/** Doubts from the most to the least telling: what the user hears when no candidate holds. */
const telling: readonly Doubt[] = [
  'certificate',
  'no-tls',
  'not-imap',
  'not-smtp',
  'not-allowed',
  'private',
  'plain-refused',
  'timeout',
  'unreachable',
  'not-found',
];

type Best = { server: ServerAddress; proof: Proof };

/** The first candidate, in the order given, that is proven; all are tried at once. */
const bestOf = async (
  candidates: readonly ServerAddress[],
  protocol: Protocol,
  prove: Prover,
  signal: AbortSignal,
): Promise<Best> => {
  const over = new AbortController();
  const both = AbortSignal.any([signal, over.signal]);
  const tries = candidates.map(async (server): Promise<Best> => ({
    server,
    proof: await prove(server, protocol, both),
  }));
  let worst: Best | undefined;
  for (const attempt of tries) {
    const best = await attempt;
    if (best.proof.ok) {
      over.abort();
      return best;
    }
    const rank = (b: Best): number => (b.proof.ok ? -1 : telling.indexOf(b.proof.doubt));
    if (!worst || rank(best) < rank(worst)) worst = best;
  }
  if (!worst) throw new RangeError('no candidates');
  return worst;
};

/** Steps as they happen, from several tasks at once. */
class Steps {
  readonly #queue: Step[] = [];
  #wake: () => void = () => undefined;
  #done = false;

  push(step: Step): void {
    this.#queue.push(step);
    this.#wake();
  }
  end(): void {
    this.#done = true;
    this.#wake();
  }
  async *[Symbol.asyncIterator](): AsyncGenerator<Step, void, undefined> {
    for (;;) {
      const next = this.#queue.shift();
      if (next) yield next;
      else if (this.#done) return;
      else await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }
}

interface Wanted {
  source: Source;
  provider: Provider | null;
  imap: readonly ServerAddress[];
  smtp: readonly ServerAddress[];
  user: 'address' | 'local';
}

interface Known {
  wanted: Wanted;
  imap: Best;
  smtp: Best;
  until: number;
}

const wantedFor = async (
  domain: string,
  domains: DiscoveryParts['domains'],
  mx: (domain: string) => Promise<string[]>,
): Promise<Wanted> => {
  const operators = (servers: DomainServers): Wanted => ({
    source: 'operator',
    provider: null,
    imap: [servers.imap],
    smtp: [servers.smtp],
    user: 'address',
  });
  const own = domains.get(domain);
  if (own) return operators(own);
  const rest = domains.get('*');
  const late = new Promise<string[]>((resolve) => setTimeout(resolve, 3_000, []).unref());
  const provider = providerOfDomain(domain) ?? (rest ? null : providerOfMx(await Promise.race([mx(domain), late])));
  if (provider) {
    const { imap, smtp, user } = provider;
    return { source: 'provider', provider, imap: imap ? [imap] : [], smtp: smtp ? [smtp] : [], user };
  }
  if (rest) return operators(rest);
  return {
    source: 'guess',
    provider: null,
    imap: guesses(domain, 'imap'),
    smtp: guesses(domain, 'smtp'),
    user: 'address',
  };
};

const settle = ({ wanted, imap, smtp }: Omit<Known, 'until'>, who: Who): Settings => {
  // Servers fold the case of a login; one mailbox must not become two users of ours.
  const username = (wanted.user === 'local' ? who.local : who.address).toLowerCase();
  const own = (host: string): boolean => host === who.domain || host.endsWith(`.${who.domain}`);
  const { provider, source } = wanted;
  return {
    source,
    imap: { ...imap.server, username, proven: imap.proof.ok },
    smtp: { ...smtp.server, username, proven: smtp.proof.ok },
    provider: provider && {
      id: provider.id,
      name: provider.name,
      auth: provider.auth,
      appPasswordUrl: provider.appPasswordUrl,
      enableUrl: provider.enableUrl,
      note: provider.note,
    },
    foreign: source !== 'operator' && !(own(imap.server.host) && own(smtp.server.host)),
    loginUnsure: source === 'guess',
  };
};

/** Steps of a domain that was proven within the last day. */
const remember = (steps: Steps, known: Known, who: Who, ms: () => number): void => {
  const { wanted, imap, smtp } = known;
  const provider = wanted.provider?.name ?? null;
  steps.push({ step: 'settings', state: 'found', source: wanted.source, provider, ms: ms() });
  steps.push({ step: 'incoming', state: 'proven', ...describe(imap.server), doubt: null, ms: ms() });
  steps.push({ step: 'outgoing', state: 'proven', ...describe(smtp.server), doubt: null, ms: ms() });
  steps.push({ step: 'result', settings: settle(known, who), ms: ms() });
};

export const openDiscovery = (parts: DiscoveryParts): Discovery => {
  const { domains, prove, mx = lookUpMx, now = Date.now, limitMs = 8_000 } = parts;
  const remembered = new Map<string, Known>();

  const search = async (steps: Steps, who: Who, signal: AbortSignal, ms: () => number): Promise<void> => {
    const known = remembered.get(who.domain);
    if (known && known.until > now()) return remember(steps, known, who, ms);

    steps.push({ step: 'settings', state: 'looking', source: null, provider: null, ms: ms() });
    const wanted = await wantedFor(who.domain, domains, mx);
    const { source } = wanted;
    const provider = wanted.provider?.name ?? null;
    steps.push({ step: 'settings', state: source === 'guess' ? 'missing' : 'found', source, provider, ms: ms() });
    if (wanted.imap.length === 0) {
      steps.push({ step: 'failed', doubt: 'no-imap', note: wanted.provider?.note ?? null, ms: ms() });
      return;
    }

    const look = async (step: 'incoming' | 'outgoing', candidates: readonly ServerAddress[]): Promise<Best> => {
      const [first] = candidates;
      if (first) steps.push({ step, state: 'trying', ...describe(first), doubt: null, ms: ms() });
      const best = await bestOf(candidates, step === 'incoming' ? 'imap' : 'smtp', prove, signal);
      const doubt = best.proof.ok ? null : best.proof.doubt;
      steps.push({ step, state: best.proof.ok ? 'proven' : 'failed', ...describe(best.server), doubt, ms: ms() });
      return best;
    };
    const [imap, smtp] = await Promise.all([look('incoming', wanted.imap), look('outgoing', wanted.smtp)]);
    if (!imap.proof.ok && source === 'guess') {
      steps.push({ step: 'failed', doubt: imap.proof.doubt, note: null, ms: ms() });
      return;
    }
    if (imap.proof.ok && smtp.proof.ok) {
      if (remembered.size >= mostRemembered) remembered.delete(remembered.keys().next().value ?? '');
      remembered.set(who.domain, { wanted, imap, smtp, until: now() + day });
    }
    steps.push({ step: 'result', settings: settle({ wanted, imap, smtp }, who), ms: ms() });
  };

  return async function* discover(text, signal) {
    const start = now();
    const ms = (): number => Math.round(now() - start);
    const who = parseAddress(text);
    if (!who) {
      yield { step: 'failed', doubt: 'not-found', note: null, ms: ms() };
      return;
    }
    const steps = new Steps();
    const over = new AbortController();
    const limit = AbortSignal.any([over.signal, AbortSignal.timeout(limitMs), ...(signal ? [signal] : [])]);
    const running = search(steps, who, limit, ms).finally(() => steps.end());
    try {
      yield* steps;
      await running;
    } finally {
      over.abort();
      await running.catch(() => undefined);
    }
  };
};

/** The outcome alone, for a caller who does not show the steps. */
export const settingsOf = async (steps: AsyncIterable<Step>): Promise<Extract<Step, { step: 'result' | 'failed' }>> => {
  for await (const step of steps) if (step.step === 'result' || step.step === 'failed') return step;
  return { step: 'failed', doubt: 'timeout', note: null, ms: 0 };
};
