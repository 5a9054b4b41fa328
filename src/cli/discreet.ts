import type { Log } from '#base/log.ts';
import { dumpsNoCore, turnCoresOff } from '#vault/core-dumps.ts';

/** Keeps what is in memory in there: no core dumps where the system has a way, and no debugger that a signal opens. */
export const discreet = (log: Log): void => {
  // Without a listener Node would open its inspector, on loopback, to everybody on this machine.
  process.on('SIGUSR1', () => log('warn', 'no debugger is opened by a signal'));
  turnCoresOff();
  if (dumpsNoCore() === false) log('warn', 'core dumps are not off');
};
