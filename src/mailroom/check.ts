import type { Clock } from '#base/clock.ts';
import { Problem } from '#base/problem.ts';
import type { Connection, Engine } from '#upstream/engine.ts';
import { VaultError } from '#vault/errors.ts';
import type { Answer } from './protocol.ts';

/** A server that takes longer than this is told of as it stands, milliseconds. */
const patience = 20_000;

/** Tries the IMAP server again unless a connection stands, and waits until it is known how that went. */
const tryReading = async (engine: Engine, clock: Clock): Promise<Connection> => {
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

/** The password is not sent to the second server when the first has just refused it: it is the same, or the user looks first. */
export const checkServers = async (engine: Engine, clock: Clock): Promise<NonNullable<Answer<'check'>>> => {
  const imap = await tryReading(engine, clock);
  if (imap.at === 'refused') return { imap, smtp: { code: 'auth/refused', words: imap.words } };
  const reading = imap.at === 'live' ? engine.readQuota() : null;
  try {
    await engine.checkSending();
    return { imap, smtp: null };
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    return { imap, smtp: { code: error.code, words: error instanceof VaultError ? error.words : null } };
  } finally {
    await reading;
  }
};
