import type { Clock } from '#base/clock.ts';
import type { Log } from '#base/log.ts';
import { logError } from '#base/log.ts';
import type { UserId } from '#vault/keeper.ts';
import type { Mailrooms } from './mailrooms.ts';

const everyMs = 60_000;
/** Chooses the thread; nobody's name. */
const nobody = { user: 'settling' as UserId, readOnly: true, proven: false, sessionState: '' };

/** Every minute Dovecot is told what it could not be told when something was revoked (A33). */
export const startSettling = (mailrooms: Mailrooms, clock: Clock, log: Log): Disposable => {
  let cancel: () => void = () => undefined;
  let failed = false;
  const rest = (): void => {
    cancel = clock.after(everyMs, () => void settle());
  };
  const settle = async (): Promise<void> => {
    try {
      await mailrooms.ask('settle', nobody, {});
      failed = false;
    } catch (error) {
      // Said once, not every minute.
      if (!failed) logError(log, 'app passwords not settled', error);
      failed = true;
    }
    rest();
  };
  rest();
  return { [Symbol.dispose]: () => cancel() };
};
