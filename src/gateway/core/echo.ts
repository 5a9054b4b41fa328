import { capabilities } from '#jmap/core.ts';
import type { Method } from '../method.ts';

/** Core/echo – RFC 8620 §4.1 */
export const coreEcho: Method = {
  name: 'Core/echo',
  capability: capabilities.core,
  pure: false,
  run: (_context, given) => ({ json: JSON.stringify(given) }),
};
