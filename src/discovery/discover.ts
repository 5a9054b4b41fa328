import type { DiscoveryStep as Step, Doubt, FoundSettings as Settings } from '#jmap/auth/discovery.ts';
import type { DomainServers, ServerAddress } from '#config/servers.ts';
import { isWithin, parseAddress, type Who } from './address.ts';
import { loginOf, type Offer, wholeAddress } from './offer.ts';
import type { Prover } from './prove.ts';
import { providerOfDomain } from './providers.ts';
import { type Best, type Outcome, race, tryOffer, worstOf } from './race.ts';
import { offerOf, type Source } from './sources.ts';
import { Steps } from './steps.ts';

export interface Discovery {
  /** Looks for the servers of an address; the last step is `result` or `failed`. Ends within `limitMs` (8 s). */
  (address: string, signal?: AbortSignal): AsyncGenerator<Step, void, undefined>;
}

/** An OAuth2 issuer of the operator's, as far as it matters where somebody signs in. */
export interface Issuer {
  id: string;
  name: string;
  issuer: string;
  /** Domains whose users it knows, whatever their servers say. */
  domains: readonly string[];
}

export interface DiscoveryParts {
  domains: ReadonlyMap<string, DomainServers>;
  prove: Prover;
  /** Asked where neither the operator nor the table knows the domain, the most credible first. */
  sources: readonly Source[];
  issuers?: readonly Issuer[];
  /** What is published may be about the one address that was asked for. */
  byAddress?: boolean;
  now?: () => number;
  limitMs?: number;
}

const day = 86_400_000;
const mostRemembered = 1_000;

const describe = ({ host, port, security }: ServerAddress): ServerAddress => ({ host, port, security });

/** What the operator or our table says, for which nobody has to be asked. */
const knownOffer = (domain: string, domains: DiscoveryParts['domains']): Offer | null => {
  const operators = ({ imap, smtp }: DomainServers): Offer => ({
    source: 'operator',
    imap: [imap],
    smtp: [smtp],
    login: wholeAddress,
    loginUnsure: false,
    provider: null,
    issuer: null,
  });
  const own = domains.get(domain);
  if (own) return operators(own);
  const provider = providerOfDomain(domain);
  if (provider) return offerOf(provider, 'provider');
  const rest = domains.get('*');
  return rest ? operators(rest) : null;
};

/** An issuer that signs for tokens of every tenant is one with each of them. */
const sameIssuer = (ours: string, theirs: string): boolean =>
  ours.replace(/\/$/, '') === theirs.replace(/\/$/, '') ||
  [ours, theirs].every((issuer) => issuer.startsWith('https://login.microsoftonline.com/'));

const issuerFor = (offer: Offer, { domain }: Who, issuers: readonly Issuer[]): Settings['oauth'] => {
  const found =
    issuers.find(({ domains }) => domains.includes(domain)) ??
    issuers.find(({ issuer }) => offer.issuer !== null && sameIssuer(issuer, offer.issuer));
  return found ? { issuer: found.id, name: found.name } : null;
};

interface Known {
  offer: Offer;
  imap: Best;
  smtp: Best | null;
}

const settle = ({ offer, imap, smtp }: Known, who: Who, issuers: readonly Issuer[]): Settings => {
  const username = loginOf(offer.login, who);
  const { provider, source } = offer;
  // Without a word about sending, submission (RFC 6409) at the same host is the best guess.
  const sending = smtp ?? {
    server: { ...imap.server, port: 587, security: 'starttls' as const },
    proof: { ok: false },
  };
  const hosts = [imap.server.host, sending.server.host];
  return {
    source,
    imap: { ...describe(imap.server), username, proven: imap.proof.ok },
    smtp: { ...describe(sending.server), username, proven: sending.proof.ok },
    provider: provider && {
      id: provider.id,
      name: provider.name,
      auth: provider.auth,
      appPasswordUrl: provider.appPasswordUrl,
      enableUrl: provider.enableUrl,
      note: provider.note,
      steps: provider.steps,
    },
    oauth: issuerFor(offer, who, issuers),
    foreign: source !== 'operator' && !hosts.every((host) => isWithin(host, who.domain)),
    loginUnsure: offer.loginUnsure,
  };
};

/** What was proven, for a day. */
class Memory {
  readonly #known = new Map<string, Known & { until: number }>();
  readonly #now: () => number;

