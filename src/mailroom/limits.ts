import { limits as all } from '#gateway/limits.ts';

/** The limits of the session object that the door itself holds. */
export const limits = {
  maxSizeUpload: all.maxSizeUpload,
  maxConcurrentUpload: all.maxConcurrentUpload,
  maxSizeRequest: all.maxSizeRequest,
  maxConcurrentRequests: all.maxConcurrentRequests,
};
