import type { Clock } from '#base/clock.ts';
import type { Connection, Engine } from '#upstream/engine.ts';

/** A server that takes longer than this is told of as it stands, milliseconds. */
const patience = 20_000;

/** Tries the IMAP server again unless a connection stands, and waits until it is known how that went. */
export const settledConnection = async (engine: Engine, clock: Clock): Promise<Connection> => {
  if (engine.connection.at === 'live') return engine.connection;
  const { promise, resolve } = Promise.withResolvers<void>();
  const deaf = engine.onStatus(() => {
    if (engine.connection.at !== 'connecting') resolve();
  });
  const cancel = clock.after(patience, resolve);
  engine.retry();
  await promise;
  deaf();
  cancel();
  return engine.connection;
};
