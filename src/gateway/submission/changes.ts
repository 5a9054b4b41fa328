import { capabilities } from '#jmap/core.ts';
import { changesMethod } from '../changes.ts';

/** EmailSubmission/changes – RFC 8621 §7.2 */
export const submissionChanges = changesMethod('EmailSubmission/changes', capabilities.submission, 'EmailSubmission');
