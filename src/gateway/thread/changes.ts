import { capabilities } from '#jmap/core.ts';
import { changesMethod } from '../changes.ts';

/** Thread/changes – RFC 8621 §3.2 */
export const threadChanges = changesMethod('Thread/changes', capabilities.mail, 'Thread');
