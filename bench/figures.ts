/** One line of the result: Postern beside the limit, in the same run. `ratio` is Postern divided by the limit. */
export interface Figure {
  name: string;
  unit: string;
  postern: number;
  limit: number | null;
  ratio: number | null;
  note: string;
}

export const figure = (name: string, unit: string, postern: number, limit: number | null, note = ''): Figure => ({
  name,
  unit,
  postern: round(postern),
  limit: limit === null ? null : round(limit),
  ratio: limit === null || limit === 0 ? null : round(postern / limit),
  note,
});

const round = (n: number): number => Number(n.toPrecision(4));

/** Milliseconds of each of `runs` runs, after `warm` runs that do not count. */
export const times = async (runs: number, task: (i: number) => Promise<unknown>, warm = 3): Promise<number[]> => {
  const found: number[] = [];
  for (let i = -warm; i < runs; i += 1) {
    const began = performance.now();
    await task(i + warm);
    if (i >= 0) found.push(performance.now() - began);
  }
  return found.toSorted((a, b) => a - b);
};

/**
 * Medians in milliseconds of several things done in turn, so that all of them meet the machine in the same moods. Each is
 * done `warm` times before anything counts: none is measured while its code is being compiled.
 */
export const inTurn = async <K extends string>(
  tasks: Readonly<Record<K, (i: number) => Promise<unknown>>>,
  { warm = 300, rounds = 10, each = 20 } = {},
): Promise<Record<K, number>> => {
  const names = Object.keys(tasks) as K[];
  const found = new Map(names.map((name) => [name, [] as number[]]));
  for (const name of names) await times(warm, tasks[name], 0);
  for (let round = 0; round < rounds; round += 1) {
    const from = warm + round * each;
    for (const name of names) found.get(name)?.push(...(await times(each, (i) => tasks[name](from + i), 0)));
  }
  const medians = [...found].map(([name, all]) => [name, median(all.toSorted((a, b) => a - b))]);
  return Object.fromEntries(medians) as Record<K, number>;
};

export const median = (sorted: readonly number[]): number => sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;

export const table = (figures: readonly Figure[]): string => {
  const rows = [
    ['', 'Postern', 'limit', 'ratio', 'unit', ''],
    ...figures.map((f) => [
      f.name,
      String(f.postern),
      f.limit === null ? '-' : String(f.limit),
      f.ratio === null ? '-' : `${f.ratio}`,
      f.unit,
      f.note,
    ]),
  ];
  const widths = (rows[0] ?? []).map((_, i) => Math.max(...rows.map((row) => (row[i] ?? '').length)));
  return rows
    .map((row) =>
      row
        .map((cell, i) => (i === 0 || i >= 4 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0)))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
};
