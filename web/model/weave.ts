/**
 * Arithmetic of one list made of several that are sorted alike, newest first, of which only some rows are known. Where a
 * row stands in the whole follows from the rows of the others around its date; equal dates stand in the order of the
 * strands. docs/spec/web.md, rules M.
 */

/** A row that is known: its place in its strand, and when it came (UTC, so that text sorts as time does). */
export interface Bead {
  index: number;
  date: string;
}

export interface Strand {
  length: number;
  /** Ascending places. */
  known: readonly Bead[];
}

/** A known row in the whole: it stands at `least` or later, at `most` or earlier; certain when they are equal. */
export interface Placed {
  strand: number;
  index: number;
  least: number;
  most: number;
}

/** How many rows of a strand come before a place of the whole: at least `from`, at most `to`. */
export interface Share {
  from: number;
  to: number;
}

/** All known rows in the order of the whole. */
export const weave = (strands: readonly Strand[]): Placed[] => {
  const at = strands.map(() => 0);
  /** Rows of each strand that come before what is placed next, for certain and at most. */
  const before = strands.map(() => 0);
  const until = strands.map(({ length, known }) => known[0]?.index ?? length);
  let sumBefore = 0;
  let sumUntil = until.reduce((sum, each) => sum + each, 0);
  const placed: Placed[] = [];
  for (;;) {
    let next = -1;
    let bead: Bead | undefined;
    for (const [strand, { known }] of strands.entries()) {
      const mine = known[at[strand] ?? 0];
      if (mine && (!bead || mine.date > bead.date)) [next, bead] = [strand, mine];
    }
    if (!bead) return placed;
    const { index } = bead;
    placed.push({
      strand: next,
      index,
      least: index + sumBefore - (before[next] ?? 0),
      most: index + sumUntil - (until[next] ?? 0),
    });
    const mine = strands[next];
    at[next] = (at[next] ?? 0) + 1;
    const following = mine?.known[at[next] ?? 0]?.index ?? mine?.length ?? 0;
    sumBefore += index + 1 - (before[next] ?? 0);
    sumUntil += following - (until[next] ?? 0);
    before[next] = index + 1;
    until[next] = following;
  }
};

const sumOf = (shares: readonly Share[], end: keyof Share): number =>
  shares.reduce((sum, share) => sum + share[end], 0);

/** How the first `count` rows of the whole are shared among the strands, as far as the known rows say. */
export const sharesOf = (strands: readonly Strand[], placed: readonly Placed[], count: number): Share[] => {
  const shares = strands.map(({ length }) => ({ from: 0, to: Math.min(length, count) }));
  for (const { strand, index, least, most } of placed) {
    const share = shares[strand];
    if (!share) continue;
    if (most < count) share.from = Math.max(share.from, index + 1);
    else if (least >= count) share.to = Math.min(share.to, index);
  }
  const most = sumOf(shares, 'to');
  const least = sumOf(shares, 'from');
  return shares.map(({ from, to }) => ({
    from: Math.max(from, count - (most - to)),
    to: Math.min(to, count - (least - from)),
  }));
};

/** Two known rows with the place sought between them; `end` null where none is known behind it. */
interface Span {
  share: Share;
  start: { index: number; time: number };
  end: { index: number; time: number } | null;
}

const timed = ({ index, date }: Bead): { index: number; time: number } => ({ index, time: Date.parse(date) });

const spanOf = ({ known }: Strand, share: Share): Span => {
  const start = known.findLast((bead) => bead.index <= share.from) ?? known[0] ?? { index: 0, date: '' };
  const end = known.find((bead) => bead.index >= share.to && bead.index > start.index);
  return { share, start: timed(start), end: end ? timed(end) : null };
};

/** Rows of a span that are newer than a time, were its dates spread evenly. */
const newerIn = ({ share, start, end }: Span, time: number): number => {
  if (!end || end.time === start.time) return (share.from + share.to) / 2;
  const part = (start.time - time) / (start.time - end.time);
  return Math.max(share.from, Math.min(share.to, start.index + part * (end.index - start.index)));
};

/** The share of each strand if dates were spread evenly between the known rows. */
const guessOf = (spans: readonly Span[], count: number): number[] => {
  if (spans.some(({ end, share }) => !end && share.from < share.to)) {
    const least = spans.reduce((sum, { share }) => sum + share.from, 0);
    const width = spans.reduce((sum, { share }) => sum + share.to - share.from, 0);
    const part = width > 0 ? (count - least) / width : 0;
    return spans.map(({ share }) => share.from + part * (share.to - share.from));
  }
  let old = Math.min(...spans.map(({ end, start }) => end?.time ?? start.time));
  let young = Math.max(...spans.map(({ start }) => start.time));
  for (let step = 0; step < 48; step += 1) {
    const middle = (old + young) / 2;
    const newer = spans.reduce((sum, span) => sum + newerIn(span, middle), 0);
    if (newer > count) old = middle;
    else young = middle;
  }
  return spans.map((span) => newerIn(span, (old + young) / 2));
};

/**
 * Places to ask for, so that the shares of the first `count` rows become narrower: on both sides of the best guess, and in
 * the middle, which halves what is left however the dates are spread. Strands whose share is narrower than `enough` are
 * left alone.
 */
export const probesFor = (
  strands: readonly Strand[],
  shares: readonly Share[],
  count: number,
  enough: number,
): number[][] => {
  const spans = shares.map((share, strand) => spanOf(strands[strand] ?? { length: 0, known: [] }, share));
  const guesses = guessOf(spans, count);
  return spans.map(({ share: { from, to }, end }, strand) => {
    const width = to - from;
    if (width <= enough) return [];
    const guess = guesses[strand] ?? from;
    const aside = Math.max(enough / 3, width / 32);
    const wanted = [guess - aside, guess + aside, end ? (from + to) / 2 : to - 1];
    return [...new Set(wanted.map((place) => Math.max(from, Math.min(to - 1, Math.round(place)))))];
  });
};
