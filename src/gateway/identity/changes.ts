import { capabilities } from '#jmap/core.ts';
import { changesMethod } from '../changes.ts';

/** Identity/changes – RFC 8621 §6.2 */
export const identityChanges = changesMethod('Identity/changes', capabilities.submission, 'Identity');
