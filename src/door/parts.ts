import type { Clock } from '#base/clock.ts';
import type { Log } from '#base/log.ts';
import type { Config } from '#config/config.ts';
import type { Secrets } from '#config/secrets.ts';
import type { Discovery } from '#discovery/discover.ts';
import type { Links } from '#mailroom/links.ts';
import type { Mailrooms } from '#mailroom/mailrooms.ts';
import type { Store } from '#store/types.ts';
import type { Keeper } from '#vault/keeper.ts';

/** What the door is made of; the world gives the real ones, tests their own. */
export interface DoorParts {
  config: Config;
  secrets: Pick<Secrets, 'metricsToken'>;
  store: Store;
  keeper: Keeper;
  mailrooms: Mailrooms;
  discover: Discovery;
  /** OAuth2 issuers of the operator's. */
  issuers: readonly { id: string; name: string }[];
  links: Links;
  clock: Clock;
  log: Log;
  /** Folder of the built web app; it may be missing. */
  dist: string;
}
