import { Turns } from './turns.ts';

const bounds = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10] as const;

interface Histogram {
  counts: number[];
  sum: number;
  count: number;
}

/** Facts that are asked for when the page is read. */
export interface Gauges {
  users: number;
  accounts: number;
  rooms: number;
  streams: number;
  present: number;
}

/** Counters of the door in the Prometheus text format. No label ever holds an address, a name or a path. */
export class Metrics {
  readonly #requests = new Map<string, number>();
  readonly #durations = new Map<string, Histogram>();
  readonly #signIns = new Map<string, number>();
  readonly #turns = new Turns();

  request(route: string, status: number, ms: number): void {
    const key = `route="${route}",status="${status}"`;
    this.#requests.set(key, (this.#requests.get(key) ?? 0) + 1);
    const histogram = this.#durations.get(route) ?? { counts: bounds.map(() => 0), sum: 0, count: 0 };
    bounds.forEach((bound, i) => {
      if (ms / 1_000 <= bound) histogram.counts[i] = (histogram.counts[i] ?? 0) + 1;
    });
    histogram.sum += ms / 1_000;
    histogram.count += 1;
    this.#durations.set(route, histogram);
  }

  signIn(result: string): void {
    this.#signIns.set(result, (this.#signIns.get(result) ?? 0) + 1);
  }

  text(gauges: Gauges): string {
    const lines: string[] = [];
    const family = (name: string, kind: string, help: string, values: readonly (readonly [string, number])[]): void => {
      lines.push(`# HELP postern_${name} ${help}`, `# TYPE postern_${name} ${kind}`);
      for (const [labels, value] of values) lines.push(`postern_${name}${labels} ${value}`);
    };
    const labelled = (map: Map<string, number>, wrap: (key: string) => string) =>
      [...map].map(([key, value]) => [wrap(key), value] as const);
    family(
      'requests_total',
      'counter',
      'Answers by route and status.',
      labelled(this.#requests, (key) => `{${key}}`),
    );
    family(
      'sign_ins_total',
      'counter',
      'Attempts to sign in by outcome.',
      labelled(this.#signIns, (key) => `{result="${key}"}`),
    );
    lines.push(
      '# HELP postern_request_seconds Time to the head of the answer.',
      '# TYPE postern_request_seconds histogram',
    );
    for (const [route, { counts, sum, count }] of this.#durations) {
      bounds.forEach((bound, i) =>
        lines.push(`postern_request_seconds_bucket{route="${route}",le="${bound}"} ${counts[i] ?? 0}`),
      );
      lines.push(`postern_request_seconds_bucket{route="${route}",le="+Inf"} ${count}`);
      lines.push(
        `postern_request_seconds_sum{route="${route}"} ${sum}`,
        `postern_request_seconds_count{route="${route}"} ${count}`,
      );
    }
    family('users_present', 'gauge', 'Users whose keys are in memory.', [['', gauges.present]]);
    family('mailrooms', 'gauge', 'Worker threads.', [['', gauges.rooms]]);
    family('users_open', 'gauge', 'Users whose accounts are open in a mailroom.', [['', gauges.users]]);
    family('accounts_open', 'gauge', 'Mail accounts that are open.', [['', gauges.accounts]]);
    family('event_streams', 'gauge', 'Event streams that are open.', [['', gauges.streams]]);
    family('resident_memory_bytes', 'gauge', 'Memory of the process with its threads.', [
      ['', process.memoryUsage.rss()],
    ]);
    const { work, longest } = this.#turns.take();
    family(
      'main_thread_work_seconds',
      'gauge',
      'Most work of the main thread without a break since the last reading.',
      [['', work / 1e3]],
    );
    family('main_thread_delay_seconds', 'gauge', 'Longest time it served nothing else since then, and what that was.', [
      ['{in="work"}', longest.work / 1e3],
      ['{in="queue"}', longest.queued / 1e3],
      ['{in="pause"}', longest.paused / 1e3],
    ]);
    return `${lines.join('\n')}\n`;
  }

  close(): void {
    this.#turns.close();
  }
}
