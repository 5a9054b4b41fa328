import * as v from 'valibot';
import type { DiscoveryStep } from '#jmap/auth/discovery.ts';
import { json, readJson } from './body.ts';
import { newRoutes, type Routes } from './context.ts';
import { eventStream } from './event-stream.ts';
import { WorkLimit } from './limits.ts';
import type { DoorParts } from './parts.ts';
import { checkOrigin } from './peer.ts';

const AddressForm = v.object({ address: v.pipe(v.string(), v.maxLength(320)) });

/** `POST /auth/discover`: looks for the servers of an address, step by step or all at once. */
export const lookingRoutes = ({ discover, clock }: Pick<DoorParts, 'discover' | 'clock'>): Routes => {
  const limit = new WorkLimit(clock);
  const routes = newRoutes();
  routes.post('/', async (c) => {
    const peer = c.get('peer');
    checkOrigin(c.req.raw, peer, true);
    const { address } = await readJson(c.req.raw, AddressForm);
    limit.spend(peer.address);
    if (!(c.req.header('accept') ?? '').includes('application/json'))
      return eventStream(
        async function* (gone) {
          for await (const step of discover(address, gone)) yield { event: 'step', data: JSON.stringify(step) };
        },
        clock,
        c.env.incoming,
      );
    const steps: DiscoveryStep[] = [];
    for await (const step of discover(address, c.req.raw.signal)) steps.push(step);
    return json({ steps });
  });
  return routes;
};
