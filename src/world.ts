import { mkdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createSecureContext, getCACertificates } from 'node:tls';
import { type Clock, systemClock } from '#base/clock.ts';
import { type Log, openLog } from '#base/log.ts';
import { checkAppPasswords } from '#config/app-passwords.ts';
import type { Config } from '#config/config.ts';
import { ConfigError } from '#config/errors.ts';
import { keyFile } from '#config/key-file.ts';
import { type OAuthClients, readOAuth } from '#config/oauth.ts';
import type { Secrets } from '#config/secrets.ts';
import { openReach } from '#config/servers.ts';
import { type Discovery, openDiscovery } from '#discovery/discover.ts';
import { openFetching } from '#discovery/fetching.ts';
import { askedIspdb, folderIspdb, type Ispdb } from '#discovery/ispdb.ts';
import { type Names, openNames } from '#discovery/names.ts';
import { openProver } from '#discovery/prove.ts';
import { openSources } from '#discovery/sources.ts';
import { type Door, openDoor } from '#door/server.ts';
import { type Links, openLinks } from '#mailroom/links.ts';
import { type Mailrooms, openMailrooms, startThread } from '#mailroom/mailrooms.ts';
import { startSettling } from '#mailroom/settling.ts';
import type { ThreadData } from '#mailroom/thread.ts';
import { openStore } from '#store/open.ts';
import type { Store } from '#store/types.ts';
import { openKeeper } from '#vault/keeper-client.ts';
import type { Keeper } from '#vault/keeper.ts';
import type { OAuthClient } from '#vault/oauth-issuers.ts';
import { startKeeper } from '#vault/start-keeper.ts';

/** What the world is built from; tests put their own in place. */
export interface Parts {
  clock: Clock;
  log: Log;
  store: Store;
  discover: Discovery;
  /** How DNS is asked while servers are looked for. */
  names: Names;
  /** Folder of the built web app. */
  dist: string;
}

/** A running Postern. Disposing of it ends all it started, newest first. */
export interface World extends AsyncDisposable {
  door: Door;
  store: Store;
  keeper: Keeper;
  mailrooms: Mailrooms;
  links: Links;
  /** Process id of the keeper; null when it runs inside. */
  readonly keeperPid: number | null;
}

const root = dirname(dirname(fileURLToPath(import.meta.url)));

const extraCa = (path: string): string[] => {
  try {
    return [...getCACertificates('default'), readFileSync(path, 'utf8')];
  } catch (cause) {
    throw new ConfigError('config/file', [`POSTERN_EXTRA_CA: ${path} cannot be read.`], { cause });
  }
};

/** Finds servers as the door does. @throws ConfigError */
export const openDiscoveryOf = (config: Config, oauth = readOAuth(config.oauth), names = openNames()): Discovery => {
  const context = config.extraCa === null ? undefined : createSecureContext({ ca: extraCa(config.extraCa) });
  const reach = openReach(config.allowedServers, config.privateServers);
  const ispdb = (at: string): Ispdb =>
    at.startsWith('/') ? folderIspdb(at) : askedIspdb(at, openFetching({ reach, names, context, trusted: true }));
  return openDiscovery({
    domains: config.domains,
    prove: openProver(reach, names, context),
    sources: openSources({
      names,
      fetching: openFetching({ reach, names, context }),
      ispdb: config.ispdb === null ? null : ispdb(config.ispdb),
      tellAddress: config.discoveryAddress,
    }),
    issuers: oauth.issuers,
    byAddress: config.discoveryAddress,
  });
};

/** What the keeper alone is told. */
const clientsOf = ({ issuers, secrets }: OAuthClients): OAuthClient[] =>
  issuers.map((issuer) => ({ ...issuer, secret: secrets.get(issuer.id)?.reveal() ?? '' }));

/**
 * Builds everything from the configuration: data folder, keeper, store, mailrooms, door.
 * @throws ConfigError, VaultError `host/secret-file`, StoreError, the error of listen
 */
export const openWorld = async (config: Config, secrets: Secrets, instead: Partial<Parts> = {}): Promise<World> => {
  const clock = instead.clock ?? systemClock;
  const log = instead.log ?? openLog(config.log, (line) => process.stderr.write(`${line}\n`));
  await using stack = new AsyncDisposableStack();

  const oauth = readOAuth(config.oauth);
  mkdirSync(config.data, { recursive: true, mode: 0o700 });
  const linkKey = keyFile(join(dirname(config.secretFile), 'door.key'));
  const links = openLinks(linkKey);
  const discover = instead.discover ?? openDiscoveryOf(config, oauth, instead.names);
  const running = stack.use(await startKeeper({ ...config, oauthClients: clientsOf(oauth) }, log));
  const address = { socketPath: running.socketPath, token: running.token };
  const keeper = stack.use(await openKeeper(address));
  const databaseUrl = secrets.databaseUrl.reveal();
  const store = instead.store ?? stack.use(await openStore(databaseUrl, { mode: 'thread', clock }));

  const appPasswords = secrets.appPasswordsUrl && {
    url: secrets.appPasswordsUrl.reveal(),
    doveadmKey: secrets.doveadmKey.reveal(),
  };
  const doubt = checkAppPasswords(config.appPasswords, appPasswords !== null, config.domains);
  if (doubt !== null) log('warn', doubt);
  const data: ThreadData = { config, databaseUrl, keeper: address, linkKey, appPasswords };
  const mailrooms = stack.use(openMailrooms(config.mailrooms, () => startThread(data, log), log));
  if (appPasswords) stack.use(startSettling(mailrooms, clock, log));
  const dist = instead.dist ?? join(root, 'dist');
  const door = stack.use(
    await openDoor({
      config,
      secrets,
      store,
      keeper,
      mailrooms,
      discover,
      issuers: oauth.issuers,
      links,
      clock,
      log,
      dist,
    }),
  );

  const all = stack.move();
  return {
    door,
    store,
    keeper,
    mailrooms,
    links,
    get keeperPid() {
      return running.pid;
    },
    [Symbol.asyncDispose]: () => all.disposeAsync(),
  };
};
