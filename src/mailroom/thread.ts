import { join } from 'node:path';
import { parentPort, workerData } from 'node:worker_threads';
import { systemClock } from '#base/clock.ts';
import { openLog } from '#base/log.ts';
import { must } from '#base/must.ts';
import { openAppPasswords } from '#app-passwords/open.ts';
import type { Config } from '#config/config.ts';
import { openGateway } from '#gateway/gateway.ts';
import { openIndex } from '#index/open.ts';
import { openStore } from '#store/open.ts';
import { Carriers } from '#upstream/carriers.ts';
import { openEngine } from '#upstream/open.ts';
import { Reading } from '#upstream/reading/reading.ts';
import { type KeeperAddress, openKeeper } from '#vault/keeper-client.ts';
import { openLetterPasswords } from './letter-passwords.ts';
import { openLinks } from './links.ts';
import { openOwnPasswords } from './own-passwords.ts';
import type { AskMessage } from './protocol.ts';
import { Room } from './room.ts';

/** What the world tells a mailroom thread when it starts. */
export interface ThreadData {
  config: Config;
  databaseUrl: string;
  keeper: KeeperAddress;
  linkKey: Uint8Array;
  /** Where app passwords are kept, and doveadm's key; null: none are managed. */
  appPasswords: { url: string; doveadmKey: string } | null;
}

const { config, databaseUrl, keeper: address, linkKey, appPasswords } = workerData as ThreadData;
const port = must(parentPort, 'a mailroom runs in a thread');
const clock = systemClock;
const log = openLog(config.log, (line) => process.stderr.write(`${line}\n`));

// Whoever asks before all is open waits in the port.
const [store, keeper] = await Promise.all([openStore(databaseUrl, { mode: 'direct' }), openKeeper(address)]);
const managed = appPasswords && openAppPasswords(config.appPasswords, appPasswords.url, appPasswords.doveadmKey, clock);
const desk = { app: managed?.app ?? null, config: config.appPasswords, domains: config.domains };
const passwords = openLetterPasswords(desk);
const carriers = new Carriers({ store, keeper, passwords, clock, log });
const reading = new Reading(log);
const room = new Room(
  {
    store,
    keeper,
    gateway: openGateway({ clock, log, desk }),
    openIndex: (file, key, damaged) => openIndex(file, key, { log, damaged }),
    openEngine: (wish) => openEngine({ ...wish, reading }),
    carriers,
    folder: join(config.data, 'index'),
    links: openLinks(Buffer.from(linkKey)),
    own: openOwnPasswords(desk),
    clock,
    log,
  },
  (message, move = []) => port.postMessage(message, move),
);

const end = async (): Promise<void> => {
  await room[Symbol.asyncDispose]();
  await carriers[Symbol.asyncDispose]();
  await keeper[Symbol.asyncDispose]();
  await store[Symbol.asyncDispose]();
  await managed?.[Symbol.asyncDispose]();
  port.close();
};

port.on('message', (message: AskMessage | 'end') => {
  if (message === 'end') void end();
  else void room.take(message);
});
