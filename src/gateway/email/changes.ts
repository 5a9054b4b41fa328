import { capabilities } from '#jmap/core.ts';
import { changesMethod } from '../changes.ts';

/** Email/changes – RFC 8621 §4.3 */
export const emailChanges = changesMethod('Email/changes', capabilities.mail, 'Email');
