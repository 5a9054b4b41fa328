import { loudness, Problem } from './problem.ts';

export type Level = 'debug' | 'info' | 'warn' | 'error';

/** Facts beside a log line. Never a password, key, token, subject, address or any other text of a mail. */
export type Facts = Readonly<Record<string, string | number | boolean | null | undefined>>;

export interface Log {
  (level: Level, event: string, facts?: Facts): void;
}

const order: Record<Level, number> = { debug: 0, info: 1, warn: 2, error: 3 };

/** One JSON object a line. `write` gets the finished line without its newline. */
export const openLog =
  (least: Level, write: (line: string) => void): Log =>
  (level, event, facts = {}) => {
    if (order[level] < order[least]) return;
    write(JSON.stringify({ at: new Date().toISOString(), level, event, ...facts }));
  };

export const silent: Log = () => undefined;

/** Writes an error as code and class only, so that words of a server or of a mail cannot reach the log. */
export const logError = (log: Log, event: string, error: unknown, facts: Facts = {}): void => {
  const code = error instanceof Problem ? error.code : error instanceof Error ? error.name : typeof error;
  // Places only: the lines of its message stand before them.
  const places = error instanceof Problem || !(error instanceof Error) ? null : error.stack?.match(/^ {4}at .*$/gm);
  const where = places?.slice(0, 3).join(' ');
  log(loudness(error), event, { ...facts, code, where });
};
