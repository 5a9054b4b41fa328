import { capabilities } from '#jmap/core.ts';
import { changesMethod } from '../changes.ts';
import { mayKnow } from './view.ts';

/** Quota/changes – RFC 9425 §4.3 */
export const quotaChanges = changesMethod('Quota/changes', capabilities.quota, 'Quota', (changes, context) => ({
  ...(mayKnow(context) ? {} : { created: [], updated: [], destroyed: [] }),
  updatedProperties: changes.countsOnly && changes.updated.length > 0 ? ['used'] : null,
}));
