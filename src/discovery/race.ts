import type { Doubt } from '#jmap/auth/discovery.ts';
import type { ServerAddress } from '#config/servers.ts';
import type { Who } from './address.ts';
import { guesses } from './guesses.ts';
import type { Offer } from './offer.ts';
import type { Proof, Protocol, Prover } from './prove.ts';
import type { Source } from './sources.ts';

/** A server and what was seen of it. */
export interface Best {
  server: ServerAddress;
  proof: Proof;
}

/** An offer with its best servers. `imap` null: the source knows that there is no IMAP. */
export interface Outcome {
  offer: Offer;
  imap: Best | null;
  smtp: Best | null;
}

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

const rank = ({ proof }: Best): number => (proof.ok ? -1 : telling.indexOf(proof.doubt));

/** The most telling of several. */
export const worstOf = (all: readonly Best[]): Best | null =>
  all.reduce<Best | null>((worst, best) => (worst === null || rank(best) < rank(worst) ? best : worst), null);

/** The first candidate, in the order given, that is proven; all are tried at once. */
const bestOf = async (
  candidates: readonly ServerAddress[],
  protocol: Protocol,
  prove: Prover,
  signal: AbortSignal,
): Promise<Best | null> => {
  const over = new AbortController();
  const both = AbortSignal.any([signal, over.signal]);
  const tries = candidates.map(async (server): Promise<Best> => ({
    server,
    proof: await prove(server, protocol, both),
  }));
  const failed: Best[] = [];
  for (const attempt of tries) {
    const best = await attempt;
    if (best.proof.ok) {
      over.abort();
      return best;
    }
    failed.push(best);
  }
  return worstOf(failed);
};

/** Tries the servers of an offer, IMAP and SMTP side by side. */
export const tryOffer = async (offer: Offer, { domain }: Who, prove: Prover, signal: AbortSignal): Promise<Outcome> => {
  if (offer.imap.length === 0) return { offer, imap: null, smtp: null };
  const sending = offer.smtp.length > 0 ? offer.smtp : guesses(domain, 'smtp');
  const [imap, smtp] = await Promise.all([
    bestOf(offer.imap, 'imap', prove, signal),
    bestOf(sending, 'smtp', prove, signal),
  ]);
  return { offer, imap, smtp };
};

const isWhole = (outcome: Outcome | null): boolean =>
  outcome?.imap?.proof.ok === true && outcome.smtp?.proof.ok === true;

export interface Telling {
  via(source: Source['name'], state: 'looking' | 'found' | 'nothing'): void;
  trying(offer: Offer): void;
}

/**
 * Asks all sources at once. The first of them, in their order, whose servers are both proven wins as soon as those
 * before it have failed; else the first whose IMAP server is proven; else all that was tried is given.
 */
export const race = async (
  sources: readonly Source[],
  who: Who,
  prove: Prover,
  signal: AbortSignal,
  tell: Telling,
): Promise<Outcome[]> => {
  const over = new AbortController();
  const both = AbortSignal.any([signal, over.signal]);
  const late = new Promise<null>((resolve) => {
    if (both.aborted) resolve(null);
    both.addEventListener('abort', () => resolve(null), { once: true });
  });
  const run = async (source: Source): Promise<Outcome | null> => {
    tell.via(source.name, 'looking');
    const offer = await Promise.race([source.look(who, both), late]);
    if (!both.aborted) tell.via(source.name, offer ? 'found' : 'nothing');
    if (!offer) return null;
    if (!both.aborted) tell.trying(offer);
    return tryOffer(offer, who, prove, both);
  };
  const runs = sources.map(run);
  const outcomes: Outcome[] = [];
  try {
    for (const running of runs) {
      const outcome = await running;
      if (outcome && isWhole(outcome)) return [outcome];
      if (outcome) outcomes.push(outcome);
    }
  } finally {
    over.abort();
  }
  const half = outcomes.find((outcome) => outcome.imap?.proof.ok === true);
  return half ? [half] : outcomes;
};