  constructor(now: () => number) {
    this.#now = now;
  }

  get(key: string): Known | null {
    const known = this.#known.get(key);
    if (known && known.until > this.#now()) return known;
    this.#known.delete(key);
    return null;
  }

  set(key: string, known: Known): void {
    const [oldest] = this.#known.keys();
    if (this.#known.size >= mostRemembered && oldest !== undefined) this.#known.delete(oldest);
    this.#known.set(key, { ...known, until: this.#now() + day });
  }
}

/** One search: what is told of it, and how long it has taken. */
interface Search {
  steps: Steps;
  who: Who;
  signal: AbortSignal;
  ms: () => number;
}

const failure = (outcomes: readonly Outcome[]): { doubt: Doubt | 'no-imap'; note: string | null } => {
  const none = outcomes.find(({ imap }) => imap === null);
  if (none) return { doubt: 'no-imap', note: none.offer.provider?.note ?? null };
  const worst = worstOf(outcomes.flatMap(({ imap }) => imap ?? []));
  return { doubt: worst && !worst.proof.ok ? worst.proof.doubt : 'not-found', note: null };
};

export const openDiscovery = (parts: DiscoveryParts): Discovery => {
  const { domains, prove, sources, issuers = [], byAddress = false, now = Date.now, limitMs = 8_000 } = parts;
  const memory = new Memory(now);

  const found = ({ steps, ms }: Search, offer: Offer): void =>
    steps.push({
      step: 'settings',
      state: offer.source === 'guess' ? 'missing' : 'found',
      source: offer.source,
      provider: offer.provider?.name ?? null,
      ms: ms(),
    });

  const trying = ({ steps, ms }: Search, { imap, smtp }: Offer): void => {
    for (const [step, [first]] of [
      ['incoming', imap],
      ['outgoing', smtp],
    ] as const)
      if (first) steps.push({ step, state: 'trying', ...describe(first), doubt: null, ms: ms() });
  };

  const seen = ({ steps, ms }: Search, { imap, smtp }: Known): void => {
    for (const [step, best] of [
      ['incoming', imap],
      ['outgoing', smtp],
    ] as const) {
      if (!best) continue;
      const { server, proof } = best;
      const [state, doubt] = proof.ok ? (['proven', null] as const) : (['failed', proof.doubt] as const);
      steps.push({ step, state, ...describe(server), doubt, ms: ms() });
    }
  };

  const conclude = (search: Search, known: Known): void => {
    const { steps, who, ms } = search;
    seen(search, known);
    steps.push({ step: 'result', settings: settle(known, who, issuers), ms: ms() });
  };

  /** The operator and our table are believed even while their servers do not answer. */
  const believe = async (search: Search, offer: Offer): Promise<Outcome[]> => {
    const { who, signal } = search;
    found(search, offer);
    trying(search, offer);
    return [await tryOffer(offer, who, prove, signal)];
  };

  const ask = async (search: Search): Promise<Outcome[]> => {
    const { steps, who, signal, ms } = search;
    const outcomes = await race(sources, who, prove, signal, {
      via: (source, state) => steps.push({ step: 'via', source, state, ms: ms() }),
      trying: (offer) => trying(search, offer),
    });
    if (outcomes[0]?.imap?.proof.ok) found(search, outcomes[0].offer);
    return outcomes;
  };

  const run = async (search: Search): Promise<void> => {
    const { steps, who, ms } = search;
    const key = byAddress ? who.address : who.domain;
    const known = memory.get(key);
    if (known) {
      found(search, known.offer);
      conclude(search, known);
      return;
    }
    steps.push({ step: 'settings', state: 'looking', source: null, provider: null, ms: ms() });
    const offer = knownOffer(who.domain, domains);
    const outcomes = offer ? await believe(search, offer) : await ask(search);
    const [first] = outcomes;
    if (!first?.imap || !(offer || first.imap.proof.ok)) {
      steps.push({ step: 'failed', ...failure(outcomes), ms: ms() });
      return;
    }
    const { imap, smtp } = first;
    if (imap.proof.ok && smtp?.proof.ok) memory.set(key, { offer: first.offer, imap, smtp });
    conclude(search, { offer: first.offer, imap, smtp });
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
    const running = run({ steps, who, signal: limit, ms }).finally(() => steps.end());
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
