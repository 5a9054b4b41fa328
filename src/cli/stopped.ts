import { type Log, logError } from '#base/log.ts';

/** An orderly end takes less: closing accounts, last answers, children. */
const patienceMs = 30_000;

/**
 * Resolves when the program is to end: at the first SIGINT or SIGTERM, or when something was thrown that nobody caught,
 * which makes the exit code 1. A second one of either ends the process at once.
 */
export const stopped = (log: Log): Promise<void> =>
  new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve());
    // Rejections that nobody handled come here as well.
    process.once('uncaughtException', (error) => {
      logError(log, 'main thread failed', error);
      process.once('uncaughtException', () => process.exit(1));
      process.once('exit', () => (process.exitCode = 1));
      // What it left half done may keep the rest from ending.
      setTimeout(() => process.exit(1), patienceMs).unref();
      resolve();
    });
  });
